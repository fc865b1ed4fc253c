"""Unguessable addresses of picture files, bound to their owner, that die with the study.

Owns which token opens which file for whom. They live in this process only: a page draws new ones.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

TOKEN_BYTES = 24

REMEMBERED = 10_000
"""Revoked tokens that are still answered with "deleted" rather than "unknown"; about 1 MiB."""


@dataclass(frozen=True, slots=True)
class _Picture:
    owner: str
    case: str
    name: str
    file: Path


class PictureTokens:
    """Tokens of one process. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pictures: dict[str, _Picture] = {}
        self._tokens: dict[_Picture, str] = {}
        self._revoked: dict[str, str] = {}  # token -> owner, oldest first

    def issue(self, owner: str, case: str, name: str, file: Path) -> str:
        """The token under which `owner` may fetch `file` as `name`; the same one when asked again."""
        picture = _Picture(owner, case, name, file)
        with self._lock:
            token = self._tokens.get(picture)
            if token is None:
                token = secrets.token_urlsafe(TOKEN_BYTES)
                self._pictures[token], self._tokens[picture] = picture, token
            return token

    def find(self, token: str, *, owner: str, name: str) -> Path | None:
        """The file, or None: unknown, revoked, deleted, another's or another name all look alike here."""
        with self._lock:
            picture = self._pictures.get(token)
        if picture is None or picture.owner != owner or picture.name != name or not picture.file.is_file():
            return None
        return picture.file

    def is_gone(self, token: str, *, owner: str) -> bool:
        """Whether this owner's token was good once and its picture has been deleted."""
        with self._lock:
            picture = self._pictures.get(token)
            if picture is not None:
                return picture.owner == owner and not picture.file.is_file()
            return self._revoked.get(token) == owner

    def revoke(self, owner: str, case: str | None = None) -> None:
        """Kill the owner's tokens: all, or those of one case."""
        with self._lock:
            doomed = [t for t, p in self._pictures.items() if p.owner == owner and case in (None, p.case)]
            for token in doomed:
                del self._tokens[self._pictures.pop(token)]
                self._revoked[token] = owner
            while len(self._revoked) > REMEMBERED:
                del self._revoked[next(iter(self._revoked))]


picture_tokens = PictureTokens()
"""The tokens of this process: the pages issue them, the picture route asks them."""
