"""What the threshold instrument draws: every threshold with counts, rates and limits, and the pictures' own data.

Owns the form in which a sweep travels to a browser: once, packed, with every rate in tenths of a percent, which is
how it is shown. The figures are `core.metrics`'; nothing that the browser prints with an interval is computed there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.band import Band, simultaneous_band
from core.metrics.calibration import Calibration, calibrate
from core.metrics.cohort import Cohort
from core.metrics.curves import auc, average_precision
from core.metrics.decision import NetBenefit, NetBenefitFigure, net_benefit
from core.metrics.intervals import Estimate
from core.metrics.rules import Chosen
from core.metrics.sweep import Sweep
from core.metrics.sweep import sweep as sweep_scores
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Method
from core.workflows.sweep import rates_of

WHOLE_TABLE = 20_000
"""Up to this many thresholds all of them travel: about 1 MB."""

THINNED_ROWS = 5_000
"""Beyond, this many at even ranks, and those that a rule chose: more than a screen has pixels."""

HISTOGRAM_BINS = 50

DECISION_CASES = 10_000
"""Up to this many cases the decision curve's interval is resampled while a page waits: a second or two."""

UNDEFINED = 65_535
"""Stands for a rate without a denominator among tenths of a percent."""

RATES = ("sensitivity", "specificity", "ppv", "npv")

NOT_PROBABILITIES = "These scores are not all between 0 and 1, so this is left empty."
ONE_CLASS = "A curve needs both kinds of cases."


@dataclass(frozen=True, slots=True)
class Instrument:
    """The data of the browser's instrument, JSON-ready, and what the page says beside it.

    complete : every threshold is in it; otherwise it stops at some of them.
    """

    data: dict[str, Any]
    complete: bool
    distinct: int


def instrument(
    file: CohortFile,
    model: str,
    method: Method,
    *,
    chosen: Sequence[Chosen] = (),
    referred: tuple[float, float] | None = None,
    referred_text: str = "",
    decision: Sequence[Estimate] | None = None,
    stops: Sequence[float] = (),
) -> Instrument:
    """Everything the instrument draws for one model's scores.

    Parameters
    ----------
    chosen : answers of rules; at their own thresholds their promise is shown. referred : low and high of an
    abstain band to shade; referred_text : what it promises, shown at both. decision : the decision curve's interval
    at each probability, of `decision_interval`. stops : thresholds to stop at though no case need have such a score.
    """
    cohort = file.cohort
    scores, labels, clusters = cohort.scores[model], cohort.labels, method.clusters(cohort)
    table = sweep_scores(scores, labels)
    own = [*(point.threshold for point in chosen if point.threshold is not None), *(referred or ())]
    rows, complete = _rows(table, own)
    offered, rows = _with_stops(table, rows, stops)
    band = simultaneous_band(cohort.positives, cohort.negatives, repeated_patients=clusters is not None)
    packed = _packed(table, offered, rows, rates_of(cohort, model, method, table), band)
    both = bool(cohort.positives and cohort.negatives)
    unit_range = model in file.calibrated and cohort.n > 0
    calibration = calibrate(scores, labels) if unit_range else None
    worth = net_benefit(scores, labels) if unit_range else None
    area = auc(scores, labels, clusters=clusters, interval=method.auc_interval)
    low, high = _ends(scores)
    held = {
        "table": packed,
        "band": band.reason is None,
        "no_band": NO_BAND.get(band.reason or "", ""),
        "scores": {"low": low, "high": high},
        "histogram": _histogram(cohort, model, low, high),
        "calibration": _bins(calibration),
        "decision": _decision(worth, decision or ()),
        "prevalence": cohort.prevalence,
        "missing": _missing(both=both, unit_range=unit_range),
        "legends": _legends(cohort, model, area, band, calibration, clusters is not None)
        | {"decision": _decision_lines(calibration, decision, cohort.n)},
    }
    rev = hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]
    drawing = {"referred": None if referred is None else {"low": referred[0], "high": referred[1]}}
    promises = [{"threshold": exact_text(p.threshold), "text": p.text} for p in chosen if p.threshold is not None]
    promises += [{"threshold": exact_text(end), "text": referred_text} for end in referred or () if referred_text]
    data = {**held, **drawing, "promises": promises, "rev": rev, "drawing": json.dumps(drawing)}
    return Instrument(data, complete, len(table.thresholds) - 1)


