"""Figures of single cases of a segmentation cohort: made once, and kept beside it for the next asking.

Owns where they lie, under what they depend on, and the loop over cases. What a figure is is told by `mask_sweep` and
`mask_comparison`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Cancelled, ReadroomError
from core.models.atomic import write_atomically
from core.workflows.cohort_file import Dropped
from core.workflows.score_masks import Progress, has_answer, read_foreground
from core.workspace.cohort_answers import KEY_DIGITS
from core.workspace.cohort_record import CohortCase, KeptCohort, ScoredBy
from core.workspace.cohorts import read_cases

Figures = dict[str, Any]
"""What is kept of one case, as JSON has it."""

NOT_SCORED = "It was not scored, or before probabilities were kept."


@dataclass(frozen=True, slots=True)
class Contender:
    """What segments the cases: one model, or the mean of several ones' probabilities, made on the spot."""

    name: str
    members: tuple[ScoredBy, ...]

    @property
    def key(self) -> str:
        """A hash of the weights and of how they are fed."""
        made_by = " ".join(sorted(f"{one.weights_sha256}-{one.fed}" for one in self.members))
        return hashlib.sha256(made_by.encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is found of a case. key : of the files in which it is kept. make : the work, without keeping."""

    key: str
    make: Callable[[KeptCohort, CohortCase, Contender], Figures]


def alone(model: ScoredBy) -> Contender:
    """One model by itself."""
    return Contender(model.model_id, (model,))


def cases_of(cohort: KeptCohort, split: str | None = None) -> list[tuple[int, CohortCase]]:
    """Cases of the cohort, or of one named subset, each with its row."""
    wanted = None if cohort.splits == (split,) else split  # a split alone is the whole
    return [(row, case) for row, case in enumerate(read_cases(cohort), start=2) if wanted in (None, case.split)]


def case_figures(cohort: KeptCohort, case: CohortCase, contender: Contender, measure: Measure) -> Figures:
    """The figures of a case, kept ones where there are some.

    Raises
    ------
    ReadroomError : a mask cannot be read.
    """
    place = _place(cohort, case, contender, measure)
    if place.is_file():
        found: Figures = json.loads(place.read_bytes())
        return found
    made = measure.make(cohort, case, contender)
    if cohort.folder.is_dir():  # else it was deleted meanwhile, and must not come back
        write_atomically(place, json.dumps(made, allow_nan=False).encode())
    return made


def every_case(
    cohort: KeptCohort,
    contenders: Sequence[Contender],
    measure: Measure,
    *,
    split: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[tuple[CohortCase, list[Figures]]], list[Dropped]]:
    """The cases that every contender has answered, with the figures of each; and those left out, with the reason.

    Raises
    ------
    Cancelled : what was made until then is kept.
    """
    found, dropped = [], []
    cases = cases_of(cohort, split)
    for number, (row, case) in enumerate(cases):
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(number / len(cases), f"{case.id}, {number + 1} of {len(cases)}")
        why = _unanswered(cohort, case, contenders)
        try:
            made = [] if why else [case_figures(cohort, case, one, measure) for one in contenders]
        except Cancelled:
            raise
        except ReadroomError as refusal:
            why = str(refusal)
        if why:
            dropped.append(Dropped(row, case.id, why))
        else:
            found.append((case, made))
    return found, dropped


def left_to_measure(
    cohort: KeptCohort, contenders: Sequence[Contender], measure: Measure, *, split: str | None = None
) -> int:
    """How many figures of answered cases are not made yet."""
    return sum(
        not _place(cohort, case, one, measure).is_file()
        for _, case in cases_of(cohort, split)
        if not _unanswered(cohort, case, contenders)
        for one in contenders
    )


def foreground_of(
    cohort: KeptCohort, case: CohortCase, contender: Contender, shape: tuple[int, ...]
) -> NDArray[np.uint8] | NDArray[np.float64]:
    """The probability of any label in steps of 1/200, of several models their mean; on the case's own grid."""
    held = [read_foreground(cohort, case, one, shape) for one in contender.members]
    steps = [one for one in held if one is not None]
    if len(steps) < len(held):
        raise AssertionError("a case without probabilities was left out")
    if len(steps) == 1:
        return steps[0]
    mean: NDArray[np.float64] = np.mean(np.stack(steps), axis=0)
    return mean


def _unanswered(cohort: KeptCohort, case: CohortCase, contenders: Sequence[Contender]) -> str:
    """Why a case has no figures; empty where it can be measured."""
    asked = {one.model_id for contender in contenders for one in contender.members}
    for one in cohort.unread:
        if one.case == case.id and (one.model_id is None or one.model_id in asked):
            return one.text
    if case.fault or case.mask is None or not case.sha256:
        return case.fault or "It has no reference mask."
    members = [one for contender in contenders for one in contender.members]
    return "" if all(has_answer(cohort, case, one) for one in members) else NOT_SCORED


def _place(cohort: KeptCohort, case: CohortCase, contender: Contender, measure: Measure) -> Path:
    held = f"{case.sha256}-{str(case.mask_sha256)[:KEY_DIGITS]}-{contender.key}-{measure.key}.json"
    return cohort.folder / "made" / held
