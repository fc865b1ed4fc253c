"""Small pictures of a segmentation cohort's cases: what was drawn by hand, and what a model drew, as outlines.

Owns which two masks are on a picture. Lines are `core.render`'s.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFound
from core.models.atomic import write_atomically
from core.render.mask_outlines import outlines_png
from core.workflows.cohorts_cases import THUMBNAIL_PX, study_of
from core.workflows.mask_comparison import mask_pair
from core.workflows.mask_file import read_reference
from core.workflows.mask_measures import Contender, foreground_of
from core.workflows.mask_sweep import CUT_STEPS
from core.workspace.cohort_answers import KEY_DIGITS
from core.workspace.cohort_record import KeptCohort
from core.workspace.cohorts import read_cases


def mask_picture(cohort: KeptCohort, case_id: str, contender: Contender, cut: int | None = None) -> Path:
    """A PNG of at most 192 pixels a side, made once and kept: the axial slice where both masks differ most.

    cut : the place of a cut-off in `CUT_STEPS`; None: the contender's own mask.

    Raises
    ------
    NotFound : there is no such case. StudyError : it cannot be read, or is not the one that was scored any more.
    """
    case = next((one for one in read_cases(cohort) if one.id == case_id and one.mask is not None), None)
    if case is None:
        raise NotFound(found="That case has no mask here.", why="It has no picture.", do="Choose another case.")
    drawn = f"{str(case.mask_sha256)[:KEY_DIGITS]}-{contender.key}-{'own' if cut is None else CUT_STEPS[cut]}"
    target = cohort.folder / "made" / f"{case.sha256}-{drawn}.png"
    if target.is_file():
        return target
    study = study_of(cohort, case)
    if cut is None:
        pair = mask_pair(cohort, case, contender)
        reference, predicted = pair.reference > 0, pair.prediction > 0
    else:
        reference = read_reference(cohort.root / str(case.mask))[0] > 0
        predicted = foreground_of(cohort, case, contender, reference.shape) >= CUT_STEPS[cut]
    if cohort.folder.is_dir():  # else it was deleted meanwhile, and must not come back
        write_atomically(target, outlines_png(study, THUMBNAIL_PX, reference, predicted))
    return target
