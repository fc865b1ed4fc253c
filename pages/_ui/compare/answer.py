"""The answer to what was asked of the models, made once for each question of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.workflows.cohort_file import CohortFile
from core.workflows.compare import MEAN, compare_document, thresholds_for
from core.workflows.compare_view import with_mean, without_cutoff
from core.workflows.documents import Document, Method
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import Choice
from pages._ui.cohort.reading import key_of, read
from pages._ui.compare.controls import Asked
from pages._ui.compare.facts import Facts, facts_of, saved_thresholds
from pages._ui.compare.state import Compared

SAID = ("auc_below_half", "auc_at_boundary", "constant_score")
"""Warnings of the document that stand above the curves; the file's own are shown by every page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The cases, the comparison document, and what is known of the models."""

    file: CohortFile
    document: Document
    facts: Mapping[str, Facts]


def answer(held: Choice, comparison: Compared, kept: KeptCohort, asked: Asked, method: Method) -> Answer | None:
    """The document, with the reference last: the first of a pair is held against the second."""
    order = [*(name for name in comparison.models if name != asked.reference), asked.reference]
    file = read(held, kept, order)
    if file is None:
        return None
    saved = saved_thresholds(file, kept) or {}
    if asked.ensemble:
        file = with_mean(file, order, MEAN)
    key = (*key_of(held, kept), file.missing, file.models, asked, tuple(saved.items()))
    if key not in comparison.made:
        comparison.made.clear()
        with st.spinner("Resampling…"):
            comparison.made[key] = _document(file, asked, saved, method)
    document = comparison.made[key]
    words.caution(*(note["text"] for note in document["warnings"] if note["code"] in SAID))
    if asked.rule is not None and any(one["threshold"] is None for one in document["models"]):
        words.caution(*without_cutoff(file, method, asked.rule))
    return Answer(file, document, facts_of(file.models, kept))


def _document(file: CohortFile, asked: Asked, saved: Mapping[str, float], method: Method) -> Document:
    if asked.rule is None:
        at: dict[str, float | None] = {name: saved.get(name) for name in file.models}
        where = "saved with each model"
    else:
        at, where = thresholds_for(file, method, asked.rule, None), "same_cases"
    return compare_document(file, method, thresholds=at, chosen_on=where, primary=asked.primary, margin=asked.margin)
