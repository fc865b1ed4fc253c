"""What is shown of a comparison: curves, table, differences, disagreements, calibration, cost, downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.workflows import compare_view
from core.workflows.choose_model import models_for
from core.workflows.cohort_file import CohortFile
from core.workflows.compare_view import Disagreement, disagreements, model_curves, pair_sentence
from core.workflows.documents import Document, Method
from core.workflows.score import models_that_fit
from core.workflows.shelf_pages import GUIDE_HEADER, guide_rows
from core.workspace.cohort_record import CohortKind, KeptCohort
from pages._ui import words
from pages._ui.compare import figures
from pages._ui.compare.answer import Answer
from pages._ui.compare.facts import Facts, costs, told_facts
from pages._ui.compare.state import Compared
from pages._ui.state import State
from pages._ui.sweep.gallery import thumbnails

WIDTH: Literal["stretch"] = "stretch"
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
A_PAGE = 12


def show_curves(file: CohortFile, method: Method) -> None:
    """ROC and precision-recall of all models on one another."""
    curves = [model_curves(file, model, method) for model in file.models]
    bands = st.toggle("Bands", value=len(curves) <= 2, key="compare-bands", help=compare_view.band_words(file, method))
    left, right = st.columns(2)
    roc = figures.roc_figure(curves, bands=bands)
    left.plotly_chart(roc, width=WIDTH, key="compare-roc", config=CONFIG, alt=_alt("ROC curves", file))
    precision = figures.precision_figure(curves, file.cohort.prevalence or 0.0, bands=bands)
    right.plotly_chart(
        precision, width=WIDTH, key="compare-pr", config=CONFIG, alt=_alt("Precision-recall curves", file)
    )
    if bands:
        words.fact(compare_view.band_words(file, method))


def show_table(answered: Answer) -> None:
    """Every model in one row; nobody is set in bold."""
    document, told = answered.document, told_facts(answered.facts)
    known = len(compare_view.MODEL_HEADER) - (0 if told else 2)  # size and time of models that are on the shelf
    rows = [row[:known] for row in compare_view.model_rows(document, told)]
    words.table(compare_view.MODEL_HEADER[:known], rows, numbers=range(1, known), label="Models")
    chosen_on = document["chosen_on"]
    where = {
        None: "No cut-off was chosen.",
        "same_cases": "Cut-offs were chosen on these same cases, so the shares at them look better than they are.",
    }.get(chosen_on, f"Cut-offs: {chosen_on}.")
    words.fact(f"All were scored on the same {answered.file.cohort.n:,} cases, each at its own cut-off. {where}")


def show_forest(pairs: Sequence[Document]) -> None:
    """The differences of these pairs as a picture, where one has an interval."""
    if any(pair["difference"]["lo"] is not None for pair in pairs):
        st.plotly_chart(
            figures.forest_figure(pairs), width=WIDTH, key="compare-forest", config=CONFIG,
            alt="Differences with 95 % intervals; the same numbers stand below",
        )  # fmt: skip


def show_pairs(document: Document) -> None:
    """Differences as a picture, in sentences and as a table."""
    primary = [pair for pair in document["pairs"] if pair["primary"]]
    words.heading("Differences, pair by pair")
    show_forest(primary)
    for pair in primary:
        words.fact(" ".join(part for part in (pair_sentence(pair), compare_view.margin_sentence(pair)) if part))
    words.fact(
        "Holm counts every pair of the tested figure. Intervals are not adjusted. Other figures are exploratory."
    )
    with st.expander("Every figure of every pair", key="all-pairs"):
        words.table(compare_view.PAIR_HEADER, compare_view.pair_rows(document), numbers=(2, 3, 4), label="Pairs")


def show_disagreements(now: State, held: Compared, answered: Answer, kept: KeptCohort) -> None:
    """Where two models part: one right, the other wrong."""
    file = answered.file
    at = {one["model"]: one["threshold"] for one in answered.document["models"]}
    able = [name for name in file.models if at[name] is not None]
    if len(able) < 2:
        return
    words.heading("Where they disagree")
    row = st.columns([1, 1, 2], vertical_alignment="bottom")
    a = row[0].selectbox("Right", able, key="right-model")
    others = [name for name in able if name != a]
    b = row[1].selectbox("Wrong", others, key="wrong-model")
    listed = disagreements(file.cohort, a, b, (float(at[a]), float(at[b])))
    right = [case for case in listed if case.a_right]
    words.fact(
        f"{len(listed):,} cases where exactly one is right: {a} in {len(right):,}, {b} in {len(listed) - len(right):,}."
    )
    if not right:
        return
    if kept.kind is CohortKind.IMAGES:
        shown = right[held.shown : held.shown + A_PAGE]
        thumbnails(now, kept, [(case.id, _said(case, a, b)) for case in shown], a if a in file.models else None)
    else:
        rows = [
            (case.id, "with the finding" if case.positive else "without", f"{case.score_a:.4g}", f"{case.score_b:.4g}")
            for case in right[:A_PAGE]
        ]
        words.table(("Case", "Truth", a, b), rows, numbers=(2, 3), label="Where they disagree")
        if len(right) > len(rows):
            words.fact(f"The clearest {len(rows)} of {len(right):,}.")


def show_calibration(file: CohortFile, method: Method) -> None:
    """Reliability side by side, where scores are probabilities."""
    able = [(place, name) for place, name in enumerate(file.models) if name in file.calibrated]
    if not able:
        return
    words.heading("Calibration")
    for start in range(0, len(able), 4):
        for column, (place, name) in zip(st.columns(4), able[start : start + 4], strict=False):
            figure = figures.calibration_figure(model_curves(file, name, method), place)
            column.plotly_chart(
                figure, width=WIDTH, key=f"calibration-{place}", config=CONFIG, alt=f"Calibration of {name}"
            )


def show_cost(facts: Mapping[str, Facts], quality: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Quality against time and size, for models whose time was measured here. quality : an estimate by model."""
    known = costs(facts, quality)
    if len(known) < 2:
        return
    words.heading("Quality against time and size")
    st.plotly_chart(
        figures.cost_figure(known, name), width=WIDTH, key="compare-cost", config=CONFIG,
        alt=f"{name} against time a case; the same numbers stand in the table of models",
    )  # fmt: skip
    words.fact("The area of a dot is the size of the weights. Time: the median a case on the machine that scored them.")


