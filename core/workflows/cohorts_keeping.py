"""From files to a kept cohort: hashed, named neutrally, and described.

Owns case and patient ids, the content's hash, and which label is the positive one. Which files are cases is
`labelled_folder`'s, where cohorts lie `core.workspace.cohorts`'.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import StudyError
from core.models.catalog import list_models
from core.models.hashing import file_sha256
from core.studies.sources import study_sha256
from core.workflows.cohort_file import POSITIVE, SLICE, SPLIT_COLUMN, read_table
from core.workflows.labelled_folder_files import FoundCase, Labelled, NamedFile
from core.workspace.cohort_record import CohortCase, CohortKind, Given, KeptCohort
from core.workspace.cohorts import CohortStore

Hashed = Callable[[float, str], None]
"""Told the share of files that are hashed, and a few words."""

PATIENTS_ASSUMED = ("patients_assumed", "No patients are named: one image per patient is assumed.")
NO_NAME = "Its file name is not text, so it cannot be kept. Rename the file."


def keep_table(store: CohortStore, staged: Path) -> KeptCohort:
    """Keep the `scores.csv` that lies in `staged`; its faults are for whoever reads it.

    Raises
    ------
    TableError : it is empty, or has no header.
    """
    table = read_table(staged / "scores.csv", "scores.csv")
    labels = Counter() if table.labels is None else Counter(table.labels.texts)
    patients = table.patient_of()
    splits = next((column.values for column in table.slices if column.name == SPLIT_COLUMN), [])
    draft = _draft(
        CohortKind.SCORES,
        table.sha256,
        cases=table.rows,
        labels=dict(sorted(labels.items())),
        positive=POSITIVE if set(labels) <= {"0", POSITIVE} else "",
        patients=None if patients is None else len(set(patients)),
        splits=tuple(splits),
        slices=tuple(column.name.removeprefix(SLICE) for column in table.slices),
    )
    return store.keep(draft, (), {}, staged)


def keep_labelled(
    store: CohortStore,
    found: Labelled,
    *,
    root: Path,
    staged: Path | None = None,
    positive: str | None = None,
    models: Sequence[str] = (),
    progress: Hashed | None = None,
) -> KeptCohort:
    """Keep the cases of a labelled folder.

    Parameters
    ----------
    root : what their places begin from. staged : the folder of the store that holds `source`, to be moved; None: the
    files stay at `root`. positive, models : as in `cohorts.keep_path`.

    Raises
    ------
    StudyError : no case has the label that was said to be positive.
    """
    labels = Counter(case.label for case in found.cases if case.label)
    chosen = _positive(sorted(labels), positive, models)
    cases, given = _cases(found, root, progress)
    if staged is not None:
        _drop_others(root, cases)
    draft = _draft(
        found.kind,
        _content_sha256(found.kind, cases),
        cases=len(cases),
        labels=dict(sorted(labels.items())),
        positive=chosen,
        patients=len({case.patient for case in cases}) if found.has_patients else None,
        splits=tuple(sorted({case.split for case in cases if case.split})),
        slices=tuple(sorted({name for case in cases for name in case.slices})),
        notes=(*found.notes, *(() if found.has_patients else (PATIENTS_ASSUMED,)), *_copies(cases)),
        source=None if staged is not None else str(root),
    )
    return store.keep(draft, cases, given, staged)


def _draft(
    kind: CohortKind,
    sha256: str,
    *,
    cases: int,
    labels: dict[str, int],
    positive: str,
    patients: int | None,
    splits: tuple[str, ...],
    slices: tuple[str, ...],
    notes: tuple[tuple[str, str], ...] = (),
    source: str | None = None,
) -> KeptCohort:
    """A record whose name, time and place the store gives."""
    return KeptCohort(
        id="", name="", kind=kind, sha256=sha256, created="", cases=cases, labels=labels, positive=positive,
        patients=patients, splits=splits, slices=slices, models=(), unread=(), notes=notes, source=source,
        of_machine=False, folder=Path(),
    )  # fmt: skip


def _cases(found: Labelled, root: Path, progress: Hashed | None) -> tuple[list[CohortCase], dict[str, Given]]:
    width = max(4, len(str(len(found.cases))))
    patients: dict[str, str] = {}
    cases, given = [], {}
    for number, case in enumerate(found.cases, start=1):
        if progress is not None and number % 50 == 1:
            progress((number - 1) / len(found.cases), "Reading the files")
        patient = patients.setdefault(case.patient, f"patient-{len(patients) + 1:0{width}d}") if case.patient else ""
        made = _case(f"case-{number:0{width}d}", case, root, patient)
        cases.append(made)
        given[made.id] = Given(tuple(_text(file.name) for file in case.files), case.patient)
    return cases, given


def _case(case_id: str, case: FoundCase, root: Path, patient: str) -> CohortCase:
    files = (*case.files, *([case.mask] if case.mask else []))
    readable = not case.fault and all(_text(file.name) == file.name for file in files)
    made = CohortCase(case_id, "", (), case.label, patient=patient, split=case.split, slices=case.slices)
    if not readable:
        return replace(made, fault=case.fault or NO_NAME)
    return replace(
        made,
        sha256=study_sha256(file_sha256(file.place) for file in case.files),
        files=tuple(_place(file, root) for file in case.files),
        mask=_place(case.mask, root) if case.mask else None,
        mask_sha256=file_sha256(case.mask.place) if case.mask else None,
    )


def _place(file: NamedFile, root: Path) -> str:
    return file.place.relative_to(root).as_posix()


def _text(name: str) -> str:
    """The name as text; bytes that are none, which Linux allows in names, as question marks."""
    return os.fsencode(name).decode("utf-8", "replace")


def _content_sha256(kind: CohortKind, cases: Sequence[CohortCase]) -> str:
    """Over what is scored and what it is scored against; names, places and order do not count."""
    told = sorted(
        json.dumps(
            [case.sha256, case.label, case.mask_sha256, case.patient, case.split, dict(sorted(case.slices.items()))]
        )
        for case in cases
    )
    return hashlib.sha256("\n".join([kind.value, *told]).encode()).hexdigest()


def _copies(cases: Sequence[CohortCase]) -> tuple[tuple[str, str], ...]:
    """A note on images that come twice: they count twice, and where their labels differ one of them is wrong."""
    labels: dict[str, list[str]] = {}
    for case in cases:
        if case.sha256:
            labels.setdefault(case.sha256, []).append(case.label)
    twice = [held for held in labels.values() if len(held) > 1]
    if not twice:
        return ()
    text = f"{sum(len(held) - 1 for held in twice)} cases are copies of another case's image, byte for byte."
    if torn := sum(len(set(held)) > 1 for held in twice):
        text += f" In {torn} of them the labels differ."
    return (("copies", text),)


def _drop_others(root: Path, cases: Sequence[CohortCase]) -> None:
    """Delete what came along and is no case: `labels.csv` with its names and patients, a readme."""
    kept = {place for case in cases for place in (*case.files, case.mask)}
    for path in root.iterdir():
        if path.name not in kept:
            path.unlink()


def _positive(labels: Sequence[str], asked: str | None, given: Sequence[str]) -> str:
    """The label that counts as positive, or "" where that is for the reader to say.

    Where nobody names it: 1 of 0 and 1; or of two labels the one that the models find. A single label that is the
    other class of theirs leaves a positive without cases.
    """
    if asked is not None and asked not in labels:
        raise StudyError(
            found=f'No case has the label "{asked[:60]}".',
            why="It was named as the positive one.",
            do=f"Name one of: {', '.join(labels[:20])}." if labels else "Leave it out: these cases have masks.",
        )
    if asked is not None or len(labels) > 2 or not labels:
        return asked if asked is not None and len(labels) <= 2 else ""
    if set(labels) <= {"0", POSITIVE}:
        return POSITIVE
    for finding, others in _pairs(given):
        known = {label.casefold() for label in labels}
        if finding.casefold() in known:
            return next(label for label in labels if label.casefold() == finding.casefold())
        if known <= {other.casefold() for other in others}:
            return finding
    return ""


def _pairs(given: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Findings of the models asked, or of all on the shelf, each with the classes that it is told from."""
    models = [model for model in list_models() if model.problem is None and model.classes]
    if given:
        models = [model for model in models if model.id in given]
    return [(model.findings[0], model.classes) for model in models if len(model.findings) == 1]
