"""Beside a classifier's scores: one cut-off that moves the verdict, what it means for others, and the promise."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.inference.prediction import Prediction
from core.metrics.operating_points import OperatingPoint
from core.models.model import Model
from core.workflows.case_instrument import Behind, behind_sentences, beside, case_instrument, find_behind
from core.workflows.instrument import Instrument
from core.workflows.result_view import point_names, points_of, spoken_for
from core.workflows.sweep_point import address_text
from pages._ui import words
from pages._ui.cohort.choice import choice
from pages._ui.cohort.picker import held_cohorts
from pages._ui.components.threshold import Moved, threshold_instrument
from pages._ui.frame import guarded
from pages._ui.navigation import SWEEP, page
from pages._ui.state import IN_ADDRESS, State, write_address

_KEY = "beside-instrument"


@st.fragment
def show_beside(now: State, model: Model, at: Prediction) -> None:
    """Draw the instrument where a test set of this model is here; else say what there is in its place.

    at : the result at the operating point in force.
    """
    with guarded():  # a run of this part alone has no other frame
        finding = spoken_for(at, model)
        if finding is None:
            return
        point = at.thresholds.get(finding)
        behind = _behind(now, model, finding)
        if behind is None:
            _without(model, point)
        else:
            _draw(now, model, at, behind, finding)


def _draw(now: State, model: Model, at: Prediction, behind: Behind, finding: str) -> None:
    point = at.thresholds.get(finding)
    drawn = _instrument(behind, model, finding)
    words.heading("At another cut-off")
    threshold_instrument(
        {**drawn.data, "beside": beside(behind, finding, at.scores[finding], point)},
        threshold=_stands(now, point),
        turn=now.look_turn,
        key="beside",
        heard=partial(_heard, now, point),
    )
    words.fact(*behind_sentences(behind))
    st.page_link(page(SWEEP), label="Threshold sweep of this test set", icon=":material/tune:")


def _without(model: Model, point: OperatingPoint | None) -> None:
    """Nothing to move over: only the saved points hold counts."""
    between = "Between the saved operating points" if len(point_names(model)) > 1 else "At any other cut-off"
    where = between if point is not None else "At any cut-off"
    words.fact(f"{where} nothing is known: no test set here was scored with this model.")
    st.page_link(page(SWEEP), label="Score a test set", icon=":material/tune:")


def _stands(now: State, point: OperatingPoint | None) -> float:
    """Where the cut-off is put when another look begins: a link's place, else the result's own."""
    own = 0.5 if point is None else point.threshold
    try:
        return own if now.at is None else float(now.at)
    except ValueError:
        return own


def _heard(now: State, point: OperatingPoint | None, moved: Moved) -> None:
    """Before the run that answers it: the look goes into the address, the result stays what it is."""
    if moved.threshold is None:
        return
    own = point is not None and moved.threshold == point.threshold
    now.at = None if own else address_text(moved.threshold)
    write_address(now, *IN_ADDRESS)


def _behind(now: State, model: Model, finding: str) -> Behind | None:
    """The test set that speaks for this model: the one last looked at on the statistics pages, else the newest."""
    held = held_cohorts(now)
    last = choice().set
    scored = sorted((one for one in held.values() if one.scored_by(model.id)), key=lambda one: one.id != last)
    made: dict[tuple[object, ...], Behind | None] = st.session_state.setdefault("beside-sets", {})
    stamps = tuple((one.id, one.scores_csv.stat().st_mtime_ns) for one in scored if one.scores_csv.is_file())
    key = (model.weights_sha256, model.fed_sha256, finding, stamps)
    if key not in made:
        made.clear()
        made[key] = find_behind(model, finding, scored)
    return made[key]


def _instrument(behind: Behind, model: Model, finding: str) -> Instrument:
    """Made once for a set and its saved points: it does not depend on the case."""
    points = points_of(model, finding)
    made: dict[tuple[object, ...], Instrument] = st.session_state.setdefault(_KEY, {})
    key = (behind.file.sha256, behind.column, points)
    if key not in made:
        made.clear()
        made[key] = case_instrument(behind, points)
    return made[key]
