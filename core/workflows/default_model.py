"""The model of this installation where nobody names one: the choice of S2's `config.json`.

Owns where the choice is looked for. Reading it is `core.models.selection`'s.
"""

from __future__ import annotations

import logging

from core.errors import ReadroomError
from core.models.model import Model
from core.models.selection import read_selection
from core.settings import settings

log = logging.getLogger(__name__)


def default_model() -> Model | None:
    """The chosen model, or None where READROOM_MODEL_CONFIG_FILE is not set.

    Raises
    ------
    ConfigError, CheckpointError, WorkerBreach : the choice is wrong, or its file cannot be used.
    """
    chosen = settings().model_config_file
    return None if chosen is None else read_selection(chosen)


def chosen_id() -> str | None:
    """The id of that model for a list that puts it first; a wrong choice is logged, and the list stands without it."""
    try:
        chosen = default_model()
    except ReadroomError as refusal:
        log.warning("READROOM_MODEL_CONFIG_FILE: %s", refusal)
        return None
    return None if chosen is None else chosen.id
