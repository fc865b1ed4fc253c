"""Several cases as the channels of one study, named by the chosen model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import ReadroomError
from core.workflows import cases
from core.workflows.choose_model import channel_sets
from core.workspace import Case
from pages._ui import words
from pages._ui.state import State


def one_study(now: State, ticked: Sequence[Case]) -> None:
    """With several rows ticked: which model's channels, which case is which, and the button."""
    if len(ticked) < 2:
        return
    sets = channel_sets(now.model)
    with st.container(border=True, key="one-study"):
        words.heading("One study")
        if not sets:
            words.fact("No model here reads several channels.")
            return
        model = st.selectbox("Channels of", list(sets), format_func=lambda m: sets[m].title, key="channels-of")
        wanted = sets[model].channels
        if len(ticked) != len(wanted):
            words.fact(f"This model needs {len(wanted)} images ({', '.join(wanted)}); {len(ticked)} are ticked.")
        given = {}
        for place, (column, name) in enumerate(zip(st.columns(len(wanted)), wanted, strict=True)):
            ids = [case.id for case in ticked]
            given[name] = column.selectbox(
                words.literal(name), ids, index=min(place, len(ids) - 1), key=f"channel-{name}"
            )
        if st.button("Make one study", key="make-one-study", type="primary", disabled=len(ticked) != len(wanted)):
            try:
                made = cases.join_channels(now.workspace, given)
            except ReadroomError as refusal:
                words.refusal((refusal.found, refusal.why, refusal.do))
            else:
                now.messages.append(f"{made.id} is one study of {len(wanted)} channels.")
                st.rerun()
