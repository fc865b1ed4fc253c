"""What the statistical commands share: their options, refusals as sentences or JSON, and files that are written.

The commands themselves are `sweeping`, `comparing`, `evaluating` and `claiming`; their numbers are the workflows'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Exit
from core.cli.say import answer_json, complain
from core.errors import Cancelled, ReadroomError, TableError

if TYPE_CHECKING:
    from core.workflows.cohort_file import CohortFile
    from core.workflows.documents import Method
    from core.workflows.thresholds import RuleAsked
    from core.workflows.two_targets import TargetsAsked

FEWEST_RESAMPLES = 100
"""Fewer say nothing about the ends of an interval."""

LEVEL = 0.95
"""Of two-sided intervals, unless another one is typed."""


class Task(StrEnum):
    """What the cases are about."""

    BINARY = "binary"
    SEGMENTATION = "segmentation"


class MissingRule(StrEnum):
    """What becomes of a case without score."""

    REFUSE = "refuse"
    DROP = "drop"
    WORST = "worst"
    BEST = "best"


class Unit(StrEnum):
    """What is counted where patients repeat."""

    PATIENT = "patient_id"
    NONE = "none"


class AucInterval(StrEnum):
    """How the area's interval is made."""

    LOGIT = "logit"
    WALD = "wald"


class Empty(StrEnum):
    """What two empty masks count as."""

    PENALISE = "penalise"
    CHALLENGE = "challenge"


class RuleName(StrEnum):
    """The rules that choose a threshold."""

    SENSITIVITY_GUARANTEE = "sensitivity_guarantee"
    SPECIFICITY_GUARANTEE = "specificity_guarantee"
    OBSERVED_SENSITIVITY = "observed_sensitivity"
    OBSERVED_SPECIFICITY = "observed_specificity"
    YOUDEN = "youden"
    COST = "cost"


