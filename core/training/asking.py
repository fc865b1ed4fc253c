"""A saved checkpoint asked about cases: through the app's own predictor, once a case, and noted as it goes.

Owns what is kept of each answer: a film's score, how a volume's label map compares with its reference, how
unfamiliar the case is, and how long it took. Figures over cases are made of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engines.choose import TORCH
from core.inference.gate import Familiarity
from core.inference.grid import turn
from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.metrics.lesions import Lesions
from core.metrics.segmentation import EmptyPolicy, MaskFigures, State, compare_masks
from core.models.input_spec import InputSpec
from core.models.model import Model
from core.studies.study import Study
from core.training.dataset import Folder, Row
from core.training.journal import Journal

Progress = Callable[[float, str], None]
Mask = NDArray[np.bool_]

VOXEL_COUNTS = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What all answers of a split have: (n,) rows, hashes of the files read, familiarity, and seconds a case.

    familiar : None where the model has no gate.
    """

    rows: tuple[Row, ...]
    hashes: tuple[str, ...]
    familiar: tuple[Familiarity | None, ...] = ()
    seconds: tuple[float, ...] = ()

    @property
    def patients(self) -> list[str]:
        """Whose each case is, (n,)."""
        return [row.patient for row in self.rows]


@dataclass(frozen=True, slots=True, eq=False)
class Scored(Asked):
    """A split's films with the finding's score each, (n,)."""

    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def positive(self, finding: str) -> NDArray[np.bool_]:
        """Which films show the finding, (n,)."""
        return np.array([row.label == finding for row in self.rows], bool)

    def where(self, chosen: NDArray[np.bool_]) -> Scored:
        """Those films alone; seconds are left out."""
        return Scored(
            tuple(row for row, keep in zip(self.rows, chosen, strict=True) if keep),
            tuple(held for held, keep in zip(self.hashes, chosen, strict=True) if keep),
            scores=self.scores[chosen],
        )


