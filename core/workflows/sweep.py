"""`core.sweep/1`: one model's figures at every threshold, its curves, its operating points and its calibration.

Owns the document and its table as CSV. Every number in it is `core.metrics`'.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.metrics.band import simultaneous_band
from core.metrics.bootstrap import Resampler
from core.metrics.calibration import calibrate
from core.metrics.clustered import clustered_rate_table
from core.metrics.cohort import Cohort, Missing
from core.metrics.curves import area_notes, auc
from core.metrics.decision import NetBenefitFigure, net_benefit, shift
from core.metrics.evaluate import average_precision_estimate, brier_estimate, partial_auc_estimate
from core.metrics.intervals import Estimate
from core.metrics.rules import Chosen
from core.metrics.slices import slice_figures
from core.metrics.sweep import Sweep, rate_table
from core.metrics.sweep import sweep as sweep_scores
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Document, Method, common, plain
from core.workflows.thresholds import (
    SAME_CASES,
    RuleAsked,
    choose,
    choose_elsewhere,
    first_answered,
    fixed,
    point_document,
)
from core.workflows.two_targets import TargetsAsked, abstain_document, two_targets_document

SCHEMA = "core.sweep/1"

WHOLE_TABLE = 10_000
"""Up to this many distinct scores the table holds every threshold."""

TABLE_ROWS = 2_000
"""Beyond, it holds this many at even ranks and every operating point; the CSV holds all."""

PART_ROWS = 10_000
"""Rows of the CSV written together."""

MOST_ROWS = 250_000
"""Distinct scores whose CSV is made in memory: about 100 MB. Beyond, `core sweep --table` writes it to a file."""

SPECIFICITY_FROM = (0.9, 0.8)
"""Where the partial areas begin."""

EQUAL_MASS_BINS = 10
"""How the expected calibration error was binned, told beside it."""

INTERVALS = ("sensitivity", "specificity", "ppv", "npv")
PLAIN = ("lr_positive", "lr_negative", "f1", "balanced_accuracy", "accuracy", "mcc", "youden_j")

Rates = dict[str, NDArray[np.float64]]


def sweep_document(
    file: CohortFile,
    model: str,
    method: Method,
    *,
    asked: RuleAsked | None = None,
    threshold: float | None = None,
    chosen_on: CohortFile | None = None,
    both: TargetsAsked | None = None,
    abstain: TargetsAsked | None = None,
) -> Document:
    """Everything that section 11 of the evaluation page lists for a sweep.

    Parameters
    ----------
    model : a score column of the file. asked : the rule in place of the five default answers. threshold : one
    more point, named by hand. chosen_on : another file on which the rules choose. both : two promises to carry by one
    threshold. abstain : two promises to carry by two, with a band of referred cases.
    """
    cohort = file.cohort
    scores, labels, clusters = cohort.scores[model], cohort.labels, method.clusters(cohort)
    resampler = method.resampler(cohort)
    table = sweep_scores(scores, labels)
    area = auc(scores, labels, clusters=clusters, interval=method.auc_interval)
    points = _points(file, model, method, asked, threshold, chosen_on, resampler)
    at = first_answered(points)
    band = simultaneous_band(cohort.positives, cohort.negatives, repeated_patients=clusters is not None)
    elsewhere = method.prevalence is not None
    calibrated = model in file.calibrated and cohort.n > 0
    complete, columns = _table(table, rates_of(cohort, model, method, table), points)
    return {
        **common(SCHEMA, file, method, area_notes(area)),
        "model": model,
        "table": columns | {"interval": "wilson" if clusters is None else "wilson_cluster"},
        "table_complete": complete,
        "auc": plain(area),
        "average_precision": plain(average_precision_estimate(scores, labels, resampler)),
        "brier": plain(brier(file, model, resampler)),
        "partial_auc": [_partial(cohort, model, resampler, start) for start in SPECIFICITY_FROM],
        "band": plain(band),
        "two_targets": None if both is None else two_targets_document(file, model, both, method, chosen_on),
        "abstain_band": None if abstain is None else abstain_document(file, model, abstain, method, chosen_on),
        "operating_points": [point_document(point) for point in points],
        "calibration": _calibration(cohort, model) if calibrated else None,
        "net_benefit": _net_benefit(cohort, model, resampler, None) if calibrated else None,
        "net_benefit_shift": _net_benefit(cohort, model, resampler, method.prevalence)
        if calibrated and elsewhere
        else None,
        "prevalence_shift": _shifts(points, method.prevalence),
        "slices": slice_rows(cohort, model, None if at is None else at.threshold, method),
        "missing_bounds": missing_bounds(file, model, method),
    }


def rates_of(cohort: Cohort, model: str, method: Method, table: Sweep) -> Rates:
    """Every figure at every threshold, with the patient as the unit where patients repeat."""
    clusters = method.clusters(cohort)
    if clusters is None:
        return rate_table(table)
    return clustered_rate_table(cohort.scores[model], cohort.labels, clusters)


def table_rows(file: CohortFile, model: str, method: Method) -> bytes:
    """The whole table as CSV: one row a threshold, numbers in full, empty where undefined."""
    return b"".join(table_parts(file, model, method))


def table_parts(file: CohortFile, model: str, method: Method) -> Iterator[bytes]:
    """The same, some thousand rows at a time: a million thresholds as Python's numbers would fill the memory."""
    table = sweep_scores(file.cohort.scores[model], file.cohort.labels)
    rates = rates_of(file.cohort, model, method, table)
    for start in range(0, len(table.thresholds), PART_ROWS):
        columns = _columns(table, rates, np.arange(start, min(start + PART_ROWS, len(table.thresholds))))
        out = io.StringIO()
        writer = csv.writer(out)
        if start == 0:
            writer.writerow(columns)
        # Numbers alone, so there is no cell that a spreadsheet could take for a formula.
        writer.writerows(zip(*columns.values(), strict=True))
        yield out.getvalue().encode()


