"""The primary picture: the viewer with the case and, where it was run, the chosen model's overlay."""

from __future__ import annotations

import streamlit as st

from core.errors import NotFound
from core.inference.prediction import Prediction
from core.models.model import Model
from core.render.palette import viewer_labels
from core.workflows.pictures import pictures
from core.workflows.run_prediction import key_of
from core.workspace import Case
from pages._ui import words
from pages._ui.case_picker import step
from pages._ui.components.viewer import ViewerPicture, viewer
from pages._ui.frame import guarded
from pages._ui.state import State


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
        key=key_of(case, model) if model is not None and found is not None else None,
    )
    events = viewer(
        ViewerPicture(
            image_url=shown.image_url,
            meta=shown.meta,
            case=case.id,
            labels_url=shown.labels_url,
            heat_url=shown.heat_url,
            labels=viewer_labels(found.labels) if found is not None else (),
            heat_for=shown.heat_for,
        ),
        key="viewer",
    )
    if events.step is not None and step(now, events.step):
        st.rerun()


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