@dataclass(frozen=True, slots=True)
class Slices:
    """One volume slice by slice: whether reference and drawing hold a voxel, and the score where there is one."""

    reference: tuple[bool, ...]
    drawn: tuple[bool, ...]
    scores: tuple[float, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn(Asked):
    """A split's volumes compared with their references: by label, and by the union where there are several.

    masks : (n,) figures. voxels : (n, 4) counts in the order of `VOXEL_COUNTS`. slices : (n,), where the network
    reads slices.
    """

    masks: Mapping[str, tuple[MaskFigures, ...]] = field(default_factory=dict)
    voxels: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    slices: tuple[Slices, ...] = ()

    def masks_where(self, label: str, chosen: NDArray[np.bool_]) -> tuple[tuple[MaskFigures, ...], list[str]]:
        """The figures of one label and the patients, of those volumes alone."""
        kept = np.flatnonzero(chosen)
        return tuple(self.masks[label][i] for i in kept), [self.rows[i].patient for i in kept]


def score_films(
    model: Model,
    finding: str,
    folder: Folder,
    rows: Sequence[Row],
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> Scored:
    """The score of `finding` for each row, as a user of the app would get it."""

    def work(prediction: Prediction, _: Study, __: Row) -> dict[str, Any]:
        return {"score": prediction.scores[finding]}

    held = list(_asked(model, folder, rows, work, ["film", finding], progress, journal))
    return Scored(tuple(rows), *_common(held), scores=np.array([case["score"] for case in held], np.float64))


def draw_volumes(
    model: Model,
    folder: Folder,
    rows: Sequence[Row],
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> Drawn:
    """Each row's label map beside its reference, on the volume's own grid, as a user of the app would get it."""

    def work(prediction: Prediction, study: Study, row: Row) -> dict[str, Any]:
        if prediction.label_map is None:
            raise TypeError(f"{model.id} draws no label map")
        reference = np.rint(folder.study(row.label).pixels[0])
        return _compared(model, study, reference, prediction)

    held = list(_asked(model, folder, rows, work, ["volume"], progress, journal))
    names = names_of(model.labels)
    return Drawn(
        tuple(rows),
        *_common(held),
        masks={name: tuple(_figures(case["masks"][name]) for case in held) for name in names},
        voxels={name: np.array([case["voxels"][name] for case in held], np.int64).reshape(-1, 4) for name in names},
        slices=tuple(_slices(case["slices"]) for case in held if case["slices"] is not None),
    )


def names_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, and the union of all of them where there are several."""
    return (*labels, union_name(labels)) if len(labels) > 1 else tuple(labels)


def union_name(labels: Sequence[str]) -> str:
    """What the union of labels is called: 'anterior or posterior'."""
    return " or ".join(labels)


def _asked(
    model: Model,
    folder: Folder,
    rows: Sequence[Row],
    work: Callable[[Prediction, Study, Row], dict[str, Any]],
    question: list[Any],
    progress: Progress | None,
    journal: Journal | None,
) -> Iterator[dict[str, Any]]:
    # By torch, as the cards' figures are: another engine may turn a last digit.
    predictor, notes = Predictor(model, engine=TORCH), journal or Journal()
    fed = [model.weights_sha256, model.fed_sha256, *(member.model.fed_sha256 for member in model.members)]
    segments = question[0] == "volume"
    for done, row in enumerate(rows, start=1):

        def ask(row: Row = row) -> dict[str, Any]:
            study = folder.study(row.image)
            prediction = predictor.predict(study)
            near, spent = prediction.familiarity, prediction.provenance.timings_s
            return {
                "sha256": prediction.input_sha256,
                "familiarity": None if near is None else asdict(near),
                "seconds": sum(s for stage, s in spent.items() if stage != "load"),
                **work(prediction, study, row),
            }

        files = [folder.sha256(row.image), folder.sha256(row.label) if segments else ""]
        yield notes.answer([*question, *fed, *files], ask)
        if progress is not None:
            progress(done / len(rows), f"Measured {done} of {len(rows)} cases of {row.group}")


def _common(held: Sequence[dict[str, Any]]) -> tuple[Any, Any, Any]:
    """Hashes, familiarity and seconds."""
    near = tuple(None if case["familiarity"] is None else Familiarity(**case["familiarity"]) for case in held)
    return tuple(case["sha256"] for case in held), near, tuple(float(case["seconds"]) for case in held)


def _compared(model: Model, study: Study, reference: NDArray[Any], prediction: Prediction) -> dict[str, Any]:
    drawn = prediction.label_map
    if drawn is None:
        raise TypeError("the caller has a label map")
    spacing = study.geometry.spacing_mm or (1.0,) * drawn.ndim
    pairs = {name: (reference == n, drawn == n) for n, name in enumerate(model.labels, start=1)}
    if len(model.labels) > 1:
        pairs[union_name(model.labels)] = (reference > 0, drawn > 0)
    return {
        "masks": {name: asdict(compare_masks(real, mine, spacing)) for name, (real, mine) in pairs.items()},
        "voxels": {name: _voxels(real, mine) for name, (real, mine) in pairs.items()},
        "slices": _by_slice(model, study, reference > 0, drawn > 0, prediction),
    }


def _voxels(real: Mask, mine: Mask) -> list[int]:
    tp, drawn, there = (int(np.count_nonzero(m)) for m in (real & mine, mine, real))
    return [tp, drawn - tp, there - tp, real.size - drawn - there + tp]


def _by_slice(model: Model, study: Study, real: Mask, mine: Mask, prediction: Prediction) -> dict[str, Any] | None:
    if not model.input.feeds_slices:
        return None
    axis = slice_axis(study, model.input)
    others = tuple(i for i in range(real.ndim) if i != axis)
    scores = None
    if prediction.slices is not None and model.findings:
        scores = list(prediction.slices.scores[model.findings[0]])
    return {
        "reference": real.any(axis=others).tolist(), "drawn": mine.any(axis=others).tolist(), "scores": scores,
    }  # fmt: skip


def slice_axis(study: Study, spec: InputSpec) -> int:
    """The axis of the study's own array that a network walks along slice by slice."""
    if spec.slice_axis is None:
        raise ValueError("the network reads no slices")
    have = study.geometry.orientation
    if have is None or spec.orientation is None:
        return spec.slice_axis
    return turn(have, spec.orientation)[0][spec.slice_axis]


def _figures(plain: Mapping[str, Any]) -> MaskFigures:
    return MaskFigures(
        **{
            **plain,
            "state": State(plain["state"]),
            "empty_policy": EmptyPolicy(plain["empty_policy"]),
            "nsd": {float(tau): share for tau, share in plain["nsd"].items()},
            "lesions": Lesions(**plain["lesions"]),
        }
    )


def _slices(plain: Mapping[str, Any]) -> Slices:
    scores = plain["scores"]
    return Slices(tuple(plain["reference"]), tuple(plain["drawn"]), None if scores is None else tuple(scores))
