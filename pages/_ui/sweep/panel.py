"""The instrument with everything that answers it, as one fragment: a release draws this part alone."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.metrics.intervals import Estimate
from core.workflows.instrument import Instrument, decision_interval, instrument
from core.workflows.sweep import MOST_ROWS
from core.workflows.sweep_cases import CELL_OF
from core.workflows.sweep_point import (
    address_text,
    read_threshold,
    rule_name,
    standing,
    start_threshold,
    threshold_text,
)
from core.workspace.cohort_record import KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import from_address, to_address
from pages._ui.components.threshold import Moved, threshold_instrument
from pages._ui.frame import guarded, tell
from pages._ui.state import State
from pages._ui.sweep.keep import TOO_LONG, show_keep
from pages._ui.sweep.rules import Subject, rule_answer, rule_picker
from pages._ui.sweep.state import Sweep
from pages._ui.sweep.views import CASES, show_views


@st.fragment
def panel(now: State, held: Sweep, about: Subject, kept: KeptCohort) -> None:
    """Draw rules, instrument, what is done with the cut-off, and the views below."""
    with guarded():  # a run of this part alone has no other frame
        _draw(now, held, about, kept)


def _draw(now: State, held: Sweep, about: Subject, kept: KeptCohort) -> None:
    tell(now)
    rule_picker(held, about)
    rule_answer(held)
    drawn = _instrument(held, about)
    threshold_instrument(
        drawn.data, threshold=held.anchor, turn=held.turn, key="instrument", heard=partial(_heard, held, about)
    )
    if not drawn.complete:
        whole = TOO_LONG if drawn.distinct > MOST_ROWS else "sweep.csv has them all."
        words.fact(f"{drawn.distinct:,} distinct scores: the slider stops at some of them. {whole}")
    chosen = standing(about.file, about.column, held.threshold, about.method, answer=held.answer, locked=held.locked)
    to_address(held.written, t=address_text(held.threshold))
    show_keep(now, held, about, kept, chosen, drawn.distinct)
    show_views(now, held, about, kept, chosen)


def _heard(held: Sweep, about: Subject, moved: Moved) -> None:
    """Before the run that answers it, so that nothing is drawn for a cut-off that was left."""
    if moved.threshold is not None and moved.threshold != held.threshold:
        held.move(moved.threshold, "by hand", about.cohort)
    held.prevalence = moved.prevalence or held.prevalence
    if moved.cell is not None:
        held.view, held.cell, held.shown = CASES, CELL_OF[moved.cell], 0
        st.session_state["cell"] = held.cell.value


def settle(held: Sweep, about: Subject, subject: tuple[object, ...]) -> None:
    """Where the cut-off stands before anything is drawn: a link's, the locked one, or what the first rule says."""
    asked = from_address(held.written, "t")
    if subject == held.subject and asked is None:
        return
    fresh = subject != held.subject
    if fresh:
        held.begin(subject)
    found, why = (None, "") if asked is None else read_threshold(asked, about.file, about.column)
    if found is not None:
        held.send(found, "from a link", about.cohort)
    elif held.locked is not None and held.locked.column == about.column and held.locked.chosen.threshold is not None:
        held.send(held.locked.chosen.threshold, "locked before", about.cohort)
    elif fresh:
        held.answer = start_threshold(about.file, about.column, about.method)
        held.send(held.answer.threshold or 0.0, rule_name(held.answer), about.cohort)
    if why:
        words.caution(f"{why} Showing {threshold_text(held.threshold)}.")


def _instrument(held: Sweep, about: Subject) -> Instrument:
    """The instrument's data, made again only where it would differ: a second for a million cases."""
    band = held.band
    referred, said = None, ""
    if band is not None and band.low is not None and band.high is not None and band.low < band.high:
        referred, said = (band.low, band.high), band.text
    made: dict[tuple[object, ...], Instrument] = st.session_state.setdefault("sweep-instrument", {})
    answer = held.answer
    key = (held.subject, referred, None if answer is None else (answer.rule, answer.target, answer.threshold))
    if key not in made:
        made.clear()
        chosen = () if answer is None else (answer,)
        made[key] = instrument(
            about.file,
            about.column,
            about.method,
            chosen=chosen,
            referred=referred,
            referred_text=said,
            decision=_decision(held, about),
        )
    return made[key]


def _decision(held: Sweep, about: Subject) -> list[Estimate] | None:
    """The decision curve's interval, resampled once for each reading: no rule changes it."""
    made: dict[tuple[object, ...], list[Estimate] | None] = st.session_state.setdefault("sweep-decision", {})
    if held.subject not in made:
        made.clear()
        made[held.subject] = decision_interval(about.file, about.column, about.method)
    return made[held.subject]
