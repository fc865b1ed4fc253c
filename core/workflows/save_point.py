"""A chosen threshold kept as an operating point of one model, for Predict to use; or taken away as a file.

Owns whose point it may become: of the model that made the scores, with the very weights that made them. Where points
lie is `core.models.saved_points`' matter; nothing is ever written to the shelf.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.metrics import Chosen, OperatingPoint
from core.models.model import Model
from core.workspace.cohort_record import KeptCohort


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
    raise NotImplementedError


def make_point(chosen: Chosen, *, finding: str, cohort: str, name: str | None = None) -> OperatingPoint:
    """A rule's answer as an operating point, bound to no weights yet.

    cohort : what the cases were, in a few words. name : None: the rule and its target.

    Raises
    ------
    ValueError : the rule chose no threshold.
    """
    raise NotImplementedError


def save_point(model: Model, point: OperatingPoint) -> OperatingPoint:
    """Keep the point, bound to the model's weights; it is in force at once, before the shipped ones.

    A saved point of the same name is replaced; a name that a shipped point has gets ' (saved)'.

    Raises
    ------
    ConfigError : the model has no class of the point's finding.
    """
    raise NotImplementedError


def saved_points(model: Model) -> tuple[OperatingPoint, ...]:
    """Points that were saved for these weights, newest first."""
    raise NotImplementedError


def delete_point(model: Model, name: str) -> None:
    """Forget a saved point; shipped ones cannot be deleted."""
    raise NotImplementedError


def point_file(point: OperatingPoint, *, column: str, cohort: KeptCohort | None) -> bytes:
    """`operating-point.json`: the point, its rule, cohort and hashes."""
    raise NotImplementedError
