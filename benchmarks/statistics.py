"""The statistics: what a reader of scikit-learn's, SciPy's and MONAI's pages would write, against `core.metrics`.

Each pair answers the same question on the same seeded cases, and the answers are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from benchmarks.compare import Row
from benchmarks.measure import alternate
from core.metrics.bootstrap import Resampler
from core.metrics.counts import count_at
from core.metrics.delong import delong
from core.metrics.resampled import AucFigure
from core.metrics.segmentation import compare_masks
from core.metrics.sweep import rates_of, sweep

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

HEAD, SPACING = (240, 240, 155), (1.0, 1.0, 1.0)
TOLERANCE_MM = 1.0
RESAMPLES = 2000
PAIR_ROWS = 100
"""Positives taken against all negatives at once: all pairs of 100,000 cases do not fit into memory."""


def rows(rounds: int = 5) -> list[Row]:
    """Every comparison, in the order of the table."""
    return [
        _rates(rounds),
        _move(rounds),
        _delong_loop(rounds),
        _delong_pairs(),
        _bootstrap(min(rounds, 3)),
        _masks_scipy(min(rounds, 3)),
        _masks_monai(min(rounds, 3)),
    ]


def _cases(n: int, models: int = 1, seed: int = 0) -> tuple[Float, Bool]:
    """(models, n) scores of 0..1 with an area of about 0.86, and labels, a fifth positive."""
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.2
    return 1 / (1 + np.exp(-(rng.normal(size=(models, n)) + 1.5 * labels))), labels


def _pair(what: str, usual: Callable[[], Any], ours: Callable[[], Any], rounds: int, apart: Callable[..., str]) -> Row:
    timed, quiet = alternate({"usual": usual, "ours": ours}, rounds=rounds)
    first, second = timed["usual"], timed["ours"]
    return Row(
        what=what,
        usual=first.median_s * 1000,
        ours=second.median_s * 1000,
        unit="ms",
        cpu_ratio=first.median_cpu_s / second.median_cpu_s if second.median_cpu_s > 0 else None,
        difference=apart(first.answer, second.answer),
        quiet=quiet,
        rounds=len(first.wall_s),
    )


def _largest(usual: Any, ours: Any) -> str:
    return f"largest {np.abs(np.asarray(usual) - np.asarray(ours)).max():.1e}"


def _rates(rounds: int) -> Row:
    scores, labels = _cases(1_000_000)

    def usual() -> Float:
        fpr, tpr, _ = roc_curve(labels, scores[0], drop_intermediate=False)
        precision, _, _ = precision_recall_curve(labels, scores[0])
        return np.stack([tpr[1:], fpr[1:], precision[:-1][::-1]])

    def ours() -> Float:
        rates = rates_of(sweep(scores[0], labels))
        return np.stack([rates["sensitivity"][1:], 1 - rates["specificity"][1:], rates["ppv"][1:]])

    return _pair("counts and rates at all thresholds, 1,000,000 cases: scikit-learn", usual, ours, rounds, _largest)


def _move(rounds: int) -> Row:
    scores, labels = _cases(1_000_000)
    table = sweep(scores[0], labels)
    at = np.random.default_rng(1).random(100)

    def usual() -> list[int]:
        return [count_at(scores[0], labels, t).tp for t in at]

    def ours() -> list[int]:
        return [table.at(t).tp for t in at]

    return _pair("100 moves of the threshold, 1,000,000 cases: counting anew", usual, ours, rounds, _largest)


def _delong_loop(rounds: int) -> Row:
    scores, labels = _cases(100_000, models=5)
    return _pair(
        "DeLong with covariance, 5 models, 100,000 cases: loop over midranks",
        lambda: _covariance_by_midranks(scores, labels),
        lambda: delong(scores, labels).covariance,
        min(rounds, 3),
        _largest,
    )


def _delong_pairs() -> Row:
    scores, labels = _cases(100_000, models=5)
    return _pair(
        "the same: all pairs",
        lambda: _covariance_by_pairs(scores, labels),
        lambda: delong(scores, labels).covariance,
        1,  # 8,000,000,000 pairs
        _largest,
    )


def _bootstrap(rounds: int) -> Row:
    scores, labels = _cases(1_000)

    def usual() -> Float:
        rng, (positive, negative) = np.random.default_rng(0), (np.flatnonzero(labels), np.flatnonzero(~labels))
        found = []
        for _ in range(RESAMPLES):
            drawn = np.concatenate([rng.choice(positive, len(positive)), rng.choice(negative, len(negative))])
            found.append(roc_auc_score(labels[drawn], scores[0][drawn]))
        return np.percentile(found, [2.5, 97.5])

    def ours() -> list[float | None]:
        found = Resampler(labels, resamples=RESAMPLES).estimate(AucFigure(scores[0], labels), "percentile")
        return [found.lo, found.hi]

    what = f"{RESAMPLES:,}-fold bootstrap of the AUC, 1,000 cases: loop over roc_auc_score"
    return _pair(what, usual, ours, rounds, lambda a, b: f"{_largest(a, np.array(b, float))} (other draws)")


def _masks_scipy(rounds: int) -> Row:
    reference, prediction = _masks()

    def usual() -> list[float]:
        overlap = 2 * (reference & prediction).sum() / (reference.sum() + prediction.sum())
        surfaces = [mask & ~binary_erosion(mask) for mask in (reference, prediction)]
        maps = [distance_transform_edt(~surface, sampling=SPACING) for surface in surfaces]
        there, back = maps[1][surfaces[0]], maps[0][surfaces[1]]
        within = (there <= TOLERANCE_MM).sum() + (back <= TOLERANCE_MM).sum()
        return [overlap, max(np.percentile(there, 95), np.percentile(back, 95)), within / (len(there) + len(back))]

    what = "Dice, HD95 and NSD of one 240x240x155 case: SciPy over the whole volume"
    return _pair(what, usual, lambda: _three_figures(reference, prediction), rounds, _largest)


def _masks_monai(rounds: int) -> Row:
    import torch
    from monai.metrics import compute_dice, compute_hausdorff_distance, compute_surface_dice

    reference, prediction = _masks()
    both = [torch.from_numpy(np.stack([~mask, mask]).astype(np.float32))[None] for mask in (prediction, reference)]

    def usual() -> list[float]:
        y_pred, y = both
        return [
            float(compute_dice(y_pred, y, include_background=False)),
            float(compute_hausdorff_distance(y_pred, y, percentile=95, spacing=SPACING)),
            float(compute_surface_dice(y_pred, y, [TOLERANCE_MM], spacing=SPACING)),
        ]

    return _pair("the same: MONAI", usual, lambda: _three_figures(reference, prediction), rounds, _largest)


def _three_figures(reference: Bool, prediction: Bool) -> list[float | None]:
    found = compare_masks(reference, prediction, SPACING, tolerances_mm=(TOLERANCE_MM,))
    return [found.dice, found.hd95_mm, found.nsd[TOLERANCE_MM]]


def _masks() -> tuple[Bool, Bool]:
    """Two knobbly balls of about 110 mL that overlap for the most part."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in HEAD), indexing="ij"))
    made = []
    for shift, radius in ((0, 30.4), (2, 29.2)):
        away = grid - np.array([120 + shift, 110, 80]).reshape(3, 1, 1, 1)
        knobs = 2.5 * np.sin(grid[0] / 4) * np.sin(grid[1] / 5) * np.sin(grid[2] / 3)
        made.append(np.sqrt((away**2).sum(0)) + knobs < radius)
    return made[0], made[1]


