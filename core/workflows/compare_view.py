"""A comparison as its page shows it: curves to overlay, rows, sentences without a winner, and where models disagree.

Owns words, order and which points are drawn. Every figure is `core.metrics`' or the comparison document's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics.band import roc_band, simultaneous_band
from core.metrics.calibration import reliability_bins
from core.metrics.cohort import Cohort
from core.metrics.counts import is_positive
from core.metrics.intervals import Estimate
from core.metrics.sweep import corners, sweep
from core.workflows.cases import table_csv
from core.workflows.cohort_file import CohortFile
from core.workflows.compare import LOWER_IS_BETTER
from core.workflows.documents import Document, Method
from core.workflows.instrument import decimals, interval_text, percent_text
from core.workflows.mask_comparison import MASK_LOWER_IS_BETTER
from core.workflows.sweep import rates_of
from core.workflows.sweep_point import threshold_text
from core.workflows.sweep_view import UNDEFINED
from core.workflows.thresholds import RuleAsked, choose

METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "accuracy": "accuracy",
}
"""A figure's name as words; the last three need thresholds."""

MASK_METRIC_NAMES = {
    "dice": "mean Dice",
    "hd95_mm": "median HD95 (mm)",
    "nsd_1mm": "mean NSD at 1 mm",
    "nsd_2mm": "mean NSD at 2 mm",
    "absolute_volume_error_ml": "mean volume error without its sign (mL)",
}
"""The same for masks, each of the differences case by case."""

METRIC_NAMES = METRICS | MASK_METRIC_NAMES
_LOWER = LOWER_IS_BETTER | MASK_LOWER_IS_BETTER

