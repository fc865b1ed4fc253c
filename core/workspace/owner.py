"""An owner's folder: cases with what was made from them, and the owner's own file names.

Owns where things lie, their neutral names, the quota and deletion. Files that are not cases yet belong to
`uploads`, reading them and running models to the workflows; names that came with a file are kept in
`names.json` alone.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import NotFound, TooLarge
from core.models.atomic import sync_folder, write_atomically
from core.settings import settings
from core.studies.parts import study_from_parts, study_to_parts
from core.studies.study import Study
from core.workspace.case import Case
from core.workspace.records import read_json, read_parts, write_json, write_parts
from core.workspace.tokens import picture_tokens

MIB = 1024 * 1024

KEY_BYTES = 32

TOUCH_EVERY_S = 60.0
"""How exactly idleness is known; more often would only write."""

_CASE_ID = re.compile(r"case-\d{2,6}")
_NEUTRAL = re.compile(r"(case|upload)-\d{2,6}")

_locks: dict[str, threading.RLock] = {}
_locks_lock = threading.Lock()


def owners_folder() -> Path:
    """Where all owners' folders lie."""
    return settings().home / "owners"


def _lock_of(folder: Path) -> threading.RLock:
    with _locks_lock:
        return _locks.setdefault(str(folder), threading.RLock())


class Workspace:
    """What one owner has here. Two owners share nothing; a case of another is simply not there.

    owner_id : the value of the owner's cookie. Only its hash reaches the disk.
    """

    def __init__(self, owner_id: str) -> None:
        self.owner_id = owner_id
        self.folder = owners_folder() / hashlib.sha256(owner_id.encode()).hexdigest()[:32]
        self.lock = _lock_of(self.folder)

    def add_study(
        self,
        study: Study,
        *,
        upload_id: str | None = None,
        made_of: tuple[str, ...] = (),
        source: Path | None = None,
    ) -> Case:
        """Keep a study as the next case; with `upload_id` the case takes over that upload's file names.

        source : a folder with the de-identified copy of the DICOM series that it comes from; it is moved.

        Raises
        ------
        TooLarge : the owner's folder would grow over its quota.
        """
        require_room(self.size_bytes() + study.pixels.nbytes)
        part = self.folder / "cases" / f".{secrets.token_hex(6)}.part"
        write_parts(part / "study", *study_to_parts(study))
        if source is not None:
            source.rename(part / "source")
        with self.lock:
            case = Case.of(self.next_id("case"), study, made_of)
            write_json(part / "case.json", case.to_dict())
            part.rename(self.folder / "cases" / case.id)
            sync_folder(self.folder / "cases")
            if upload_id is not None:
                self.move_names(upload_id, case.id)
        self.touch()
        return case

    def cases(self) -> list[Case]:
        """Every case, in the order of arrival."""
        folders = sorted((p for p in self.folder.glob("cases/*") if _CASE_ID.fullmatch(p.name)), key=number_of)
        return [Case.from_dict(plain) for f in folders if (plain := read_json(f / "case.json")) is not None]

    def get_case(self, case_id: str) -> Case:
        """One case.

        Raises
        ------
        NotFound : it is not there, or it is someone else's.
        """
        plain = read_json(self.case_folder(case_id) / "case.json")
        if plain is None:
            raise not_here(case_id)
        return Case.from_dict(plain)

    def study(self, case_id: str) -> Study:
        """A case's study, pixels included.

        Raises
        ------
        NotFound : the case is not there, or it is someone else's.
        """
        parts = read_parts(self.case_folder(case_id) / "study")
        if parts is None:
            raise not_here(case_id)
        return study_from_parts(*parts)

    def source_files(self, case_id: str) -> list[Path]:
        """The de-identified DICOM files that a case comes from, in the order of its slices; [] where it has none."""
        return sorted((self.case_folder(case_id) / "source").glob("*.dcm"))

    def uid_key(self) -> bytes:
        """The key of this owner's pseudonyms: the same study has the same new UIDs as long as the folder lives."""
        with self.lock:
            return kept_key(self.folder)

    def case_folder(self, case_id: str) -> Path:
        """Where a case lies.

        Raises
        ------
        NotFound : this is no case id, so it could be a path that leads elsewhere.
        """
        if not _CASE_ID.fullmatch(case_id):
            raise not_here(case_id)
        return self.folder / "cases" / case_id

    def remove_case(self, case_id: str) -> None:
        """Delete one case with its results and pictures; its picture addresses die."""
        folder = self.case_folder(case_id)
        picture_tokens.revoke(self.owner_id, case_id)
        with self.lock:
            _remove(folder)
            self.move_names(case_id, None)

    def file(self, case_id: str, name: str, make: Callable[[], bytes]) -> Path:
        """A file made from a case (a picture, for instance): made once, then kept with the case.

        Raises
        ------
        NotFound : the case is not there.
        """
        folder = self.case_folder(case_id)
        target = folder / "made" / name
        if target.is_file():
            return target
        content = make()
        with self.lock:
            if not folder.is_dir():
                raise not_here(case_id)
            write_atomically(target, content)
        return target

    # The whole folder.

    def names(self) -> dict[str, list[str]]:
        """The owner's own file names by case or upload id: for the Upload page's switch and download alone."""
        return dict(read_json(self.folder / "names.json") or {})

    def find_file(self, case_id: str, name: str) -> Path | None:
        """A file that `file` made earlier, or None."""
        target = self.case_folder(case_id) / "made" / name
        return target if target.is_file() else None

    def size_bytes(self) -> int:
        """How much lies here."""
        total = 0
        for path in self.folder.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue  # a temporary file that was renamed while we counted
        return total

    def touch(self) -> None:
        """Say that the owner is here: idleness counts from now."""
        stamp = self.folder / "touched"
        if self.folder.is_dir() and (not stamp.exists() or time.time() - stamp.stat().st_mtime > TOUCH_EVERY_S):
            stamp.touch()

    def delete_all(self) -> None:
        """Delete everything at once; picture addresses die first."""
        picture_tokens.revoke(self.owner_id)
        with self.lock:
            _remove(self.folder)

    def next_id(self, what: str) -> str:
        """The next neutral name; while the folder lives no number is given twice, so an old link opens no new case."""
        last = read_json(self.folder / "last.json") or {}
        number = last.get(what, 0) + 1
        write_json(self.folder / "last.json", {**last, what: number})
        return f"{what}-{number:02d}"

    def move_names(self, old: str, new: str | None, given: list[str] | None = None) -> None:
        """Move the file names of `old` to `new`, or forget them; an upload that still waits keeps its own."""
        names = self.names()
        moved = given if given is not None else names.get(old)
        if new is None:
            names.pop(old, None)
        elif moved is not None:
            names[new] = moved
        if self.folder.is_dir():
            write_json(self.folder / "names.json", names)


