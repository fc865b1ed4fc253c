"""What the shelf knows of the models behind the columns: size, time, and the cut-off saved with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.models.model import Model
from core.workflows.choose_model import find_model
from core.workflows.cohort_file import CohortFile
from core.workflows.thresholds import saved_point
from core.workspace.cohort_record import KeptCohort

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a column's model. mib, seconds : None where its weights or its time are not here."""

    title: str
    mib: float | None
    seconds: float | None


def facts_of(file: CohortFile, kept: KeptCohort) -> dict[str, Facts]:
    """Size and time of every column whose model is on the shelf."""
    found: dict[str, Facts] = {}
    for column in file.models:
        model, scored = _model(column, kept), kept.column_model(column)
        if model is not None:
            size = model.path.stat().st_size / MIB if model.path.is_file() else None
            found[column] = Facts(model.display_name, size, None if scored is None else scored.seconds)
    return found


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
    scored = kept.column_model(column)
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
