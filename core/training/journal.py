"""What a measurement has found so far, case by case, on disk: a measurement that was stopped goes on from there.

Owns the file and its keys. A key holds the hashes of what was asked and of what answered, so an entry can only be
found again by the same question. The file is deleted when the checkpoint is written; it is no record.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.models.hashing import text_sha256
from core.models.strict_json import canonical_json

FORM = "readroom.measured/1"


class Journal:
    """A file of lines, one an answer; None keeps nothing.

    told : what all questions have in common: the versions that shape the numbers.
    """

    def __init__(self, path: Path | None = None, told: str = "") -> None:
        self._path, self._told = path, told
        self._held: dict[str, Any] = {} if path is None or not path.is_file() else dict(_whole_lines(path))

    def answer(self, question: list[Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer that was noted to this question of JSON values; else that of `work`, which is then noted."""
        key = text_sha256(canonical_json([FORM, self._told, *question]))
        if key not in self._held:
            self._held[key] = json.loads(json.dumps(work()))  # what is kept is what another run will read
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, self._held[key]]) + "\n")
        found: dict[str, Any] = self._held[key]
        return found

    def close(self) -> None:
        """Delete the file: what it held stands in the checkpoint."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _whole_lines(path: Path) -> list[tuple[str, Any]]:
    """What stands in the whole lines; the last may have been cut off, and is taken away."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [tuple(json.loads(line)) for line in whole.splitlines()]
