"""What takes seconds the first time, done before anybody asks: the network libraries and the decoder worker."""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading

from core.engines.choose import engines_for, runs_on_torch
from core.engines.compiled import drop_all_but
from core.errors import ReadroomError
from core.models.catalog import list_models
from core.models.model import Model
from core.studies.study import Kind
from core.workflows.libraries import leave_out_of_collections, require_libraries
from core.workflows.open_study import group_uploads

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Start the decoder worker and import what runs need; a failure here shows again, in words, where it matters."""
    try:
        group_uploads([])
    except ReadroomError as refusal:
        log.warning("the decoder worker did not start: %s", refusal)
    models = list_models()
    drop_all_but({model.weights_sha256 for model in models})
    usable = [model for model in models if model.problem is None]
    # torch only where nothing runs without it: it takes seconds and most of a gigabyte.
    require_libraries(usable if all(runs_on_torch(model) for model in usable) else ())
    _import_orientations()
    leave_out_of_collections()


def load_meanwhile(model: Model) -> None:
    """Load a model's networks, and what draws its cases, in a thread, while the first is read in the worker's process.

    Only where that needs no torch: a refused file would otherwise wait for seconds of imports. A failure is left
    for the run, which meets it again where it can be told.
    """
    if model.problem is None and not runs_on_torch(model):
        threading.Thread(target=_load, args=(model,), name="readroom-load").start()


def _load(model: Model) -> None:
    for part in [member.model for member in model.members] or [model]:
        with contextlib.suppress(ReadroomError):
            next(engines_for(part)).load()
    if model.input.kind is Kind.VOLUME:
        _import_orientations()


def _import_orientations() -> None:
    """What turns a volume as it is drawn: NiBabel, with all of pydicom."""
    importlib.import_module("nibabel.orientations")
