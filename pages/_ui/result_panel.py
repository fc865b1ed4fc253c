"""Beside the picture: what the model says, what the numbers mean, downloads, and how it was made."""

from __future__ import annotations

import streamlit as st

from core.inference.prediction import NO_PEAK, Prediction
from core.models.model import Model
from core.workflows import result_view
from core.workflows.choose_model import Badge
from core.workflows.run_prediction import admission_of, is_outside_range
from core.workspace import Case
from pages._ui import words
from pages._ui.beside import show_beside
from pages._ui.downloads import show_downloads
from pages._ui.run_panel import run_all
from pages._ui.state import State

SCORE = "A score is the model output, not the chance of disease."
HEAT = "The heat map shows where the score is sensitive to the image. It is not an outline of disease."
LABELS = "Labels are a model's proposal. Check every slice."


def show_result(now: State, case: Case, model: Model, found: Prediction) -> None:
    """Draw the result of this case by this model."""
    point = _pick_point(now, model)
    at = result_view.at_point(found, model, point)
    strange = [found.familiarity.sentence()] if found.familiarity and found.familiarity.flagged else []
    words.caution(*strange)  # before any score: none of them can be read then
    if found.scores:
        _scores(at)
        show_beside(now, model, at)
    if found.labels:
        _labels(found, model)
    _warnings(now, case, model, [said for said in found.warnings if said not in strange])
    if found.scores:
        words.caution(NO_PEAK if NO_PEAK in found.provenance.notes else HEAT)
    if found.labels:
        words.caution(LABELS)
    show_downloads(now, case, model, point, found)
    _how(case, model, at)
    run_all(now, model)


def _pick_point(now: State, model: Model) -> str | None:
    names = result_view.point_names(model)
    if len(names) < 2:
        return names[0] if names else None
    st.session_state["point"] = now.points.get(model.id, names[0])
    st.selectbox("Operating point", names, key="point", on_change=_point_chosen, args=(now, model.id))
    return now.points.get(model.id, names[0])


def _point_chosen(now: State, model_id: str) -> None:
    now.points[model_id] = st.session_state["point"]
    now.begin_look()


def _scores(at: Prediction) -> None:
    rows = result_view.findings(at)
    words.table(
        ("Finding", "Score", "score | threshold", ""),
        [(row.name, f"{row.score:.2f}", _bar(row), words.verdict(row.verdict)) for row in rows],
        numbers=(1,),
        label="Scores",
    )
    words.fact(SCORE, *(s for r in rows if r.point for s in result_view.point_sentences(r.point)))


def _labels(found: Prediction, model: Model) -> None:
    words.table(
        ("Label", "Volume", "Voxels"),
        [
            (
                words.swatch(label.colour, label.name),
                "unknown" if label.volume_ml is None else f"{label.volume_ml:.2f} mL",
                f"{label.voxels:,}",
            )
            for label in result_view.labels(found)
        ],
        numbers=(1, 2),
        label="Volumes",
    )
    words.fact(" ".join(result_view.metric_sentences(model)))


def _warnings(now: State, case: Case, model: Model, said: list[str]) -> None:
    if is_outside_range(case, admission_of(now.workspace, case, model)):
        words.badges([Badge("outside tested range", "caution")])
    words.caution(*said)


def _how(case: Case, model: Model, at: Prediction) -> None:
    with st.expander("How this was made", key="how"):
        words.table(("Fact", "Value"), result_view.provenance_rows(case, model, at), label="How this was made")
        words.fact("The same numbers from a terminal:")
        words.command(result_view.command_of(case, model, at))


def _bar(row: result_view.Finding) -> words.Html:
    return words.bar(row.score, row.point.threshold if row.point else None, row.verdict)
