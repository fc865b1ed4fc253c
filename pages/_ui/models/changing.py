"""The changes of the shelf that the page offers: each asks once more who is asking, and says what came of it.

They run before the run that answers a click, so a refusal is kept for the page to show.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import ReadroomError
from core.workflows import registry
from core.workflows.may_change import require_change
from pages._ui.models.asking import asker
from pages._ui.models.state import Look
from pages._ui.state import State


def registered(now: State, held: Look, model_id: str) -> None:
    """Register a model under the reason that was typed."""
    reason = _typed("register-reason")
    _do(now, held, model_id, partial(registry.register, model_id, reason), "is registered.", "register-reason")


def moved(now: State, held: Look, model_id: str) -> None:
    """Move a version to the stage that was chosen."""
    wanted, reviewer = _typed("stage-wanted"), _typed("stage-reviewer")
    change = partial(registry.change_stage, model_id, wanted, _typed("stage-reason"), reviewer=reviewer)
    _do(now, held, model_id, change, f"is in {wanted} now.", "stage-reason", "stage-reviewer")


def alias_set(now: State, held: Look, model_id: str) -> None:
    """Let a version answer under the alias that was typed."""
    alias = _typed("alias-name")
    change = partial(registry.set_alias, model_id, alias, _typed("alias-reason"))
    _do(now, held, model_id, change, f"answers under {alias} now.", "alias-name", "alias-reason")


def alias_removed(now: State, held: Look, model_id: str) -> None:
    """Let a version no longer answer under the alias that was typed."""
    alias = _typed("alias-name")
    change = partial(registry.remove_alias, model_id, alias, _typed("alias-reason"))
    _do(now, held, model_id, change, f"answers no longer under {alias}.", "alias-name", "alias-reason")


def set_pin(now: State, held: Look, model_id: str, *, pin: bool) -> None:
    """Pin a model for everybody, or take the pin away."""
    change = partial(registry.pin if pin else registry.unpin, model_id)
    _do(now, held, model_id, change, "is pinned." if pin else "is no longer pinned.")


# A change takes the actor by name and returns what the page does not need.
def _do(now: State, held: Look, model_id: str, change: Callable[..., object], said: str, *typed: str) -> None:
    """Make the change as who is asking; what was typed is emptied where it was made."""
    held.refused = None
    try:
        change(actor=require_change(asker()))
    except ReadroomError as refusal:
        held.refused = (model_id, (refusal.found, refusal.why, refusal.do))
        return
    for key in typed:
        st.session_state[key] = ""
    now.messages.append(f"{model_id} {said}")


def _typed(key: str) -> str:
    return str(st.session_state.get(key) or "").strip()
