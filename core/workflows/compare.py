"""`core.compare/1`: several models on the same cases, every pair of them, figure by figure.

Owns the document: which test goes with which figure, and that one figure alone is tested and adjusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

import numpy as np

from core.metrics.bootstrap import Figure, Resampler
from core.metrics.cohort import Note
from core.metrics.curves import area_notes, auc
from core.metrics.evaluate import average_precision_estimate
from core.metrics.intervals import Estimate
from core.metrics.paired import Comparison, compare_auc, compare_right, with_holm
from core.metrics.resampled import AveragePrecisionFigure, CountsFigure, MeanFigure
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Document, Method, common, plain
from core.workflows.sweep import brier
from core.workflows.thresholds import SAME_CASES, RuleAsked, choose, choose_elsewhere, first_answered, fixed

SCHEMA = "core.compare/1"

CURVE_METRICS = ("auc", "average_precision", "brier")
RATES: tuple[Literal["sensitivity", "specificity", "accuracy"], ...] = ("sensitivity", "specificity", "accuracy")
METRICS = (*CURVE_METRICS, *RATES)
"""Figures that pairs are compared by; the last three need thresholds."""

LOWER_IS_BETTER = frozenset({"brier"})

MEAN = "mean of these"
"""What an ensemble of the compared models is called that is made on the spot."""


def compare_document(
    file: CohortFile,
    method: Method,
    *,
    thresholds: Mapping[str, float | None],
    chosen_on: str = SAME_CASES,
    primary: str = "auc",
    margin: float | None = None,
) -> Document:
    """Everything that section 11 of the evaluation page lists for a comparison.

    Parameters
    ----------
    thresholds : by model; None leaves out the figures that need one. chosen_on : where they were chosen.
    primary : the figure that is tested; the others are exploratory. margin : of non-inferiority of the first of a
    pair against the second, in the primary figure's units.

    Raises
    ------
    ValueError : no such figure, a primary figure without thresholds, or a margin that does not fit it.
    """
    _require_primary(primary, margin, thresholds)
    resampler = method.resampler(file.cohort)
    models = [_model(file, model, method, resampler, thresholds[model]) for model in file.models]
    pairs = [
        replace(pair, primary=pair.metric == primary)
        for a, b in combinations(file.models, 2)
        for pair in _pairs(file, a, b, method, resampler, (thresholds[a], thresholds[b]))
    ]
    if margin is not None:
        pairs = [pair.with_margin(margin) if pair.primary else pair for pair in pairs]
    return {
        **common(SCHEMA, file, method, _notes(file, method)),
        "chosen_on": chosen_on if any(at is not None for at in thresholds.values()) else None,
        "primary": primary,
        "models": models,
        "pairs": [pair_document(pair) for pair in with_holm(pairs)],
    }


def thresholds_for(
    file: CohortFile, method: Method, asked: RuleAsked, chosen_on: CohortFile | None
) -> dict[str, float | None]:
    """Each model's own threshold by one rule; None where the cohort cannot give one."""
    found: dict[str, float | None] = {}
    for model in file.models:
        if chosen_on is None:
            answers = choose(file.cohort, model, asked, method)
        else:
            answers = choose_elsewhere(chosen_on, file.cohort, model, asked, method)
        answered = first_answered(answers)
        found[model] = None if answered is None else answered.threshold
    return found


def _require_primary(primary: str, margin: float | None, thresholds: Mapping[str, float | None]) -> None:
    if primary not in METRICS:
        raise ValueError(f"There is no figure {primary}. The figures are: {', '.join(METRICS)}.")
    if primary in RATES and all(at is None for at in thresholds.values()):
        raise ValueError(f"Comparing by {primary} needs thresholds: name them, or a rule that chooses them.")
    if margin is not None and not margin > 0:
        raise ValueError("A margin of non-inferiority is above 0, in the figure's units.")
    if margin is not None and primary in LOWER_IS_BETTER:
        raise ValueError(f"Non-inferiority is for figures that are better when higher; {primary} is not.")


def _notes(file: CohortFile, method: Method) -> list[Note]:
    """What must be known of any model's area, with the model's name."""
    cohort, found = file.cohort, []
    for model in file.models:
        area = auc(cohort.scores[model], cohort.labels, clusters=method.clusters(cohort))
        found += [Note(note.code, f"{model}: {note.text}") for note in area_notes(area)]
    return found


