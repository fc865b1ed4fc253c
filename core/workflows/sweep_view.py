"""A cut-off as the sweep page shows it: the rows of its tables.

Owns words and order; where a cut-off came from is `sweep_point`'s. Every figure is `core.metrics`'; percentages are
written as the instrument writes them.
"""

from __future__ import annotations

import math

from core.metrics.calibration import calibrate
from core.metrics.counts import Counts, figures
from core.metrics.curves import auc
from core.metrics.decision import CARRY_OVER, shift
from core.metrics.evaluate import average_precision_estimate
from core.metrics.intervals import Estimate
from core.metrics.rules import Chosen
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Method
from core.workflows.instrument import decimals, interval_text, percent_text
from core.workflows.sweep import brier, slice_rows

NAMES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
}

METHODS = {
    "wilson": "Wilson",
    "wilson_cluster": "Wilson, patients as units",
    "koopman": "Koopman",
    "newcombe": "Newcombe",
    "delong_logit": "DeLong, logit scale",
    "obuchowski_logit": "Obuchowski, logit scale",
    "likelihood_ratio_limits": "limits of the likelihood ratio",
    "bca_stratified": "BCa bootstrap within classes",
    "percentile_stratified": "percentile bootstrap within classes",
}
"""A method's name as words; others are shown as they are."""

UNDEFINED = {
    "no_positives": "no case has the finding",
    "no_negatives": "every case has the finding",
    "none_called_positive": "nobody is called positive",
    "none_called_negative": "nobody is called negative",
    "single_class": "needs both classes",
    "few_cases": "fewer than ten of a class",
    "constant_score": "all scores are equal",
    "constant_values": "every case has the same value",
    "repeated_patients": "patients repeat",
    "zero_factor": "a row or column of the four counts is empty",
}
"""A reason as words."""

Row = tuple[str, str, str, str, str]
"""Figure, k of n, estimate, 95 % interval, remark."""


def figure_rows(file: CohortFile, chosen: Chosen) -> list[Row]:
    """Sensitivity, specificity and the predictive values at a threshold."""
    common = f"depends on how common the finding is: here {percent_text(file.cohort.prevalence)}"
    notes = {"ppv": common, "npv": common}
    return [_row(NAMES[name], chosen.figures[name], notes.get(name, "")) for name in NAMES if name in chosen.figures]


def more_rows(chosen: Chosen) -> list[Row]:
    """The other figures of the four counts; their intervals hold where one case is one patient."""
    if chosen.counts is None:
        return []
    made, by_patient = figures(chosen.counts), chosen.unit == "patient"
    rows = []
    for name, text in (("youden_j", "Youden's J"), ("lr_positive", "LR+"), ("lr_negative", "LR−")):
        rows.append(_plain_row(text, made[name], by_patient=by_patient))
    accuracy = made["accuracy"]
    rows.append(_row("Accuracy", accuracy if not by_patient else _bare(accuracy), ""))
    rows += [_plain_row(text, made[name]) for name, text in _VALUES.items()]
    return rows


_VALUES = {"balanced_accuracy": "Balanced accuracy", "f1": "F1", "mcc": "Matthews' coefficient"}


def patient_line(chosen: Chosen) -> str:
    """The four counts with each patient counted once, where patients repeat."""
    held = chosen.patients
    if held is None:
        return ""
    return (
        f"By patient (largest score, any finding): {held.tp:,} of {held.positives:,} found, "
        f"{held.fp:,} of {held.negatives:,} called wrongly."
    )


def elsewhere_rows(counts: Counts, prevalence: float) -> list[Row]:
    """Predictive values at another prevalence, with the limits of the likelihood ratios put through."""
    made = shift(counts, prevalence)
    note = f"at a prevalence of {percent_text(prevalence)}"
    return [_row("PPV elsewhere", made.ppv, note), _row("NPV elsewhere", made.npv, note)]


def elsewhere_note() -> str:
    """Printed beside every figure at another prevalence."""
    return CARRY_OVER


def subgroup_table(file: CohortFile, column: str, threshold: float, method: Method) -> list[tuple[str, ...]]:
    """One row for every value of every subgroup column, at the threshold of the whole."""
    rows: list[tuple[str, ...]] = []
    for row in slice_rows(file.cohort, column, threshold, method):
        hit, clear, area = (Estimate(**row[name]) for name in ("sensitivity", "specificity", "auc"))
        rows.append(
            (
                f"{row['column'].removeprefix('slice_')}: {row['value']}", f"{row['cases']:,}", k_of_n(hit), _ends(hit),
                k_of_n(clear), _ends(clear), decimals(area), "few cases" if row["few_cases"] else "",
            )
        )  # fmt: skip
    return rows


