"""The files of a labelled folder under their names, and the cases that a layout makes of them.

Owns the nouns and the walk. Which files are cases is told by `labelled_folder`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import StudyError, TooLarge
from core.workflows._table_rows import MAX_ROWS
from core.workspace.cohort_record import CohortKind

LABELS_CSV = "labels.csv"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file: its name below the root, with slashes, and where its bytes lie. The name never becomes a path."""

    name: str
    place: Path

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and file name."""
        return tuple(self.name.split("/"))


@dataclass(frozen=True, slots=True)
class FoundCase:
    """One case. files : of one study, none where `fault` says why they are missing. mask : its reference mask's file.

    fault : a sentence that names no file, or "".
    """

    files: tuple[NamedFile, ...]
    label: str = ""
    mask: NamedFile | None = None
    patient: str = ""
    split: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Cases in order. has_patients : every case names its patient. notes : (code, sentence)."""

    kind: CohortKind
    cases: tuple[FoundCase, ...]
    has_patients: bool = False
    notes: tuple[tuple[str, str], ...] = ()


def list_folder(root: Path) -> list[NamedFile]:
    """Every file below a folder, by name; links and hidden files are left aside.

    Raises
    ------
    StudyError : there is no such folder. TooLarge : it holds more files than a cohort may have.
    """
    if not root.is_dir():
        raise StudyError(
            found="There is no folder or zip at the path that was given.",
            why="There is nothing to score.",
            do="Check the path.",
        )
    found: list[NamedFile] = []
    for place, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(folders)
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink() and path.is_file():
                found.append(NamedFile(path.relative_to(root).as_posix(), path))
            if len(found) > MAX_ROWS:
                raise TooLarge(
                    found=f"The folder holds more than {MAX_ROWS:,} files.",
                    why="A cohort is smaller.",
                    do="Score it in several parts.",
                )
    return found
