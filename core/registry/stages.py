"""The stages of a registered version, and which may follow which.

Owns that order. What must hold before a version reaches Production is `promotion`'s. No stage makes a model a medical
device.
"""

from __future__ import annotations

from enum import StrEnum

from core.errors import RegistryError


class Stage(StrEnum):
    """Where a registered version stands."""

    DEVELOPMENT = "Development"
    TESTING = "Testing"
    STAGING = "Staging"
    PRODUCTION = "Production"
    RETIREMENT = "Retirement"


CLIMB = (Stage.DEVELOPMENT, Stage.TESTING, Stage.STAGING, Stage.PRODUCTION)
"""Upwards one step at a time; downwards, and into retirement, from anywhere."""


def named_stage(text: str) -> Stage:
    """The stage of that name, in either case; raises RegistryError listing them."""
    for stage in Stage:
        if stage.casefold() == text.casefold():
            return stage
    raise RegistryError(
        found=f"There is no stage {text[:40]!r}.",
        why="Stages say how far a version was looked at, so their list is closed.",
        do=f"Use one of: {', '.join(Stage)}.",
    )


def step_problem(now: Stage, wanted: Stage) -> str | None:
    """Why a version cannot go from one stage to another, in one sentence; None where it can."""
    if now is wanted:
        return f"It is in {now} already."
    if wanted is Stage.RETIREMENT:
        return None
    if now is Stage.RETIREMENT:
        return "From Retirement it comes back to Staging at most." if wanted is Stage.PRODUCTION else None
    if CLIMB.index(wanted) - CLIMB.index(now) > 1:
        return f"From {now} the next stage is {CLIMB[CLIMB.index(now) + 1]}."
    return None
