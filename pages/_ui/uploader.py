"""The two uploaders. What they hold goes to the owner's folder at once, and out of the server's memory."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.settings import settings
from core.workflows import cases
from pages._ui.state import State

KEEP_UIDS = "For a DICOM SEG that fits the hospital's own copy. UIDs lead to the patient there: leave it off if unsure."


def uploaders(now: State) -> None:
    """Draw both; when something was dropped, take it in and start the run again with empty ones."""
    most = settings().upload_mib
    left, right = st.columns(2)
    files = left.file_uploader(
        "Files: X-rays, volumes, zipped series",
        accept_multiple_files=True,
        max_upload_size=most,
        key=f"files-{now.upload_round}",
    )
    folder = right.file_uploader(
        "One DICOM folder",
        accept_multiple_files="directory",
        max_upload_size=most,
        key=f"folder-{now.upload_round}",
    )
    keep_uids = st.toggle("Keep original UIDs of DICOM series", key="keep-uids", help=KEEP_UIDS)
    given = [*files, *folder]
    if given:
        # Emptied first: should taking them in be refused, the same files must not come again at each run.
        now.upload_round += 1
        try:
            cases.receive(now.workspace, ((file.name, file) for file in given), keep_uids=keep_uids)
        finally:
            free(given)
        st.rerun()


def free(files: Sequence[UploadedFile]) -> None:
    """Drop the server's own copies, which would otherwise stay in memory until the session ends."""
    context = get_script_run_ctx()
    if context is None or not exists():
        return
    manager = get_instance().uploaded_file_mgr
    if isinstance(manager, MemoryUploadedFileManager):
        for file in files:
            manager.remove_file(context.session_id, file.file_id)
