"""The primary picture: the viewer with the case and, where it was run, the chosen model's overlay."""

from __future__ import annotations

import streamlit as st

from core.errors import NotFound
from core.inference.prediction import Prediction
from core.models.model import Model
from core.render.palette import viewer_labels
from core.workflows.cut_off import cut_off_of, read_step, step_text
from core.workflows.pictures import Pictures, pictures
from core.workflows.run_prediction import key_of
from core.workspace import Case
from pages._ui import words
from pages._ui.case_picker import step
from pages._ui.components.viewer import ViewerCut, ViewerPicture, viewer
from pages._ui.frame import guarded
from pages._ui.state import IN_ADDRESS, State, write_address


@st.fragment
def show_picture(now: State, case: Case, model: Model | None, found: Prediction | None) -> None:
    """Draw the case, with the overlay of the chosen model's result where there is one.

    A fragment: a crosshair that has come to rest draws this alone again, and nothing beside it.
    """
    with guarded():
        try:
            _show(now, case, model, found)
        except NotFound:
            st.rerun()  # deleted in another tab: the whole page must know


def _show(now: State, case: Case, model: Model | None, found: Prediction | None) -> None:
    channel = _pick_channel(case)
    shown = pictures(
        now.workspace,
        case.id,
        channel=channel,
        key=key_of(case, model, now.engine) if model is not None and found is not None else None,
    )
    cut = _cut(now, shown, model, found)
    events = viewer(
        ViewerPicture(
            image_url=shown.image_url,
            meta=shown.meta,
            case=case.id,
            labels_url=shown.labels_url,
            heat_url=shown.heat_url,
            labels=viewer_labels(found.labels) if found is not None else (),
            heat_for=shown.heat_for,
            foreground_url=shown.foreground_url if cut is not None else None,
            cut=cut,
        ),
        key="viewer",
    )
    if events.cut is not None:
        now.cut = None if events.cut.step is None else step_text(events.cut.step)
        write_address(now, *IN_ADDRESS)
    if events.steps and step(now, events.steps):
        st.rerun()


def _cut(now: State, shown: Pictures, model: Model | None, found: Prediction | None) -> ViewerCut | None:
    """What lets the viewer move the cut-off by itself, where the result has what it needs."""
    if model is None or found is None or shown.foreground_url is None:
        return None
    at = None if now.cut is None else read_step(now.cut)
    return ViewerCut(cut_off_of(found, model, shown.meta), at, now.look_turn)


def _pick_channel(case: Case) -> int:
    if len(case.channels) == 1:
        return 0
    names = list(case.channels)
    chosen = st.segmented_control(
        "Channel shown",
        names,
        format_func=words.literal,
        default=names[0],
        required=True,
        key=f"shown-{case.id}",
    )
    return names.index(chosen) if chosen in names else 0
