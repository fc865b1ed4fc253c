"""Cohorts on offer to the pages and the command line: brought in, listed, read, deleted.

Owns who sees which cohort. A cohort brought in a browser is its owner's; one scored on the command line is of this
machine's user and is shown to browsers on this machine alone (`local`). Scoring is `score`'s and `score_job`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO

from core.metrics import Missing
from core.workflows.cohort_file import CohortFile
from core.workspace import Workspace
from core.workspace.cohort_record import CohortCase, KeptCohort


def list_cohorts(workspace: Workspace | None, *, local: bool = True) -> list[KeptCohort]:
    """The owner's cohorts, then those of this machine's user; newest first in each.

    workspace : None for the command line. local : whether the one who asks sits at this machine.
    """
    raise NotImplementedError


def find_cohort(workspace: Workspace | None, cohort_id: str, *, local: bool = True) -> KeptCohort:
    """One cohort as it stands now: ask again after scoring.

    Raises
    ------
    NotFound : it is not there, or it is someone else's.
    """
    raise NotImplementedError


def add_scores(workspace: Workspace, file: IO[bytes]) -> KeptCohort:
    """Keep a `scores.csv`; faults are told when it is read, where the answer to them can be given.

    Raises
    ------
    TableError : it is empty, or has no header. TooLarge : the owner's folder would grow over its quota.
    """
    raise NotImplementedError


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
    raise NotImplementedError


def read_scores(
    cohort: KeptCohort,
    *,
    models: Sequence[str] = (),
    split: str | None = None,
    positive: str | None = None,
    missing: Missing = Missing.REFUSE,
) -> CohortFile:
    """A cohort's scores, all of them or those of one named subset.

    Parameters
    ----------
    models : columns of `scores.csv`; none: every numeric one. split : one of `cohort.splits`.
    positive : None: the cohort's own. missing : what becomes of cases without a score, the unread ones too.

    Raises
    ------
    TableError : with every fault; a cohort that nobody has scored is one. ValueError : there is no such split.
    """
    raise NotImplementedError


def cohort_cases(cohort: KeptCohort) -> list[CohortCase]:
    """The cases of a labelled folder, in order; none for a `scores.csv`."""
    raise NotImplementedError


def case_map_csv(cohort: KeptCohort) -> bytes:
    """The map that the owner asks for: case id, file names and hash."""
    raise NotImplementedError


def delete_cohort(cohort: KeptCohort) -> None:
    """Delete a cohort with everything made of it; the owner's files on this machine stay."""
    raise NotImplementedError
