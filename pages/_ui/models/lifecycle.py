"""Where a model stands and how it got there: registering, stages behind their gate, aliases, history and recall."""

from __future__ import annotations

import streamlit as st

from core.models.model import Model
from core.workflows import lifecycle_view as view
from core.workflows.may_change import may_change
from core.workflows.registry import UNREGISTERED, ShelfEntry, shelf_entry
from pages._ui import words
from pages._ui.models import changing
from pages._ui.models.asking import asker
from pages._ui.models.state import Look
from pages._ui.state import State

STAGES_MEAN = (
    "Development, Testing, Staging, Production, Retirement say how far a version was looked at. Production means that "
    "it is served to the users of this installation; the research-use notice stands at every stage."
)


def show_lifecycle(now: State, held: Look, model: Model) -> None:
    """Draw where the model stands, what may be changed, and what happened."""
    entry = shelf_entry(model.id)
    aliases = f" · answers under {', '.join(entry.aliases)}" if entry.aliases else ""
    words.fact(f"Stage: {entry.stage}{aliases}", STAGES_MEAN)
    permission = may_change(asker())
    if not permission.allowed:
        words.fact(permission.why)
    elif entry.stage == UNREGISTERED:
        _register(now, held, model)
    else:
        _stage(now, held, entry)
        _aliases(now, held, entry)
    words.heading("History")
    rows = view.history_rows(model.id)
    if rows:
        words.table(view.HISTORY_HEADER, rows, label="History")
    else:
        words.fact("Nothing has happened to it here yet.")
    if permission.allowed:
        _recall(held, model)


def _register(now: State, held: Look, model: Model) -> None:
    words.fact("Registering writes the file's hash down as a version that cannot change. Stages and aliases need it.")
    row = st.columns([3, 1], vertical_alignment="bottom")
    row[0].text_input("Reason", key="register-reason", placeholder="why it is taken in", max_chars=500)
    row[1].button("Register", key="register", type="primary", on_click=changing.registered, args=(now, held, model.id))


def _stage(now: State, held: Look, entry: ShelfEntry) -> None:
    row = st.columns([1, 1.2, 2, 0.8], vertical_alignment="bottom")
    wanted = row[0].selectbox("Move to", view.next_stages(entry.stage), key="stage-wanted")
    reviewer = row[1].text_input("Reviewed by", key="stage-reviewer", placeholder="who looked at it", max_chars=200)
    row[2].text_input("Reason", key="stage-reason", placeholder="why, in one sentence", max_chars=500)
    row[3].button("Move", key="stage-move", type="primary", on_click=changing.moved, args=(now, held, entry.id))
    if wanted:
        label = f"What {wanted} asks for"
        rows = view.check_rows(entry.id, wanted, reviewer)
        words.table(view.CHECK_HEADER, [_marked(row) for row in rows], label=label)


def _marked(row: tuple[str, str, str]) -> tuple[str | words.Html, ...]:
    name, holds, said = row
    return (name, words.marked(holds) if holds == view.FAILS else holds, said)


def _aliases(now: State, held: Look, entry: ShelfEntry) -> None:
    with st.expander("Aliases", key="aliases"):
        words.fact(
            f"An alias is a name that can be moved: models:/{entry.name}@champion is whichever version answers to it."
        )
        row = st.columns([1, 2, 0.7, 0.7], vertical_alignment="bottom")
        row[0].text_input("Alias", key="alias-name", placeholder="champion", max_chars=40)
        row[1].text_input("Reason", key="alias-reason", placeholder="why, in one sentence", max_chars=500)
        row[2].button("Set", key="alias-set", on_click=changing.alias_set, args=(now, held, entry.id))
        row[3].button("Remove", key="alias-remove", on_click=changing.alias_removed, args=(now, held, entry.id))


def _recall(held: Look, model: Model) -> None:
    with st.expander("What came from it", key="recall", expanded=held.recalled == model.id):
        words.fact("Stored results and test sets that rest on these weights, in everybody's folders, by neutral names.")
        st.button("Look for it", key="recall-find", on_click=_recalled, args=(held, model.id))
        if held.recalled == model.id:
            rows = view.recall_rows(model.id)
            if rows:
                words.table(view.RECALL_HEADER, rows, numbers=(3,), label="What came from it")
            else:
                words.fact("Nothing that is stored here came from this model.")


def _recalled(held: Look, model_id: str) -> None:
    held.recalled = model_id
