"""From a study to a prediction, for one model or an ensemble.

Owns the thresholds in force, the warnings and the provenance. Admission, preprocessing, the run and
the joining are each a file of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from core.engines.choose import named_engine
from core.errors import AdmissionError, CheckpointError
from core.inference.admission import require_admission
from core.inference.answer import Answer, Watch, ask
from core.inference.ensemble import Outcome, join, outcome_of
from core.inference.gate import Familiarity
from core.inference.postprocess import MASK_THRESHOLD, count_voxels, volumes_ml
from core.inference.prediction import NO_PEAK, Prediction, Provenance, request_settings
from core.inference.sliding_window import OVERLAP, Progress
from core.metrics.operating_points import BY_HAND, OperatingPoint, Rule
from core.models.model import Model
from core.studies.study import Study


class Predictor:
    """One model on one device.

    Parameters
    ----------
    model : a handle of the shelf, or an ensemble.
    device : 'cpu', 'cuda', or None for the setting's choice. engine : what runs it on the CPU, likewise.
    """

    def __init__(self, model: Model, device: str | None = None, engine: str | None = None) -> None:
        self.model, self.device, self.engine = model, device, engine

    def predict(
        self,
        study: Study,
        *,
        threshold: float | None = None,
        explain: bool = False,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        turn: AbstractContextManager[None] | None = None,
    ) -> Prediction:
        """Scores, labels and, when asked to explain, a heat map, on the study's own grid.

        Parameters
        ----------
        threshold : 0..1, in the place of the model's operating points; for a segmentation with a
            sigmoid a label, in the place of one half.
        progress : told a share of 0..1 and a few words. cancelled : asked between windows.
        turn : entered while the model runs, for who lets one run after the other; a refusal waits for nobody.

        Raises
        ------
        AdmissionError : the model does not admit the study, or the threshold is none.
        CheckpointError : the model cannot be used. InferenceError : it cannot answer.
        Cancelled : `cancelled` said so.
        """
        model = self.model
        _require_usable(model)
        _require_threshold(threshold)
        admission = require_admission(study, model)
        with turn or nullcontext():
            outcome, explained = self._outcome(study, threshold, explain, Watch(progress, cancelled))
        started = time.perf_counter()
        points, warnings = thresholds_in_force(model, threshold)
        voxels = {} if outcome.label_map is None else count_voxels(outcome.label_map, model.labels)
        volumes = volumes_ml(voxels, study)
        notes = (*model.notes, *outcome.notes)
        if outcome.heat is not None and not outcome.heat.any():
            notes = (*notes, NO_PEAK)
        seconds = dict(outcome.seconds)
        seconds["postprocess"] = seconds.get("postprocess", 0.0) + time.perf_counter() - started
        return Prediction(
            model_id=model.id,
            task=str(model.task),
            input_sha256=study.sha256,
            weights_sha256=model.weights_sha256,
            scores=outcome.scores,
            label_map=outcome.label_map,
            labels=model.labels,
            voxels=voxels,
            volumes_ml=volumes,
            heat=outcome.heat,
            heat_for=explained if outcome.heat is not None else None,
            thresholds=points,
            warnings=(*_strange(outcome.familiarity), *admission.reasons, *model.card.assumed, *warnings),
            provenance=Provenance(
                versions=outcome.engine["versions"],
                device=outcome.engine["device"],
                precision=outcome.engine["precision"],
                settings=self._settings(threshold, explain),
                timings_s=seconds,
                notes=notes,
            ),
            slices=outcome.slices,
            familiarity=outcome.familiarity,
            foreground=outcome.foreground,
        )

    def _outcome(
        self, study: Study, threshold: float | None, explain: bool, watch: Watch
    ) -> tuple[Outcome, str | None]:
        """The model's outcome and the class that its heat map explains."""
        explained = explained_class(self.model) if explain and self.model.classes else None
        outcome = self._ask(study, threshold, explained, watch)
        if explain and explained is None and outcome.scores:
            # Which class is highest is known after a first run only; no operating point names one.
            explained = max(outcome.scores, key=lambda name: outcome.scores[name])
            outcome = self._ask(study, threshold, explained, watch)
        return outcome, explained

    def _ask(self, study: Study, threshold: float | None, explained: str | None, watch: Watch) -> Outcome:
        cut = MASK_THRESHOLD if threshold is None or self.model.classes else threshold

        def member(model: Model, number: int) -> Answer:
            part = watch.part(number, max(1, len(self.model.members)))
            return ask(study, model, device=self.device, explained=explained, watch=part, engine=self.engine)

        if self.model.members:
            return join(self.model, member, cut)
        answer = member(self.model, 0)
        started = time.perf_counter()
        outcome = outcome_of(answer, self.model, cut)
        seconds = {**outcome.seconds, "postprocess": time.perf_counter() - started}
        return replace(outcome, seconds=seconds)

    def _settings(self, threshold: float | None, explain: bool) -> Mapping[str, Any]:
        fed = self.model.input
        return {
            **request_settings(threshold=threshold, explain=explain, engine=named_engine(self.engine)),
            "window_overlap": OVERLAP if fed.patch is not None else None,
            "input": fed.model_dump(mode="json"),
        }


def _strange(found: Familiarity | None) -> tuple[str, ...]:
    """First of all warnings: no score of such a study can be read."""
    return (found.sentence(),) if found is not None and found.flagged else ()


def explained_class(model: Model) -> str | None:
    """The class that a heat map explains when nobody names one; None where only the scores can tell."""
    points, _ = thresholds_in_force(model, None)
    named = tuple(points) or model.findings
    return named[0] if len(named) == 1 or points else None


def thresholds_in_force(model: Model, threshold: float | None) -> tuple[dict[str, OperatingPoint], tuple[str, ...]]:
    """The operating point of each finding, and a sentence for each that may not be used.

    A number from the user stands for every finding. Else the model's first point a finding is
    taken, provided that it is bound to these very weights.
    """
    if threshold is not None:
        return {name: _by_hand(name, threshold, model) for name in model.findings}, ()
    points: dict[str, OperatingPoint] = {}
    warnings = []
    for point in model.operating_points:
        if point.weights_sha256 != model.weights_sha256:
            belongs = "belongs to other weights" if point.weights_sha256 else "is bound to no weights"
            warnings.append(f"The operating point '{point.name}' {belongs} and was not used.")
        elif point.finding in model.classes:
            points.setdefault(point.finding, point)
    return points, tuple(warnings)


def _by_hand(finding: str, threshold: float, model: Model) -> OperatingPoint:
    return OperatingPoint(
        name=BY_HAND,
        finding=finding,
        threshold=threshold,
        rule=Rule.FIXED,
        target=None,
        confidence=None,
        guaranteed=False,
        cohort="",
        chosen_on="",
        positives=0,
        negatives=0,
        tp=0,
        fp=0,
        fn=0,
        tn=0,
        weights_sha256=model.weights_sha256,
    )


def _require_usable(model: Model) -> None:
    if model.problem is not None:
        raise CheckpointError(
            found=model.problem,
            why=f"{model.display_name} cannot be run like this.",
            do="Choose another model, or put the right file on the shelf.",
        )


def _require_threshold(threshold: float | None) -> None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise AdmissionError(
            found=f"The threshold is {threshold:g}.",
            why="Scores lie between 0 and 1, so nothing could lie on its other side.",
            do="Give a threshold between 0 and 1.",
        )
