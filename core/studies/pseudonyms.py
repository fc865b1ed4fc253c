"""New names for what a DICOM header names: UIDs and the patient.

Owns the rule: the same old name under the same key always has the same new one, so the series of a study stay
together; without the key nobody can lead it back. The key is the caller's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

KEPT_UIDS = "the original UIDs were kept beside it, as asked"
"""The line of an ingest report that says so."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """New names under one key. keep_uids : UIDs stay as they are (PS3.15 Retain UIDs Option)."""

    key: bytes = field(repr=False)
    keep_uids: bool = False

    def uid(self, old: str) -> str:
        """The UID to write for an old one."""
        return old if self.keep_uids else self.made_uid(old)

    def made_uid(self, words: str) -> str:
        """A UID made from words, 2.25 and 128 bits (PS3.5 B.2)."""
        return f"2.25.{int.from_bytes(self._digest(words)[:16], 'big')}"

    def patient(self, words: str) -> str:
        """The Patient ID to write for the words that tell patients apart."""
        return f"patient-{self._digest(f'patient {words}').hex()[:12]}"

    def _digest(self, words: str) -> bytes:
        return hmac.new(self.key, words.encode(), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class CopyTo:
    """Where the copy of a series goes, and under which names.

    With kept UIDs it has no pixels: a changed picture under the hospital's own UID must not be about.
    """

    folder: Path
    names: Pseudonyms
