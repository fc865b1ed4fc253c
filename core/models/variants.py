"""A variant: another model's weights computed in less than float32, as a model of its own that nobody gets unasked.

Owns `<id>.variant.json`, which holds no weight: reading it against the models at hand, writing it, its card, and the
limits that its answers must keep. Making and running one is `core.engines`' and `core.workflows.variant`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import CheckpointError, ConfigError
from core.metrics.operating_points import OperatingPoint
from core.models.atomic import write_atomically
from core.models.card import Card, Metric
from core.models.comparison import Check
from core.models.config import read_config_file
from core.models.hashing import file_sha256, text_sha256
from core.models.model import Model, Variant
from core.models.naming import require_id
from core.models.strict_json import canonical_json

VARIANT_SUFFIX = ".variant.json"

MAX_SCORE_DIFFERENCE = 0.02
"""Of a probability. So no decision can change across a threshold by more than this either."""

MAX_CHANGED = 0.005
"""Share of the decisions, at all operating points of all compared cases."""

LEAST_DICE = 0.99
"""Of every label in every compared case."""

MAX_HEAT_DIFFERENCE = 0.1
"""Of a heat map of 0..1: it may fade by a tenth and not point elsewhere."""

NAME_LENGTH = 24
"""Of a display name."""

Hex256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Precision(StrEnum):
    """What a variant computes in. bf16 : bfloat16 throughout. int8 : weights and activations in 8 bits, calibrated."""

    BF16 = "bf16"
    INT8 = "int8"


class Recipe(BaseModel):
    """What decides a variant's answers, and what they were held against.

    base, weights_sha256, fed_sha256 : the model, its weights, and its preprocessing and temperature. graph_sha256 : of
    the graph that is run. calibrated_on : of int8, the cases that set the ranges, in words. check : against float32.
    operating_points : those of the base at which no compared decision changed. self_test : as a checkpoint has one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    precision: Precision
    base: str = Field(max_length=100)
    weights_sha256: Hex256
    fed_sha256: Hex256
    graph_sha256: Hex256
    calibrated_on: str = Field("", max_length=200)
    check: Check
    operating_points: tuple[dict[str, Any], ...] = Field((), max_length=256)
    self_test: dict[str, Any]

    @property
    def sha256(self) -> str:
        """The identity of what the variant answers: the base's weights, the precision and the graph."""
        return text_sha256(canonical_json([self.weights_sha256, str(self.precision), self.graph_sha256]))


def keeps_limits(check: Check) -> bool:
    """Whether the differences measured are within what is allowed; NaN is not, nor is a comparison of no case."""
    return (
        check.cases > 0
        and (check.scores is None or check.scores <= MAX_SCORE_DIFFERENCE)
        and check.changed <= MAX_CHANGED * check.decisions
        and (check.dice is None or check.dice >= LEAST_DICE)
        and (check.heat is None or check.heat <= MAX_HEAT_DIFFERENCE)
    )


def variant_id(base: str, precision: Precision) -> str:
    """'chest_v1.0.0' in bf16 is 'chest_bf16_v1.0.0'."""
    name, mark, version = base.rpartition("_v")
    return f"{name}_{precision}_v{version}" if mark else f"{base}_{precision}"


def read_variant(path: Path, models: Mapping[str, Model]) -> Model:
    """The handle of a variant of one of the models at hand; why it may not be used is told as its problem.

    Raises
    ------
    ConfigError : the file breaks its schema, or its base is not at hand so that nothing is known of it.
    CheckpointError : an operating point in it is damaged.
    """
    try:
        held = Recipe.model_validate(read_config_file(path))
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(
            found=f"The variant does not fit the schema: {'.'.join(str(p) for p in fault['loc'])}: {fault['msg']}.",
            why="What it computes and how near it comes must be certain.",
            do="Make it again with `python -m core variant`.",
        ) from error
    base = models.get(held.base)
    if base is None or base.members or base.variant is not None:
        raise ConfigError(
            found=f"Its base {held.base} is not at hand.",
            why="A variant has no weights of its own.",
            do="Put the base on the shelf, or import it.",
        )
    problem = _problem(held, base)
    return Model(
        id=require_id(path.name.removesuffix(VARIANT_SUFFIX)),
        path=path,
        config=base.config,
        input=base.input,
        card=_card(held, base),
        operating_points=_points(held),
        weights_sha256=held.sha256,
        file_sha256=file_sha256(path),
        origins=base.origins,
        verified=problem is None and base.verified,
        problem=problem,
        notes=base.notes,
        temperature=base.temperature,
        gate=base.gate,
        variant=Variant(base, held.precision, held.graph_sha256, held.check, held.self_test),
        size_bytes=path.stat().st_size,
    )


