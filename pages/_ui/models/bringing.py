"""A foreign checkpoint through the browser: opened in a process of its own, then on the shelf."""

from __future__ import annotations

import streamlit as st

from core.settings import settings
from core.workflows.engine_view import can_convert
from core.workflows.import_model import import_upload
from core.workflows.may_change import Asker, may_change, require_change
from pages._ui import words
from pages._ui.models.asking import asker
from pages._ui.state import State
from pages._ui.uploader import free

KINDS = (
    "A .safetensors, .pt, .pth or .onnx file of weights. It is opened in a process of its own, weights only; nothing "
    "in it runs. The architecture is read from the tensors. What they cannot tell, a configuration beside it states."
)


def show_bringing(now: State, asking: Asker) -> None:
    """Draw the way in, for those who may change the shelf."""
    with st.expander("Import a checkpoint", key="bring"):
        words.fact(KINDS)
        if not may_change(asking).allowed:
            words.fact(may_change(asking).why)
            return
        left, right = st.columns(2)
        most = settings().upload_mib  # it passes through memory; a larger file is imported on the command line
        file = left.file_uploader("Checkpoint", key=f"bring-{now.upload_round}", max_upload_size=most)
        stated = right.file_uploader("Configuration (.json), if the file states none", key=f"beside-{now.upload_round}")
        named = st.text_input(
            "Id", key="bring-id", placeholder="name_v1.0.0; none: made from architecture and content", max_chars=100
        )
        if not st.button("Import", key="import", type="primary", disabled=file is None) or file is None:
            return
        given = [one for one in (file, stated) if one is not None]
        now.upload_round += 1  # emptied first: a refusal must not come again at each run
        try:
            actor = require_change(asker())
            with st.spinner("Reading the checkpoint in a process of its own …"):
                model = import_upload(file.name, file, config=stated, id=named.strip() or None, actor=actor)
        finally:
            free(given)
        now.model, now.chosen_model = model.id, True
        now.messages.append(f"Imported: {model.display_name}, {model.id}. Its file lies in the store of this server.")
        if can_convert(model):
            now.messages.append("It runs on torch. Under Engine it can be converted for faster runs.")
        st.rerun()