def decision_interval(file: CohortFile, model: str, method: Method) -> list[Estimate] | None:
    """The net benefit and its resampled interval at each probability of the decision curve.

    Returns
    -------
    None where there is no curve, or more than `DECISION_CASES` cases: `sweep_document` has it then.
    """
    cohort = file.cohort
    if model not in file.calibrated or not (cohort.positives and cohort.negatives) or cohort.n > DECISION_CASES:
        return None
    return method.resampler(cohort).estimates(NetBenefitFigure(cohort.scores[model], cohort.labels))


NO_BAND = {
    "repeated_patients": "Patients repeat, so there is no band for every cut-off at once: "
    "intervals hold at one cut-off, with patients as the unit.",
    "single_class": "Only one class is here, so nothing is promised.",
}
"""What stands in place of the promise, by the reason for which the band is not there."""


def tenths(share: float) -> int:
    """A share in tenths of a percent, as it is shown on screen."""
    return round(1000 * share)


def percent_text(share: float | None) -> str:
    """A share as the screen shows it, e.g. '96.0 %'."""
    return "–" if share is None else f"{tenths(share) / 10:.1f} %"


def interval_text(estimate: Estimate) -> str:
    """The ends of an interval in percent, e.g. '94.5–97.1'; empty where there is none."""
    if estimate.lo is None or estimate.hi is None:
        return ""
    return f"{tenths(estimate.lo) / 10:.1f}–{tenths(estimate.hi) / 10:.1f}"


def exact_text(threshold: float | None) -> str:
    """The shortest text that reads back to the same number; empty for none."""
    if threshold is None or not math.isfinite(threshold):
        return "" if threshold is None else ("inf" if threshold > 0 else "-inf")
    return repr(float(threshold))


def _missing(*, both: bool, unit_range: bool) -> dict[str, list[str]]:
    """Why a picture is not drawn."""
    why = {} if both else {name: [ONE_CLASS] for name in ("roc", "pr", "decision")}
    return why if unit_range else why | {name: [NOT_PROBABILITIES] for name in ("calibration", "decision")}


def _rows(table: Sweep, keep: Sequence[float]) -> tuple[NDArray[np.int64], bool]:
    count = len(table.thresholds)
    if count - 1 <= WHOLE_TABLE:
        return np.arange(count), True
    even = np.linspace(0, count - 1, THINNED_ROWS).round().astype(np.int64)
    own = np.array([table.index_of(threshold) for threshold in keep], np.int64)
    return np.union1d(even, own), False


