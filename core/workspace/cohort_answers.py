"""What a model said of each case, kept the moment it is there: one line a case, appended and flushed to the disk.

Owns the file. It is shared by all cohorts of an owner, since an answer depends on the image, the weights and the
settings alone: a label that was mended, or ten images more, cost no second run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from core.models.atomic import sync_folder, write_atomically

ANSWERS = "answers"

KEY_DIGITS = 32
"""Of the hashes in a file's name; both stand whole in `cohort.json`."""


class Answers:
    """The answers of one model's weights under one way of feeding it.

    folder : the store's, or one beside it. weights_sha256, fed : hashes. Whoever adds or forgets holds the store's
    lock.
    """

    def __init__(self, folder: Path, weights_sha256: str, fed: str) -> None:
        self.path = folder / f"{weights_sha256[:KEY_DIGITS]}-{fed[:KEY_DIGITS]}.jsonl"

    def load(self) -> dict[str, dict[str, Any]]:
        """Answers by the case's hash; a line that a power cut tore is none."""
        found: dict[str, dict[str, Any]] = {}
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                plain = json.loads(line)
            except ValueError:
                continue
            found[plain["case"]] = plain["answer"]
        return found

    def add(self, case_sha256: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer; it is there whole afterwards, also after a power cut. A later one of the same case counts."""
        line = json.dumps({"case": case_sha256, "answer": dict(answer)}, allow_nan=False).encode()
        fresh = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.open("ab") as file:
            # A line end on both sides: whatever a cut-off writer left before it stays a line of its own.
            file.write(b"\n" + line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            sync_folder(self.path.parent)

    def forget(self, cases: Collection[str]) -> None:
        """Delete the answers to these cases."""
        doomed = set(cases)
        left = {case: answer for case, answer in self.load().items() if case not in doomed}
        lines = [json.dumps({"case": case, "answer": answer}, allow_nan=False) for case, answer in left.items()]
        if lines:
            write_atomically(self.path, ("\n".join(lines) + "\n").encode())
        else:
            self.path.unlink(missing_ok=True)
