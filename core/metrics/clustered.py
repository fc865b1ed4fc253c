"""Figures where one patient brings several images: the patient is the unit of chance, not the image.

Owns Obuchowski's covariance of areas and Wilson's interval on an effective number of images, for one
proportion and for all thresholds at once. Everything else is resampled by patient in `bootstrap`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.cohort import codes_of
from core.metrics.counts import BoolArray, FloatArray, IntArray, checked
from core.metrics.delong import Areas, placements
from core.metrics.intervals import Estimate, wilson_limits
from core.metrics.sweep import plain_rates

CLUSTER_FLOOR = 2
"""A variance between patients needs two of them."""


def cluster_proportion(right: ArrayLike, clusters: ArrayLike) -> Estimate:
    """Share of images that are right, with Wilson's interval on the effective number of images.

    Parameters
    ----------
    right : (n_images,) bool. clusters : (n_images,) patients.

    Returns
    -------
    k and n count images; se is the root of the variance between patients; None with reason `no_cases`,
    or without interval, reason `few_patients`, where all images are of one patient.

    References
    ----------
    Rao and Scott 1992; the evaluation page, section 4.
    """
    hit = np.asarray(right, bool).ravel()
    if not len(hit):
        return Estimate(None, None, None, None, 0, 0, "no_cases")
    codes = codes_of(clusters)
    x, n = np.bincount(codes, hit).astype(np.int64), np.bincount(codes)
    k, images, patients = int(hit.sum()), len(hit), len(n)
    p = k / images
    if patients < CLUSTER_FLOOR:
        return Estimate(p, None, None, None, k, images, "few_patients")
    # Whole numbers until the square: equal shares in every patient must give exactly 0.
    gaps = (x * images - k * n) / images
    variance = patients / (patients - 1) * float((gaps**2).sum()) / images**2
    effective = effective_n(np.array(p), np.array(float(images)), np.array(variance), np.array(float(patients)))
    low, high = wilson_limits(p * effective, effective)
    return Estimate(p, float(low), float(high), "wilson_cluster", k, images, se=float(np.sqrt(variance)))


def effective_n(p: FloatArray, images: FloatArray, variance: FloatArray, patients: FloatArray) -> FloatArray:
    """How many independent images would vary as much: p(1 - p)/v, at most all of them, and the patients where v = 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        independent = np.minimum(images, p * (1 - p) / variance)
    n: FloatArray = np.where(variance > 0, independent, patients)
    return n


def obuchowski(scores: ArrayLike, labels: ArrayLike, clusters: ArrayLike) -> Areas:
    """The areas and their covariance where images of one patient go together.

    Parameters
    ----------
    scores : (models, n_images), or (n_images,). labels, clusters : (n_images,). One image a patient gives DeLong.

    Raises
    ------
    ValueError : fewer than two patients have a positive, or a negative.

    References
    ----------
    Obuchowski 1997, with the covariance of the evaluation page, section 4.
    """
    table = np.atleast_2d(np.asarray(scores, np.float64))
    _, positive = checked(table[0], labels)
    codes = codes_of(clusters)
    patients = int(codes.max()) + 1 if len(codes) else 0
    v10, v01 = placements(table, labels)
    areas = v10.mean(axis=1) if v10.shape[1] and v01.shape[1] else np.full(len(table), np.nan)
    with_positive, with_negative = (len(np.unique(codes[side])) for side in (positive, ~positive))
    if min(with_positive, with_negative) < CLUSTER_FLOOR:
        raise ValueError("two patients with a positive and two with a negative are needed")
    e1 = np.stack([np.bincount(codes[positive], v - a, patients) for v, a in zip(v10, areas, strict=True)])
    e0 = np.stack([np.bincount(codes[~positive], v - a, patients) for v, a in zip(v01, areas, strict=True)])
    p, n = int(positive.sum()), int((~positive).sum())
    cross = e1 @ e0.T
    covariance = (
        with_positive / ((with_positive - 1) * p**2) * (e1 @ e1.T)
        + with_negative / ((with_negative - 1) * n**2) * (e0 @ e0.T)
        + patients / ((patients - 1) * p * n) * (cross + cross.T)
    )
    return Areas(areas, covariance, "obuchowski")