SUBGROUP_HEADER = ("Subgroup", "Cases", "Found", "Sensitivity %", "Rightly clear", "Specificity %", "AUC", "")


def curve_rows(file: CohortFile, column: str, method: Method) -> list[Row]:
    """Figures that no threshold changes, with bootstrap intervals: a second or two for thousands of cases."""
    cohort = file.cohort
    scores, labels, resampler = cohort.scores[column], cohort.labels, method.resampler(cohort)
    area = auc(scores, labels, clusters=method.clusters(cohort), interval=method.auc_interval)
    rows = [
        _figure("Area under the ROC curve", area, "0.5 is chance"),
        _figure(
            "Average precision",
            average_precision_estimate(scores, labels, resampler),
            f"the prevalence, {percent_text(cohort.prevalence)}, is chance: not comparable between cohorts",
        ),
        _figure("Brier score", brier(file, column, resampler), "lower is better"),
    ]
    if column not in file.calibrated or not cohort.n:
        return rows
    made = calibrate(scores, labels)
    return [
        *rows,
        _figure("Calibration slope", made.slope, "ideal 1"),
        _figure("Calibration in the large", made.intercept, "ideal 0"),
        ("Expected calibration error", "", f"{made.ece:.3f}", "", "10 equal-mass bins; biased upward in small cohorts"),
    ]


def count_sentence(file: CohortFile) -> str:
    """How many cases, of which how many with the finding; what was left out."""
    cohort = file.cohort
    said = f"{cohort.n:,} cases, {cohort.positives:,} with the finding ({percent_text(cohort.prevalence)})"
    if cohort.clusters is not None and cohort.patients is not None:
        said += f", from {len(set(cohort.patients)):,} patients: intervals count patients"
    if file.dropped:
        said += f". {len(file.dropped):,} left out for want of a score"
    return f"{said}."


def _row(name: str, figure: Estimate, note: str) -> Row:
    if figure.value is None:
        return (name, _counted(figure), "–", "", UNDEFINED.get(figure.reason or "", figure.reason or "undefined"))
    return (name, _counted(figure), percent_text(figure.value), interval_text(figure), _with_method(figure, note))


def _plain_row(name: str, figure: Estimate, *, by_patient: bool = False) -> Row:
    held = _bare(figure) if by_patient else figure
    if held.value is None:
        return (name, "", "–", "", UNDEFINED.get(held.reason or "", held.reason or "undefined"))
    ends = f"{_number(held.lo)} to {_number(held.hi)}" if _has_ends(held) else ""
    return (name, "", _number(held.value), ends, _with_method(held, ""))


def _figure(name: str, figure: Estimate, note: str) -> Row:
    if figure.value is None:
        return (name, "", "–", "", UNDEFINED.get(figure.reason or "", figure.reason or "undefined"))
    ends = f"{figure.lo:.3f} to {figure.hi:.3f}" if _has_ends(figure) else ""
    why = UNDEFINED.get(figure.reason or "", "") if not ends else ""
    return (
        name,
        "",
        f"{figure.value:.3f}",
        ends,
        _with_method(figure, "; ".join(part for part in (note, why) if part)),
    )


def _with_method(figure: Estimate, note: str) -> str:
    """The interval's method before the remark."""
    method = METHODS.get(figure.method or "", (figure.method or "").replace("_", " ")) if _has_ends(figure) else ""
    return "; ".join(part for part in (method, note) if part)


def _has_ends(figure: Estimate) -> bool:
    return figure.lo is not None and figure.hi is not None


def _bare(figure: Estimate) -> Estimate:
    """Without the interval that would be too narrow where patients repeat."""
    return Estimate(figure.value, None, None, None, figure.k, figure.n, figure.reason)


def _number(value: float | None) -> str:
    return "–" if value is None else "infinite" if math.isinf(value) else f"{value:.3f}"


def _counted(figure: Estimate) -> str:
    return "" if figure.k is None or not figure.n else f"{figure.k:,} of {figure.n:,}"


def k_of_n(figure: Estimate) -> str:
    """k of n, or a dash."""
    return _counted(figure) or "–"


def _ends(figure: Estimate) -> str:
    return "–" if figure.value is None else f"{percent_text(figure.value).removesuffix(' %')} ({interval_text(figure)})"
