"""Where a cut-off came from: a rule, a link, a hand, or cases seen before; and what may be said of it for that.

Owns the words for rules and origins. The rules are `core.metrics`', their answers `thresholds`'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.metrics.intervals import wilson
from core.metrics.operating_points import Rule
from core.metrics.rules import Chosen, default_choices
from core.metrics.two_thresholds import AbstainBand, abstain_band
from core.workflows.cohort_file import CohortFile
from core.workflows.documents import Method
from core.workflows.instrument import exact_text, interval_text, percent_text
from core.workflows.sweep_view import k_of_n
from core.workflows.thresholds import SAME_CASES, RuleAsked, carried, choose, first_answered, fixed

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
            f"Below {band.low:.4g} negative, from {band.high:.4g} positive, between referred: {k_of_n(share)} "
            f"{band.unit}s ({interval_text(share)} %)."
        )
    hit, clear = wilson(band.decided.tp, band.decided.positives), wilson(band.decided.tn, band.decided.negatives)
    said.append(f"Among the decided: {k_of_n(hit)} with the finding found, {k_of_n(clear)} of the others clear.")
    return said


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
