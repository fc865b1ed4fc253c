"""The row of synthetic samples: one click opens a group of them, or the scored cohort."""

from __future__ import annotations

import streamlit as st

from core.samples import Group, samples_of
from core.workflows import samples
from pages._ui import words
from pages._ui.cohort.choice import choice
from pages._ui.navigation import SWEEP, page
from pages._ui.state import State

NAMES = {Group.FILMS: "X-rays", Group.HIPPOCAMPUS: "hippocampus MRI", Group.FLAIR: "FLAIR brain MRI"}


def sample_buttons(now: State) -> None:
    """Draw the row; what a click opens are cases, or a test set, like any other."""
    words.fact(
        "No file at hand? The samples are synthetic and nobody's images. Those of FLAIR are for non-commercial use "
        "(CC BY-NC-SA 4.0)."
    )
    row = st.container(horizontal=True, key="samples")
    for group, name in NAMES.items():
        count = len(samples_of(group))
        if row.button(f"Sample {name} ({count})", key=f"sample-{group}"):
            with st.spinner("Drawing…"):
                added = samples.add_samples(now.workspace, group)
            # A sample says nothing of its modality, as many a file: the first model that reads volumes would be taken.
            now.case, now.job, fitting = added[0].id, None, samples.model_for(group, now.model)
            if fitting is not None:
                now.model, now.chosen_model = fitting, True
            st.rerun()
    if row.button("Sample scores (200 films)", key="sample-scores", help="A scored cohort, for the threshold sweep"):
        kept = samples.add_sample_scores(now.workspace)
        choice().turn_to(kept.id)
        st.switch_page(page(SWEEP))
    row.download_button(
        "Reference masks (.zip)", samples.reference_masks, "synthetic-volumes.zip", "application/zip",
        key="sample-masks", on_click="ignore", help="The sample volumes, each with the mask that it was drawn from",
    )  # fmt: skip
