"""Labelled images in a folder, a zip or an upload: which files are cases, and what is known of each.

Owns the layouts that are understood. No image is opened here; `labels.csv` is `labelled_folder_table`'s, images with
masks are `labelled_folder_pairs`', the files themselves `labelled_folder_files`'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.errors import StudyError
from core.workflows.labelled_folder_files import LABELS_CSV, FoundCase, Labelled, NamedFile
from core.workflows.labelled_folder_pairs import read_pairs
from core.workflows.labelled_folder_table import read_label_table
from core.workspace.cohort_record import CohortKind

MOST_CLASSES = 50
"""More folders than this are no classes: they are patients or dates, and their names must not become labels."""

LAYOUTS = (
    "Bring class folders (normal/…, pneumonia/…), split folders that hold class folders, or labels.csv with file,label "
    "beside the images; for masks the folders images/ and labels/ with the same file names, or labels.csv with "
    "file,mask."
)

_SPLIT = re.compile(r"(.*[_\W])?(train|training|val|valid|validation|test|testing|dev|tune|calibration|holdout)\d*")
_CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def read_labelled(files: Sequence[NamedFile], *, split: str | None = None) -> Labelled:
    """The cases of a layout, in the order of their names, or of the rows of `labels.csv`.

    Parameters
    ----------
    split : only the cases of this split.

    Raises
    ------
    StudyError : no labelled images, or none of this split. TableError : faults of `labels.csv`.
    """
    files = _unwrapped([file for file in files if not _is_clutter(file)])
    table = next((file for file in files if file.name.lower() == LABELS_CSV), None)
    if table is not None:
        found = read_label_table(table, [file for file in files if file is not table])
    else:
        found = read_pairs(files) or _read_classes(files, split)
    return found if split is None else _only(found, split)


def _is_clutter(file: NamedFile) -> bool:
    """Hidden files, and those that an operating system adds unasked."""
    return any(part.startswith(".") or part.lower() in _CLUTTER for part in file.parts)


def _unwrapped(files: Sequence[NamedFile]) -> list[NamedFile]:
    """The same files below the first folder that is more than a wrapper: zips often hold one folder that holds all."""
    files = list(files)
    while files and len({file.parts[0] for file in files}) == 1 and all(len(file.parts) > 1 for file in files):
        inner = [replace(file, name=file.name.partition("/")[2]) for file in files]
        wraps = all(len(file.parts) > 1 for file in inner) or any(file.name.lower() == LABELS_CSV for file in inner)
        if not wraps or _SPLIT.fullmatch(files[0].parts[0].lower()):
            break
        files = inner
    return files


def _read_classes(files: Sequence[NamedFile], split: str | None) -> Labelled:
    """Class folders, or split folders of class folders. Below a class, a file is a case and so is a folder."""
    inside = [file for file in files if len(file.parts) > 1]
    depth = 1 if _has_splits(inside, split) else 0
    cases: dict[tuple[str, ...], list[NamedFile]] = {}
    for file in inside:
        if len(file.parts) > depth + 1:
            cases.setdefault(_case_of(file, depth), []).append(file)
    classes = {key[depth] for key in cases}
    if not cases:
        raise StudyError(
            found="No labelled images are in what was given.",
            why="Without a label for each image nothing can be measured.",
            do=LAYOUTS,
        )
    if len(classes) > MOST_CLASSES:
        raise StudyError(
            found=f"It holds {len(classes)} folders, and their names would be the labels.",
            why=f"More than {MOST_CLASSES} are no classes.",
            do=LAYOUTS,
        )
    found = tuple(
        FoundCase(tuple(held), label=key[depth], split=key[0] if depth else "") for key, held in sorted(cases.items())
    )
    left = len(files) - sum(len(case.files) for case in found)
    notes = (("files_left_aside", f"{left} files lie beside the class folders and were left aside."),) if left else ()
    return Labelled(CohortKind.IMAGES, found, notes=notes)


def _case_of(file: NamedFile, depth: int) -> tuple[str, ...]:
    """What a file's case is called by: the class and what lies in it; the two halves of a NIfTI pair are one."""
    key = file.parts[: depth + 2]
    stem, dot, ending = key[-1].rpartition(".")
    return (*key[:-1], stem) if dot and ending.lower() in ("hdr", "img") else key


def _has_splits(files: Sequence[NamedFile], split: str | None) -> bool:
    """Whether the first folders are splits: by their names, or because they hold the same folders."""
    if not files or any(len(file.parts) < 3 for file in files):
        return False
    tops: dict[str, set[str]] = {}
    for file in files:
        tops.setdefault(file.parts[0], set()).add(file.parts[1])
    if split in tops or all(_SPLIT.fullmatch(top.lower()) for top in tops):
        return True
    first, *others = tops.values()
    return bool(others) and len(first) > 1 and all(held == first for held in others)


def _only(found: Labelled, split: str) -> Labelled:
    kept = tuple(case for case in found.cases if case.split == split)
    if kept:
        return replace(found, cases=kept)
    known = sorted({case.split for case in found.cases if case.split})
    raise StudyError(
        found=f'There is no split "{split[:60]}".',
        why="No case would be left.",
        do=f"Name one of: {', '.join(known)}." if known else "Leave the split out: none is named.",
    )
