"""JSON that comes from outside, read strictly, and JSON of ours, written so that equal values give equal text."""

from __future__ import annotations

import json
from typing import Any

from core.errors import ConfigError


def canonical_json(value: Any) -> str:  # any JSON value
    """One line of JSON with sorted keys and no spare spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def parse_json_object(raw: bytes | str, name: str) -> dict[str, Any]:
    """A JSON object without doubled keys and without NaN.

    Raises
    ------
    ConfigError : it is none; `name` says what was read.
    """
    try:
        held = json.loads(raw, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            found=f"{name} is not valid JSON: {str(error)[:120]}.",
            why="Half of it cannot be trusted.",
            do="Write the file again.",
        ) from error
    if not isinstance(held, dict):
        raise ConfigError(
            found=f"{name} holds a {type(held).__name__}, not an object.",
            why="Keys with values are needed.",
            do='Write it as an object: {"key": value, …}.',
        )
    return held


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ValueError("a key appears twice")
    return held


def _refuse_constant(name: str) -> Any:  # never returns
    raise ValueError(f"{name} is not a JSON number")
