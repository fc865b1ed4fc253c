"""Bring images in, and know at once whether they are usable."""

from __future__ import annotations

import streamlit as st

from core.workflows import cases
from core.workspace import Uploads
from pages._ui import words
from pages._ui.case_rows import case_rows, upload_rows
from pages._ui.frame import tell
from pages._ui.ingest import ingest_reports
from pages._ui.one_study import one_study
from pages._ui.sample_buttons import sample_buttons
from pages._ui.state import EVERYWHERE, state, write_address
from pages._ui.uploader import uploaders

now = state()
workspace = now.workspace
write_address(now, *EVERYWHERE)

st.title("Upload")
tell(now)
words.fact(
    "X-rays: DICOM, PNG, JPEG, TIFF, BMP, WebP. MRI volumes: NIfTI, a DICOM series as a folder, loose files or a zip. "
    "The content decides, not the name."
)
uploaders(now)
words.caution(
    "Names, dates and numbers in headers and file names are removed here. "
    "Text inside the picture is not: look before you share."
)

if cases.is_waiting(workspace):
    bar = st.progress(0.0, "Reading…")
    cases.read_waiting(workspace, lambda done, of: bar.progress(done / of, f"Reading {done + 1} of {of}…"))
    st.rerun()

sample_buttons(now)

held, waiting = workspace.cases(), Uploads(workspace).all()
if not held and not waiting:
    words.empty("No images yet. Add an X-ray (DICOM, PNG, JPEG) or an MRI (NIfTI, DICOM folder).")
else:
    show_names = st.toggle("Show my file names", key="show-names", help="On this page only")
    names = workspace.names() if show_names else {}
    upload_rows(now, waiting, names)
    ticked = case_rows(now, held, names)
    one_study(now, ticked)
    ingest_reports(held)
    downloads = st.container(horizontal=True, key="upload-downloads")
    downloads.download_button(
        "cases.csv", lambda: cases.cases_csv(workspace), "cases.csv", "text/csv", key="cases-csv", on_click="ignore"
    )
    downloads.download_button(
        "Case map (.csv)", lambda: cases.names_csv(workspace), "case-map.csv", "text/csv", key="case-map",
        on_click="ignore", help="Which case came from which file. It holds file names: keep it to yourself.",
    )  # fmt: skip
