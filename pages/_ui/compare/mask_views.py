"""What is shown of a comparison of segmentations: table, differences, cases, agreement of volumes, downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import streamlit as st

from core.workflows import mask_comparison_view as view
from core.workflows.documents import Document
from core.workflows.mask_comparison_view import Apart
from core.workflows.mask_measures import Contender
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.compare import figures, mask_figures
from pages._ui.compare.facts import Facts, told_facts
from pages._ui.compare.views import CONFIG, WIDTH, show_forest
from pages._ui.state import State
from pages._ui.sweep.gallery import ROW, MaskThumbnail, mask_thumbnails

LISTED = 50
"""Cases of a table that is shown; the file has all."""


def show_table(document: Document, facts: Mapping[str, Facts]) -> None:
    """Every contender in one row, of the label that is looked at; nobody is set in bold."""
    told = told_facts(facts)
    known = len(view.MASK_MODEL_HEADER) - (0 if told else 2)  # size and time of models that are on the shelf
    rows = [row[:known] for row in view.mask_model_rows(document, document["label"], told)]
    words.table(view.MASK_MODEL_HEADER[:known], rows, numbers=range(1, known), label="Models")
    words.fact(
        f"All segmented the same {document['input']['used']:,} cases; {view.label_word(document['label'])}. NSD counts "
        "voxels of the surface. Two empty masks are left out of means; one empty mask counts as Dice 0."
    )


def show_pairs(document: Document) -> None:
    """Differences as a picture, in sentences and as a table."""
    primary = [pair for pair in document["pairs"] if pair["primary"]]
    words.heading("Differences, pair by pair, case by case")
    show_forest(primary)
    words.fact(*view.mask_sentences(document))
    words.fact(
        "Differences are of the same case; patients are resampled. Holm counts every pair of the tested figure. "
        "Intervals are not adjusted. Other figures and labels are exploratory."
    )
    with st.expander("Every figure of every pair", key="all-pairs"):
        words.table(view.MASK_PAIR_HEADER, view.mask_pair_rows(document), numbers=(3, 4, 5, 6), label="Pairs")


def show_cases(document: Document) -> None:
    """The Dice of each case by every model."""
    cases, dice = view.dice_by_case(document)
    words.heading("Dice of each case")
    st.plotly_chart(
        mask_figures.dice_figure(cases, dice), width=WIDTH, key="compare-dice", config=CONFIG,
        alt="Dice of each case by every model; the same numbers stand in comparison.csv",
    )  # fmt: skip


def show_agreement(document: Document) -> None:
    """Bland and Altman's pictures of the volumes, and their figures."""
    words.heading("Volumes: bias and limits of agreement (Bland and Altman)")
    drawn = view.agreements(document, document["label"])
    own = sum(view.summary_of(one, document["label"]) is not None for one in document["models"])
    for start in range(0, len(drawn), 3):
        for column, place in zip(st.columns(3), range(start, min(start + 3, len(drawn))), strict=False):
            line = figures.colour(place) if place < own else figures.GREY  # of a pair neither's
            column.plotly_chart(
                mask_figures.agreement_figure(drawn[place], line), width=WIDTH, key=f"agreement-{place}",
                config=CONFIG, alt=f"Bland-Altman picture of {drawn[place].title}; the limits stand in the table below",
            )  # fmt: skip
    rows = [row for row in view.agreement_rows(document) if row[1] == view.label_word(document["label"])]
    if rows:
        shown = [(row[0], *row[2:]) for row in rows]
        header = (view.AGREEMENT_HEADER[0], *view.AGREEMENT_HEADER[2:])
        words.table(header, shown, numbers=range(1, len(header)), label="Agreement of volumes")
    else:
        words.fact("Limits of agreement need three cases.")


def show_farthest_apart(now: State, kept: KeptCohort, document: Document, contenders: Sequence[Contender]) -> None:
    """The cases in which two contenders differ most, with the outlines of both."""
    drawn = view.dice_by_case(document)[1]  # a mean of probabilities has no label of its own
    by_name = {one.name: one for one in contenders if one.name in drawn}
    if len(by_name) < 2:
        return
    words.heading("Where they disagree most")
    row = st.columns([1, 1, 2], vertical_alignment="bottom")
    a = row[0].selectbox("One", list(by_name), key="mask-first")
    b = row[1].selectbox("The other", [name for name in by_name if name != a], key="mask-second")
    listed = view.farthest_apart(document, str(a), str(b))
    differ = [case for case in listed if case.apart > 0]
    words.fact(f"{len(differ):,} of {len(listed):,} cases differ in Dice. Blue: the reference. Amber: the model.")
    worst = differ[: ROW // 2]
    mask_thumbnails(
        now,
        kept,
        [
            MaskThumbnail(case.id, by_name[name], (name, f"Dice {_dice(dice)}"))
            for case in worst
            for name, dice in ((str(a), case.dice_a), (str(b), case.dice_b))
        ],
    )
    words.table(
        ("Case", "Dice, one", "the other", "HD95 mm, one", "the other", "Reference mL", "mL, one", "the other"),
        [_row(case) for case in differ[:LISTED]], numbers=range(1, 8), label="Where they disagree most",
    )  # fmt: skip


def show_downloads(document: Document, facts: Mapping[str, Facts]) -> None:
    """The table and the whole answer."""
    row = st.container(horizontal=True, key="compare-downloads")
    row.download_button(
        "comparison.csv", lambda: view.mask_comparison_csv(document, told_facts(facts)), "comparison.csv", "text/csv",
        key="comparison-csv", on_click="ignore",
    )  # fmt: skip
    row.download_button(
        "comparison.json", lambda: json.dumps(document, allow_nan=False).encode(), "comparison.json",
        "application/json", key="comparison-json", on_click="ignore",
    )  # fmt: skip


def _row(case: Apart) -> tuple[str, ...]:
    distances = ("–" if one is None else f"{one:.2f}" for one in (case.hd95_a, case.hd95_b))
    volumes = (f"{one:.2f}" for one in (case.reference_ml, case.prediction_a_ml, case.prediction_b_ml))
    return (case.id, _dice(case.dice_a), _dice(case.dice_b), *distances, *volumes)


def _dice(dice: float | None) -> str:
    return "both empty" if dice is None else f"{dice:.3f}"
