"""Small pictures of a test set's cases, each with a way to the Predict page."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import streamlit as st

from core.errors import ReadroomError
from core.models.model import Model
from core.workflows.choose_model import find_model
from core.workflows.cohorts_cases import adopt_case, thumbnail
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.navigation import PREDICT, page
from pages._ui.state import State

ROW = 6


def thumbnails(now: State, kept: KeptCohort, listed: Sequence[tuple[str, str]], column: str | None) -> None:
    """Draw cases as (id, line below), with the heat maps of the model that made `column`."""
    scored = None if column is None else kept.column_model(column)
    model = find_model(scored.model_id) if scored is not None else None
    heat = st.toggle("Heat maps", value=True, key="gallery-heat", help="Where the score is sensitive to the image")
    for start in range(0, len(listed), ROW):
        for place, (case, said) in zip(st.columns(ROW), listed[start : start + ROW], strict=False):
            with place:
                _thumbnail(now, kept, case, said, model, heat=heat)


def _thumbnail(now: State, kept: KeptCohort, case: str, said: str, model: Model | None, *, heat: bool) -> None:
    try:
        picture = base64.b64encode(thumbnail(kept, case, heat_of=model if heat else None).read_bytes()).decode()
    except ReadroomError as refusal:
        words.cell(case, said, refusal.found)
        return
    # In the page itself: Streamlit's media store would answer without the owner's cookie.
    words.picture(f"data:image/png;base64,{picture}", f"{case}, {said}", (case, said))
    if st.button("Open", key=f"open-{case}", help=f"Show {case} on the Predict page"):
        try:
            adopted = adopt_case(now.workspace, kept, case)
        except ReadroomError as refusal:
            words.refusal((refusal.found, refusal.why, refusal.do))
            return
        now.case, now.job = adopted.id, None
        if model is not None:
            now.model, now.chosen_model = model.id, True
        st.switch_page(page(PREDICT))
