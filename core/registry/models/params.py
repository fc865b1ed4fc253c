"""S5's filters, and the word for a field that an update leaves alone.

Owns what may be asked. How it is asked of the tables is `core.registry.model_pages`'.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Needle = Annotated[str, Field(min_length=1, max_length=200)]


class Absent(Enum):
    """`ABSENT` says that a field is not part of an update; None empties it."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class ModelsFilterOptions(BaseModel):
    """Conditions on a model; those that are None ask nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name_contains: Needle | None = Field(None, description="Part of the name, in either case.")
    baseline_contains: Needle | None = Field(None, description="Part of the baseline model's name, in either case.")
    id_in: tuple[Needle, ...] | None = Field(None, max_length=1000, description="One of these ids.")
    is_trained: bool | None = Field(None, description="Whether training is complete.")
    is_pinned: bool | None = Field(None, description="Whether it is pinned.")
    meta_key: Needle | None = Field(None, description="A key that its meta has at the top, e.g. experiment_group.")
    meta_value: Needle | None = Field(None, description="The text under meta_key; asks nothing without it.")
    ap_at_least: float | None = Field(None, ge=0, le=1, description="Mean AP over its classes, this or more.")
    ap_below: float | None = Field(None, ge=0, le=1, description="Mean AP over its classes, less than this.")


class ModelsFilter(BaseModel):
    """must_filter : all of its conditions hold. not_filter : none of its conditions holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    must_filter: ModelsFilterOptions | None = Field(None, description="All of these hold.")
    not_filter: ModelsFilterOptions | None = Field(None, description="None of these holds.")
