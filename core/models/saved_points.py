"""Operating points that a user saved: in the data folder, by the hash of the weights, never on the shelf.

Owns the file. A point counts only for the weights it was saved for, fed as they were then: another temperature or
another preprocessing makes other scores. Which threshold is in force is `core.inference.predictor`'s matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from core.errors import CheckpointError
from core.metrics.operating_points import OperatingPoint
from core.models.atomic import write_atomically
from core.models.strict_json import parse_json_object
from core.settings import settings

_SHA = re.compile(r"[0-9a-f]{64}")

POINTS = "points"


def read_points(weights_sha256: str, fed_sha256: str) -> tuple[OperatingPoint, ...]:
    """The points saved for these weights, fed in this way; newest first.

    Raises
    ------
    CheckpointError : the file is damaged.
    """
    held = [point for fed, point in _read(weights_sha256) if fed == fed_sha256]
    return tuple(point for point in held if point.weights_sha256 == weights_sha256)


def write_points(weights_sha256: str, fed_sha256: str, points: Sequence[OperatingPoint]) -> None:
    """Put these points in the place of those saved for the same weights, fed in the same way; bound to them here."""
    others = [(fed, point) for fed, point in _read(weights_sha256) if fed != fed_sha256]
    mine = [(fed_sha256, point.bound_to(weights_sha256)) for point in points]
    plain = {"points": [{"fed_sha256": fed, "point": point.to_dict()} for fed, point in (*mine, *others)]}
    write_atomically(_place(weights_sha256), json.dumps(plain, indent=1, allow_nan=False).encode())


def _read(weights_sha256: str) -> list[tuple[str, OperatingPoint]]:
    place = _place(weights_sha256)
    try:
        plain = parse_json_object(place.read_bytes(), "The file of saved operating points")
        return [(str(held["fed_sha256"]), OperatingPoint.from_dict(held["point"])) for held in plain["points"]]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            found="The file of saved operating points is damaged.",
            why="A threshold that cannot be read whole cannot be trusted.",
            do=f"Delete {POINTS}/{place.name} in the data folder and save the points again.",
        ) from error


def _place(weights_sha256: str) -> Path:
    if not _SHA.fullmatch(weights_sha256):
        raise ValueError("weights are named by 64 hex digits")
    return settings().home / POINTS / f"{weights_sha256}.json"
