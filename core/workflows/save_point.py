"""A chosen threshold kept as an operating point of one model, for Predict to use; or taken away as a file.

Owns whose point it may become: of the model that made the scores, with the very weights that made them. Where points
lie is `core.models.saved_points`' matter; nothing is ever written to the shelf.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from core import NOTICE
from core.errors import ConfigError
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.rules import Chosen
from core.models.catalog import list_models
from core.models.model import Model
from core.models.saved_points import read_points, write_points
from core.workflows.score_table import columns_of
from core.workspace.cohort_record import KeptCohort

SAVED = " (saved)"
"""Ending of a saved point's name that a point of the model itself has too."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The model that a column's point may be saved with. model None : only the file can be had, and `why` says why."""

    model: Model | None
    finding: str
    why: str = ""


def owner_of(column: str, cohort: KeptCohort | None) -> Owner:
    """Whose score a column is.

    cohort : where the scores were made; with it the model's weights must still be those that made them. None, or one
    that was brought as a table: the column's name says which model it claims to be.
    """
    models = {model.id: model for model in list_models() if model.problem is None}
    scored = None if cohort is None else cohort.column_model(column)
    if scored is not None:
        finding, model = scored.columns[column], models.get(scored.model_id)
        if model is None:
            return Owner(None, finding, f"{scored.model_id} made these scores and is not on the shelf any more.")
        if (model.weights_sha256, model.fed_sha256) != (scored.weights_sha256, scored.fed):
            why = f"{model.id} is not the one that made these scores: its weights or its input changed. Score again."
            return Owner(None, finding, why)
        return Owner(model, finding)
    for model in models.values():
        if column in (columns := columns_of(model)):
            return Owner(model, columns[column])
    return Owner(None, "", f'The column "{column[:60]}" names no model on the shelf.')


def make_point(chosen: Chosen, *, finding: str, cohort: str, name: str | None = None) -> OperatingPoint:
    """A rule's answer as an operating point, bound to no weights yet.

    cohort : what the cases were, in a few words. name : None: the rule and its target.

    Raises
    ------
    ValueError : the rule chose no threshold.
    """
    return chosen.to_point(name or _name(chosen), finding, cohort)


def save_point(model: Model, point: OperatingPoint) -> OperatingPoint:
    """Keep the point, bound to the model's weights; it is in force at once, before the shipped ones.

    A saved point of the same name and finding is replaced; a name that a shipped point has gets ' (saved)'.

    Raises
    ------
    ConfigError : the model has no class of the point's finding.
    """
    if point.finding not in model.classes:
        raise ConfigError(
            found=f'{model.id} has no class "{point.finding[:60]}".',
            why="A threshold is compared with the score of its finding.",
            do=f"Save it for one of: {', '.join(model.classes) or 'none, this model gives no scores'}.",
        )
    saved = saved_points(model)
    shipped = {other.name for other in model.operating_points if other not in saved}
    kept = replace(point, name=point.name + SAVED if point.name in shipped else point.name)
    kept = kept.bound_to(model.weights_sha256)
    others = [other for other in saved if (other.name, other.finding) != (kept.name, kept.finding)]
    write_points(model.weights_sha256, model.fed_sha256, [kept, *others])
    return kept


def saved_points(model: Model) -> tuple[OperatingPoint, ...]:
    """Points that were saved for these weights, newest first."""
    return read_points(model.weights_sha256, model.fed_sha256)


def delete_point(model: Model, name: str) -> None:
    """Forget a saved point; shipped ones cannot be deleted."""
    left = [point for point in saved_points(model) if point.name != name]
    write_points(model.weights_sha256, model.fed_sha256, left)


def point_file(point: OperatingPoint, *, column: str, cohort: KeptCohort | None) -> bytes:
    """`operating-point.json`: the point, what its scores were called, and the hash of the cases that chose it."""
    plain = {
        "schema": "core.operating_point/1",
        "column": column,
        "cohort_sha256": None if cohort is None else cohort.sha256,
        "operating_point": point.to_dict(),
        "notice": NOTICE,
    }
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False).encode()


def _name(chosen: Chosen) -> str:
    """Short, for a list: the rule, and its target where it has one."""
    words = _WORDS.get(chosen.rule, str(chosen.rule).replace("_", " "))
    return words if chosen.target is None else f"{words} {100 * chosen.target:g}%"


_WORDS = {
    Rule.SENSITIVITY_GUARANTEE: "sensitivity",
    Rule.SPECIFICITY_GUARANTEE: "specificity",
    Rule.YOUDEN: "Youden",
    Rule.COST: "least cost",
    Rule.FIXED: "by hand",
}
