"""Two models beside each other: what differs in how they are built, what both cards measured, and the way to a test."""

from __future__ import annotations

import streamlit as st

from core.models.model import Model
from core.workflows.choose_model import models_for
from core.workflows.model_differences import comparable, differences, shared_columns, to_score
from core.workflows.score_job import start_scoring
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import choice
from pages._ui.cohort.picker import held_cohorts, title
from pages._ui.models.state import Look
from pages._ui.navigation import COMPARE, page
from pages._ui.state import State


def show_beside(now: State, held: Look, model: Model) -> None:
    """Draw the choice of the other model, the way to the comparison, and the differences."""
    others = {other.id: other for other in comparable(model, models_for(None))}
    if not others:
        words.empty("No other model here answers the same question.")
        return
    if held.other not in others:
        held.other = next(iter(others))
    st.session_state["model-other"] = held.other
    row = st.columns([1, 1.6], vertical_alignment="bottom")
    row[0].selectbox(
        "Beside", list(others), key="model-other", format_func=lambda one: others[one].display_name,
        on_change=_other_chosen, args=(held,),
    )  # fmt: skip
    other = others[held.other]
    with row[1]:
        _to_comparison(now, model, other)
    found = differences(model, other)
    names = (model.display_name, other.display_name)
    words.heading("Configuration")
    if found.configuration:
        words.table(("Field", *names), found.configuration, label="Differences in configuration")
    words.fact(f"{found.same} fields are the same{'' if found.configuration else ': the two are built alike'}.")
    words.heading("Figures that both cards have")
    if found.figures:
        words.table(("Figure", "Measured on", *names), found.figures, numbers=(2, 3), label="Figures of both")
    words.fact(
        "Two intervals that overlap do not say that two models are alike. Whether they differ is a paired question: "
        "the comparison page asks both about the same cases."
    )


def _other_chosen(held: Look) -> None:
    held.other = st.session_state["model-other"]


def _to_comparison(now: State, model: Model, other: Model) -> None:
    """One click: to the set that both have scored, else scoring one, else the page that takes a set in."""
    cohorts = list(held_cohorts(now).values())
    shared = shared_columns(cohorts, model, other)
    if shared is not None:
        cohort, columns = shared
        _link(f"Compare on {title(cohort)}", {"set": cohort.id, "models": columns})
        return
    cohort = to_score(cohorts, model, other)
    if cohort is None:
        _link("Compare on a test set", {})
        return
    if st.button(f"Score {title(cohort)} with both, and compare", key="compare-these"):
        _score(now, cohort, [model, other])
        st.switch_page(page(COMPARE), query_params={"set": cohort.id})


def _score(now: State, cohort: KeptCohort, both: list[Model]) -> None:
    choice().turn_to(cohort.id)
    start_scoring(now.workspace, cohort, both)


def _link(label: str, address: dict[str, str | list[str]]) -> None:
    st.page_link(page(COMPARE), label=label, icon=":material/compare_arrows:", query_params=address)
