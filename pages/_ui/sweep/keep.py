"""What is done with a cut-off: locked as pre-specified, saved for Predict, taken away as files."""

from __future__ import annotations

import json

import streamlit as st

from core.errors import ReadroomError
from core.metrics.rules import Chosen
from core.workflows.choose_model import Badge
from core.workflows.report_bundle import Reported, report_bundle
from core.workflows.save_point import make_point, owner_of, point_file, save_point
from core.workflows.sweep import MOST_ROWS, sweep_document, table_rows
from core.workflows.sweep_point import OVERLOOK, Locked, origin, rule_name, threshold_text
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.state import State
from pages._ui.sweep.rules import Subject
from pages._ui.sweep.state import Sweep

TOO_LONG = (
    f"More than {MOST_ROWS:,} distinct scores: python -m core sweep scores.csv --table sweep.csv writes them all."
)


def show_keep(now: State, held: Sweep, about: Subject, kept: KeptCohort, chosen: Chosen, distinct: int) -> None:
    """Draw the badge and the buttons. distinct : how many scores there are."""
    word, tone = origin(chosen, held.locked)
    owner = owner_of(about.column, kept)
    row = st.container(horizontal=True, vertical_alignment="center", key="keep")
    with row:
        words.badges([Badge(word, tone)])
    locked = held.locked is not None and held.locked.chosen.threshold == held.threshold
    row.button(
        "Unlock" if locked else "Lock as pre-specified", key="lock", on_click=_lock, args=(held, about, chosen),
        help="Fixes this threshold: on another test set it stays, and its figures there are clean of the choice.",
    )  # fmt: skip
    row.button(
        "Use this threshold", key="save-point", type="primary", on_click=_save, args=(now, about, kept, chosen),
        disabled=owner.model is None or chosen.counts is None,
        help=owner.why or "Saved as an operating point of this model, for these weights alone; Predict uses it.",
    )  # fmt: skip
    row.download_button(
        "sweep.csv", lambda: table_rows(about.file, about.column, about.method), "sweep.csv", "text/csv",
        key="sweep-csv", on_click="ignore", disabled=distinct > MOST_ROWS,
        help=TOO_LONG if distinct > MOST_ROWS else "Every threshold with its counts, rates and intervals",
    )  # fmt: skip
    row.download_button(
        "sweep.json", lambda: _document(about, held), "sweep.json", "application/json", key="sweep-json",
        on_click="ignore", help="The whole answer with resampled intervals; a few seconds for thousands of cases",
    )  # fmt: skip
    row.download_button(
        "operating-point.json", lambda: _point(about, kept, chosen), "operating-point.json", "application/json",
        key="point-json", on_click="ignore",
    )  # fmt: skip
    row.download_button(
        "Report (.zip)", lambda: report_bundle(_reported(about, kept, chosen), about.method), "report.zip",
        "application/zip", key="report-zip", on_click="ignore", disabled=chosen.counts is None,
        help="HTML report with figures, scores, settings, hashes and the commands that make it again",
    )  # fmt: skip
    if held.locked is not None and not locked:
        words.fact(
            f"Locked: {threshold_text(held.locked.chosen.threshold or 0)} ({rule_name(held.locked.chosen)}, on "
            f"{held.locked.cohort}). The cut-off shown is another one."
        )
    if owner.model is None and owner.why:
        words.fact(owner.why)
    if tone == "caution":
        words.caution(OVERLOOK)


def _lock(held: Sweep, about: Subject, chosen: Chosen) -> None:
    locked = held.locked
    if locked is not None and locked.chosen.threshold == chosen.threshold:
        held.locked = None
        return
    held.locked = Locked(chosen, about.column, about.file.positive, about.cohort, about.file.sha256)


def _save(now: State, about: Subject, kept: KeptCohort, chosen: Chosen) -> None:
    owner = owner_of(about.column, kept)
    if owner.model is None:
        return
    try:
        point = make_point(chosen, finding=owner.finding, cohort=_cohort_words(about))
        saved = save_point(owner.model, point)
    except ReadroomError as refusal:
        now.messages.append(f"{refusal.found} {refusal.do}")
        return
    now.points[owner.model.id] = saved.name
    now.messages.append(
        f'Saved: "{saved.name}", {threshold_text(saved.threshold)}, for {owner.model.display_name}. Predict uses it.'
    )


def _point(about: Subject, kept: KeptCohort, chosen: Chosen) -> bytes:
    owner = owner_of(about.column, kept)
    point = make_point(chosen, finding=owner.finding or about.file.positive, cohort=_cohort_words(about))
    return point_file(point, column=about.column, cohort=kept)


def _reported(about: Subject, kept: KeptCohort, chosen: Chosen) -> Reported:
    model = owner_of(about.column, kept).model
    return Reported(about.file, about.column, chosen, kept.scores_csv, kept.name, model, about.subset)


def _document(about: Subject, held: Sweep) -> bytes:
    made = sweep_document(about.file, about.column, about.method, threshold=held.threshold)
    return json.dumps(made, allow_nan=False).encode()


def _cohort_words(about: Subject) -> str:
    cohort = about.file.cohort
    return f"{about.cohort} ({cohort.n:,} cases, {cohort.positives:,} with the finding)"
