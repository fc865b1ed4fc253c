"""What the shelf knows of the models behind the columns: size, time, and the cut-off saved with each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.models.model import Model
from core.workflows.choose_model import find_model
from core.workflows.cohort_file import CohortFile
from core.workflows.compare import MEAN
from core.workflows.thresholds import saved_point
from core.workspace.cohort_record import KeptCohort, ScoredBy
from pages._ui.compare.figures import Cost

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column's model. mib, seconds : None where its weights or its time are not here."""

    title: str
    mib: float | None
    seconds: float | None


def facts_of(columns: Sequence[str], kept: KeptCohort) -> dict[str, Facts]:
    """Size and time of every column whose model is on the shelf; of their mean the sums."""
    found: dict[str, Facts] = {}
    for column in columns:
        model, scored = _model(column, kept), _scored(column, kept)
        if model is not None:
            found[column] = Facts(model.display_name, _mib(model), None if scored is None else scored.seconds)
    members = [name for name in columns if name != MEAN]
    if MEAN in columns and set(members) == set(found):
        held = [found[name] for name in members]
        found[MEAN] = Facts(MEAN, _sum(one.mib for one in held), _sum(one.seconds for one in held))
    return found


def costs(facts: Mapping[str, Facts], quality: Mapping[str, Mapping[str, Any]]) -> list[Cost]:
    """What is drawn of models whose time and size are known. quality : an estimate by column."""
    return [
        Cost(name, one["value"], one["lo"], one["hi"], known.seconds, known.mib)
        for name, one in quality.items()
        if one["value"] is not None and (known := facts.get(name)) is not None and known.seconds and known.mib
    ]


def _mib(model: Model) -> float | None:
    """The size of its weights; of an ensemble those of its members, of a variant those of its base."""
    members = [member.model.path for member in model.members]
    files = [model.path, *members] if members else [model.stored.path]
    return sum(path.stat().st_size for path in files) / MIB if all(path.is_file() for path in files) else None


def _sum(values: Iterable[float | None]) -> float | None:
    held = list(values)
    return None if None in held else sum(one for one in held if one is not None)


def _scored(column: str, kept: KeptCohort) -> ScoredBy | None:
    """Who made a column of scores, or the masks of that name."""
    return kept.column_model(column) or kept.scored_by(column)


def saved_thresholds(file: CohortFile, kept: KeptCohort) -> dict[str, float] | None:
    """Each column's cut-off as saved with its model; None unless every column has one."""
    found: dict[str, float] = {}
    for column in file.models:
        model = _model(column, kept)
        point = None if model is None else saved_point(model, kept.positive or file.positive)
        if point is None:
            return None
        found[column] = point.threshold
    return found


def _model(column: str, kept: KeptCohort) -> Model | None:
    scored = _scored(column, kept)
    return find_model(scored.model_id if scored is not None else column)


def told_facts(facts: Mapping[str, Facts]) -> dict[str, tuple[str, str]]:
    """Size and time of each model as text."""
    return {
        name: (
            "" if one.mib is None else f"{one.mib:.1f} MiB",
            "" if one.seconds is None else f"{1000 * one.seconds:.0f} ms",
        )
        for name, one in facts.items()
    }
