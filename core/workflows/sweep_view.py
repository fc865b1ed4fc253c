"""A cut-off as the sweep page shows it: the rows of its tables, its sentences, and where it came from.

Owns words and order. Every figure is `core.metrics`'; percentages are written as the instrument writes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.metrics import (
    CARRY_OVER,
    AbstainBand,
    Chosen,
    Counts,
    Estimate,
    Rule,
    abstain_band,
    auc,
    average_precision_estimate,
    calibrate,
    default_choices,
    figures,
    shift,
    wilson,
)
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Method
from core.workflows.instrument import decimals, exact_text, interval_text, percent_text
from core.workflows.sweep import brier, slice_rows
from core.workflows.thresholds import SAME_CASES, RuleAsked, carried, choose, first_answered, fixed

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
    "repeated_patients": "patients repeat",
    "zero_factor": "a row or column of the four counts is empty",
}
"""A reason as words."""

Row = tuple[str, str, str, str, str]
"""Figure, k of n, estimate, 95 % interval, remark."""

OVERLOOK = (
    "A threshold chosen and judged on the same cases looks better than it is. Choose here, judge on a second set."
)


@dataclass(frozen=True, slots=True)
class Locked:
    """A threshold fixed before the cases that it is judged on: pre-specified. cohort, sha256 : where it was fixed."""

    chosen: Chosen
    column: str
    positive: str
    cohort: str
    sha256: str


def start_threshold(file: CohortFile, column: str, method: Method) -> Chosen:
    """Where a sweep begins: the first promise that the cohort can make, else the largest J, else its middle score."""
    cohort = file.cohort
    found = first_answered(default_choices(cohort.scores[column], cohort.labels, clusters=method.clusters(cohort)))
    if found is not None:
        return found
    held = sorted(score for score in cohort.scores[column] if math.isfinite(score))
    return fixed(float(held[len(held) // 2]) if held else math.inf, cohort, column, method, SAME_CASES)


def answer_rule(file: CohortFile, column: str, asked: RuleAsked, method: Method) -> Chosen:
    """The rule's answer on these cases, with its optimism where it makes no promise."""
    (made,) = choose(file.cohort, column, asked, method, method.resampler(file.cohort))
    return made


def answer_two(file: CohortFile, column: str, sensitivity: float, specificity: float, method: Method) -> AbstainBand:
    """Two thresholds with a band of referred cases between them."""
    cohort = file.cohort
    return abstain_band(
        cohort.scores[column], cohort.labels, sensitivity, specificity, clusters=method.clusters(cohort)
    )


def standing(
    file: CohortFile, column: str, threshold: float, method: Method, *, answer: Chosen | None, locked: Locked | None
) -> Chosen:
    """What a threshold is here: a locked one carried over, the rule's own answer, or one found by looking."""
    if locked is not None and locked.chosen.threshold == threshold and locked.column == column:
        if locked.sha256 == file.sha256:
            return carried(locked.chosen, file.cohort, column, method)
        return replace(carried(locked.chosen, file.cohort, column, method), chosen_on=locked.cohort)
    if answer is not None and answer.threshold == threshold:
        return answer
    return fixed(threshold, file.cohort, column, method, SAME_CASES)


def origin(chosen: Chosen, locked: Locked | None) -> tuple[str, str]:
    """A badge and its tone: whether the threshold was chosen on the cases that it is reported on."""
    if chosen.chosen_on != SAME_CASES:
        return f"pre-specified on {chosen.chosen_on}, reported here", "good"
    if chosen.guaranteed:
        return "chosen here by a rule that promises", "good"
    if locked is not None and locked.chosen.threshold == chosen.threshold:
        return "locked, and reported on the cases that chose it", "caution"
    return "chosen and reported on the same cases", "caution"


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


def answer_sentences(chosen: Chosen) -> list[str]:
    """What a rule answered, and what choosing here was worth."""
    said = [chosen.text]
    if len(chosen.tied_thresholds) > 1:
        others = ", ".join(f"{t:.4g}" for t in chosen.tied_thresholds[1:6])
        said.append(f"{len(chosen.tied_thresholds)} thresholds are as good; the lowest is taken (also {others}).")
    if chosen.lower_bound is not None:
        said.append(f"Exact lower bound here: {percent_text(math.floor(1000 * chosen.lower_bound) / 1000)}.")
    found = chosen.optimism
    if found is not None and found.printed is not None and found.corrected is not None:
        name = found.figure.replace("_", " ").replace("youden j", "J")
        said.append(
            f"On the cases that chose it {name} is {found.printed:.3f}; corrected for that, {found.corrected:.3f} "
            f"(bootstrap, {found.resamples:,} resamples)."
        )
    return said