def brier(file: CohortFile, model: str, resampler: Resampler) -> Estimate:
    """Brier's score, or why there is none: scores are no probabilities, or bounds stand for missing ones."""
    if model not in file.calibrated and file.holes[model] and file.missing in (Missing.WORST, Missing.BEST):
        return Estimate(None, None, None, None, reason="missing_scores")
    return brier_estimate(file.cohort.scores[model], file.cohort.labels, resampler)


def slice_rows(cohort: Cohort, model: str, threshold: float | None, method: Method) -> list[Document]:
    """The subgroup table at the threshold of the whole; a case without a subgroup is in none."""
    at = np.inf if threshold is None else threshold
    rows = []
    for row in slice_figures(cohort, model, at, cluster=method.by_patient):
        if not row.value:
            continue
        if threshold is None:
            none = Estimate(None, None, None, None, reason="no_threshold")
            row = replace(row, sensitivity=none, specificity=none)
        rows.append(plain(row) | {"threshold": plain(threshold)})
    return rows


def missing_bounds(file: CohortFile, model: str, method: Method) -> Document | None:
    """The area and the average precision if every missing score were wrong, and if every one were right."""
    if file.missing not in (Missing.WORST, Missing.BEST):
        return None
    found: Document = {}
    for name, cohort in (("worst", file.bounded(Missing.WORST)), ("best", file.bounded(Missing.BEST))):
        scores, labels = cohort.scores[model], cohort.labels
        area = auc(scores, labels, clusters=method.clusters(cohort), interval=method.auc_interval)
        precision = average_precision_estimate(scores, labels, method.resampler(cohort))
        found[name] = {"auc": plain(area), "average_precision": plain(precision)}
    return found


def _points(
    file: CohortFile,
    model: str,
    method: Method,
    asked: RuleAsked | None,
    threshold: float | None,
    chosen_on: CohortFile | None,
    resampler: Resampler,
) -> tuple[Chosen, ...]:
    if chosen_on is None:
        points = choose(file.cohort, model, asked, method, resampler)
    else:
        points = choose_elsewhere(chosen_on, file.cohort, model, asked, method)
    if threshold is None:
        return points
    named = fixed(threshold, file.cohort, model, method, SAME_CASES if chosen_on is None else chosen_on.file)
    return (named, *points)


def _table(table: Sweep, rates: Rates, points: Sequence[Chosen]) -> tuple[bool, Document]:
    """Whether the table is whole, and its columns."""
    rows = np.arange(len(table.thresholds))
    complete = len(rows) - 1 <= WHOLE_TABLE
    if not complete:
        even = np.unique(np.linspace(0, len(rows) - 1, TABLE_ROWS).round().astype(np.int64))
        own = [table.index_of(point.threshold) for point in points if point.threshold is not None]
        rows = np.union1d(even, np.array(own, np.int64))
    return complete, _columns(table, rates, rows)


def _columns(table: Sweep, rates: Rates, rows: NDArray[np.int64]) -> Document:
    counts = {"tp": table.tp, "fp": table.fp, "fn": table.fn, "tn": table.tn}
    names = [name + end for name in INTERVALS for end in ("", "_lo", "_hi")]
    columns = {"threshold": table.thresholds, **counts, **{name: rates[name] for name in (*names, *PLAIN)}}
    return {name: plain(column[rows]) for name, column in columns.items()}


def _partial(cohort: Cohort, model: str, resampler: Resampler, start: float) -> Document:
    made, standard = partial_auc_estimate(cohort.scores[model], cohort.labels, resampler, specificity_from=start)
    return {"specificity_from": start, "standardised": plain(standard), **plain(made)}


def _calibration(cohort: Cohort, model: str) -> Document:
    made = calibrate(cohort.scores[model], cohort.labels)
    bins = [
        {"bin": b.bin, "cases": b.cases, "mean_score": b.mean_score, "observed": b.observed.value}
        | {"lo": b.observed.lo, "hi": b.observed.hi}
        for b in made.bins
    ]
    return {
        "bins": plain(bins),
        "ece": made.ece,
        "ece_bins": EQUAL_MASS_BINS,
        "largest_gap": made.largest_gap,
        "slope": plain(made.slope),
        "intercept": plain(made.intercept),
        "temperature": plain(made.temperature),
        "murphy": plain(made.murphy),
        "bin_free": plain(made.bin_free),
        "clipped": made.clipped,
    }


def _net_benefit(cohort: Cohort, model: str, resampler: Resampler, prevalence: float | None) -> Document | None:
    """The decision curve at the cohort's own prevalence, or at another one."""
    scores, labels = cohort.scores[model], cohort.labels
    made = net_benefit(scores, labels, prevalence=prevalence)
    if made is None:
        return None
    ends = resampler.estimates(NetBenefitFigure(scores, labels, prevalence=prevalence))
    return {
        "prevalence": cohort.prevalence if prevalence is None else prevalence,
        "probability": plain(made.probability),
        "model": plain(made.model),
        "model_lo": plain([end.lo for end in ends]),
        "model_hi": plain([end.hi for end in ends]),
        "treat_all": plain(made.treat_all),
    }


def _shifts(points: Sequence[Chosen], prevalence: float | None) -> list[Document]:
    """For each operating point, what its calls would be worth at another prevalence."""
    if prevalence is None:
        return []
    return [
        {"threshold": plain(point.threshold), "rule": str(point.rule), **plain(shift(point.counts, prevalence))}
        for point in points
        if point.counts is not None
    ]
