"""Scoring: every case of a labelled folder through one or several models, kept case by case.

Owns the loop and what is skipped because it was answered before. An answer is kept under the hash of the case, of
the weights and of the settings, the moment it is there, so a run that was stopped, by whatever, goes on where it was.
What becomes of the answers is `score_table`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from core.errors import AdmissionError, Cancelled, CheckpointError, ReadroomError
from core.inference.sliding_window import Progress
from core.models.model import Model
from core.studies.study import Study
from core.workflows.ahead import ahead
from core.workflows.cohorts_cases import study_of
from core.workflows.libraries import require_libraries
from core.workflows.mask_file import require_reference
from core.workflows.score_masks import keep_mask
from core.workflows.score_table import settle
from core.workspace.cohort_answers import Answers
from core.workspace.cohort_record import CohortCase, CohortKind, KeptCohort, Unread
from core.workspace.cohorts import CohortStore, read_cases, store_of

SCORES, VOLUMES = "scores", "volumes_ml"
"""What an answer says of a labelled image, and of one with a mask."""


@dataclass(slots=True)
class _Asked:
    """One model of a run, and what it has said so far by the case's hash."""

    model: Model
    answers: Answers
    held: dict[str, dict[str, Any]] = field(default_factory=dict)


def score(
    cohort: KeptCohort,
    models: Sequence[Model],
    *,
    again: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> KeptCohort:
    """The cohort with the answers of these models; cases that cannot be read are in `unread`, and stop nothing.

    Parameters
    ----------
    again : answer anew what was answered before. progress : told the share of what is left to do that is done.
    cancelled : asked between cases.

    Raises
    ------
    Cancelled : what was answered until then is kept, here and below. AdmissionError : a model is of another kind than
    the cohort: a classifier needs labels, a segmentation masks. CheckpointError : a model cannot be used. NotFound :
    the cohort was deleted in the meantime.
    """
    _require_fit(cohort, models)
    require_libraries(models)
    store, cases = store_of(cohort), read_cases(cohort)
    asked = [_asked(store, cohort, model, again=again) for model in models]
    unread = [Unread(case.id, None, case.fault) for case in cases if case.fault]
    todo = [(case, left) for case in cases if not case.fault and (left := _left(case, asked))]
    try:
        with closing(ahead(todo, lambda item: _read(cohort, item[0]))) as coming:
            for number, ((case, left), study) in enumerate(coming):
                if cancelled is not None and cancelled():
                    raise Cancelled
                if progress is not None:
                    progress(number / len(todo), f"{case.id}, {len(cases) - len(todo) + number + 1} of {len(cases)}")
                unread += [study] if isinstance(study, Unread) else _answer(store, cohort, case, study, left, cancelled)
    finally:
        kept = settle(store, cohort, [(one.model, _fitting(cohort, one.answers)) for one in asked], unread)
    if progress is not None:
        progress(1.0, "Done")
    return kept


def left_to_score(cohort: KeptCohort, models: Sequence[Model]) -> int:
    """How many answers are still to be made; 0 where everything is kept. Unread cases are tried again, and count."""
    store = store_of(cohort)
    asked = [_asked(store, cohort, model, again=False) for model in models]
    return sum(len(_left(case, asked)) for case in read_cases(cohort) if not case.fault)


def models_that_fit(cohort: KeptCohort, models: Sequence[Model]) -> list[Model]:
    """Those that can be asked: usable, classifiers for labels, segmentations for masks."""
    return [model for model in models if model.problem is None and _fits(cohort, model)]


def _fits(cohort: KeptCohort, model: Model) -> bool:
    answers: Mapping[CohortKind, tuple[str, ...]] = {
        CohortKind.IMAGES: model.classes,
        CohortKind.MASKS: model.labels,
    }
    return bool(answers.get(cohort.kind)) and len(model.channels) == 1


def _require_fit(cohort: KeptCohort, models: Sequence[Model]) -> None:
    for model in models:
        if model.problem is not None:
            raise CheckpointError(
                found=model.problem,
                why=f"{model.id} cannot be run like this.",
                do="Choose another model, or put the right file on the shelf.",
            )
        if not _fits(cohort, model):
            raise AdmissionError(
                found=f"{model.id} cannot be measured on these cases.",
                why=_NEEDS[cohort.kind],
                do="Choose another model, or bring cases that fit it.",
            )


_NEEDS = {
    CohortKind.SCORES: "They are scores without images.",
    CohortKind.IMAGES: "They have labels, so a classifier of one image is needed.",
    CohortKind.MASKS: "They have masks, so a segmentation of one image is needed.",
}


def _asked(store: CohortStore, cohort: KeptCohort, model: Model, *, again: bool) -> _Asked:
    answers = Answers(store.answers, model.weights_sha256, model.fed_sha256)
    return _Asked(model, answers, {} if again else _fitting(cohort, answers))


def _fitting(cohort: KeptCohort, answers: Answers) -> dict[str, dict[str, Any]]:
    """The answers that say what this kind of cohort needs: one to a labelled image has left no mask."""
    needed = VOLUMES if cohort.kind is CohortKind.MASKS else SCORES
    return {case: said for case, said in answers.load().items() if needed in said}


def _left(case: CohortCase, asked: Sequence[_Asked]) -> list[_Asked]:
    return [one for one in asked if case.sha256 not in one.held]


def _read(cohort: KeptCohort, case: CohortCase) -> Study | Unread:
    """The study of a case that can be asked about, or why it cannot, in words."""
    try:
        study = study_of(cohort, case)
        if case.mask is not None:
            require_reference(study, cohort.root / case.mask)
    except ReadroomError as refusal:
        return Unread(case.id, None, str(refusal))
    return study


def _answer(
    store: CohortStore,
    cohort: KeptCohort,
    case: CohortCase,
    study: Study,
    asked: Sequence[_Asked],
    cancelled: Callable[[], bool] | None,
) -> list[Unread]:
    """Ask the models about one case and keep what they say; what could not be answered, in words."""
    unread = []
    for one in asked:
        try:
            said = _ask(store, cohort, case, one.model, study, cancelled)
        except (Cancelled, CheckpointError):  # a model that cannot be used cannot be used for the next case either
            raise
        except ReadroomError as refusal:
            unread.append(Unread(case.id, one.model.id, str(refusal)))
            continue
        with store.lock():
            one.answers.add(case.sha256, said)
        one.held[case.sha256] = said
    return unread


def _ask(
    store: CohortStore,
    cohort: KeptCohort,
    case: CohortCase,
    model: Model,
    study: Study,
    cancelled: Callable[[], bool] | None,
) -> dict[str, Any]:
    from core.workflows.predict import predict

    made = predict(study, model, cancelled=cancelled)
    seconds = sum(made.provenance.timings_s.get(stage, 0.0) for stage in ("preprocess", "network", "postprocess"))
    said: dict[str, Any] = {"seconds": seconds, "device": made.provenance.device, "warnings": list(made.warnings)}
    if cohort.kind is CohortKind.IMAGES:
        return said | {SCORES: dict(made.scores)}
    keep_mask(store, case, study, made, model.fed_sha256)
    return said | {VOLUMES: dict(made.volumes_ml)}
