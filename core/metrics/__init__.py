"""Pure statistics: counts in, figures with k, n and intervals out. No torch, no file names."""

from __future__ import annotations

from core.metrics.curves import auc
from core.metrics.intervals import Estimate, clopper_pearson, clopper_pearson_lower, wilson
from core.metrics.operating_points import (
    Guarantee,
    OperatingPoint,
    Rule,
    count_at,
    default_points,
    guaranteed_sensitivity,
    guaranteed_specificity,
    is_positive,
    youden,
)
from core.metrics.segmentation import dice, volume_ml

__all__ = [
    "Estimate",
    "Guarantee",
    "OperatingPoint",
    "Rule",
    "auc",
    "clopper_pearson",
    "clopper_pearson_lower",
    "count_at",
    "default_points",
    "dice",
    "guaranteed_sensitivity",
    "guaranteed_specificity",
    "is_positive",
    "volume_ml",
    "wilson",
    "youden",
]