def kept_key(folder: Path) -> bytes:
    """The secret in a folder under which pseudonyms are made; made once."""
    place = folder / "uid-key"
    if not place.is_file():
        write_atomically(place, secrets.token_bytes(KEY_BYTES))
        place.chmod(0o600)
    return place.read_bytes()


def number_of(path: Path) -> int:
    """The number at the end of a neutral name."""
    return int(path.name.rpartition("-")[2])


def require_room(total: int) -> None:
    """Raise TooLarge when an owner's folder of `total` bytes would be over the quota."""
    if total > (limit := settings().owner_mib * MIB):
        raise TooLarge(
            found=f"Your images would take more than {limit / MIB:,.0f} MiB.",
            why="That is the most one user may keep here.",
            do="Delete cases that you no longer need, then add these again.",
        )


def _remove(folder: Path) -> None:
    """Make a folder vanish in one step, then delete it: a reader never sees half of it."""
    doomed = folder.with_name(f".{secrets.token_hex(6)}.gone")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    shutil.rmtree(doomed, ignore_errors=True)


def not_here(what: str) -> NotFound:
    """The refusal for a case or upload that is not there; another owner's looks the same."""
    name = what if _NEUTRAL.fullmatch(what) else "That case"
    return NotFound(
        found=f"{name} is not here.",
        why="It was deleted, or it belongs to another browser.",
        do="Choose another case, or upload it again.",
    )
