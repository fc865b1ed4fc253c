"""What reporting guidelines ask of a diagnostic accuracy study, and which of it a test set can answer by itself.

Owns the lists. STARD 2015 is numbered as published; CLAIM (2024) and TRIPOD+AI (2024) are named by topic. An item
without an answer is for the authors, and the report lists it as open: nothing is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One item. answer : the name of what fills it, or "" where the authors must."""

    guideline: str
    number: str
    topic: str
    answer: str = ""


STARD, CLAIM, TRIPOD = "STARD 2015", "CLAIM 2024", "TRIPOD+AI"

ITEMS = (
    Item(STARD, "1", "Title or abstract names a measure of accuracy"),
    Item(STARD, "2", "Structured abstract"),
    Item(STARD, "3", "Background, intended use and role of the index test"),
    Item(STARD, "4", "Objectives and hypotheses"),
    Item(STARD, "5", "Prospective or retrospective"),
    Item(STARD, "6", "Eligibility criteria"),
    Item(STARD, "7", "On what basis participants were identified"),
    Item(STARD, "8", "Where and when"),
    Item(STARD, "9", "Consecutive, random or convenience series"),
    Item(STARD, "10a", "Index test, in enough detail to repeat it", "model"),
    Item(STARD, "10b", "Reference standard"),
    Item(STARD, "11", "Why this reference standard"),
    Item(STARD, "12a", "Cut-off of the index test; pre-specified or exploratory", "cutoff"),
    Item(STARD, "12b", "Cut-off of the reference standard"),
    Item(STARD, "13a", "Whether readers of the index test knew the reference", "blind"),
    Item(STARD, "13b", "Whether assessors of the reference knew the index test"),
    Item(STARD, "14", "Methods for estimating accuracy", "methods"),
    Item(STARD, "15", "Indeterminate results", "indeterminate"),
    Item(STARD, "16", "Missing data", "missing"),
    Item(STARD, "17", "Variability; subgroups", "subgroups"),
    Item(STARD, "18", "Intended sample size and how it was determined"),
    Item(STARD, "19", "Flow of participants", "flow"),
    Item(STARD, "20", "Baseline characteristics"),
    Item(STARD, "21a", "Severity of disease in those with the finding"),
    Item(STARD, "21b", "Other diagnoses in those without"),
    Item(STARD, "22", "Time and interventions between index test and reference"),
    Item(STARD, "23", "Cross tabulation of index test by reference", "table"),
    Item(STARD, "24", "Accuracy with its precision", "accuracy"),
    Item(STARD, "25", "Adverse events"),
    Item(STARD, "26", "Limitations", "limits"),
    Item(STARD, "27", "Implications for practice"),
    Item(STARD, "28", "Registration"),
    Item(STARD, "29", "Where the protocol is"),
    Item(STARD, "30", "Funding"),
    Item(CLAIM, "", "Data sources"),
    Item(CLAIM, "", "De-identification"),
    Item(CLAIM, "", "Pre-processing of images", "input"),
    Item(CLAIM, "", "Rationale, source and annotators of the reference"),
    Item(CLAIM, "", "How data were partitioned; level of disjointness"),
    Item(CLAIM, "", "Model: inputs, outputs, architecture", "model"),
    Item(CLAIM, "", "Software and versions", "software"),
    Item(CLAIM, "", "Training"),
    Item(CLAIM, "", "Metrics of performance", "methods"),
    Item(CLAIM, "", "Measures of uncertainty", "uncertainty"),
    Item(CLAIM, "", "Robustness or sensitivity analysis", "subgroups"),
    Item(CLAIM, "", "Explainability"),
    Item(CLAIM, "", "External testing"),
    Item(CLAIM, "", "Performance with confidence intervals", "accuracy"),
    Item(CLAIM, "", "Failure analysis", "failures"),
    Item(CLAIM, "", "Where code, model and data can be had", "hashes"),
    Item(TRIPOD, "", "Participants, settings, dates"),
    Item(TRIPOD, "", "Outcome and how it was assessed"),
    Item(TRIPOD, "", "Predictors and their assessment", "input"),
    Item(TRIPOD, "", "Sample size", "flow"),
    Item(TRIPOD, "", "Missing data", "missing"),
    Item(TRIPOD, "", "Class imbalance", "flow"),
    Item(TRIPOD, "", "Fairness: figures by subgroup", "subgroups"),
    Item(TRIPOD, "", "Discrimination", "accuracy"),
    Item(TRIPOD, "", "Calibration", "calibration"),
    Item(TRIPOD, "", "Clinical utility", "utility"),
    Item(TRIPOD, "", "Model specification and availability", "hashes"),
    Item(TRIPOD, "", "Ethics, registration, protocol, funding, conflicts"),
    Item(TRIPOD, "", "Patient and public involvement"),
)


def filled(answers: Mapping[str, str]) -> tuple[list[tuple[Item, str]], list[Item]]:
    """The items that these answers fill, with the text, and those that stay open."""
    done = [(item, answers[item.answer]) for item in ITEMS if answers.get(item.answer)]
    open_items = [item for item in ITEMS if not answers.get(item.answer)]
    return done, open_items
