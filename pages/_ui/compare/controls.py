"""The controls of a comparison: which models, the rule for their cut-offs, what is tested, and by which margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.metrics.operating_points import Rule
from core.workflows.cohort_file import CohortFile
from core.workflows.compare import LOWER_IS_BETTER
from core.workflows.compare_view import METRICS
from core.workflows.thresholds import RATE_OF, RuleAsked
from pages._ui.compare.state import Compared

SAVED = "saved"

RULES = {
    SAVED: "its saved operating point",
    Rule.SENSITIVITY_GUARANTEE: "guaranteed sensitivity",
    Rule.SPECIFICITY_GUARANTEE: "guaranteed specificity",
    Rule.OBSERVED_SENSITIVITY: "observed sensitivity",
    Rule.OBSERVED_SPECIFICITY: "observed specificity",
    Rule.YOUDEN: "largest Youden J",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. rule None : saved points. margin None : no test of non-inferiority. reference : its second."""

    rule: RuleAsked | None
    primary: str
    margin: float | None
    reference: str
    ensemble: bool


def pick_models(held: Compared, columns: Sequence[str]) -> None:
    """Draw the choice of models."""
    st.session_state["compared-models"] = held.models
    st.multiselect("Models", columns, key="compared-models", on_change=_chosen, args=(held,))


def pick_question(file: CohortFile, *, saved: bool) -> Asked:
    """Draw what is asked of the models. saved : every one has a saved operating point."""
    models, probabilities = file.models, set(file.models) <= file.calibrated
    row = st.container(horizontal=True, vertical_alignment="bottom", key="question")
    rules = [rule for rule in RULES if saved or rule != SAVED]
    rule = row.selectbox("Each model's cut-off by", rules, format_func=RULES.__getitem__, key="compare-rule", width=230)
    target = 0.0
    if rule in RATE_OF:
        target = row.number_input("Target %", 0.1, 99.9, 95.0, 1.0, "%.1f", key="compare-target", width=130)
    primary = row.selectbox(
        "Tested figure", list(METRICS), format_func=METRICS.__getitem__, key="compare-primary", width=180
    )
    margin, reference = 0.0, models[-1]
    if primary not in LOWER_IS_BETTER:
        margin = row.number_input(
            "Margin", 0.0, 1.0, 0.0, 0.005, "%.3f", key="compare-margin", width=140,
            help="Of non-inferiority, in the tested figure's units. 0: not asked. No default fits everybody.",
        )  # fmt: skip
    if margin:
        reference = row.selectbox("Reference", models, index=len(models) - 1, key="compare-reference", width=230)
    ensemble = probabilities and row.toggle(
        "Add their mean", key="compare-ensemble", help="One more column: the mean of the models' probabilities."
    )
    asked = None if rule == SAVED else RuleAsked(Rule(rule), target / 100 if rule in RATE_OF else None)
    return Asked(asked, primary, margin or None, reference, bool(ensemble))


def _chosen(held: Compared) -> None:
    held.models, held.shown = list(st.session_state["compared-models"]), 0
