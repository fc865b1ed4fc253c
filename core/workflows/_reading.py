"""The tasks that the decoder worker can run.

Owns the table and the form of a request. It is imported in the worker's process, where codecs may live.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from core.studies import group_files, read_study, study_to_parts
from core.studies.archive import unpack_named
from core.studies.parts import Arrays
from core.studies.pseudonyms import CopyTo, Pseudonyms
from core.studies.sources import neutral_sources

Answer = tuple[dict[str, Any], Arrays]


def _read(request: dict[str, Any], _scratch: Path) -> Answer:
    files = [Path(file) for file in request["files"]]
    study = read_study(files, series=request["series"], volume=request["volume"], copy=_copy_of(request.get("copy")))
    return study_to_parts(study)


def _copy_of(asked: dict[str, Any] | None) -> CopyTo | None:
    if asked is None:
        return None
    return CopyTo(Path(asked["folder"]), Pseudonyms(bytes.fromhex(asked["key"]), bool(asked["keep_uids"])))


def _group(request: dict[str, Any], _scratch: Path) -> Answer:
    files = [Path(file) for file in request["files"]]
    place = {path: number for number, path in enumerate(files)}
    groups = [{"files": [place[path] for path in one.files], "what": one.what} for one in group_files(files)]
    return {"groups": groups}, {}


def _unpack(request: dict[str, Any], _scratch: Path) -> Answer:
    (archive,) = neutral_sources([Path(request["archive"])])
    members = unpack_named(archive, Path(request["folder"]))
    return {"members": [{"place": source.path.name, "name": name} for source, name in members]}, {}


TABLE: Final[dict[str, Callable[[dict[str, Any], Path], Answer]]] = {
    "read": _read,
    "group": _group,
    "unpack": _unpack,
}
