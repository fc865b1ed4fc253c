"""How far a classifier's inputs can be told apart without looking at the lungs, and how much a model leans on that.

Owns the features that a shortcut could use, a plain logistic regression on them, and the altered films that a model is
asked about. In the chest films the size, sharpness and brightness of a file nearly tell its class, so a good area on
films of the same origin proves little by itself. Training on such features is for the audit alone; nothing of it ships.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import laplace
from scipy.optimize import minimize
from scipy.special import expit

from core.engines.choose import TORCH
from core.inference.predictor import Predictor
from core.metrics.curves import auc
from core.models.card import Metric
from core.models.model import Model
from core.studies.study import Study
from core.training.augment import LEVELS, augment
from core.training.dataset import Folder, Progress, Row, as_taught, in_groups
from core.training.figures import Where, metric
from core.training.recipe import TrainConfig

Picture = NDArray[np.float32]  # (rows, columns), standardised
Float = NDArray[np.float64]

BORDER = 6 / 128
"""Of a side, how wide the strip at the border is."""

CENTRE = (0.15, 0.85, 0.10, 0.90)
"""From and to, of rows and of columns: the box that holds the lungs of a chest film, whatever its crop."""

THUMBNAIL = 16
GREYS = np.linspace(-3, 3, 17)
"""Edges of the grey histogram, in spreads of the picture."""

JPEG_QUALITY = 85
"""At which an input is written to count its bytes; the files at hand have it too."""

BATCH = 64
"""Films that are augmented at once."""

RIDGE = 1.0
"""Weight of the squared coefficients: that of scikit-learn's logistic regression when nobody names one."""

SHORTCUT, PROBE = "shortcut", "probe"
"""How the figures are called: what features reach, and what the model reaches on altered films."""


def _boxes(picture: Picture, side: int) -> Picture:
    """Means over side x side equal boxes."""
    rows, columns = (np.linspace(0, n, side + 1).astype(int)[:-1] for n in picture.shape)
    sums = np.add.reduceat(np.add.reduceat(picture, rows, 0), columns, 1)
    counts = np.outer(np.diff([*rows, picture.shape[0]]), np.diff([*columns, picture.shape[1]]))
    boxes: Picture = (sums / counts).astype(np.float32)
    return boxes


def _size(picture: Picture) -> Float:
    rows, columns = picture.shape
    return np.array([rows, columns, columns / rows], np.float64)


def _bytes(picture: Picture) -> Float:
    grey = np.clip((picture + 3) * (255 / 6), 0, 255).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(grey).save(held, "JPEG", quality=JPEG_QUALITY)
    return np.array([len(held.getvalue()) / picture.size], np.float64)


def _blur(picture: Picture) -> Float:
    return np.array([np.log(laplace(picture).var() + 1e-9)], np.float64)


def _histogram(picture: Picture) -> Float:
    counts = np.histogram(np.clip(picture, -3, 3), GREYS)[0]
    return np.asarray(counts / picture.size, np.float64)


def _border(picture: Picture) -> Float:
    strip = np.where(border_of(picture.shape), picture, 0)
    return _boxes(strip, THUMBNAIL).ravel().astype(np.float64)


def _thumbnail(picture: Picture) -> Float:
    return _boxes(picture, THUMBNAIL).ravel().astype(np.float64)


FEATURES: dict[str, Callable[[Picture], Float]] = {
    "size and aspect": _size,
    "bytes": _bytes,
    "blur": _blur,
    "grey histogram": _histogram,
    "border strip": _border,
    "16 x 16 thumbnail": _thumbnail,
}
"""What a shortcut may see of an input. The thumbnail sees the lungs too: it says how easy the films are."""


def border_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The strip at the border of a picture, (rows, columns)."""
    inside = np.ones(shape, bool)
    rows, columns = (max(1, round(BORDER * n)) for n in shape)
    inside[rows:-rows, columns:-columns] = False
    return inside


def centre_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The box that holds the lungs, (rows, columns)."""
    top, bottom, left, right = CENTRE
    held = np.zeros(shape, bool)
    held[round(top * shape[0]) : round(bottom * shape[0]), round(left * shape[1]) : round(right * shape[1])] = True
    return held


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """The inputs of a split: (n,) pictures as the network is fed them, labels, patients, and sizes of the files."""

    pictures: tuple[Picture, ...]
    labels: NDArray[np.bool_]
    patients: tuple[str, ...]


def audit_inputs(
    config: TrainConfig, folder: Folder, rows: Sequence[Row], split: str, progress: Progress | None = None
) -> tuple[Metric, ...]:
    """The area that each feature reaches on a split, learned from the training splits; as fed, and as augmented.

    The augmentation is that of the recipe, one draw a film: what the network sees while it learns.
    """
    taught = _films(config, folder, in_groups(rows, config.data.train), progress)
    shown = _films(config, folder, in_groups(rows, [split]), None)
    found: list[Metric] = []
    where = Where(split, "film")
    for how, seen in (
        ("as fed", (taught, shown)),
        ("as taught", (_varied(taught, config, 1), _varied(shown, config, 2))),
    ):
        for name, feature in FEATURES.items():
            table, asked = (np.stack([feature(p) for p in films.pictures]) for films in seen)
            scores = _logistic(table, seen[0].labels, asked)
            area = auc(scores, shown.labels, clusters=np.array(shown.patients))
            found += metric(f"{SHORTCUT} {how}: {name}", area, where, len(scores))
    return tuple(found)