def _with_stops(
    table: Sweep, rows: NDArray[np.int64], stops: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The thresholds to offer, falling, and the row of the sweep that each one calls like."""
    offered = table.thresholds[rows]
    more = np.setdiff1d(np.array(stops, np.float64), offered)
    joined = np.concatenate([offered, more])
    order = np.argsort(-joined, kind="stable")
    like = np.concatenate([rows, np.array([table.index_of(float(stop)) for stop in more], np.int64)])
    return joined[order], like[order]


def _packed(
    table: Sweep,
    offered: NDArray[np.float64],
    rows: NDArray[np.int64],
    rates: dict[str, NDArray[np.float64]],
    band: Band,
) -> dict[str, Any]:
    columns = {name + end: _tenths(rates[name + end][rows]) for name in RATES for end in ("", "_lo", "_hi")}
    tp, fp = table.tp[rows], table.fp[rows]
    sides = {
        "sensitivity": (tp, table.positives, band.sensitivity_distance),
        "specificity": (table.negatives - fp, table.negatives, band.specificity_distance),
    }
    for name, (k, n, distance) in sides.items():
        if distance is not None and band.reason is None:
            low, high = np.clip(k / n - distance, 0, 1), np.clip(k / n + distance, 0, 1)
            columns[f"band_{name}_lo"] = np.floor(1000 * low + 1e-9).astype("<u2")
            columns[f"band_{name}_hi"] = np.ceil(1000 * high - 1e-9).astype("<u2")
    return {
        "thresholds": _base64(offered.astype("<f8")),
        "tp": _base64(tp.astype("<i4")),
        "fp": _base64(fp.astype("<i4")),
        "rates": {name: _base64(column) for name, column in columns.items()},
        "positives": table.positives,
        "negatives": table.negatives,
    }


def _tenths(shares: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.where(np.isnan(shares), UNDEFINED, np.round(1000 * np.nan_to_num(shares))).astype("<u2")


def _base64(column: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(column).tobytes()).decode()


def _ends(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Of the score axis: 0 to 1 where scores are such, else what is there; infinities stand for missing scores."""
    held = scores[np.isfinite(scores)]
    if not len(held) or (held.min() >= 0 and held.max() <= 1):
        return 0.0, 1.0
    low, high = float(held.min()), float(held.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _histogram(cohort: Cohort, model: str, low: float, high: float) -> dict[str, list[float]]:
    scores = cohort.scores[model]
    made: dict[str, list[float]] = {}
    edges = np.linspace(low, high, HISTOGRAM_BINS + 1)
    for name, side in (("positives", cohort.labels), ("negatives", ~cohort.labels)):
        counts, _ = np.histogram(scores[side & np.isfinite(scores)], edges)
        made[name] = [round(float(c) / max(int(side.sum()), 1), 6) for c in counts]
    return {"edges": [float(edge) for edge in edges], **made}


def _bins(calibration: Calibration | None) -> list[dict[str, float | None]]:
    if calibration is None:
        return []
    return [
        {"mean": b.mean_score, "observed": b.observed.value, "lo": b.observed.lo, "hi": b.observed.hi}
        for b in calibration.bins
    ]


def _decision(worth: NetBenefit | None, interval: Sequence[Estimate]) -> dict[str, list[float]] | None:
    if worth is None:
        return None
    drawn = {"probability": worth.probability.tolist(), "model": worth.model.tolist(), "all": worth.treat_all.tolist()}
    ends = [(one.lo, one.hi) for one in interval if one.lo is not None and one.hi is not None]
    if len(ends) == len(worth.probability):
        drawn |= {"lo": [low for low, _ in ends], "hi": [high for _, high in ends]}
    return drawn


def _legends(
    cohort: Cohort, model: str, area: Estimate, band: Band, calibration: Calibration | None, clustered: bool
) -> dict[str, list[str]]:
    """The lines beside each picture; together they are also its description to a screen reader."""
    precision = average_precision(cohort.scores[model], cohort.labels)
    units = "patients as units" if clustered else "Wilson"
    shaded = (
        "Shaded: 95 % band for every cut-off at once."
        if band.reason is None
        else "Shaded: 95 % intervals at one cut-off each, patients as units (pointwise)."
    )
    prevalence = cohort.prevalence or 0.0
    return {
        "roc": [
            f"AUC {decimals(area)}",
            f"{cohort.positives:,} with, {cohort.negatives:,} without the finding",
            shaded,
        ],
        "pr": [
            f"Average precision {'–' if precision is None else f'{precision:.3f}'}",
            f"Dashed: prevalence {percent_text(prevalence)}",
            f"Shaded: 95 % of PPV at one cut-off each ({units}).",
        ],
        "rates": ["— sensitivity", "-- specificity", f"shaded: 95 %, pointwise ({units})"],
        "scores": [f"up: {cohort.positives:,} with the finding", f"down: {cohort.negatives:,} without"],
        "calibration": _calibration_lines(calibration),
    }


def _decision_lines(calibration: Calibration | None, interval: Sequence[Estimate] | None, cases: int) -> list[str]:
    return [
        "— this score",
        "-- treat everybody",
        "level: treat nobody",
        *_shaded(interval, cases),
        *_poorly(calibration),
    ]


def _shaded(interval: Sequence[Estimate] | None, cases: int) -> list[str]:
    """What the interval of the decision curve is, or why it is not drawn."""
    if interval:
        drawn = interval[0].lo is not None
        return ["Shaded: 95 %, pointwise (bootstrap)." if drawn else "No interval: fewer than ten of a class."]
    return [f"No interval above {DECISION_CASES:,} cases here: sweep.json."] if cases > DECISION_CASES else []


def _poorly(calibration: Calibration | None) -> list[str]:
    """Said on the decision curve: its axis takes the score for a probability."""
    if calibration is None or (_holds(calibration.slope, 1.0) and _holds(calibration.intercept, 0.0)):
        return []
    return ["Calibration is off: read with care."]


def _holds(estimate: Estimate, value: float) -> bool:
    return estimate.lo is None or estimate.hi is None or estimate.lo <= value <= estimate.hi


def _calibration_lines(calibration: Calibration | None) -> list[str]:
    if calibration is None:
        return []
    return [
        "10 equal-mass bins, 95 % Wilson.",
        f"Slope {decimals(calibration.slope, 2)}",
        f"Intercept {decimals(calibration.intercept, 2)}",
        f"Expected error {calibration.ece:.3f}, biased upward in small cohorts.",
    ]


def decimals(estimate: Estimate, digits: int = 3) -> str:
    """A figure with its interval as text; why there is none where it is undefined."""
    if estimate.value is None:
        return f"– ({(estimate.reason or 'undefined').replace('_', ' ')})"
    if estimate.lo is None or estimate.hi is None:
        return f"{estimate.value:.{digits}f}"
    between = "–" if estimate.lo >= 0 else " to "
    return f"{estimate.value:.{digits}f} ({estimate.lo:.{digits}f}{between}{estimate.hi:.{digits}f})"
