"""What runs the open model and what that rests on; the choice of another engine; and the conversion."""

from __future__ import annotations

import streamlit as st

from core.engines.choose import TITLES, find_refusal, named_engine
from core.errors import ReadroomError
from core.models.model import Model
from core.workflows import engine_view as view
from core.workflows.engines import convert
from core.workflows.may_change import may_change, require_change
from pages._ui import words
from pages._ui.models.asking import asker
from pages._ui.models.state import Look
from pages._ui.state import State


def show_engine(now: State, held: Look, model: Model) -> None:
    """Draw what runs the model, the choice, what every engine was held against, and the way to a conversion."""
    refusal = None if model.problem else find_refusal(model, now.engine)
    if refusal is None:
        words.fact(view.engine_sentence(model, now.engine))
    else:
        words.refusal((refusal.found, refusal.why, refusal.do))
    _choose(now)
    for one in [member.model for member in model.members] or [model]:
        if model.members:
            words.heading(one.display_name)
        lines = view.engine_lines(one, now.engine)
        rows = [(line.title, line.version, line.here, words.badge(line.badge), line.said) for line in lines]
        words.table(view.HEADER, rows, label=f"Engines of {one.display_name}")
    if view.can_convert(model):
        _convert(now, held, model)


def _choose(now: State) -> None:
    st.session_state["engine"] = named_engine(now.engine)
    st.segmented_control(
        "Run models with", list(TITLES), key="engine", required=True, format_func=TITLES.__getitem__,
        on_change=_chosen, args=(now,),
    )  # fmt: skip
    words.fact(view.CHOICE_MEANS)


def _chosen(now: State) -> None:
    wanted = st.session_state["engine"]
    now.engine = None if wanted == named_engine() else wanted


def _convert(now: State, held: Look, model: Model) -> None:
    permission = may_change(asker())
    if not permission.allowed:
        words.fact(f"It can be converted by whoever may change the shelf. {permission.why}")
        return
    if view.torch_version() is None:
        words.fact("Converting needs torch, which this light installation leaves out.")
        return
    words.fact(view.CONVERT_MEANS)
    if not st.button("Convert for faster runs", key="convert", type="primary"):
        return
    held.refused = None
    try:
        with st.spinner("Converting in a process of its own …"):
            convert(model, actor=require_change(asker()))
    except ReadroomError as refusal:
        held.refused = (model.id, (refusal.found, refusal.why, refusal.do))
    else:
        now.messages.append(view.converted_sentence(model))
    st.rerun()
