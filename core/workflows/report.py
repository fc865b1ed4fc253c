"""A prediction as one JSON object with everything that made it.

Owns the JSON's shape (`core.predict/1`). Which other files there are is told in `outputs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core import NOTICE
from core.inference.prediction import Prediction, ood_to_plain, slices_to_plain
from core.metrics.counts import is_positive
from core.metrics.intervals import Estimate
from core.metrics.operating_points import OperatingPoint
from core.models.model import Model
from core.studies.study import Study

SCHEMA = "core.predict/1"
"""Name of the JSON's shape; a change that a reader could trip over gets another number."""


def result_json(prediction: Prediction, study: Study, model: Model, case: str, command: str) -> dict[str, Any]:
    """Everything about a result as JSON-ready values, numbers unrounded.

    Parameters
    ----------
    command : what to type to get the same result again.
    """
    made = prediction.provenance
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "case": case,
        "input": {
            "sha256": prediction.input_sha256,
            "kind": study.kind.value,
            "shape": list(study.shape),
            "spacing_mm": _spacing(study),
            "channels": list(study.channels),
        },
        "model": _model(model),
        "task": prediction.task,
        "scores": dict(prediction.scores),
        "ood": ood_to_plain(prediction.familiarity),
        "slices": slices_to_plain(prediction.slices),
        "thresholds": {
            finding: _threshold(point, prediction.scores) for finding, point in prediction.thresholds.items()
        },
        "volumes_ml": dict(prediction.volumes_ml),
        "voxels": dict(prediction.voxels),
        "heat_for": prediction.heat_for,
        "warnings": list(prediction.warnings),
        "notes": list(made.notes),
        "versions": dict(made.versions),
        "device": made.device,
        "precision": made.precision,
        "settings": dict(made.settings),
        "timings_s": dict(made.timings_s),
        "command": command,
    }


def _spacing(study: Study) -> list[float] | None:
    spacing = study.geometry.spacing_mm
    return None if spacing is None else list(spacing)


def _model(model: Model) -> dict[str, Any]:
    base = None if model.variant is None else model.variant.base
    return {
        "id": model.id,
        "name": model.display_name,
        "architecture": model.architecture,
        "weights_sha256": model.weights_sha256,
        "file_sha256": model.file_sha256,
        "maturity": model.card.maturity,
        "assumed": list(model.card.assumed),
        "metrics": [metric.model_dump(mode="json") for metric in model.card.metrics],
        "base": None if base is None else {"id": base.id, "weights_sha256": base.weights_sha256},
        "members": [
            {"id": m.model.id, "weights_sha256": m.model.weights_sha256, "weight": m.weight} for m in model.members
        ],
    }


def _threshold(point: OperatingPoint, scores: Mapping[str, float]) -> dict[str, Any]:
    """The point, whether the score reaches it, and its rates on the cases that chose it."""
    return {
        **point.to_dict(),
        "positive": bool(is_positive(scores[point.finding], point.threshold)),
        "sensitivity": _estimate(point.sensitivity),
        "specificity": _estimate(point.specificity),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return asdict(estimate)
