"""A test set's scores for a page: read once a session, or every fault with the control that answers it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import TableError
from core.metrics.cohort import Missing
from core.workflows.cohort_columns import narrowed
from core.workflows.cohort_file import CohortFile
from core.workflows.cohorts import read_scores
from core.workspace.cohort_record import CohortKind, KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import Choice

_KEY = "cohort-files"

KEPT = 6
"""Readings that a session remembers: the set that is looked at, under a few choices."""

LISTED = 20
"""Cases left out that are named; the count stands above."""

FEW = "Intervals are wide; do not choose a threshold from this."

ON_A_PAGE = {
    "Name the positive one with --positive.": "Name the positive one above.",
    "Name the positive value with --positive and keep two values, or use --task multiclass.": (
        "Keep two values, and bring the file again."
    ),
    "given with --positive.": "chosen above.",
    "Use --missing drop to leave such cases out of every model, or --missing worst to count them as wrong.": (
        "Choose below: leave such cases out of every model, or count them as wrong."
    ),
}
"""What stands in a page's sentence in place of a flag."""

RULES = {
    Missing.REFUSE: "refuse the file",
    Missing.DROP: "leave such cases out of every model",
    Missing.WORST: "count them as wrong at every cut-off",
    Missing.BEST: "count them as right at every cut-off",
}


def columns_of(held: Choice, kept: KeptCohort) -> list[str]:
    """The score columns on offer; missing scores are a matter for later. Faults are drawn, and then there is none."""
    file = _read(held, kept, (), Missing.DROP)
    if isinstance(file, TableError):
        show_faults(held, Missing.REFUSE, file)
        return []
    return list(file.models)


def read(held: Choice, kept: KeptCohort, columns: Sequence[str]) -> CohortFile | None:
    """The scores of these columns; None where the faults were drawn in their place."""
    rule = missing_rule(held, kept)
    file = _read(held, kept, columns, rule)
    if isinstance(file, TableError):
        show_faults(held, rule, file)
        return None
    if file.dropped or any(file.holes.values()):
        with st.expander(f"Cases without a score: {RULES[rule]}", key="without-score"):
            _missing_control(held, rule)
            rows = [(one.case_id, str(one.row), one.reason) for one in file.dropped[:LISTED]]
            if rows:
                words.table(("Case", "Row", "Why"), rows, numbers=(1,), label="Cases left out")
    return file


def missing_rule(held: Choice, kept: KeptCohort) -> Missing:
    """What a case without a score counts as: as chosen; else such a file is refused, and an image that nobody could
    read, which is listed, is left out.
    """
    if held.missing is not None:
        return held.missing
    return Missing.REFUSE if kept.kind is CohortKind.SCORES else Missing.DROP


def show_faults(held: Choice, rule: Missing, refusal: TableError) -> None:
    """Every fault in its sentence, then what the owner can answer here."""
    told = [_for_a_page(fault.text) for fault in refusal.faults]
    with st.container(key="faults"):
        words.faults(told)
        if any("no score." in text and "Choose below" in text for text in told):
            _missing_control(held, rule)


def notes(file: CohortFile) -> list[str]:
    """The file's warnings and what is to be known of its cases, each once."""
    said = [note.text for note in file.notes]
    said += [f"{note.text} {FEW}" for note in file.cohort.notes() if note.code == "few_cases"]
    return list(dict.fromkeys(said))


def key_of(held: Choice, kept: KeptCohort) -> tuple[object, ...]:
    """What a reading depends on; another key is another subject."""
    stamp = kept.scores_csv.stat().st_mtime_ns if kept.scores_csv.exists() else 0
    return (kept.id, kept.of_machine, stamp, held.finding, held.subset)


def _for_a_page(text: str) -> str:
    for flag, words_instead in ON_A_PAGE.items():
        text = text.replace(flag, words_instead)
    return text


def _missing_control(held: Choice, rule: Missing) -> None:
    st.session_state["missing"] = rule
    st.radio(
        "Cases without a score", list(RULES), format_func=RULES.__getitem__, key="missing", horizontal=True,
        on_change=_missing_chosen, args=(held,),
    )  # fmt: skip


def _missing_chosen(held: Choice) -> None:
    held.missing = Missing(st.session_state["missing"])


def _read(held: Choice, kept: KeptCohort, columns: Sequence[str], missing: Missing) -> CohortFile | TableError:
    files: dict[tuple[object, ...], CohortFile | TableError] = st.session_state.setdefault(_KEY, {})
    key = (*key_of(held, kept), tuple(columns), missing)
    whole = files.get((*key_of(held, kept), (), Missing.DROP))
    if key not in files and columns and not isinstance(whole, TableError | None):
        found = narrowed(whole, columns, missing)
        if found is not None:
            files[key] = found
    if key not in files:
        # The set's own positive label is asked for by None: it stands for the 1 of the scores.
        positive = None if held.finding == kept.positive else held.finding
        try:
            with st.spinner("Reading…"):
                files[key] = read_scores(kept, models=columns, split=held.subset, positive=positive, missing=missing)
        except TableError as refusal:
            files[key] = refusal
        while len(files) > KEPT:
            del files[next(iter(files))]
    return files[key]