def _model(file: CohortFile, model: str, method: Method, resampler: Resampler, threshold: float | None) -> Document:
    cohort = file.cohort
    scores, labels = cohort.scores[model], cohort.labels
    at = None if threshold is None else fixed(threshold, cohort, model, method, SAME_CASES)
    return {
        "model": model,
        "auc": plain(auc(scores, labels, clusters=method.clusters(cohort), interval=method.auc_interval)),
        "average_precision": plain(average_precision_estimate(scores, labels, resampler)),
        "brier": plain(brier(file, model, resampler)),
        "threshold": plain(threshold),
        "sensitivity": plain(at.figures["sensitivity"]) if at else None,
        "specificity": plain(at.figures["specificity"]) if at else None,
    }


def _pairs(
    file: CohortFile,
    a: str,
    b: str,
    method: Method,
    resampler: Resampler,
    thresholds: tuple[float | None, float | None],
) -> list[Comparison]:
    cohort = file.cohort
    labels, clusters = cohort.labels, method.clusters(cohort)
    both = np.stack([cohort.scores[a], cohort.scores[b]])
    pairs = [compare_auc(a, b, both, labels, clusters=clusters), _precision(file, a, b, resampler)]
    pairs.append(_brier(file, a, b, resampler))
    first, second = thresholds
    if first is None or second is None:
        return pairs
    for metric in RATES:
        if clusters is None:
            pairs.append(compare_right(a, b, metric, both, labels, (first, second)))
        else:
            own = [_rate(s, labels, at, metric) for s, at in zip(both, (first, second), strict=True)]
            pairs.append(_resampled(a, b, metric, own, resampler))
    return pairs


def _rate(scores: object, labels: object, threshold: float, metric: str) -> CountsFigure:
    return CountsFigure(np.asarray(scores), np.asarray(labels), threshold, metric)


def _resampled(a: str, b: str, metric: str, figures: Sequence[Figure], resampler: Resampler) -> Comparison:
    """The difference over the same resamples; without a case there is none."""
    if not len(resampler.strata):
        return Comparison(a, b, metric, Estimate(None, None, None, None, reason="no_cases"), None, None)
    return resampler.compare(a, b, metric, *figures)


def _precision(file: CohortFile, a: str, b: str, resampler: Resampler) -> Comparison:
    cohort = file.cohort
    made = [AveragePrecisionFigure(cohort.scores[name], cohort.labels) for name in (a, b)]
    return _resampled(a, b, "average_precision", made, resampler)


def _brier(file: CohortFile, a: str, b: str, resampler: Resampler) -> Comparison:
    cohort = file.cohort
    if not {a, b} <= file.calibrated:
        reasons = [brier(file, name, resampler).reason for name in (a, b)]
        reason = next((why for why in reasons if why), None)
        return Comparison(a, b, "brier", Estimate(None, None, None, None, reason=reason), None, None)
    made = [MeanFigure((cohort.scores[name] - cohort.labels) ** 2) for name in (a, b)]
    return _resampled(a, b, "brier", made, resampler)


def pair_document(pair: Comparison) -> Document:
    """A comparison as a document has it."""
    return {
        "a": pair.a,
        "b": pair.b,
        "metric": pair.metric,
        "difference": plain(pair.difference),
        "p": pair.p,
        "p_exact": pair.p_exact,
        "p_holm": pair.p_holm,
        "test": pair.test,
        "only_a_right": pair.only_a_right,
        "only_b_right": pair.only_b_right,
        "margin": pair.margin,
        "reference": None if pair.margin is None else pair.b,
        "non_inferior": pair.non_inferior,
        "primary": pair.primary,
    }


def sentences(pairs: Sequence[Document]) -> list[str]:
    """One plain sentence for each pair of the primary figure."""
    return [_sentence(pair) for pair in pairs if pair["primary"]]


def _sentence(pair: Document) -> str:
    found, name = pair["difference"], pair["metric"].replace("_", " ")
    if found["value"] is None or pair["p"] is None:
        return f"{pair['a']} and {pair['b']} cannot be compared by {name} ({found['reason']})."
    said = (
        f"{pair['a']} less {pair['b']}: {name} {found['value']:+.3f} ({found['lo']:+.3f} to {found['hi']:+.3f}), "
        f"p {pair['p']:.3g}, after Holm {pair['p_holm']:.3g}."
    )
    if pair["margin"] is None:
        return said
    verdict = "not inferior" if pair["non_inferior"] else "not shown to be non-inferior"
    return f"{said} {pair['a']} is {verdict} to the reference {pair['b']} by a margin of {pair['margin']:g}."
