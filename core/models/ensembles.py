"""An ensemble: a model of its own, described by a small file that names its members and how they are joined.

Owns `<id>.ensemble.json`: reading it against the models at hand, and writing it. Joining answers is
`core.inference`'s. A member is named by id and bound by its weights' hash.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import CheckpointError, ConfigError
from core.metrics.operating_points import OperatingPoint
from core.models.atomic import write_atomically
from core.models.card import Card
from core.models.config import read_config_file
from core.models.hashing import file_sha256, text_sha256
from core.models.model import EnsembleRule, Member, Model
from core.models.naming import require_id
from core.models.strict_json import canonical_json

ENSEMBLE_SUFFIX = ".ensemble.json"

Hex256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _MemberEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(max_length=100)
    weights_sha256: Hex256
    weight: float = Field(1.0, gt=0, le=1e6, allow_inf_nan=False)


class _EnsembleFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    id: str = Field(max_length=100)
    rule: EnsembleRule
    members: tuple[_MemberEntry, ...] = Field(min_length=2, max_length=16)
    card: Card = Field(default_factory=Card)
    operating_points: tuple[dict[str, Any], ...] = Field((), max_length=256)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len({member.id for member in self.members}) != len(self.members):
            raise ValueError("members: one model is named twice")
        if self.rule is not EnsembleRule.WEIGHTED and len({member.weight for member in self.members}) > 1:
            raise ValueError("members: weights differ, but only the rule weighted uses them")
        return self


def read_ensemble(path: Path, models: Mapping[str, Model]) -> Model:
    """The handle of an ensemble over the models at hand; a member's fault is told as its problem.

    Raises
    ------
    ConfigError : the file breaks its schema, or no member is at hand so that nothing is known of it.
    CheckpointError : an operating point in it is damaged.
    """
    try:
        held = _EnsembleFile.model_validate(read_config_file(path))
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(
            found=f"The ensemble does not fit the schema: {'.'.join(str(p) for p in fault['loc'])}: {fault['msg']}.",
            why="Members and rule must be certain before their answers are joined.",
            do=f"Correct the file. The known keys are: {', '.join(sorted(_EnsembleFile.model_fields))}.",
        ) from error
    present = [models[m.id] for m in held.members if m.id in models and not models[m.id].members]
    if not present:
        raise ConfigError(
            found=f"None of the members is at hand: {', '.join(m.id for m in held.members)}.",
            why="An ensemble has no weights of its own.",
            do="Put its members on the shelf, or import them.",
        )
    weights_hash = _ensemble_sha256(held)
    problem = _members_problem(held, models) or _agreement_problem(present)
    total = sum(m.weight for m in held.members)
    shares = {m.id: m.weight / total for m in held.members}
    return Model(
        id=require_id(held.id),
        path=path,
        config=present[0].config,
        input=present[0].input,
        card=held.card.model_copy(update={"assumed": _assumed(held, present)}),
        operating_points=tuple(p for p in _points(held) if p.weights_sha256 == weights_hash),
        weights_sha256=weights_hash,
        file_sha256=file_sha256(path),
        verified=problem is None and all(model.verified for model in present),
        problem=problem,
        members=tuple(Member(model, shares[model.id]) for model in present),
        rule=held.rule,
        size_bytes=path.stat().st_size,
    )


def write_ensemble(
    path: Path,
    members: Sequence[Model],
    *,
    rule: EnsembleRule,
    weights: Sequence[float] = (),
    card: Card | None = None,
    operating_points: tuple[OperatingPoint, ...] = (),
) -> str:
    """Write `<id>.ensemble.json` atomically; returns the ensemble's `weights_sha256`, to which its points are bound.

    weights : one for each member, in their order, where the rule is weighted; none: equal shares.

    Raises
    ------
    ConfigError : the members do not answer the same question, or the name does not end in
        `.ensemble.json`.
    """
    if not path.name.endswith(ENSEMBLE_SUFFIX):
        raise ConfigError(
            found=f"{path.name} does not end in {ENSEMBLE_SUFFIX}.",
            why="Ensembles are found by their name.",
            do=f"Call it {path.stem}{ENSEMBLE_SUFFIX}.",
        )
    shares = weights or [1.0] * len(members)
    problem = _agreement_problem(members)
    if problem:
        raise ConfigError(found=problem, why="Their answers cannot be joined.", do="Choose members that agree.")
    held = _EnsembleFile(
        id=require_id(path.name.removesuffix(ENSEMBLE_SUFFIX)),
        rule=rule,
        members=tuple(
            _MemberEntry(id=m.id, weights_sha256=m.weights_sha256, weight=w)
            for m, w in zip(members, shares, strict=True)
        ),
        card=card or Card(),
    )
    weights_hash = _ensemble_sha256(held)
    points = [point.bound_to(weights_hash).to_dict() for point in operating_points]
    plain = held.model_dump(mode="json") | {"operating_points": points}
    write_atomically(path, (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode())
    return weights_hash


def _assumed(held: _EnsembleFile, members: Sequence[Model]) -> tuple[str, ...]:
    """What was assumed of the ensemble, and of each member: a joined score rests on all of it."""
    of_members = (f"{model.id}: {said}" for model in members for said in model.card.assumed)
    return (*held.card.assumed, *of_members)


def _ensemble_sha256(held: _EnsembleFile) -> str:
    """The identity of what an ensemble answers: its rule, and its members' weights with their shares."""
    total = math.fsum(m.weight for m in held.members)
    members = sorted([m.weights_sha256, round(m.weight / total, 12)] for m in held.members)
    return text_sha256(canonical_json({"rule": str(held.rule), "members": members}))


def _members_problem(held: _EnsembleFile, models: Mapping[str, Model]) -> str | None:
    for member in held.members:
        model = models.get(member.id)
        if model is None or model.members:
            return f"The member {member.id} is missing. Put it on the shelf, or import it."
        if model.weights_sha256 != member.weights_sha256:
            return f"The member {member.id} has other weights than the ensemble was made with."
        if model.problem:
            return f"The member {member.id} cannot be used: {model.problem}"
    return None


def _agreement_problem(models: Sequence[Model]) -> str | None:
    first = models[0]
    for model in models[1:]:
        for what in ("task", "classes", "labels", "channels"):
            if getattr(model, what) != getattr(first, what):
                return f"The members {first.id} and {model.id} differ in their {what}."
        if model.input.kind != first.input.kind:
            return f"The members {first.id} and {model.id} read different kinds of study."
    return None


def _points(held: _EnsembleFile) -> list[OperatingPoint]:
    try:
        return [OperatingPoint.from_dict(dict(point)) for point in held.operating_points]
    except ValueError as error:
        raise CheckpointError(
            found=f"An operating point of the ensemble is damaged: {error}.",
            why="A threshold must be certain.",
            do="Restore the file from a backup.",
        ) from error