def _films(config: TrainConfig, folder: Folder, rows: Sequence[Row], progress: Progress | None) -> Films:
    pictures = []
    for done, row in enumerate(rows, start=1):
        pictures.append(as_taught(folder.study(row.image), config.input).array[0])
        if progress is not None:
            progress(done / len(rows), f"Read {done} of {len(rows)} films")
    labels = np.array([row.label == config.finding for row in rows], bool)
    return Films(tuple(pictures), labels, tuple(row.patient for row in rows))


def _varied(films: Films, config: TrainConfig, seed: int) -> Films:
    level = replace(LEVELS[config.learning.augmentation], mirror=config.learning.mirror)
    chance, found = torch.Generator().manual_seed(seed), []
    for start in range(0, len(films.pictures), BATCH):
        batch = torch.from_numpy(np.stack(films.pictures[start : start + BATCH])[:, None].copy())
        augment(batch, level, chance)
        found += list(batch[:, 0].numpy())
    return replace(films, pictures=tuple(found))


def _logistic(taught: Float, labels: NDArray[np.bool_], asked: Float) -> Float:
    """Scores (asked,) of a logistic regression with a ridge, on standardised features that vary at all."""
    mean, spread = taught.mean(0), taught.std(0)
    kept = spread > 1e-12
    if not kept.any():
        return np.full(len(asked), 0.5)
    x = (taught[:, kept] - mean[kept]) / spread[kept]
    y = labels.astype(np.float64)

    def loss(beta: Float) -> tuple[float, Float]:
        z = x @ beta[:-1] + beta[-1]
        off = expit(z) - y
        slope = np.append(x.T @ off + RIDGE * beta[:-1], off.sum())
        return float((np.logaddexp(0, z) - y * z).sum() + RIDGE / 2 * (beta[:-1] ** 2).sum()), slope

    beta = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    scores: Float = ((asked[:, kept] - mean[kept]) / spread[kept]) @ beta[:-1] + beta[-1]
    return scores


def audit_model(
    model: Model, config: TrainConfig, folder: Folder, rows: Sequence[Row], split: str, progress: Progress | None = None
) -> tuple[Metric, ...]:
    """The area that a model keeps where it cannot see the lungs, and where each film has the shape of the other class.

    A model that reads lungs falls to chance on the first two and keeps its area on the third.
    """
    part, finding = in_groups(rows, [split]), config.finding or ""
    predictor, where = Predictor(model, engine=TORCH), Where(split, "film")
    labels = np.array([row.label == finding for row in part], bool)
    studies = [folder.study(row.image) for row in part]
    others = _shapes_of_the_other_class(studies, labels)
    scores: dict[str, list[float]] = {"border strip alone": [], "lungs masked out": [], "shapes swapped": []}
    for done, (study, shape) in enumerate(zip(studies, others, strict=True), start=1):
        altered = (
            _kept(study, border_of(study.shape)),
            _kept(study, ~centre_of(study.shape)),
            _stretched(study, shape),
        )
        for held, film in zip(scores.values(), altered, strict=True):
            held.append(predictor.predict(film).scores[finding])
        if progress is not None:
            progress(done / len(part), f"Altered {done} of {len(part)} films")
    patients = np.array([row.patient for row in part])
    return tuple(
        figure
        for name, held in scores.items()
        for figure in metric(f"{PROBE}: {name}", auc(held, labels, clusters=patients), where, len(part))
    )


def _kept(study: Study, mask: NDArray[np.bool_]) -> Study:
    """The film with everything outside the mask at the mean of what is inside."""
    pixels = np.stack([np.where(mask, plane, plane[mask].mean()) for plane in study.pixels]).astype(np.float32)
    return replace(study, pixels=pixels)


def _stretched(study: Study, shape: tuple[int, ...]) -> Study:
    """The film at another film's size and aspect."""
    rows, columns = shape
    drawn = [Image.fromarray(plane).resize((columns, rows), Image.Resampling.BILINEAR) for plane in study.pixels]
    return replace(study, pixels=np.stack([np.asarray(plane, np.float32) for plane in drawn]))


def _shapes_of_the_other_class(
    studies: Sequence[Study], labels: NDArray[np.bool_], seed: int = 0
) -> list[tuple[int, ...]]:
    """For each film the (rows, columns) of a film of the other class, drawn by a seed."""
    random = np.random.default_rng(seed)
    return [studies[int(random.choice(np.flatnonzero(labels != label)))].shape for label in labels]


def shortcut_sentences(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """In words what the audit found, for the card's limits."""
    areas = {m.name: m for m in metrics}
    fed = {n.partition(": ")[2]: m for n, m in areas.items() if n.startswith(f"{SHORTCUT} as fed")}
    taught = {n.partition(": ")[2]: m for n, m in areas.items() if n.startswith(f"{SHORTCUT} as taught")}
    probes = {n.partition(": ")[2]: m for n, m in areas.items() if n.startswith(PROBE)}
    said = []
    if fed:
        split = next(iter(fed.values())).split
        told = ", ".join(f"{name} {m.value:.2f} ({taught[name].value:.2f} as augmented)" for name, m in fed.items())
        said.append(f"What a logistic regression reaches on {split} from single traits of this model's inputs: {told}.")
    if probes:
        split = next(iter(probes.values())).split
        told = "; ".join(f"{name} {m.value:.2f} (95 % interval {_ends(m)})" for name, m in probes.items())
        said.append(
            f"Its own area under the curve on altered films of {split}: {told}. "
            "What it keeps above 0.50 without lungs does not come from them."
        )
    return tuple(said)


def _ends(metric: Metric) -> str:
    return "none" if metric.lo is None or metric.hi is None else f"{metric.lo:.2f} to {metric.hi:.2f}"
