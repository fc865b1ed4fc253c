"""The sidebar of every page: the model and its facts, what the owner has here, and the notice."""

from __future__ import annotations

import streamlit as st

from core import NOTICE
from core.engines.choose import TITLES
from core.errors import NotFound
from core.models.model import Model
from core.settings import settings
from core.workflows.choose_model import badges, first_fitting, models_for
from core.workflows.result_view import tested_on
from core.workspace import Case, Workspace, jobs
from pages._ui import words
from pages._ui.state import State

MB = 1_000_000


def draw(now: State) -> None:
    """Draw the sidebar and settle which model is chosen."""
    if now.engine is not None and now.engine not in TITLES:
        now.messages.append(f'The link asked for engine "{now.engine[:60]}", which is not known here.')
        now.engine = None
    with st.sidebar:
        _pick_model(now)
        st.divider()
        _holdings(now)
        with st.container(key="notice"):
            words.caution(NOTICE)


def current_case(now: State) -> Case | None:
    """The chosen case where it is there and the owner's, else None."""
    if now.case is None:
        return None
    try:
        return now.workspace.get_case(now.case)
    except NotFound:
        return None


def _pick_model(now: State) -> None:
    case = current_case(now)
    models = {model.id: model for model in models_for(case)}
    if now.model is not None and now.model not in models:
        now.messages.append(f'The link asked for model "{now.model[:60]}", which is not here.')
        now.model, now.chosen_model = None, False
    if now.model is None or not now.chosen_model:
        now.model = _default(list(models.values()), case)
    if now.model is None:
        words.fact(
            "No models found. Put a checkpoint into the models folder, or import one: python -m core import FILE."
        )
        return
    st.session_state["model"] = now.model
    st.selectbox(
        "Model",
        list(models),
        format_func=lambda model_id: models[model_id].display_name[:24],
        key="model",
        on_change=_model_chosen,
        args=(now,),
    )
    model = models[now.model]
    words.badges(badges(model, now.engine))
    if model.problem is not None:
        words.caution(model.problem)
    words.fact(f"Input: {model.input.sentence()}", tested_on(model))


def _default(models: list[Model], case: Case | None) -> str | None:
    fitting = first_fitting(models, case) if case is not None else None
    return fitting.id if fitting is not None else models[0].id if models else None


def _model_chosen(now: State) -> None:
    now.model, now.chosen_model = st.session_state["model"], True


def _holdings(now: State) -> None:
    workspace = now.workspace
    cases = workspace.cases()
    count = f"{len(cases)} case{'' if len(cases) == 1 else 's'}"
    words.fact(
        f"{count} here · {workspace.size_bytes() / MB:.0f} MB",
        f"Kept for this browser alone. Gone with this button, or after {settings().idle_hours:g} hours idle.",
    )
    st.button(
        "Delete my images", key="delete", icon=":material/delete:", width="stretch", on_click=_delete, args=(now,)
    )
    if not now.keeps_cookie:
        words.caution("This browser keeps no cookie: your images go with this tab, and pictures cannot be shown.")


def _delete(now: State) -> None:
    workspace: Workspace = now.workspace
    gone = len(workspace.cases())
    jobs.cancel_all(workspace)
    workspace.delete_all()
    now.case = now.job = None
    now.messages.append(f"Deleted: {gone} case{'' if gone == 1 else 's'} with results and pictures.")
