"""Which interval goes with which figure and which unit, in one place.

Owns nothing but that choice: formulas where cases are independent, the effective number of images where patients
repeat, resamples for the rest. A page, a table and the command line ask here and so cannot differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.metrics.bootstrap import Resampler
from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import in_unit_range
from core.metrics.counts import checked, count_at, figures, is_positive, undefined
from core.metrics.curves import average_precision, partial_auc, sensitivity_at_specificity
from core.metrics.intervals import Estimate
from core.metrics.resampled import (
    AveragePrecisionFigure,
    CountsFigure,
    MeanFigure,
    PartialAucFigure,
    SensitivityAtSpecificityFigure,
)
from core.metrics.sweep import sweep

BCA_FIGURES = ("f1", "mcc")
"""Skewed near their ends, so the corrected interval; balanced accuracy is a mean of two shares and is not."""

PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv", "accuracy")


def evaluate_at(
    scores: ArrayLike, labels: ArrayLike, threshold: float, *, resampler: Resampler | None = None
) -> dict[str, Estimate]:
    """Every figure of section 2 at one threshold, each with its interval.

    Parameters
    ----------
    scores, labels : (n_cases,). resampler : made of the same labels, and of the patients where they repeat;
        None leaves the figures that have no formula without interval.

    Returns
    -------
    The names of `core.metrics.counts.figures`.
    """
    score, positive = checked(scores, labels)
    made = figures(count_at(score, positive, threshold))
    clusters = None if resampler is None else resampler.clusters
    resampled = ["f1", "balanced_accuracy", "mcc"]
    if clusters is not None:
        made |= _by_patient(score, positive, threshold, clusters, made)
        resampled += ["youden_j", "lr_positive", "lr_negative"]
    for name in resampled:
        if resampler is not None and made[name].value is not None:
            kind = "bca" if name in BCA_FIGURES else "percentile"
            made[name] = resampler.estimate(CountsFigure(score, positive, threshold, name), kind)
    return made


def _by_patient(
    scores: ArrayLike, labels: ArrayLike, threshold: float, clusters: ArrayLike, plain: dict[str, Estimate]
) -> dict[str, Estimate]:
    """The proportions again, with the patient as the unit; undefined ones stay as they were."""
    positive, patients = np.asarray(labels, bool), np.asarray(clusters)
    called = is_positive(scores, threshold)
    among = {
        "sensitivity": positive, "specificity": ~positive, "ppv": called, "npv": ~called,
        "accuracy": np.ones(len(positive), bool),
    }  # fmt: skip
    right = called == positive
    defined = [name for name in PROPORTIONS if plain[name].value is not None]
    return {name: cluster_proportion(right[among[name]], patients[among[name]]) for name in defined}


def average_precision_estimate(scores: ArrayLike, labels: ArrayLike, resampler: Resampler) -> Estimate:
    """Average precision with its corrected interval, patients drawn whole where they repeat."""
    point = average_precision(scores, labels)
    if point is None:
        return undefined("single_class")
    if np.ptp(np.unique(np.asarray(scores, np.float64), return_inverse=True)[1]) == 0:
        return Estimate(point, None, None, None, reason="constant_score")
    return resampler.estimate(AveragePrecisionFigure(scores, labels), "bca")


def brier_estimate(scores: ArrayLike, labels: ArrayLike, resampler: Resampler) -> Estimate:
    """Mean squared distance of score and label with its corrected interval; None where a score is no probability."""
    if not in_unit_range(scores):
        return undefined("outside_0_1")
    score, positive = checked(scores, labels)
    if not len(score):
        return undefined("no_cases")
    return resampler.estimate(MeanFigure((score - positive) ** 2), "bca")


def partial_auc_estimate(
    scores: ArrayLike, labels: ArrayLike, resampler: Resampler, *, specificity_from: float
) -> tuple[Estimate, float | None]:
    """The partial area over high specificity with its percentile interval, and the standardised area."""
    part = partial_auc(scores, labels, specificity_from=specificity_from)
    if part is None:
        return undefined("single_class"), None
    made = resampler.estimate(PartialAucFigure(scores, labels, specificity_from, standard=False))
    return made, part.standardised


def sensitivity_at_specificity_estimate(
    scores: ArrayLike, labels: ArrayLike, resampler: Resampler, specificity: float
) -> Estimate:
    """Sensitivity at an attained specificity; its threshold is chosen again in each resample."""
    if sensitivity_at_specificity(sweep(scores, labels), specificity) is None:
        return undefined("single_class")
    return resampler.estimate(SensitivityAtSpecificityFigure(scores, labels, specificity))
