"""Bytes to `Study`: sniffing, readers, geometry, de-identification, the ingest report.

Importing this room loads no reader and no codec: those belong into the isolated worker and come with the first
use of `read_study` or `group_files`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from core.studies.channels import combine_channels
from core.studies.parts import study_from_parts, study_to_parts
from core.studies.study import Geometry, IngestReport, Kind, Study, Window

if TYPE_CHECKING:
    from core.studies.reader import FileGroup, group_files, read_study
    from core.studies.synthetic import phantom_head, synthetic_film, synthetic_volume

__all__ = [
    "FileGroup",
    "Geometry",
    "IngestReport",
    "Kind",
    "Study",
    "Window",
    "combine_channels",
    "group_files",
    "phantom_head",
    "read_study",
    "study_from_parts",
    "study_to_parts",
    "synthetic_film",
    "synthetic_volume",
]

_LAZY: Final = {
    "FileGroup": "reader",
    "group_files": "reader",
    "read_study": "reader",
    "phantom_head": "synthetic",
    "synthetic_film": "synthetic",
    "synthetic_volume": "synthetic",
}


def __getattr__(name: str) -> Any:  # Any: PEP 562 hands out whatever the module holds
    if name in _LAZY:
        return getattr(importlib.import_module(f"core.studies.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
