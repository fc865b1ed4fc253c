"""What is compared, and by what: one session's comparison and its part of the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.workflows.documents import Document
from pages._ui.cohort.choice import REMEMBERED

_KEY = "comparison"


@dataclass(slots=True)
class Compared:
    """One session's comparison.

    models : score columns, in the order chosen. made : the document, under what it depends on. written : the models
    that we put into the address, the last ones.
    """

    models: list[str] = field(default_factory=list)
    subject: tuple[object, ...] = ()
    made: dict[tuple[object, ...], Document] = field(default_factory=dict)
    written: list[list[str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    shown: int = 0


def compared() -> Compared:
    """This session's comparison."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Compared()
    held: Compared = st.session_state[_KEY]
    return held


def settle_models(held: Compared, columns: Sequence[str], set_id: str) -> None:
    """The columns to begin with: a link's, those chosen before on this set, else the first ones."""
    asked = st.query_params.get_all("models")
    if asked and asked not in held.written:
        missing = [name for name in asked if name not in columns]
        if missing:
            held.messages.append(f'The link asked for "{missing[0][:60]}", which this test set does not have.')
        held.models = [name for name in dict.fromkeys(asked) if name in columns]
        held.subject = (set_id,)
    if held.subject != (set_id,):
        held.subject, held.models = (set_id,), list(columns[:FIRST])
    held.models = [name for name in held.models if name in columns]


FIRST = 4
"""Models that are compared unasked: as many as have a colour of their own."""


def write_models(held: Compared) -> None:
    """Put the models into the address."""
    if held.models not in held.written:
        held.written = [*held.written, list(held.models)][-REMEMBERED:]
    if st.query_params.get_all("models") != held.models:
        st.query_params["models"] = held.models