GRID = 400
"""Points of a band closer than this share of the axes are drawn once: a picture is no wider."""

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ModelCurves:
    """What is drawn of one model; points as (x, y).

    roc : 1 - specificity against sensitivity, without points on straight lines. roc_band : a closed outline.
    precision : recall against precision, as steps. calibration : (mean score, observed, lo, hi); None for scores that
    are no probabilities.
    """

    model: str
    roc: Points
    roc_band: Points
    precision: Points
    precision_band: Points
    calibration: list[tuple[float, float, float, float]] | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A case that one of two models calls rightly and the other wrongly."""

    id: str
    positive: bool
    score_a: float
    score_b: float
    a_right: bool


def with_mean(file: CohortFile, models: Sequence[str], name: str) -> CohortFile:
    """The cohort with one more column: the mean of these models' probabilities, an ensemble made on the spot.

    Raises
    ------
    ValueError : a model's scores are no probabilities, or the name is taken.
    """
    if name in file.cohort.scores or len(models) < 2 or not set(models) <= file.calibrated:
        raise ValueError("a mean is of two or more columns of probabilities, under a name of its own")
    mean = np.mean([file.cohort.scores[model] for model in models], axis=0)
    cohort = replace(file.cohort, scores={**file.cohort.scores, name: mean})
    return replace(file, cohort=cohort, holes={**file.holes, name: 0}, calibrated=file.calibrated | {name})


def model_curves(file: CohortFile, model: str, method: Method) -> ModelCurves:
    """The curves of one model with their bands: simultaneous for ROC, pointwise where patients repeat."""
    cohort = file.cohort
    table = sweep(cohort.scores[model], cohort.labels)
    rates = rates_of(cohort, model, method, table)
    kept = corners(table)
    both = bool(table.positives and table.negatives)
    roc = _points(table.fp[kept] / table.negatives, table.tp[kept] / table.positives) if both else []
    recall, precision = (table.tp / max(table.positives, 1))[1:], rates["ppv"][1:]
    bins = None
    if model in file.calibrated and cohort.n:
        bins = [
            (b.mean_score, b.observed.value or 0.0, b.observed.lo or 0.0, b.observed.hi or 0.0)
            for b in reliability_bins(cohort.scores[model], cohort.labels)
        ]
    ends = (rates["ppv_lo"][1:], rates["ppv_hi"][1:])
    return ModelCurves(
        model=model,
        roc=roc,
        roc_band=_roc_outline(file, model, method, rates) if both else [],
        precision=_steps_before(recall, precision) if both else [],
        precision_band=_steps_before(recall, ends[1]) + _steps_before(recall, ends[0])[::-1] if both else [],
        calibration=bins,
    )


def band_words(file: CohortFile, method: Method) -> str:
    """What the shaded areas are."""
    if method.clusters(file.cohort) is not None:
        return "Shaded: 95 % intervals at one cut-off each, patients as units (pointwise)."
    return "Shaded: ROC, 95 % band for every cut-off at once; precision, 95 % at one cut-off each (Wilson)."


def without_cutoff(file: CohortFile, method: Method, asked: RuleAsked) -> list[str]:
    """Why the rule gives some models no cut-off here, a sentence each."""
    said = []
    for model in file.models:
        (chosen,) = choose(file.cohort, model, asked, method)
        if chosen.threshold is None:
            said.append(f"{model}: {chosen.text}")
    return said


def model_rows(document: Document, facts: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    """One row for each model. facts : size and time by model, as text."""
    rows = []
    for one in document["models"]:
        hit, clear = one["sensitivity"], one["specificity"]
        size, seconds = facts.get(one["model"], ("", ""))
        rows.append(
            [
                one["model"],
                *(decimals(_estimate(one[name])) for name in ("auc", "average_precision", "brier")),
                "–" if one["threshold"] is None else threshold_text(_threshold(one["threshold"])),
                _found(hit), _share(hit), _alarms(clear), _share(clear), size, seconds,
            ]
        )  # fmt: skip
    return rows


MODEL_HEADER = (
    "Model", "AUC", "Average precision", "Brier", "Cut-off", "Found", "Sensitivity %", "False alarms", "Specificity %",
    "Size", "Time a case",
)  # fmt: skip


def pair_sentence(pair: Document) -> str:
    """A difference in words, with its tests; an interval that holds 0 is no clear difference. Nobody wins."""
    name, found = METRIC_NAMES[pair["metric"]], pair["difference"]
    if found["value"] is None:
        return f"{pair['a']} and {pair['b']} cannot be compared by {name}: {_why(pair)}."
    said = f"{pair['a']} less {pair['b']}: {name} {found['value']:+.3f}"
    if found["lo"] is None:
        return f"{said}; no interval ({_why(pair)})."
    said += f" ({found['lo']:+.3f} to {found['hi']:+.3f})"
    if pair["p"] is not None:
        said += f", p {p_text(pair['p'])}"
        said += "" if pair["p_holm"] is None else f", after Holm {p_text(pair['p_holm'])}"
    return f"{said}: {_verdict(pair)}."


def _why(pair: Document) -> str:
    """Why a difference, or its interval, is undefined."""
    reason = str(pair["difference"]["reason"] or "undefined")
    if reason == "few_cases" and pair["metric"] in MASK_METRIC_NAMES:
        return "fewer than ten patients"
    return UNDEFINED.get(reason, reason.replace("_", " "))


def margin_sentence(pair: Document) -> str:
    """Whether the first of a pair is non-inferior to the second; empty without a margin."""
    if pair["margin"] is None:
        return ""
    verdict = "not inferior" if pair["non_inferior"] else "not shown to be non-inferior"
    return f"{pair['a']} is {verdict} to the reference {pair['b']} by a margin of {pair['margin']:g}."


def _verdict(pair: Document) -> str:
    found, p = pair["difference"], pair["p_holm"] if pair["p_holm"] is not None else pair["p"]
    if found["lo"] <= 0 <= found["hi"]:
        return "no clear difference"
    if p is not None and p > ALPHA:
        return "no clear difference once every pair is counted"
    better = (found["value"] > 0) != (pair["metric"] in _LOWER)
    return f"{pair['a'] if better else pair['b']} is {'lower' if pair['metric'] in _LOWER else 'higher'}"


ALPHA = 0.05
"""Above this an adjusted p shows no difference."""


def pair_rows(document: Document) -> list[list[str]]:
    """One row for each pair and figure; the tested figure first."""
    ordered = sorted(document["pairs"], key=lambda pair: not pair["primary"])
    return [
        [
            f"{pair['a']} − {pair['b']}", METRICS[pair["metric"]], difference_text(pair["difference"]),
            p_text(pair["p"]), p_text(pair["p_holm"]), str(pair["test"] or "").replace("_", " "),
            "tested" if pair["primary"] else "exploratory",
        ]
        for pair in ordered
    ]  # fmt: skip


PAIR_HEADER = ("Pair", "Figure", "Difference (95 %)", "p", "p, Holm", "Test", "")


def disagreements(cohort: Cohort, a: str, b: str, thresholds: tuple[float, float]) -> list[Disagreement]:
    """The cases that exactly one of two models calls rightly, the clearest first: widest apart in rank."""
    first, second = cohort.scores[a], cohort.scores[b]
    right_a = is_positive(first, thresholds[0]) == cohort.labels
    right_b = is_positive(second, thresholds[1]) == cohort.labels
    differ = np.flatnonzero(right_a != right_b)
    apart = np.abs(_ranks(first)[differ] - _ranks(second)[differ])
    return [
        Disagreement(cohort.cases[i], bool(cohort.labels[i]), float(first[i]), float(second[i]), bool(right_a[i]))
        for i in differ[np.argsort(-apart, kind="stable")]
    ]


def comparison_csv(document: Document, facts: Mapping[str, tuple[str, str]]) -> bytes:
    """comparison.csv: the models, then every pair."""
    rows: list[list[str]] = [*model_rows(document, facts), [], list(PAIR_HEADER), *pair_rows(document)]
    return table_csv(MODEL_HEADER, rows)


def p_text(value: float | None) -> str:
    """A p as it is printed."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def difference_text(found: Mapping[str, Any]) -> str:
    """A difference with its sign and its interval."""
    if found["value"] is None:
        return f"– ({str(found['reason'] or 'undefined').replace('_', ' ')})"
    if found["lo"] is None:
        return f"{found['value']:+.3f}"
    return f"{found['value']:+.3f} ({found['lo']:+.3f} to {found['hi']:+.3f})"


