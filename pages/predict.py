"""See one image, and what the chosen model says of it."""

from __future__ import annotations

import streamlit as st

from core.workflows.choose_model import find_model
from core.workflows.run_prediction import find_figures
from pages._ui import words
from pages._ui.case_picker import pick_case
from pages._ui.frame import tell
from pages._ui.navigation import UPLOAD, page
from pages._ui.picture import show_picture
from pages._ui.result_panel import show_result
from pages._ui.results_table import show_table
from pages._ui.run_panel import show_run
from pages._ui.slot import slot
from pages._ui.state import IN_ADDRESS, settle_look, state, write_address

now = state()
case = pick_case(now)
settle_look(now)
write_address(now, *IN_ADDRESS)
tell(now)

if case is None:
    words.empty("Choose a case, or upload one.")
    st.page_link(page(UPLOAD), label="Upload images", icon=":material/upload_file:")
else:
    model = find_model(now.model)
    found = None if model is None else find_figures(now.workspace, case, model, now.engine)
    with st.container(key="reading"):
        left, right = st.columns([2.15, 1], gap="medium")
        with left:
            show_picture(now, case, model, found)
        with right, slot(now, "result", case.id, now.model, now.engine, found is not None):
            if model is None:
                words.empty("No models found.")
            elif found is not None:
                show_result(now, case, model, found)
            else:
                show_run(now, case, model)
    if model is not None:
        with slot(now, "table", model.id, now.engine):
            show_table(now, model)