File = Annotated[Path | None, typer.Argument(metavar="FILE", help="scores.csv: case_id, label and one column a model.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR|ZIP", help="In place of FILE: labelled images, scored first.")
]
Split = Annotated[
    str | None, typer.Option("--split", metavar="NAME", help="Only the cases of this split (slice_split in a FILE).")
]
Positive = Annotated[
    str | None, typer.Option("--positive", metavar="LABEL", help="The positive label, where they are not 0 and 1.")
]
About = Annotated[Task, typer.Option("--task", help="What the cases are about.")]
Missing = Annotated[MissingRule, typer.Option("--missing", help="What becomes of a case without score.")]
Level = Annotated[float, typer.Option("--level", metavar="P", help="Of two-sided intervals, between 0 and 1.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Where resampling starts.")]
Resamples = Annotated[
    int, typer.Option("--resamples", metavar="N", min=FEWEST_RESAMPLES, help="How often cases are drawn again.")
]
Cluster = Annotated[Unit, typer.Option("--cluster", help="The unit where a patient has several images.")]
Area = Annotated[AucInterval, typer.Option("--auc-interval", help="The area's interval.")]
Prevalence = Annotated[
    float | None, typer.Option("--prevalence", metavar="P", min=0, max=1, help="Another prevalence to shift to.")
]
Rule = Annotated[RuleName | None, typer.Option("--rule", help="The rule that chooses the threshold.")]
Target = Annotated[
    float | None, typer.Option("--target", metavar="P", min=0, max=1, help="The rate that the rule aims at.")
]
Confidence = Annotated[float, typer.Option("--confidence", metavar="P", min=0, max=1, help="Of a guarantee.")]
CostMissed = Annotated[float | None, typer.Option("--cost-missed", metavar="C", min=0, help="Of a miss; rule cost.")]
CostFalse = Annotated[
    float | None, typer.Option("--cost-false-alarm", metavar="C", min=0, help="Of a false alarm; rule cost.")
]
TwoTargets = Annotated[
    str | None,
    typer.Option("--two-targets", metavar="SENS,SPEC", help="One threshold that promises both, if there is one."),
]
Abstain = Annotated[
    str | None,
    typer.Option("--abstain", metavar="SENS,SPEC", help="Two thresholds that promise both; between them: referred."),
]
ChosenOn = Annotated[
    Path | None, typer.Option("--chosen-on", metavar="FILE", help="The cohort file that chooses the threshold.")
]
ChosenSplit = Annotated[
    str | None,
    typer.Option("--chosen-split", metavar="NAME", help="The split that chooses it, of that file or these cases."),
]
MinLesion = Annotated[
    float, typer.Option("--min-lesion-mm3", metavar="V", min=0, help="Masks: smaller components do not count.")
]
EmptyMasks = Annotated[Empty, typer.Option("--empty", help="Masks: what two empty ones count as.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, numbers unrounded.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


def method(
    *,
    seed: int,
    resamples: int,
    cluster: Unit = Unit.PATIENT,
    auc_interval: AucInterval = AucInterval.LOGIT,
    prevalence: float | None = None,
) -> Method:
    """How figures are asked to be made."""
    from core.workflows.documents import Method

    return Method(
        resamples=resamples,
        seed=seed,
        by_patient=cluster is Unit.PATIENT,
        auc_interval="wald" if auc_interval is AucInterval.WALD else "logit",
        prevalence=prevalence,
    )


def rule_asked(
    rule: RuleName | None, target: float | None, confidence: float, costs: tuple[float | None, float | None]
) -> RuleAsked | None:
    """The rule that was typed; a target alone is the guarantee of a sensitivity. What it lacks is wrong usage."""
    from core.metrics.operating_points import Rule as Known
    from core.workflows.thresholds import RuleAsked

    missed, false_alarm = costs
    if rule is None and target is None:
        if missed is not None or false_alarm is not None:
            raise typer.BadParameter("Costs are for --rule cost.", param_hint="'--rule'")
        return None
    if (missed is None) != (false_alarm is None):
        raise typer.BadParameter("The rule cost needs both --cost-missed and --cost-false-alarm.")
    both = None if missed is None or false_alarm is None else (missed, false_alarm)
    with usage("'--rule'"):
        return RuleAsked(Known(rule or RuleName.SENSITIVITY_GUARANTEE), target, confidence, both)


def targets_asked(typed: str | None, confidence: float, hint: str) -> TargetsAsked | None:
    """The two targets that were typed as 0.95,0.90; what they lack is wrong usage."""
    from core.workflows.two_targets import TargetsAsked

    if typed is None:
        return None
    with usage(hint):
        numbers = [float(text) for text in typed.split(",")]
        if len(numbers) != 2:
            raise ValueError("Give a sensitivity and a specificity: 0.95,0.90.")
        return TargetsAsked(numbers[0], numbers[1], confidence)


def require_binary(task: Task, **typed: object) -> None:
    """Options that are about two classes are wrong usage where the cases have masks."""
    if task is not Task.BINARY:
        _refuse(task, typed)


def require_masks(task: Task, **typed: object) -> None:
    """Options that are about masks are wrong usage where the cases have none."""
    if task is not Task.SEGMENTATION:
        _refuse(task, typed)


def _refuse(task: Task, typed: Mapping[str, object]) -> None:
    for name, value in typed.items():
        if value is not None and value is not False:
            raise typer.BadParameter(f"It is not for {task}.", param_hint=f"'--{name.replace('_', '-')}'")


def number(value: float | None) -> float | None:
    """A threshold that was typed: any number, infinite too, but not NaN, which no score reaches or misses."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("A threshold is a number.", param_hint="'--threshold'")
    return value


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases that were asked about: a file, or images to be scored first; all of them or one split.

    Raises
    ------
    typer.BadParameter : neither, or both.
    """

    file: Path | None
    data: Path | None
    split: str | None
    positive: str | None
    missing: MissingRule

    def __post_init__(self) -> None:
        if (self.file is None) == (self.data is None):
            raise typer.BadParameter("Give FILE, or --data with images to score, one of the two.")

    def cohort(self, models: Sequence[str]) -> CohortFile:
        """The cohort; raises TableError, and what scoring raises. models : columns of the file, or ids to ask."""
        from core.metrics.cohort import Missing as Known
        from core.workflows.cohort_file import read_cohort

        if self.file is not None:
            return read_cohort(
                self.file, models=models, positive=self.positive, missing=Known(self.missing), split=self.split
            )
        from core.cli.scoring import scored_file

        return scored_file(self, models)

    def chosen_on(self, file: Path | None, split: str | None, models: Sequence[str]) -> CohortFile | None:
        """The cohort that chooses a threshold, where it is another file or another split."""
        if file is not None:
            return replace(self, file=file, data=None, split=split).cohort(models)
        return None if split is None else replace(self, split=split).cohort(models)


def only_model(held: CohortFile) -> str:
    """The only model of the cases; several of them are a choice that was not made."""
    if len(held.models) > 1:
        listed = ", ".join(held.models)
        raise typer.BadParameter(f"{held.file} has several: {listed}. Name one.", param_hint="'--model'")
    return held.models[0]


@contextmanager
def usage(hint: str | None = None) -> Iterator[None]:
    """A ValueError of a workflow is about what was asked: wrong usage, in its words."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


@contextmanager
def answering(*, level: float, as_json: bool) -> Iterator[None]:
    """What refuses is told as `refusals` does, and every interval has the level that was typed."""
    from core.metrics.level import at_level

    if not 0 < level < 1:
        raise typer.BadParameter("A level lies between 0 and 1.", param_hint="'--level'")
    with refusals(as_json=as_json), at_level(level):
        yield


@contextmanager
def refusals(*, as_json: bool) -> Iterator[None]:
    """A refusal, told fault by fault: one sentence a line, or one object with --json. It ends in exit code 1."""
    try:
        yield
    except Cancelled:
        raise
    except ReadroomError as refusal:
        if as_json:
            from core.workflows.documents import error_document

            answer_json(error_document(refusal))
        elif isinstance(refusal, TableError):
            for fault in refusal.faults:
                complain(fault.text)
        else:
            complain(str(refusal))
        raise typer.Exit(Exit.REFUSED) from None


def require_room(path: Path | None, *, force: bool) -> None:
    """A file that is there needs --force."""
    if path is not None and path.exists() and not force:
        raise typer.BadParameter(f"{path} is already there. Choose another name, or give --force to replace it.")


def tell_warnings(document: dict[str, Any]) -> None:
    """The warnings of an answer, one a line, beside the result."""
    for warning in document["warnings"]:
        complain(warning["text"])
