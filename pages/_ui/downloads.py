"""The files that a result can be taken away as, one button each; what explains another file stands behind 'More'."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.inference.prediction import Prediction
from core.models.model import Model
from core.workflows import result_view
from core.workflows.outputs import DICOM_SEG, Output
from core.workspace import Case
from pages._ui import words
from pages._ui.state import State


def show_downloads(now: State, case: Case, model: Model, point: str | None, found: Prediction) -> None:
    """Draw the buttons; a file is made when its button is pressed."""
    offered = result_view.downloads(now.workspace, case, model, found, now.engine)
    row = st.container(horizontal=True, key="downloads")
    for output in offered:
        if not output.beside:
            _button(row, now, case, model, point, output)
    beside = [output for output in offered if output.beside]
    if beside:
        more = row.popover("More", key="more-downloads")
        for output in beside:
            _button(more, now, case, model, point, output)
        if DICOM_SEG in offered:
            with more:
                words.fact(result_view.seg_sentence(case))


# Any: a container or a popover, which share no public class.
def _button(place: Any, now: State, case: Case, model: Model, point: str | None, output: Output) -> None:
    place.download_button(
        output.title,
        lambda: result_view.download(now.workspace, case, model, point, output, now.engine),
        f"{case.id}_{output.end}",
        output.mime,
        key=f"get-{output.end}",
        on_click="ignore",
    )
