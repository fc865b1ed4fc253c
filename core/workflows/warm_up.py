"""What takes seconds the first time, done before anybody asks: the network libraries and the decoder worker."""

from __future__ import annotations

import gc
import logging

from core.errors import ReadroomError
from core.workflows.choose_model import device_word
from core.workflows.libraries import require_libraries
from core.workflows.open_study import group_uploads

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Start the decoder worker and import what runs need; a failure here shows again, in words, where it matters."""
    try:
        group_uploads([])
    except ReadroomError as refusal:
        log.warning("the decoder worker did not start: %s", refusal)
    device_word()
    require_libraries()
    # The libraries' million objects stay for good. Frozen, they are left out when garbage is collected, so that a
    # collection is short and comes often enough for a page's large arrays to go.
    gc.collect()
    gc.freeze()
