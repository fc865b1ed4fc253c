"""Predictions kept with their case, by the key of (input hash, weights' hash, settings).

Owns putting and finding them. A result that was made for another study, other weights or other settings
has another key, so it cannot be found by mistake.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import NotFound
from core.inference.prediction import Prediction, prediction_from_parts, prediction_to_parts
from core.workspace.owner import Workspace
from core.workspace.records import read_json, read_parts, write_parts

_KEY = re.compile(r"[0-9a-f]{64}")


def put_result(workspace: Workspace, case_id: str, key: str, prediction: Prediction) -> None:
    """Keep a prediction; it is there whole afterwards, also after a power cut.

    Raises
    ------
    NotFound : the case was deleted in the meantime.
    """
    folder = workspace.case_folder(case_id)
    parts = prediction_to_parts(prediction)
    with workspace.lock:
        if not folder.is_dir():
            raise NotFound(
                found=f"{case_id} is not here any more.",
                why="It was deleted while the model ran, so the result was thrown away.",
                do="Upload the case again and run the model again.",
            )
        write_parts(_place(workspace, case_id, key), *parts)


def get_result(workspace: Workspace, case_id: str, key: str) -> Prediction | None:
    """The prediction of that key with its arrays, or None."""
    parts = read_parts(_place(workspace, case_id, key))
    return None if parts is None else prediction_from_parts(*parts)


def get_figures(workspace: Workspace, case_id: str, key: str) -> Prediction | None:
    """The same without label map and heat map: scores, volumes and provenance, quick to read."""
    plain = read_json(_place(workspace, case_id, key).with_suffix(".json"))
    return None if plain is None else prediction_from_parts({**plain, "heat_for": None}, {})


def heat_for(workspace: Workspace, case_id: str, key: str) -> str | None:
    """The class that the result's heat map explains, or None where it has none."""
    plain = read_json(_place(workspace, case_id, key).with_suffix(".json"))
    found: str | None = None if plain is None else plain["heat_for"]
    return found


def _place(workspace: Workspace, case_id: str, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError("a result's key is 64 hex digits")
    return workspace.case_folder(case_id) / "results" / key