def clustered_rate_table(scores: ArrayLike, labels: ArrayLike, clusters: ArrayLike) -> dict[str, FloatArray]:
    """The columns of `core.metrics.sweep.rate_table` with pointwise intervals by patient; rows as `sweep`.

    Each interval is that of `cluster_proportion` at that threshold; it holds there, not everywhere at once.
    """
    score, positive = checked(scores, labels)
    codes = codes_of(clusters)
    order = np.argsort(-score, kind="stable")
    ends = _ends(score[order])
    called = _sums(order, ends, codes, positive)
    spared_order = order[::-1]
    spared_ends = _ends(score[spared_order])
    spared = _flip(_sums(spared_order, spared_ends, codes, ~positive))
    found, false = _class_sums(order, ends, codes, positive), _class_sums(order, ends, codes, ~positive)
    p, n = float(positive.sum()), float((~positive).sum())
    tp, fp = called["x"], called["n"] - called["x"]
    keep = slice(1, None) if len(score) and score.max() == np.inf else slice(None)
    rates: dict[str, FloatArray] = {}
    low, high, share = _limits(found)
    rates |= {"sensitivity": share, "sensitivity_lo": low, "sensitivity_hi": high}
    low, high, share = _limits(false)
    rates |= {"specificity": 1 - share, "specificity_lo": 1 - high, "specificity_hi": 1 - low}
    for name, sums in (("ppv", called), ("npv", spared)):
        low, high, share = _limits(sums)
        rates |= {name: share, f"{name}_lo": low, f"{name}_hi": high}
    rates |= plain_rates(tp, fp, p - tp, n - fp)
    return {name: column[keep] for name, column in rates.items()}


def _ends(ranked: FloatArray) -> IntArray:
    """The last place of each distinct score of a ranking; compared, since infinities have no difference."""
    return np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)


def _sums(order: IntArray, ends: IntArray, codes: IntArray, right: BoolArray) -> dict[str, FloatArray]:
    """Sums over patients of x, n, x*x, x*n, n*n and the patients met, as cases join in `order`; (m + 1,).

    x counts a patient's right images among those that joined, n all of them. Each case adds what it changes, so
    one pass gives every threshold.
    """
    hit, owner = right[order], codes[order]
    everyone = np.ones(len(order), bool)
    n_before, x_before = _earlier(owner, everyone), _earlier(owner, hit)
    steps = {
        "x": hit, "n": everyone, "xx": hit * (2 * x_before + 1), "nn": 2 * n_before + 1,
        "xn": x_before + hit * (n_before + 1), "patients": n_before == 0,
    }  # fmt: skip
    return {name: np.concatenate([[0.0], np.cumsum(step, dtype=np.float64)[ends]]) for name, step in steps.items()}


def _earlier(owner: IntArray, marked: BoolArray) -> IntArray:
    """For each case the number of marked cases of its owner that stand before it."""
    grouped = np.argsort(owner, kind="stable")
    running: IntArray = np.cumsum(marked[grouped]) - marked[grouped]
    firsts = np.flatnonzero(np.concatenate([[True], np.diff(owner[grouped]) != 0]))
    sizes = np.diff(np.append(firsts, len(owner)))
    before = np.empty(len(owner), np.int64)
    before[grouped] = running - np.repeat(running[firsts], sizes)
    return before


def _class_sums(order: IntArray, ends: IntArray, codes: IntArray, among: BoolArray) -> dict[str, FloatArray]:
    """As `_sums`, with every image of a class in the denominator from the start; x counts those called so far."""
    sizes = np.bincount(codes[among], minlength=int(codes.max()) + 1)
    hit, owner = among[order], codes[order]
    steps = {"x": hit, "xx": hit * (2 * _earlier(owner, hit) + 1), "xn": hit * sizes[owner]}
    sums = {name: np.concatenate([[0.0], np.cumsum(step, dtype=np.float64)[ends]]) for name, step in steps.items()}
    fixed = {"n": float(sizes.sum()), "nn": float((sizes**2).sum()), "patients": float((sizes > 0).sum())}
    return sums | {name: np.full(len(ends) + 1, number) for name, number in fixed.items()}


def _flip(sums: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """From 'nobody joined' at the lowest score to 'nobody called' at the highest: rows as the sweep has them."""
    return {name: column[::-1] for name, column in sums.items()}


def _limits(sums: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Wilson's limits on the effective n, and the share itself; NaN without images, no limits with one patient."""
    n, patients = sums["n"], sums["patients"]
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(n > 0, sums["x"] / n, np.nan)
        spread = np.maximum(sums["xx"] - 2 * p * sums["xn"] + p * p * sums["nn"], 0.0)
        # What is left of three sums of squares that cancel is rounding, not variance.
        spread[spread < 1e-12 * np.maximum(sums["nn"], 1.0)] = 0.0
        variance = np.where(patients > 1, patients / (patients - 1) * spread / n**2, np.nan)
    size = np.where(np.isnan(variance), np.nan, effective_n(p, n, variance, patients))
    low, high = wilson_limits(p * size, size)
    return low, high, p
