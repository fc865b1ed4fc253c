"""Several models on the same cases: how far apart they are, and whether that is more than chance."""

from __future__ import annotations

import streamlit as st

from core.workflows.documents import Method
from core.workflows.sweep_view import count_sentence
from core.workspace.cohort_record import CohortKind
from pages._ui import words
from pages._ui.cohort.choice import choice, to_address
from pages._ui.cohort.picker import add_set, held_cohorts, pick_finding, pick_set, pick_subset, tell_choice
from pages._ui.cohort.reading import columns_of, notes, read
from pages._ui.cohort.scoring import show_scoring
from pages._ui.compare import views
from pages._ui.compare.answer import answer
from pages._ui.compare.controls import pick_models, pick_question
from pages._ui.compare.facts import saved_thresholds
from pages._ui.compare.masks import show_mask_comparison
from pages._ui.compare.state import compared, settle_models, write_models
from pages._ui.frame import tell
from pages._ui.state import EVERYWHERE, state, write_address

now, held, comparison = state(), choice(), compared()
method = Method()
write_address(now, *EVERYWHERE)

head, count = st.columns([1, 2.2], vertical_alignment="center")
head.title("Model comparison")
tell(now)
known = held_cohorts(now)
row = st.columns([1.6, 1, 1, 0.85], vertical_alignment="bottom")
kept = pick_set(held, known, row[0])
if kept is None:
    words.empty("No test set yet. Add scores.csv with a column for each model, or a zip or folder of images.")
else:
    if kept.kind is not CohortKind.MASKS:
        pick_finding(held, kept, row[1])
    pick_subset(held, kept, row[2])
add_set(now, held, row[3] if known else st.container(), empty=not known)
tell_choice(held)

if kept is not None:
    show_scoring(now, kept)
if kept is not None and kept.kind is CohortKind.MASKS:
    show_mask_comparison(now, held, comparison, kept)
elif kept is not None:
    columns = columns_of(held, kept) if kept.scores_csv.exists() else []
    settle_models(comparison, columns, kept.id)
    words.caution(*comparison.messages)
    comparison.messages.clear()
    if len(columns) == 1:
        words.empty("This test set has the scores of one model. Comparing needs two on the same cases.")
    elif columns:
        pick_models(comparison, columns)
    to_address(held.written, set=held.set, finding=held.finding, subset=held.subset)
    write_models(comparison)
    if len(comparison.models) == 1 and len(columns) > 1:
        words.empty("Choose a second model.")
    file = read(held, kept, comparison.models) if len(comparison.models) > 1 else None
    if file is not None:
        with count:
            words.fact(count_sentence(file))
        words.caution(*notes(file))
        asked = pick_question(file, saved=saved_thresholds(file, kept) is not None)
        answered = answer(held, comparison, kept, asked, method)
        if answered is not None:
            views.show_curves(answered.file, method)
            views.show_table(answered)
            views.show_pairs(answered.document)
            views.show_calibration(answered.file, method)
            areas = {one["model"]: one["auc"] for one in answered.document["models"]}
            views.show_cost(answered.facts, areas, "AUC")
            views.show_disagreements(now, comparison, answered, kept)
            views.show_downloads(answered)
views.show_guide(kept)
