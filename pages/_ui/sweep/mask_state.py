"""Where a segmentation's cut-off and smallest lesion stand, and what was asked of the cases: one session's."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from core.workflows.documents import Document
from pages._ui.cohort.choice import Written

_KEY = "mask-sweep"

START = 0.5
"""Where the cut-off stands first: what a network with one label draws by itself."""


@dataclass(slots=True)
class MaskSweep:
    """One session's sweep of masks.

    model : id. subject : what the places are about; another test set, subset or model begins anew. cut, smallest : the
    places of both. turn : how often the browser was told where to stand. made : the document, under its subject.
    """

    model: str | None = None
    subject: tuple[object, ...] = ()
    cut: int = 0
    smallest: int = 0
    turn: int = 0
    view: str = ""
    shown: int = 0
    made: dict[tuple[object, ...], Document] = field(default_factory=dict)
    written: Written = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def send(self, cut: int, smallest: int) -> None:
        """Tell the browser to stand here."""
        self.turn += 1
        self.move(cut, smallest)

    def move(self, cut: int, smallest: int) -> None:
        """Note where both were left."""
        self.cut, self.smallest, self.shown = cut, smallest, 0


def mask_sweep_state() -> MaskSweep:
    """This session's sweep of masks."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = MaskSweep()
    held: MaskSweep = st.session_state[_KEY]
    return held
