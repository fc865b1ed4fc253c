"""What takes seconds the first time, done before anybody asks: the network library and the decoder worker."""

from __future__ import annotations

import gc
import importlib
import logging

from core.errors import ReadroomError
from core.workflows.choose_model import device_word
from core.workflows.open_study import group_uploads

log = logging.getLogger(__name__)

SLOW_IMPORTS = ("torchvision.models", "monai.networks.nets", "core.workflows.predict")
"""Imported by the first run of a model otherwise, which would then seem to hang."""


def warm_up() -> None:
    """Start the decoder worker and import what runs need; a failure here shows again, in words, where it matters."""
    try:
        group_uploads([])
    except ReadroomError as refusal:
        log.warning("the decoder worker did not start: %s", refusal)
    device_word()
    for name in SLOW_IMPORTS:
        importlib.import_module(name)
    # Streamlit collects garbage in full after every script run. Over the libraries' million objects that stops all
    # threads for a good part of a second, twice a second while a run is watched; frozen, they are left out.
    gc.collect()
    gc.freeze()
