"""S5's entities: a model record, its figures by class, a named subset of cases, a page of records.

Owns their fields and bounds. A record says what somebody trains or has trained; the checkpoint itself is
`core.models.Model`, to which `model_content` can point.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=4000)]

META_BYTES = 256 * 1024
"""Of `meta` as JSON: a note beside the model, not a place for data."""

MOST_SLICES = 64
MOST_CLASSES = 1024


class _Entity(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, protected_namespaces=())


class ModelTrainClass(_Entity):
    """What a model reaches on one class, and out of how many annotations. `class` is accepted for `class_name`."""

    class_name: Name = Field(alias="class", description="Name of the class, for instance car; alias: class.")
    annotation_type: Name | None = Field(None, description="How it is annotated: box, polygon, …")
    ap: float | None = Field(None, ge=0, le=1, allow_inf_nan=False, description="Average precision, 0.0 to 1.0.")
    training_annotations_count: int | None = Field(None, ge=0, description="Annotations that taught it.")
    validation_annotations_count: int | None = Field(None, ge=0, description="Annotations that it was measured on.")


class Slice(_Entity):
    """A named subset of a data set's cases; it never changes."""

    id: Id = Field(description="Unique within its data set.")
    dataset_id: Id = Field(description="The data set: a cohort of this data folder, or one kept elsewhere.")
    name: Name = Field(description="What people call it.")
    case_ids: tuple[Name, ...] = Field(min_length=1, max_length=50_000, description="Neutral ids of its cases.")

    @field_validator("case_ids")
    @classmethod
    def _are_different(cls, held: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(held)) != len(held):
            raise ValueError("a case is named twice")
        return held


class ModelSlice(_Entity):
    """A slice as a model record names it."""

    id: Id = Field(description="Id of the slice in the model's data set.")
    name: Name = Field(description="What people call it.")
    cases: int = Field(ge=1, description="Cases in it.")


class ModelContent(_Entity):
    """Where the trained weights are: kept apart from the record, and never deleted with it."""

    id: Name = Field(description="Id of the checkpoint on the shelf, or a reference to a store elsewhere.")


class Model(_Entity):
    """A model of a data set: what it is trained on, how far it is, and what it reaches."""

    id: Id | None = Field(None, description="Unique id; given when the record is created.")
    dataset_id: Id | None = Field(None, description="The data set that the model belongs to.")
    name: Name = Field(description="Name of the model, as people say it.")
    baseline_model: Name | None = Field(None, description="Architecture that it starts from, e.g. densenet121.")
    description: Text | None = Field(None, description="What the model is for.")
    training_classes: tuple[ModelTrainClass, ...] = Field(
        (), max_length=MOST_CLASSES, description="What it reaches by class."
    )
    training_slices: tuple[ModelSlice, ...] = Field((), max_length=MOST_SLICES, description="Slices that teach it.")
    validation_slices: tuple[ModelSlice, ...] = Field(
        (), max_length=MOST_SLICES, description="Slices that it is measured on."
    )
    training_data_count: int = Field(0, ge=0, description="Different cases in its training slices.")
    validation_data_count: int = Field(0, ge=0, description="Different cases in its validation slices.")
    model_content: ModelContent | None = Field(None, description="The trained model file, by reference.")
    is_trained: bool = Field(False, description="Whether training is complete; it happens outside.")
    trained_at: str | None = Field(None, description="When training was complete: ISO 8601 text, sortable.")
    is_pinned: bool = Field(False, description="Whether somebody marked it as important.")
    meta: dict[str, Any] | None = Field(None, description="Whatever else belongs to it, as JSON.")  # Any: JSON
    created_at: str | None = Field(None, description="When the record was created, ISO 8601 in UTC.")
    created_by: str | None = Field(None, max_length=200, description="Who created it.")
    updated_at: str | None = Field(None, description="When the record was last changed, ISO 8601 in UTC.")
    updated_by: str | None = Field(None, max_length=200, description="Who changed it last.")

    @field_validator("meta")
    @classmethod
    def _is_small_json(cls, held: dict[str, Any] | None) -> dict[str, Any] | None:
        if held is not None and len(json.dumps(held, allow_nan=False)) > META_BYTES:
            raise ValueError(f"meta: more than {META_BYTES} bytes as JSON")
        return held


class ModelPageInfo(_Entity):
    """A page of models, and where the next one begins."""

    models: tuple[Model, ...] = Field(description="The models of this page, newest first.")
    next_cursor: str | None = Field(None, description="What asks for the next page; None after the last one.")
    total_count: int = Field(ge=0, description="Models that fit the filter, on all pages together.")
