"""A band that holds at every threshold at once: the only promise that survives looking at all of them.

Owns the distances, the limits at a threshold, and the outline to draw around the ROC curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from core.metrics.counts import Counts, FloatArray
from core.metrics.level import level
from core.metrics.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Band:
    """How far sensitivity and specificity may lie from what was seen, at all thresholds together.

    Distances are shares; None with the reason `repeated_patients` or `single_class` (of the class that is missing).
    """

    level: float
    sensitivity_distance: float | None
    specificity_distance: float | None
    reason: str | None = None


def kolmogorov_distance(cases: int, class_level: float) -> float:
    """The exact two-sided Kolmogorov quantile for this many cases; at least 1 case."""
    if cases < 1:
        raise ValueError("a distance needs a case")
    return float(scipy.stats.kstwo.ppf(class_level, cases))


def simultaneous_band(positives: int, negatives: int, *, repeated_patients: bool = False) -> Band:
    """Distances that hold with the confidence of the level for both classes and every threshold at once.

    Distribution-free; ties make it cautious. Each class takes the square root of the level, since the classes
    are independent.

    References
    ----------
    Kolmogorov's distribution, exact (Simard and L'Ecuyer 2011 in SciPy); joint regions: Campbell 1994.
    """
    if repeated_patients:
        return Band(level(), None, None, "repeated_patients")
    each = math.sqrt(level())
    first, second = (kolmogorov_distance(n, each) if n else None for n in (positives, negatives))
    return Band(level(), first, second, None if positives and negatives else "single_class")


@dataclass(frozen=True, slots=True)
class BandLimits:
    """What may be promised at a threshold found by looking: limits clipped to 0..1, None without the band."""

    sensitivity_lo: float | None
    sensitivity_hi: float | None
    specificity_lo: float | None
    specificity_hi: float | None


def band_at(counts: Counts, band: Band) -> BandLimits:
    """The band's limits where these counts were found."""
    return BandLimits(
        *_around(counts.tp, counts.positives, band.sensitivity_distance),
        *_around(counts.tn, counts.negatives, band.specificity_distance),
    )


def _around(k: int, n: int, distance: float | None) -> tuple[float | None, float | None]:
    if distance is None or not n:
        return None, None
    return max(k / n - distance, 0.0), min(k / n + distance, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class RocBand:
    """The outline of the union of all rectangles around the ROC curve, as two step lines over 1 - specificity.

    The upper line steps at its points (value from there on), the lower line holds up to its points.
    """

    fpr_upper: FloatArray
    upper: FloatArray
    fpr_lower: FloatArray
    lower: FloatArray


def roc_band(table: Sweep, band: Band) -> RocBand | None:
    """The outline to draw; (m + 1,) points a line, rising. None where the band is not defined for both classes."""
    if band.sensitivity_distance is None or band.specificity_distance is None:
        return None
    hit, false = table.tp / table.positives, table.fp / table.negatives
    up, across = band.sensitivity_distance, band.specificity_distance
    return RocBand(
        np.clip(false - across, 0, 1), np.clip(hit + up, 0, 1), np.clip(false + across, 0, 1), np.clip(hit - up, 0, 1)
    )
