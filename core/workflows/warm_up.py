"""What takes seconds the first time, done before anybody asks: the network libraries and the decoder worker."""

from __future__ import annotations

import logging

from core.engines.choose import runs_on_torch
from core.errors import ReadroomError
from core.models.catalog import list_models
from core.workflows.libraries import leave_out_of_collections, require_libraries
from core.workflows.open_study import group_uploads

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Start the decoder worker and import what runs need; a failure here shows again, in words, where it matters."""
    try:
        group_uploads([])
    except ReadroomError as refusal:
        log.warning("the decoder worker did not start: %s", refusal)
    usable = [model for model in list_models() if model.problem is None]
    # torch only where nothing runs without it: it takes seconds and most of a gigabyte.
    require_libraries(usable if all(runs_on_torch(model) for model in usable) else ())
    leave_out_of_collections()
