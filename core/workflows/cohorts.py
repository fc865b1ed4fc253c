"""Cohorts on offer to the pages and the command line: brought in, listed, read, deleted.

Owns who sees which cohort. A cohort brought in a browser is its owner's; one scored on the command line is of this
machine's user and is shown to browsers on this machine alone (`local`). Which files are cases is `cohorts_keeping`'s,
scoring is `score`'s and `score_job`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from core.errors import StudyError, TableError, TableFault
from core.metrics.cohort import Missing, Note
from core.workflows.cases import table_csv
from core.workflows.cohort_file import CohortFile, read_cohort
from core.workflows.cohorts_keeping import Hashed, keep_labelled, keep_table
from core.workflows.labelled_folder import read_labelled
from core.workflows.labelled_folder_files import NamedFile, list_folder
from core.workflows.open_study import unpack_upload
from core.workspace import Workspace
from core.workspace.cohort_answers import Answers
from core.workspace.cohort_record import CohortCase, KeptCohort
from core.workspace.cohorts import machines_cohorts, no_cohort, owners_cohorts, read_cases, read_given, store_of
from core.workspace.owner import require_room
from core.workspace.uploads import copy_within_quota

ZIP = b"PK\x03\x04"


def list_cohorts(workspace: Workspace | None, *, local: bool = True) -> list[KeptCohort]:
    """The owner's cohorts, then those of this machine's user; newest first in each.

    workspace : None for the command line. local : whether the one who asks sits at this machine.
    """
    mine = [] if workspace is None else owners_cohorts(workspace).all()
    return mine + (machines_cohorts().all() if local else [])


def find_cohort(workspace: Workspace | None, cohort_id: str, *, local: bool = True) -> KeptCohort:
    """One cohort as it stands now: ask again after scoring.

    Raises
    ------
    NotFound : it is not there, or it is someone else's.
    """
    found = None if workspace is None else owners_cohorts(workspace).find(cohort_id)
    if found is None and local:
        found = machines_cohorts().find(cohort_id)
    if found is None:
        raise no_cohort()
    return found


def add_scores(workspace: Workspace, file: IO[bytes]) -> KeptCohort:
    """Keep a `scores.csv`; faults are told when it is read, where the answer to them can be given.

    Raises
    ------
    TableError : it is empty, or has no header. TooLarge : the owner's folder would grow over its quota.
    """
    store = owners_cohorts(workspace)
    with store.staging() as staged:
        copy_within_quota(file, staged / "scores.csv", workspace.size_bytes())
        kept = keep_table(store, staged)
    workspace.touch()
    return kept


def add_images(
    workspace: Workspace, files: Iterable[tuple[str, IO[bytes]]], *, positive: str | None = None
) -> KeptCohort:
    """Keep labelled images: one zip, or the files of a folder with their paths in it. Nothing is scored yet.

    positive : the label that counts as positive; None: 1, or the one that a classifier on the shelf finds.

    Raises
    ------
    StudyError : no labelled images are in it, with the layouts that would do. TableError : faults of `labels.csv`.
    TooLarge : over the quota, or more than an archive may hold.
    """
    store = owners_cohorts(workspace)
    with store.staging() as staged:
        named = _received(workspace, files, staged / "source")
        if len(named) == 1 and _is_zip(named[0].place):
            archive = named[0].place.rename(staged / ".zip")
            (staged / "source").rmdir()
            named = _unpacked(archive, staged / "source")
            archive.unlink()
            require_room(workspace.size_bytes())
        kept = keep_labelled(store, read_labelled(named), root=staged / "source", staged=staged, positive=positive)
    workspace.touch()
    return kept


def keep_path(
    path: Path,
    *,
    split: str | None = None,
    positive: str | None = None,
    models: Sequence[str] = (),
    progress: Hashed | None = None,
) -> KeptCohort:
    """Labelled images of a folder or zip on this machine as a cohort of its user. A folder's files stay where they are.

    Parameters
    ----------
    split : only the cases of this split. positive : the label that counts as positive; None: as in `add_images`, but
    by the models of these ids where some are given. progress : told the share of files that are hashed.

    Raises
    ------
    StudyError : no labelled images, no such split or label. TableError : faults of `labels.csv`.
    """
    store = machines_cohorts()
    if path.is_dir():
        found = read_labelled(list_folder(path), split=split)
        return keep_labelled(store, found, root=path.absolute(), positive=positive, models=models, progress=progress)
    if not path.is_file() or not _is_zip(path):
        raise StudyError(
            found="There is no folder and no zip at the path that was given.",
            why="Labelled images come as a folder or as a zip.",
            do="Check the path; a scores.csv needs no scoring.",
        )
    with store.staging() as staged:
        found = read_labelled(_unpacked(path, staged / "source"), split=split)
        return keep_labelled(
            store,
            found,
            root=staged / "source",
            staged=staged,
            positive=positive,
            models=models,
            progress=progress,
        )


def read_scores(
    cohort: KeptCohort,
    *,
    models: Sequence[str] = (),
    split: str | None = None,
    positive: str | None = None,
    missing: Missing = Missing.REFUSE,
    name: str | None = None,
) -> CohortFile:
    """A cohort's scores, all of them or those of one named subset.

    Parameters
    ----------
    models : columns of `scores.csv`; none: every numeric one. split : one of `cohort.splits`.
    positive : None: 1, where the labels are 0 and 1. missing : what becomes of cases without a score, the unread ones
    too. name : what the answer calls the file; None: the cohort's own.

    Raises
    ------
    TableError : with every fault; a cohort that nobody has scored is one, and so is a split that is not there.
    """
    name = name or cohort.name
    if not cohort.scores_csv.is_file():
        raise TableError((TableFault(None, None, f"{name}: no model has scored these cases yet."),))
    if cohort.splits == (split,):
        split = None  # a split alone is the whole
    file = read_cohort(cohort.scores_csv, models=models, positive=positive, missing=missing, name=name, split=split)
    why = {one.case: one.text for one in cohort.unread}
    dropped = tuple(
        replace(one, reason=f"{one.reason}: {why[one.case_id]}") if one.case_id in why else one for one in file.dropped
    )
    others = {column for model in cohort.models for column in model.columns}
    ignored = tuple(column for column in file.ignored if column not in others)
    return replace(
        file, dropped=dropped, ignored=ignored, notes=(*file.notes, *(Note(code, text) for code, text in cohort.notes))
    )


def cohort_cases(cohort: KeptCohort) -> list[CohortCase]:
    """The cases of a labelled folder, in order; none for a `scores.csv`."""
    return read_cases(cohort)


def case_map_csv(cohort: KeptCohort) -> bytes:
    """The map that the owner asks for: case id, file name and hash. It holds file names, and patients' own ids."""
    given = read_given(cohort)
    rows = [
        (case.id, name, case.patient, given[case.id].patient, case.sha256)
        for case in read_cases(cohort)
        for name in given[case.id].files
    ]
    return table_csv(("case_id", "file", "patient_id", "own_patient_id", "sha256"), rows)


def delete_cohort(cohort: KeptCohort) -> None:
    """Delete a cohort with everything made of it; the owner's files on this machine stay."""
    store = store_of(cohort)
    doomed = {case.sha256 for case in read_cases(cohort)}
    store.delete(cohort)
    others = {case.sha256 for other in store.all() for case in read_cases(other)}
    with store.lock():
        for model in cohort.models:
            Answers(store.answers, model.weights_sha256, model.fed).forget(doomed - others)


def _received(workspace: Workspace, files: Iterable[tuple[str, IO[bytes]]], folder: Path) -> list[NamedFile]:
    used, named = workspace.size_bytes(), []
    for number, (name, stream) in enumerate(files, start=1):
        place = folder / f"{number:05d}"
        used += copy_within_quota(stream, place, used)
        named.append(NamedFile(_plain_name(name), place))
    return named


def _unpacked(archive: Path, folder: Path) -> list[NamedFile]:
    return [NamedFile(_plain_name(name), place) for name, place in unpack_upload(archive, folder)]


def _plain_name(name: str) -> str:
    """A name of a browser or an archive with slashes alone; it is compared and never becomes a path."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ZIP)) == ZIP
