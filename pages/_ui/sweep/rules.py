"""The rule pickers: where to go, with what it needs, and what the rule answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from core.metrics.operating_points import Rule
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Method
from core.workflows.sweep_point import answer_rule, answer_sentences, answer_two, band_sentences, rule_name
from core.workflows.thresholds import RATE_OF, RuleAsked
from pages._ui import words
from pages._ui.sweep.state import Sweep

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TWO = "two"

NAMES = {
    Rule.SENSITIVITY_GUARANTEE: "Sensitivity, guaranteed",
    Rule.SPECIFICITY_GUARANTEE: "Specificity, guaranteed",
    Rule.OBSERVED_SENSITIVITY: "Sensitivity, observed",
    Rule.OBSERVED_SPECIFICITY: "Specificity, observed",
    Rule.YOUDEN: "Largest Youden J",
    Rule.COST: "Least expected cost",
    TWO: "Two thresholds, refer between",
}
"""Rules that promise first; the observed ones say that they are."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sweep is about: the cases, the column, how figures are made, and the test set's name and subset."""

    file: CohortFile
    column: str
    method: Method
    cohort: str
    subset: str | None = None


def rule_picker(held: Sweep, about: Subject) -> None:
    """Draw the pickers; going moves the cut-off."""
    row = st.container(horizontal=True, vertical_alignment="bottom", key="rules")
    rule = row.selectbox("Go to", list(NAMES), format_func=NAMES.__getitem__, key="rule", width=250)
    _numbers(row, rule)
    row.button("Go", key="go", on_click=_go, args=(held, about), type="primary")


def rule_answer(held: Sweep) -> None:
    """What the last rule said, as long as the cut-off stands where it put it."""
    if held.band is not None:
        low, high, said = held.band.low, held.band.high, band_sentences(held.band)
        # At the ends of a band the first is the instrument's own line.
        told = low is not None and high is not None and low < high and held.threshold in (low, high)
        words.fact(*(said[1:] if told else said))
    elif held.answer is not None and held.answer.threshold in (None, held.threshold):
        said = answer_sentences(held.answer)
        if held.answer.threshold is None:
            words.caution(*said)
        elif len(said) > 1:
            words.fact(" ".join(said[1:]))  # the first is the instrument's own line


def _numbers(row: DeltaGenerator, rule: str) -> None:
    def percent(label: str, key: str, value: float) -> None:
        row.number_input(label, 0.1, 99.9, value, 1.0, "%.1f", key=key, width=150)

    if rule == TWO:
        percent("Sensitivity %", "two-sensitivity", 95.0)
        percent("Specificity %", "two-specificity", 95.0)
    elif rule == Rule.COST:
        row.number_input("Cost of a miss", 0.0, 1e6, 10.0, 1.0, key="cost-missed", width=150)
        row.number_input("Cost of a false alarm", 0.0, 1e6, 1.0, 1.0, key="cost-alarm", width=150)
        if row.checkbox("at another prevalence", key="cost-elsewhere"):
            percent("Prevalence %", "cost-prevalence", 10.0)
    elif rule in RATE_OF:
        percent("Target %", "target", 95.0)


def _go(held: Sweep, about: Subject) -> None:
    # From the widgets themselves: a number that was typed just before the click has not been through a run.
    def number(key: str) -> float:
        return float(st.session_state[key])

    rule = st.session_state["rule"]
    file, column, method = about.file, about.column, about.method
    held.band = None
    if rule == TWO:
        sensitivity, specificity = number("two-sensitivity") / 100, number("two-specificity") / 100
        held.answer, held.band = None, answer_two(file, column, sensitivity, specificity, method)
        if held.band.low is not None:
            held.send(held.band.low, "two thresholds, the lower", about.cohort)
        return
    costs = None
    if rule == Rule.COST:
        costs = (number("cost-missed"), number("cost-alarm"))
        if not max(costs):
            return
        if st.session_state.get("cost-elsewhere") and "cost-prevalence" in st.session_state:
            method = replace(method, prevalence=number("cost-prevalence") / 100)
    target = number("target") / 100 if rule in RATE_OF else None
    held.answer = answer_rule(file, column, RuleAsked(Rule(rule), target, costs=costs), method)
    if held.answer.threshold is not None:
        held.send(held.answer.threshold, rule_name(held.answer), about.cohort)