def band_sentences(band: AbstainBand) -> list[str]:
    """What two thresholds leave to a reader, and how right the decided cases are."""
    said = [band.text]
    if band.low is None or band.high is None or band.decided is None:
        return said
    share = band.referred_share
    if share is not None and band.low < band.high:
        said.append(
            f"Below {band.low:.4g} negative, from {band.high:.4g} positive, between referred: {_of(share)} of the "
            f"{band.unit}s ({interval_text(share)} %)."
        )
    hit, clear = wilson(band.decided.tp, band.decided.positives), wilson(band.decided.tn, band.decided.negatives)
    said.append(f"Among the decided: {_of(hit)} of those with the finding found, {_of(clear)} of the others clear.")
    return said


def subgroup_table(file: CohortFile, column: str, threshold: float, method: Method) -> list[tuple[str, ...]]:
    """One row for every value of every subgroup column, at the threshold of the whole."""
    rows: list[tuple[str, ...]] = []
    for row in slice_rows(file.cohort, column, threshold, method):
        hit, clear, area = (Estimate(**row[name]) for name in ("sensitivity", "specificity", "auc"))
        rows.append(
            (
                f"{row['column'].removeprefix('slice_')}: {row['value']}", f"{row['cases']:,}", _of(hit), _ends(hit),
                _of(clear), _ends(clear), decimals(area), "few cases" if row["few_cases"] else "",
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


def threshold_text(threshold: float) -> str:
    """A threshold as the screen shows it: four digits."""
    return f"{threshold:.4g}" if math.isfinite(threshold) else "above every score"


def rule_name(chosen: Chosen) -> str:
    """How a threshold was come by, in a few words."""
    target = "" if chosen.target is None else f" {percent_text(chosen.target)}"
    return f"{_RULES[chosen.rule]}{target}"


_RULES: Mapping[Rule, str] = {
    Rule.SENSITIVITY_GUARANTEE: "guaranteed sensitivity",
    Rule.SPECIFICITY_GUARANTEE: "guaranteed specificity",
    Rule.OBSERVED_SENSITIVITY: "observed sensitivity",
    Rule.OBSERVED_SPECIFICITY: "observed specificity",
    Rule.YOUDEN: "largest J",
    Rule.COST: "least cost",
    Rule.FIXED: "by hand",
}


def read_threshold(text: str, file: CohortFile, column: str) -> tuple[float | None, str]:
    """The threshold of a link, or None and the sentence that says why not; a probability lies in 0 to 1."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    shown = text[:20]
    if math.isnan(found):
        return None, f"The link asked for threshold {shown}, which is not a number."
    if column in file.calibrated and not 0 <= found <= 1 and found != math.inf:
        return None, f"The link asked for threshold {shown}, which is not between 0 and 1."
    return found, ""


def address_text(threshold: float) -> str:
    """A threshold for a link: the shortest text that reads back to the same number."""
    return exact_text(threshold)


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
    return ". ".join(part for part in (method, note) if part)


def _has_ends(figure: Estimate) -> bool:
    return figure.lo is not None and figure.hi is not None


def _bare(figure: Estimate) -> Estimate:
    """Without the interval that would be too narrow where patients repeat."""
    return Estimate(figure.value, None, None, None, figure.k, figure.n, figure.reason)


def _number(value: float | None) -> str:
    return "–" if value is None else "infinite" if math.isinf(value) else f"{value:.3f}"


def _counted(figure: Estimate) -> str:
    return "" if figure.k is None or not figure.n else f"{figure.k:,} of {figure.n:,}"


def _of(figure: Estimate) -> str:
    return _counted(figure) or "–"


def _ends(figure: Estimate) -> str:
    return "–" if figure.value is None else f"{percent_text(figure.value).removesuffix(' %')} ({interval_text(figure)})"
