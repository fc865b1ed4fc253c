"""Pure statistics: scores, labels and masks in; figures with k, n and intervals out. No torch, no file names."""

from __future__ import annotations

from core.metrics.cohort import Cohort, Missing, Note, Resolved, few_cases, in_unit_range, resolve_missing
from core.metrics.counts import Counts, count_at, figures, is_positive
from core.metrics.curves import auc
from core.metrics.intervals import (
    Estimate,
    clopper_pearson,
    clopper_pearson_lower,
    koopman_ratio,
    newcombe_j,
    wilson,
    wilson_limits,
)
from core.metrics.operating_points import (
    Guarantee,
    OperatingPoint,
    Rule,
    default_points,
    guaranteed_sensitivity,
    guaranteed_specificity,
    youden,
)
from core.metrics.segmentation import dice, volume_ml
from core.metrics.sweep import Sweep, corners, rate_table, sweep

__all__ = [
    "Cohort",
    "Counts",
    "Estimate",
    "Guarantee",
    "Missing",
    "Note",
    "OperatingPoint",
    "Resolved",
    "Rule",
    "Sweep",
    "auc",
    "clopper_pearson",
    "clopper_pearson_lower",
    "corners",
    "count_at",
    "default_points",
    "dice",
    "few_cases",
    "figures",
    "guaranteed_sensitivity",
    "guaranteed_specificity",
    "in_unit_range",
    "is_positive",
    "koopman_ratio",
    "newcombe_j",
    "rate_table",
    "resolve_missing",
    "sweep",
    "volume_ml",
    "wilson",
    "wilson_limits",
    "youden",
]