def show_guide(kept: KeptCohort | None) -> None:
    """The selection guide of the shelf, for models that could be asked about these cases."""
    usable = [model for model in models_for(None) if model.problem is None]
    asked = usable if kept is None or kept.kind is CohortKind.SCORES else models_that_fit(kept, usable)
    if not asked:
        return
    with st.expander("Which model for what", key="guide"):
        words.table([title.capitalize() for title in GUIDE_HEADER], guide_rows(asked), label="Selection guide")
        words.fact(
            "Made of the models' own cards. Each was tested on cases of its own: those figures cannot be subtracted."
        )


def show_downloads(answered: Answer) -> None:
    """The table and the whole answer."""
    document, told = answered.document, told_facts(answered.facts)
    row = st.container(horizontal=True, key="compare-downloads")
    row.download_button(
        "comparison.csv", lambda: compare_view.comparison_csv(document, told), "comparison.csv", "text/csv",
        key="comparison-csv", on_click="ignore",
    )  # fmt: skip
    row.download_button(
        "comparison.json", lambda: json.dumps(document, allow_nan=False).encode(), "comparison.json",
        "application/json", key="comparison-json", on_click="ignore",
    )  # fmt: skip


def _said(case: Disagreement, a: str, b: str) -> str:
    truth = "with" if case.positive else "without"
    return f"{truth} the finding · {a} {case.score_a:.3f}, {b} {case.score_b:.3f}"


def _alt(what: str, file: CohortFile) -> str:
    names: Sequence[str] = file.models
    return f"{what} of {', '.join(names)}; the areas stand in the table below"
