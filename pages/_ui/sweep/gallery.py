"""Small pictures of a test set's cases, each with a way to the Predict page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import ReadroomError
from core.models.model import Model
from core.workflows.choose_model import find_model
from core.workflows.cohorts_cases import adopt_case, thumbnail
from core.workflows.mask_measures import Contender
from core.workflows.mask_pictures import mask_picture
from core.workflows.run_prediction import find_figures, start_run
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.navigation import PREDICT, page
from pages._ui.state import State

ROW = 6


@dataclass(frozen=True, slots=True)
class MaskThumbnail:
    """A case of a segmentation to draw. lines : below its picture."""

    case: str
    contender: Contender
    lines: tuple[str, ...]


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
    open_button(now, kept, case, model)


def mask_thumbnails(now: State, kept: KeptCohort, listed: Sequence[MaskThumbnail], *, cut: int | None = None) -> None:
    """Draw cases with the outlines of both masks. cut : the place of a cut-off; None: each contender's own mask."""
    for start in range(0, len(listed), ROW):
        for place, one in zip(st.columns(ROW), listed[start : start + ROW], strict=False):
            with place:
                _mask_thumbnail(now, kept, one, cut)


def _mask_thumbnail(now: State, kept: KeptCohort, one: MaskThumbnail, cut: int | None) -> None:
    try:
        png = base64.b64encode(mask_picture(kept, one.case, one.contender, cut).read_bytes()).decode()
    except ReadroomError as refusal:
        words.cell(one.case, *one.lines, refusal.found)
        return
    words.picture(f"data:image/png;base64,{png}", ", ".join((one.case, *one.lines)), (one.case, *one.lines))
    members = one.contender.members
    if len(members) == 1:  # a mean on the spot is no model that Predict could run
        open_button(
            now, kept, one.case, find_model(members[0].model_id), key=f"{one.case}-{one.contender.key[:8]}", run=True
        )


def open_button(
    now: State, kept: KeptCohort, case: str, model: Model | None, *, key: str | None = None, run: bool = False
) -> None:
    """The way to the Predict page with this case and model. run : start the model there, so that its mask is shown."""
    if st.button("Open", key=f"open-{key or case}", help=f"Show {case} on the Predict page"):
        try:
            adopted = adopt_case(now.workspace, kept, case)
        except ReadroomError as refusal:
            words.refusal((refusal.found, refusal.why, refusal.do))
            return
        now.case, now.job = adopted.id, None
        if model is not None:
            now.model, now.chosen_model = model.id, True
            if run and model.problem is None and find_figures(now.workspace, adopted, model, now.engine) is None:
                now.job = start_run(now.workspace, [adopted], model, now.engine)
        st.switch_page(page(PREDICT))