def _estimate(plain: Mapping[str, Any]) -> Estimate:
    return Estimate(**plain)


def _threshold(plain: float | str) -> float:
    return float(plain)


def _found(plain: Mapping[str, Any] | None) -> str:
    return "–" if plain is None or not plain["n"] else f"{plain['k']:,} of {plain['n']:,}"


def _alarms(plain: Mapping[str, Any] | None) -> str:
    return "–" if plain is None or not plain["n"] else f"{plain['n'] - plain['k']:,} of {plain['n']:,}"


def _share(plain: Mapping[str, Any] | None) -> str:
    if plain is None or plain["value"] is None:
        return "–"
    return f"{percent_text(plain['value']).removesuffix(' %')} ({interval_text(_estimate(plain))})"


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.unique(scores, return_inverse=True)[1]
    ranks: NDArray[np.float64] = order / max(int(order.max(initial=0)), 1)
    return ranks


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _steps_before(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    """Level at each point's own value back to the point before: what the average precision sums."""
    held = ~np.isnan(y)
    x, y = x[held], y[held]
    left = np.concatenate([[0.0], x[:-1]])
    made = np.column_stack([np.column_stack([left, x]).ravel(), np.repeat(y, 2)])
    return _thinned(made)


def _steps_after(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    """Each value holds from its point on."""
    right = np.concatenate([x[1:], [1.0]])
    return _thinned(np.column_stack([np.column_stack([x, right]).ravel(), np.repeat(y, 2)]))


def _thinned(points: NDArray[np.float64]) -> Points:
    """Without points that fall on the same place of the picture as the one before."""
    places = np.rint(points * GRID)
    moved = np.any(places[1:] != places[:-1], axis=1)
    kept = points[np.concatenate([[True], moved])] if len(points) else points
    return [(float(x), float(y)) for x, y in kept]


def _roc_outline(file: CohortFile, model: str, method: Method, rates: Mapping[str, NDArray[np.float64]]) -> Points:
    cohort = file.cohort
    table = sweep(cohort.scores[model], cohort.labels)
    clustered = method.clusters(cohort) is not None
    outline = roc_band(table, simultaneous_band(cohort.positives, cohort.negatives, repeated_patients=clustered))
    if outline is not None:
        upper = _steps_after(outline.fpr_upper, outline.upper)
        return upper + _steps_before(outline.fpr_lower, outline.lower)[::-1]
    upper = _steps_after(1 - rates["specificity_hi"], rates["sensitivity_hi"])
    return upper + _steps_before(1 - rates["specificity_lo"], rates["sensitivity_lo"])[::-1]
