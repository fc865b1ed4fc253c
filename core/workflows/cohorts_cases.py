"""The images behind a cohort's numbers: one case opened, drawn small, or taken over to Predict.

Owns the way from a case id to pixels. Reading is the isolated worker's, drawing `core.render`'s.
"""

from __future__ import annotations

from pathlib import Path

from core.models.model import Model
from core.studies.study import Study
from core.workspace import Case, Workspace
from core.workspace.cohort_record import KeptCohort

THUMBNAIL_PX = 192
"""Longer side of a gallery's picture."""


def case_study(cohort: KeptCohort, case_id: str) -> Study:
    """The study of a case, read in the worker.

    Raises
    ------
    NotFound : the cohort has no such case, or no images. StudyError : it cannot be read, or the file is not the one
    that was scored any more.
    """
    raise NotImplementedError


def thumbnail(cohort: KeptCohort, case_id: str, *, heat_of: Model | None = None) -> Path:
    """A PNG of at most 192 pixels a side, made once and kept; of a volume its middle axial slice.

    heat_of : draw this classifier's heat map over it; it is run for that the first time.

    Raises
    ------
    As `case_study` and `core.workflows.predict.predict`.
    """
    raise NotImplementedError


def adopt_case(workspace: Workspace, cohort: KeptCohort, case_id: str) -> Case:
    """The case as one of the owner's own, for the Predict page; asked again it is the same one.

    Raises
    ------
    As `case_study`; TooLarge : the owner's folder would grow over its quota.
    """
    raise NotImplementedError
