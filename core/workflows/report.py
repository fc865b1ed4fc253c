"""A prediction as files: one JSON object with everything that made it, a picture, and a mask.

Owns the JSON's shape (`core.predict/1`) and the names of the files. Pictures and masks are drawn in
`core.render`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import NOTICE
from core.inference.prediction import Prediction, ood_to_plain, slices_to_plain
from core.metrics.intervals import Estimate
from core.metrics.operating_points import OperatingPoint, is_positive
from core.models.atomic import write_atomically
from core.models.model import Model
from core.render.nifti_out import label_table, mask_nifti
from core.render.overlay import overlay_png
from core.studies.study import Kind, Study

SCHEMA = "core.predict/1"
"""Name of the JSON's shape; a change that a reader could trip over gets another number."""

CASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Case ids become file names."""


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


def write_outputs(
    prediction: Prediction, study: Study, model: Model, case: str, out_dir: Path, *, command: str
) -> list[Path]:
    """Write `<case>_result.json`, `<case>_overlay.png` and, with labels of a volume, `<case>_dseg.nii.gz` and `.json`.

    Each file is written whole or not at all. Returns the paths in that order.

    Raises
    ------
    ValueError : the case id is no file name.
    """
    if not CASE_NAME.fullmatch(case):
        raise ValueError("a case id is letters, digits, dots, dashes and underscores")
    contents = {f"{case}_result.json": _json(result_json(prediction, study, model, case, command))}
    contents[f"{case}_overlay.png"] = overlay_png(study, prediction, model_name=model.display_name, case_id=case)
    if prediction.label_map is not None and study.kind is Kind.VOLUME:
        contents[f"{case}_dseg.nii.gz"] = mask_nifti(study, prediction)
        contents[f"{case}_dseg.json"] = _json(label_table(prediction))
    paths = [out_dir / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        write_atomically(path, content)
    return paths


def _json(plain: Mapping[str, Any]) -> bytes:
    return (json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _spacing(study: Study) -> list[float] | None:
    spacing = study.geometry.spacing_mm
    return None if spacing is None else list(spacing)


def _model(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.display_name,
        "architecture": model.architecture,
        "weights_sha256": model.weights_sha256,
        "file_sha256": model.file_sha256,
        "maturity": model.card.maturity,
        "assumed": list(model.card.assumed),
        "metrics": [metric.model_dump(mode="json") for metric in model.card.metrics],
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
