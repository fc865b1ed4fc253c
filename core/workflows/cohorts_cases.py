"""The images behind a cohort's numbers: one case opened, drawn small, or taken over to Predict.

Owns the way from a case id to pixels. Reading is the isolated worker's, drawing `core.render`'s.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFound, StudyError
from core.models.atomic import write_atomically
from core.models.hashing import file_sha256
from core.models.model import Model
from core.render.thumbnail import thumbnail_png
from core.studies.sources import study_sha256
from core.studies.study import Study
from core.workflows.libraries import require_libraries
from core.workflows.open_study import open_study
from core.workflows.pictures import prepare
from core.workspace import Case, Workspace
from core.workspace.cohort_answers import KEY_DIGITS
from core.workspace.cohort_record import CohortCase, KeptCohort
from core.workspace.cohorts import read_cases

THUMBNAIL_PX = 192
"""Longer side of a gallery's picture."""


def case_study(cohort: KeptCohort, case_id: str) -> Study:
    """The study of a case, read in the worker.

    Raises
    ------
    NotFound : the cohort has no such case, or no images. StudyError : it cannot be read, or the file is not the one
    that was scored any more.
    """
    return study_of(cohort, _find(cohort, case_id))


def study_of(cohort: KeptCohort, case: CohortCase) -> Study:
    """The same for a case at hand."""
    if case.fault:
        raise StudyError(found=case.fault, why="So this case has no image.", do="Mend the folder and bring it again.")
    places = [cohort.root / place for place in case.files]
    try:
        same = study_sha256(file_sha256(place) for place in places) == case.sha256
    except OSError as gone:
        raise StudyError(
            found=f"The file of {case.id} is not there any more.",
            why="Its folder was moved or emptied after it was brought.",
            do="Put it back, or bring the folder again.",
        ) from gone
    if not same:
        raise StudyError(
            found=f"The file of {case.id} is not the one that was brought.",
            why="Its content has changed since then.",
            do="Bring the folder again.",
        )
    return open_study(places)


def thumbnail(cohort: KeptCohort, case_id: str, *, heat_of: Model | None = None) -> Path:
    """A PNG of at most 192 pixels a side, made once and kept; of a volume an axial slice.

    heat_of : draw this classifier's heat map over it; it is run for that the first time.

    Raises
    ------
    As `case_study` and `core.workflows.predict.predict`.
    """
    case = _find(cohort, case_id)
    drawn = "" if heat_of is None else f"-{heat_of.weights_sha256[:KEY_DIGITS]}-{heat_of.fed_sha256[:KEY_DIGITS]}"
    target = cohort.folder / "made" / f"{case.sha256}{drawn}.png"
    if target.is_file():
        return target
    study, heat = study_of(cohort, case), None
    if heat_of is not None:
        require_libraries([heat_of])
        from core.workflows.predict import predict

        heat = predict(study, heat_of, explain=True).heat
    if cohort.folder.is_dir():  # else it was deleted meanwhile, and must not come back
        write_atomically(target, thumbnail_png(study, THUMBNAIL_PX, heat))
    return target


def adopt_case(workspace: Workspace, cohort: KeptCohort, case_id: str) -> Case:
    """The case as one of the owner's own, for the Predict page; asked again it is the same one.

    Raises
    ------
    As `case_study`; TooLarge : the owner's folder would grow over its quota.
    """
    study = case_study(cohort, case_id)
    for held in workspace.cases():
        if held.sha256 == study.sha256 and held.channels == study.channels:
            return held
    case = workspace.add_study(study)
    prepare(workspace, case.id, study)
    return case


def _find(cohort: KeptCohort, case_id: str) -> CohortCase:
    for case in read_cases(cohort):
        if case.id == case_id:
            return case
    raise NotFound(
        found="That case is not in this cohort, or it has no image.",
        why="Only a cohort of labelled images has pictures behind its numbers.",
        do="Choose another case.",
    )