def write_variant(path: Path, recipe: Recipe) -> None:
    """Write it, whole or not at all."""
    plain = recipe.model_dump(mode="json")
    write_atomically(path, (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode())


def _problem(held: Recipe, base: Model) -> str | None:
    again = "Make it again with `python -m core variant`."
    if held.weights_sha256 != base.weights_sha256:
        return f"Its base {base.id} has other weights than it was compared with. {again}"
    if held.fed_sha256 != base.fed_sha256:
        return f"The preprocessing of its base {base.id} is not the one that it was compared with. {again}"
    if base.problem:
        return f"Its base {base.id} cannot be used: {base.problem}"
    if not keeps_limits(held.check):
        return f"Its answers differ too much from float32's: {held.check.words()}. Use {base.id}."
    return None


def _points(held: Recipe) -> tuple[OperatingPoint, ...]:
    try:
        return tuple(OperatingPoint.from_dict(dict(point)).bound_to(held.sha256) for point in held.operating_points)
    except ValueError as error:
        raise CheckpointError(
            found=f"An operating point of the variant is damaged: {error}.",
            why="A threshold must be certain.",
            do="Make the variant again with `python -m core variant`.",
        ) from error


def _card(held: Recipe, base: Model) -> Card:
    """The base's card without the base's figures, with what was measured of the variant."""
    name, check = base.display_name, held.check
    words = {Precision.BF16: "bfloat16", Precision.INT8: "8-bit integers"}[held.precision]
    left_out = len(base.operating_points) - len(held.operating_points)
    limits = (
        f"Computed in {words}, not in float32. Against float32: {check.words()}.",
        f"Its figures were not measured on patients again: those of {base.id} are float32's.",
        *((f"{left_out} of its base's operating points are left out.",) if left_out > 0 else ()),
    )
    return base.card.model_copy(
        update={
            "display_name": f"{name[: NAME_LENGTH - len(held.precision) - 1].rstrip()} {held.precision}",
            "summary": f"{name} computed in {words}: sooner on a processor that has it, and a little less exact.",
            "scenario": f"The answers of {name} where time counts; never chosen unasked.",
            "key_metric": "",
            "maturity": "early",
            "limits": (*limits, *base.card.limits),
            "metrics": tuple(_metrics(check)),
            "provenance": {
                "base": f"{base.id} (weights {base.weights_sha256[:12]})",
                "precision": str(held.precision),
                **({"calibrated on": held.calibrated_on} if held.calibrated_on else {}),
                "compared": f"{check.engine} {check.version} with torch {check.torch} on {check.cohort}",
            },
        }
    )


def _metrics(check: Check) -> list[Metric]:
    """The differences as figures of the card."""
    told: list[Metric] = []
    for name, value in (
        ("largest score difference", check.scores),
        ("lowest dice against float32", check.dice),
        ("largest heat map difference", check.heat),
    ):
        if value is not None:
            told.append(Metric(name=name, value=value, n=check.cases, split=check.cohort))
    if check.decisions:
        share = check.changed / check.decisions
        told.append(
            Metric(
                name="decisions changed", value=share, k=check.changed, n=check.decisions, split=check.cohort,
                unit="decision",
            )
        )  # fmt: skip
    return told
