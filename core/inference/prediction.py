"""The noun `Prediction`: what a model says of a study, on the study's own grid, and how it was made.

Owns the invariants, the way to and from plain parts (JSON and arrays) and the key that binds a result
to its study, its weights and its settings. Making one is left to `predictor`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.choose import AUTO
from core.inference.gate import Familiarity
from core.metrics.operating_points import OperatingPoint

LabelMap = NDArray[np.uint8]  # the study's shape; 0 background, 1.. in the order of `labels`
Heat = NDArray[np.float32]  # the study's shape, 0..1

NO_PEAK = "The heat map is empty: nothing in the picture raises this score."
"""The note of a prediction whose heat map is zero everywhere."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a prediction was made.

    versions : of every library that shaped the numbers. device : 'cpu' or the GPU's name.
    precision : 'float32', or what autocast used. settings : those of `request_settings`, the
    preprocessing and the window overlap. timings_s : load, preprocess, network, explain and
    postprocess, in seconds. notes : what happened on the way, one sentence each.
    """

    versions: Mapping[str, str]
    device: str
    precision: str
    settings: Mapping[str, Any]
    timings_s: Mapping[str, float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SliceScores:
    """The scores of each slice of a volume: by class name, in the order of the study's own slices.

    axis : of the study's own array.
    """

    axis: int
    scores: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Scores, label map and heat map of one study by one model.

    task : 'classification', 'segmentation' or 'multitask'. scores : probability by class name;
    empty for a segmentation. label_map : None for a classification. voxels, volumes_ml : by label
    name; the volume is None where the spacing is unknown. heat_for : the class that the heat map
    explains. thresholds : by class name, those in force. warnings : the admission's reasons and
    what was assumed of the model. slices : of one network that scores slice by slice, whose scores are
    then those of the slice that speaks loudest; an ensemble's members may walk along different axes.
    familiarity : how far the study is from what the model was trained on; None where it has no gate.
    foreground : beside a label map, the probability of any label in whole steps of 1/200, rounded down; None in
    results that were kept before it was made.
    """

    model_id: str
    task: str
    input_sha256: str
    weights_sha256: str
    scores: Mapping[str, float]
    label_map: LabelMap | None
    labels: tuple[str, ...]
    voxels: Mapping[str, int]
    volumes_ml: Mapping[str, float | None]
    heat: Heat | None
    heat_for: str | None
    thresholds: Mapping[str, OperatingPoint]
    warnings: tuple[str, ...]
    provenance: Provenance
    slices: SliceScores | None = None
    familiarity: Familiarity | None = None
    foreground: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if (self.heat is None) != (self.heat_for is None):
            raise ValueError("a heat map names the class that it explains")
        if self.label_map is not None and self.label_map.dtype != np.uint8:
            raise ValueError(f"a label map is uint8, not {self.label_map.dtype}")
        for array in (self.label_map, self.heat, self.foreground):
            if array is not None:
                array.flags.writeable = False


def request_settings(*, threshold: float | None = None, explain: bool = False, engine: str = AUTO) -> dict[str, Any]:
    """The settings of a request that decide what its result is: known before it runs, so they key it.

    engine : what was named to run it. What was left to choose does not count: a result stays when its model is
    converted.
    """
    return {"threshold": threshold, "explain": explain, **({} if engine == AUTO else {"engine": engine})}


def result_key(study_sha: str, weights_sha: str, settings: Mapping[str, Any]) -> str:
    """Hex name of the result that these three decide; any other study, weights or setting gives another."""
    text = json.dumps([study_sha, weights_sha, dict(settings)], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def prediction_to_parts(prediction: Prediction) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The prediction as JSON-ready values and named arrays; `prediction_from_parts` undoes it without loss."""
    plain = {
        "model_id": prediction.model_id,
        "task": prediction.task,
        "input_sha256": prediction.input_sha256,
        "weights_sha256": prediction.weights_sha256,
        "scores": dict(prediction.scores),
        "labels": list(prediction.labels),
        "voxels": dict(prediction.voxels),
        "volumes_ml": dict(prediction.volumes_ml),
        "heat_for": prediction.heat_for,
        "thresholds": {name: point.to_dict() for name, point in prediction.thresholds.items()},
        "warnings": list(prediction.warnings),
        "provenance": asdict(prediction.provenance),
        "slices": slices_to_plain(prediction.slices),
        "ood": ood_to_plain(prediction.familiarity),
    }
    arrays = {"label_map": prediction.label_map, "heat": prediction.heat, "foreground": prediction.foreground}
    return plain, {name: array for name, array in arrays.items() if array is not None}


def slices_to_plain(slices: SliceScores | None) -> dict[str, Any] | None:
    """The scores of the slices as JSON-ready values."""
    if slices is None:
        return None
    return {"axis": slices.axis, "scores": {name: list(scores) for name, scores in slices.scores.items()}}


def ood_to_plain(found: Familiarity | None) -> dict[str, Any] | None:
    """Whether the study is out of distribution: 'flagged', 'score' and 'cut_off'; None where nobody can tell."""
    return None if found is None else asdict(found)


def _slices_from_plain(plain: Mapping[str, Any] | None) -> SliceScores | None:
    if plain is None:
        return None
    return SliceScores(plain["axis"], {name: tuple(scores) for name, scores in plain["scores"].items()})


def prediction_from_parts(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Prediction:
    """The prediction that `prediction_to_parts` took apart."""
    made = plain["provenance"]
    return Prediction(
        model_id=plain["model_id"],
        task=plain["task"],
        input_sha256=plain["input_sha256"],
        weights_sha256=plain["weights_sha256"],
        scores=plain["scores"],
        label_map=arrays.get("label_map"),
        labels=tuple(plain["labels"]),
        voxels=plain["voxels"],
        volumes_ml=plain["volumes_ml"],
        heat=arrays.get("heat"),
        heat_for=plain["heat_for"],
        thresholds={name: OperatingPoint.from_dict(point) for name, point in plain["thresholds"].items()},
        warnings=tuple(plain["warnings"]),
        provenance=Provenance(**{**made, "notes": tuple(made["notes"])}),
        slices=_slices_from_plain(plain.get("slices")),  # results stored before there were any
        familiarity=Familiarity(**plain["ood"]) if plain.get("ood") else None,
        foreground=arrays.get("foreground"),
    )
