"""Choose an operating point, and know what it costs."""

from __future__ import annotations

import streamlit as st

from core.workflows.documents import Method
from core.workflows.sweep_view import count_sentence
from core.workspace.cohort_record import CohortKind
from pages._ui import words
from pages._ui.cohort.choice import choice, to_address
from pages._ui.cohort.picker import add_set, held_cohorts, pick_finding, pick_set, pick_subset, tell_choice
from pages._ui.cohort.reading import columns_of, key_of, notes, read
from pages._ui.cohort.scoring import show_scoring
from pages._ui.frame import tell
from pages._ui.state import EVERYWHERE, state, write_address
from pages._ui.sweep.column import pick_column
from pages._ui.sweep.masks import show_mask_sweep
from pages._ui.sweep.panel import panel, settle
from pages._ui.sweep.rules import Subject
from pages._ui.sweep.state import sweep_state

now, held, sweep = state(), choice(), sweep_state()
write_address(now, *EVERYWHERE)

head, facts = st.columns([1, 2.2], vertical_alignment="center")
head.title("Threshold sweep")
tell(now)
known = held_cohorts(now)
row = st.columns([1.3, 1.5, 1, 0.9, 0.85], vertical_alignment="bottom")
kept = pick_set(held, known, row[0])
if kept is None:
    words.empty("No test set yet. Add scores.csv, or a zip or folder of images with labels or masks.")
else:
    if kept.kind is not CohortKind.MASKS:
        pick_finding(held, kept, row[2])
    pick_subset(held, kept, row[3])
add_set(now, held, row[4] if known else st.container(), empty=not known)
tell_choice(held)

if kept is not None:
    show_scoring(now, kept)
if kept is not None and kept.kind is CohortKind.MASKS:
    show_mask_sweep(now, held, kept, row[1])
elif kept is not None:
    column = pick_column(now, sweep, kept, columns_of(held, kept), row[1]) if kept.scores_csv.exists() else None
    file = None if column is None else read(held, kept, [column])
    to_address(held.written, set=held.set, finding=held.finding, subset=held.subset)
    to_address(sweep.written, column=column)
    if file is not None and column is not None:
        name = kept.name if held.subset is None else f"{kept.name}, {held.subset}"
        about = Subject(file, column, Method(), name, held.subset)
        with facts:
            words.fact(count_sentence(file))
        words.caution(*notes(file))
        if file.cohort.n:
            settle(sweep, about, (*key_of(held, kept), column, file.missing))
            panel(now, sweep, about, kept)
