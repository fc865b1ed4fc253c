"""Where cohorts lie on disk: an owner's in the owner's folder, this machine's user's in the data folder.

Owns the layout, the neutral names, and that two writers leave one whole record. What scores mean is the workflows'
matter, answers to single cases are `cohort_answers`'.
"""

from __future__ import annotations

import fcntl
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import NotFound
from core.settings import settings
from core.workspace.cohort_answers import ANSWERS
from core.workspace.cohort_record import CohortCase, Given, KeptCohort
from core.workspace.owner import Workspace
from core.workspace.records import read_json, write_json

RECORD, CASES, NAMES = "cohort.json", "cases.json", "names.json"

ID_DIGITS = 16
"""Of the content's hash: enough that two cohorts of one owner never share an address."""

_ID = re.compile(r"[0-9a-f]{16}")


class CohortStore:
    """The cohorts of one owner, or of this machine's user."""

    def __init__(self, folder: Path, *, of_machine: bool) -> None:
        self.folder, self.of_machine = folder, of_machine

    def all(self) -> list[KeptCohort]:
        """Every cohort, newest first."""
        found = [self._read(place) for place in self.folder.glob("*") if _ID.fullmatch(place.name)]
        return sorted((one for one in found if one is not None), key=lambda one: (one.created, one.name), reverse=True)

    def find(self, cohort_id: str) -> KeptCohort | None:
        """The cohort of that id, or None."""
        return self._read(self.folder / cohort_id) if _ID.fullmatch(cohort_id) else None

    def keep(
        self, draft: KeptCohort, cases: Sequence[CohortCase], given: Mapping[str, Given], staged: Path | None
    ) -> KeptCohort:
        """Keep a cohort; one of the same content keeps its name and its models.

        Parameters
        ----------
        draft : its `id`, `name`, `created` and `folder` are given here, and whose it is. given : by case, what the
        owner calls it.
        staged : a folder of this store whose content becomes the cohort's own; it is gone afterwards.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.lock():
            cohort_id = draft.sha256[:ID_DIGITS]
            folder = self.folder / cohort_id
            old = self._read(folder)
            if old is None:
                name, created, models = self._next_name(), datetime.now(UTC).isoformat(timespec="seconds"), draft.models
            else:
                name, created, models = old.name, old.created, old.models
            kept = replace(
                draft,
                id=cohort_id,
                name=name,
                created=created,
                models=models,
                folder=folder,
                of_machine=self.of_machine,
            )
            if staged is not None:
                _move_in(staged, folder)
            if old is None or old.source is not None or draft.source is not None:
                # Else its files lie here already, in the places that its cases name.
                write_json(folder / CASES, [case.to_dict() for case in cases])
                write_json(folder / NAMES, {case: asdict(held) for case, held in given.items()})
            write_json(folder / RECORD, kept.to_dict())
        return kept

    def update(self, cohort_id: str, change: Callable[[KeptCohort], KeptCohort]) -> KeptCohort:
        """Change a cohort's record as it stands on disk now.

        Raises
        ------
        NotFound : it was deleted in the meantime.
        """
        with self.lock():
            held = self.find(cohort_id)
            if held is None:
                raise no_cohort()
            changed = change(held)
            write_json(held.folder / RECORD, changed.to_dict())
        return changed

    def delete(self, cohort: KeptCohort) -> None:
        """Make a cohort vanish in one step, then delete it."""
        doomed = self.folder / f".{secrets.token_hex(6)}.gone"
        with self.lock():
            try:
                cohort.folder.rename(doomed)
            except FileNotFoundError:
                return
        shutil.rmtree(doomed, ignore_errors=True)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder of this store, gone afterwards; no listing sees it."""
        folder = self.folder / f".{secrets.token_hex(8)}.part"
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One writer at a time, in whatever process: the page and the command line share the machine's cohorts.

        Raises
        ------
        NotFound : the store was deleted with its owner's folder, which must not come back.
        """
        try:
            file = (self.folder / ".lock").open("ab")
        except FileNotFoundError:
            raise no_cohort() from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def answers(self) -> Path:
        """Where answers to single cases lie, for all cohorts of this store."""
        return self.folder / ANSWERS

    def _read(self, folder: Path) -> KeptCohort | None:
        plain = read_json(folder / RECORD)
        return None if plain is None else KeptCohort.from_dict(plain, folder, of_machine=self.of_machine)

    def _next_name(self) -> str:
        number = (read_json(self.folder / "last.json") or 0) + 1
        write_json(self.folder / "last.json", number)
        return f"cohort-{number:02d}"


def owners_cohorts(workspace: Workspace) -> CohortStore:
    """The cohorts that an owner brought in a browser: they go with the owner's folder."""
    return CohortStore(workspace.folder / "cohorts", of_machine=False)


def machines_cohorts() -> CohortStore:
    """The cohorts that this machine's user scored on the command line: they stay until they are deleted."""
    return CohortStore(settings().home / "cohorts", of_machine=True)


def store_of(cohort: KeptCohort) -> CohortStore:
    """The store that a cohort lies in."""
    return CohortStore(cohort.folder.parent, of_machine=cohort.of_machine)


def read_cases(cohort: KeptCohort) -> list[CohortCase]:
    """The cases of a labelled folder, in order; none where scores alone were brought."""
    return [CohortCase.from_dict(plain) for plain in read_json(cohort.folder / CASES) or ()]


def read_given(cohort: KeptCohort) -> dict[str, Given]:
    """What the owner calls each case: for the map that the owner asks for, and nothing else."""
    return {
        case: Given(tuple(held["files"]), held["patient"])
        for case, held in (read_json(cohort.folder / NAMES) or {}).items()
    }


def no_cohort() -> NotFound:
    """The refusal for a cohort that is not there; another owner's looks the same."""
    return NotFound(
        found="That cohort is not here.",
        why="It was deleted, or it belongs to another browser.",
        do="Choose another one, or bring it again.",
    )


def _move_in(staged: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in list(staged.iterdir()):
        if not (folder / path.name).exists():  # the same content is here: it was brought before
            path.rename(folder / path.name)
