"""Two models beside each other: what differs in their configurations, what both measured, and a set that can judge.

Owns the rows and which test set both can be compared on. The comparison itself is `compare`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.models.model import Model
from core.workflows.card_rows import interval, value
from core.workflows.model_view import configuration_rows
from core.workflows.score import models_that_fit
from core.workspace.cohort_record import KeptCohort

LEFT_OUT = ("description", "trained_on", "training_config")
"""Free text of a configuration, which stands on the card."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What two models differ in. configuration : (field, a, b) where they differ. same : fields that agree.
    figures : (figure, split and unit, a, b) of what both cards measured.
    """

    configuration: tuple[tuple[str, str, str], ...]
    same: int
    figures: tuple[tuple[str, str, str, str], ...]


def differences(a: Model, b: Model) -> Differences:
    """Where two models differ, and the figures that both cards have under one name."""
    left, right = ({name: held for name, held, _ in configuration_rows(model)} for model in (a, b))
    names = [name for name in dict.fromkeys([*left, *right]) if name not in LEFT_OUT]
    parted = [(name, left.get(name, "–"), right.get(name, "–")) for name in names if left.get(name) != right.get(name)]
    if a.architecture != b.architecture and a.config.model_type == b.config.model_type:
        parted.insert(0, ("architecture", a.architecture, b.architecture))
    return Differences(tuple(parted), len(names) - len(parted), tuple(_figures(a, b)))


def _figures(a: Model, b: Model) -> list[tuple[str, str, str, str]]:
    of_b = {(m.name, m.split, m.unit): m for m in b.card.metrics if not m.subgroup}
    rows = []
    for m in a.card.metrics:
        other = of_b.get((m.name, m.split, m.unit))
        if other is not None and not m.subgroup and m.lo is not None and other.lo is not None:
            said = [f"{value(one)}, {interval(one)}" for one in (m, other)]
            rows.append((m.name, f"{m.split} · {m.unit}", said[0], said[1]))
    return rows


def comparable(a: Model, others: Sequence[Model]) -> list[Model]:
    """The models that answer the same question: the same task and answers, those of the same input first."""
    able = [b for b in others if b.id != a.id and b.problem is None and set(_answers(b)) & set(_answers(a))]
    return sorted(able, key=lambda b: (b.task != a.task, b.input.kind != a.input.kind, b.id))


def shared_columns(cohorts: Sequence[KeptCohort], a: Model, b: Model) -> tuple[KeptCohort, list[str]] | None:
    """The latest test set that both have scored, with their columns in it; None where there is none."""
    for cohort in sorted(cohorts, key=lambda one: one.created, reverse=True):
        columns = [_column(cohort, model) for model in (a, b)]
        if None not in columns:
            return cohort, [column for column in columns if column is not None]
    return None


def to_score(cohorts: Sequence[KeptCohort], a: Model, b: Model) -> KeptCohort | None:
    """The latest test set of images that both can be asked about, or None."""
    able = [one for one in cohorts if len(models_that_fit(one, [a, b])) == 2]
    return max(able, key=lambda one: one.created, default=None)


def _column(cohort: KeptCohort, model: Model) -> str | None:
    for scored in cohort.models:
        if scored.model_id == model.id and scored.weights_sha256 == model.weights_sha256 and scored.scored:
            asked = [column for column, name in scored.columns.items() if name in model.findings]
            return next(iter(asked), model.id)
    return None


def _answers(model: Model) -> tuple[str, ...]:
    return (*model.classes, *model.labels)