def _covariance_by_midranks(scores: Float, labels: Bool) -> Float:
    """The widely copied form of Sun and Xu's method: midranks by a loop, one model after the other."""
    v10, v01 = [], []
    for row in scores:
        x, w = row[labels], row[~labels]
        both = np.concatenate([x, w])
        ranks, within_x, within_w = _midranks(both), _midranks(x), _midranks(w)
        v10.append((ranks[: len(x)] - within_x) / len(w))
        v01.append(1 - (ranks[len(x) :] - within_w) / len(x))
    return np.cov(v10) / labels.sum() + np.cov(v01) / (~labels).sum()


def _midranks(values: Float) -> Float:
    order = np.argsort(values)
    ranked = values[order]
    midranks, n, i = np.zeros(len(values)), len(values), 0
    while i < n:
        j = i
        while j < n and ranked[j] == ranked[i]:
            j += 1
        midranks[i:j] = 0.5 * (i + j - 1) + 1
        i = j
    out = np.empty(n)
    out[order] = midranks
    return out


def _covariance_by_pairs(scores: Float, labels: Bool) -> Float:
    v10, v01 = [], []
    for row in scores:
        x, w = row[labels], row[~labels][None]
        above, below = [], np.zeros(w.shape[1])
        for part in np.array_split(x[:, None], max(1, len(x) // PAIR_ROWS)):
            psi = (part > w) + 0.5 * (part == w)
            above.append(psi.mean(1))
            below += psi.sum(0)
        v10.append(np.concatenate(above))
        v01.append(below / len(x))
    return np.cov(v10) / labels.sum() + np.cov(v01) / (~labels).sum()
