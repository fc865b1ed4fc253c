"""Segmentations compared: which models, what is asked, what is left to measure, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.workflows.choose_model import find_model
from core.workflows.compare import MEAN
from core.workflows.compare_view import MASK_METRIC_NAMES
from core.workflows.documents import Document, Method
from core.workflows.mask_comparison import (
    MASK_LOWER_IS_BETTER,
    MASK_METRICS,
    MaskQuestion,
    compare_kept_masks,
    mean_of,
)
from core.workflows.mask_comparison_view import summary_of
from core.workflows.mask_job import COMPARISON
from core.workflows.mask_measures import Contender, alone
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import Choice, to_address
from pages._ui.cohort.masks import tell_left_out
from pages._ui.cohort.measuring import show_measuring
from pages._ui.compare import mask_views
from pages._ui.compare.controls import pick_models
from pages._ui.compare.facts import facts_of
from pages._ui.compare.state import Compared, settle_models, write_models
from pages._ui.compare.views import show_cost
from pages._ui.state import State


def show_mask_comparison(now: State, held: Choice, comparison: Compared, kept: KeptCohort) -> None:
    """Draw what is to be chosen and done, then the answer."""
    scored = {one.model_id: one for one in kept.models if one.scored}
    settle_models(comparison, list(scored), kept.id)
    words.caution(*comparison.messages)
    comparison.messages.clear()
    if len(scored) == 1:
        words.empty("One model has segmented these images. Comparing needs two: score them with another one above.")
    elif scored:
        pick_models(comparison, list(scored))
    to_address(held.written, set=held.set, subset=held.subset)
    write_models(comparison)
    if len(scored) > 1 and len(comparison.models) == 1:
        words.empty("Choose a second model.")
    if len(comparison.models) < 2:
        return
    asked, contenders = _pick_question([alone(scored[name]) for name in comparison.models])
    if not show_measuring(now, kept, contenders, COMPARISON, "voxel by voxel"):
        return
    document = _document(held, comparison, kept, contenders, asked)
    if document is None:
        return
    tell_left_out(document)
    words.caution(*(warning["text"] for warning in document["warnings"]))
    if not document["cases"]:
        words.empty("No case of this test set was answered by all of these models.")
        return
    facts = facts_of([one.name for one in contenders], kept)
    mask_views.show_table(document, facts)
    mask_views.show_pairs(document)
    mask_views.show_cases(document)
    mask_views.show_agreement(document)
    quality = {
        one["model"]: made["dice"]["mean"]
        for one in document["models"]
        if (made := summary_of(one, document["label"])) is not None
    }
    show_cost(facts, quality, "mean Dice")
    mask_views.show_farthest_apart(now, kept, document, contenders)
    mask_views.show_downloads(document, facts)


def _pick_question(contenders: Sequence[Contender]) -> tuple[MaskQuestion, list[Contender]]:
    """What is asked, and the contenders in order: the reference last, which the first of a pair is held against."""
    row = st.container(horizontal=True, vertical_alignment="bottom", key="question")
    label, labels = None, _labels(contenders)
    if len(labels) > 1:
        options = [None, *labels]
        label = row.selectbox(
            "Label", options, format_func=lambda one: labels.get(one, "all together"), key="mask-label", width=180
        )
    primary = row.selectbox(
        "Tested figure", MASK_METRICS, format_func=MASK_METRIC_NAMES.__getitem__, key="mask-primary", width=250
    )
    margin, names = 0.0, [one.name for one in contenders]
    reference = names[-1]
    if primary not in MASK_LOWER_IS_BETTER:
        margin = row.number_input(
            "Margin", 0.0, 1.0, 0.0, 0.005, "%.3f", key="mask-margin", width=140,
            help="Of non-inferiority, in the tested figure's units. 0: not asked. No default fits everybody.",
        )  # fmt: skip
    if margin:
        reference = row.selectbox("Reference", names, index=len(names) - 1, key="mask-reference", width=230)
    mean = row.toggle(
        "Add their mean", key="mask-ensemble",
        help="One more row: the mean of the models' probabilities of any label, cut at 0.5.",
    )  # fmt: skip
    ordered = sorted(contenders, key=lambda one: one.name == reference)
    if mean:
        ordered.append(mean_of(contenders, MEAN))
    return MaskQuestion(primary, label, margin or None), ordered


def _labels(contenders: Sequence[Contender]) -> dict[str | None, str]:
    """The labels that the models draw, by their number, as the shelf names them."""
    models = [find_model(one.name) for one in contenders]
    names = max((model.labels for model in models if model is not None), key=len, default=())
    return {str(value): name for value, name in enumerate(names, start=1)}


def _document(
    held: Choice, comparison: Compared, kept: KeptCohort, contenders: Sequence[Contender], asked: MaskQuestion
) -> Document | None:
    names = tuple((one.name, one.key, tuple(member.scored for member in one.members)) for one in contenders)
    key = (kept.id, kept.of_machine, held.subset, names, asked)
    if key not in comparison.made:
        comparison.made.clear()
        with st.spinner("Resampling…"):
            try:
                comparison.made[key] = compare_kept_masks(kept, contenders, Method(), asked, split=held.subset)
            except ValueError as nothing:  # a label that no mask here has
                words.caution(str(nothing))
                return None
    return comparison.made[key]
