"""A named slice of a cohort on this machine: what a model record can name as its training or validation data.

Owns the way from a cohort to the registry's data set of the same id. Slices made by `SliceService` itself may name any
data set, also one that is kept elsewhere.
"""

from __future__ import annotations

from core.errors import RegistryError
from core.registry import SliceService
from core.registry.models.entities import Slice
from core.workspace.cohort_record import KeptCohort
from core.workspace.cohorts import machines_cohorts, read_cases


def slice_of_cohort(cohort: str, name: str, split: str | None, actor: str | None = None) -> Slice:
    """Name the cases of a cohort, or those of one of its splits, as a slice that never changes.

    cohort : name or id of one that was scored on the command line.

    Raises
    ------
    RegistryError : there is no such cohort, split or case, or the slice's name is taken.
    """
    held = _known(cohort)
    cases = [case.id for case in read_cases(held) if not case.fault and split in (None, case.split)]
    if not cases:
        raise RegistryError(
            found=f"{held.name} has no case {'that can be read' if split is None else f'in the split {split[:60]}'}.",
            why="A slice without cases teaches and measures nothing.",
            do=f"Its splits are: {', '.join(held.splits) or 'none'}.",
        )
    return SliceService(actor).create_slice(held.id, name, cases)


def _known(cohort: str) -> KeptCohort:
    kept = machines_cohorts().all()
    for one in kept:
        if cohort in (one.name, one.id):
            return one
    raise RegistryError(
        found=f"There is no cohort {cohort[:60]} on this machine.",
        why="A slice is made of cases that somebody has brought.",
        do=f"Score one with python -m core score. There are: {', '.join(one.name for one in kept) or 'none yet'}.",
    )
