"""The noun `Model`: a handle that knows everything about a model and holds none of its weights.

Owns the handle. Finding models is `catalog`'s, loading their weights is `loading`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.metrics.operating_points import OperatingPoint
from core.models.architectures import Task
from core.models.card import Card
from core.models.comparison import Check
from core.models.config import ModelConfig
from core.models.gate import Gate
from core.models.input_spec import InputSpec
from core.models.signatures import SignatureState


class EnsembleRule(StrEnum):
    """How an ensemble joins its members' answers."""

    MEAN = "mean"
    WEIGHTED = "weighted"
    VOTE = "vote"


@dataclass(frozen=True, slots=True)
class Member:
    """One model of an ensemble and its share; shares add up to 1."""

    model: Model
    weight: float


@dataclass(frozen=True, slots=True)
class Variant:
    """How a model computes another one's weights, in less than float32.

    base : the model that holds them. precision : a name of `core.models.variants`. graph_sha256 : of the graph that was
    compared. check : its answers against torch's in float32. self_test : its own record, as a checkpoint has one; empty
    while it is being made.
    """

    base: Model
    precision: str
    graph_sha256: str
    check: Check
    self_test: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """A model on the shelf or in the store.

    path : the checkpoint, or the description of an ensemble or a variant. origins : for each field of the
    configuration and `input.<field>`, where its value comes from. verified : the bytes are those
    that were written. problem : one sentence that says why it cannot be used; None when it can.
    notes : findings that do not stand in the way. temperature : logits are divided by it before they become
    scores. gate : what its training cases look like; None where nobody noted it. members, rule : of an ensemble.
    variant : where another model's weights are computed in less than float32; everything else is then the base's.
    signature : what the files say to the public key of this installation; models that are listed carry it.
    """

    id: str
    path: Path
    config: ModelConfig
    input: InputSpec
    card: Card
    operating_points: tuple[OperatingPoint, ...]
    weights_sha256: str
    file_sha256: str
    origins: Mapping[str, str] = field(default_factory=dict)
    verified: bool = False
    problem: str | None = None
    notes: tuple[str, ...] = ()
    temperature: float = 1.0
    gate: Gate | None = None
    members: tuple[Member, ...] = ()
    rule: EnsembleRule | None = None
    variant: Variant | None = None
    created: str | None = None
    size_bytes: int = 0
    signature: SignatureState = SignatureState.NOT_CHECKED

    def __hash__(self) -> int:
        return hash((self.id, self.file_sha256))

    @property
    def task(self) -> Task:
        """What it answers with."""
        return self.config.task

    @property
    def architecture(self) -> str:
        """A name of the architecture table, or 'ensemble'."""
        return "ensemble" if self.members or self.rule else self.config.model_type

    @property
    def stored(self) -> Model:
        """The model whose file holds the weights: itself, of a variant its base."""
        return self if self.variant is None else self.variant.base

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classification outputs; neutral ones where nobody named them; empty without such a head."""
        if self.task is Task.SEGMENTATION:
            return ()
        return self.config.classes or tuple(f"class-{n + 1}" for n in range(self.config.cls_num_classes))

    @property
    def findings(self) -> tuple[str, ...]:
        """The classes that a threshold is for: of two exclusive classes the second, else every one."""
        exclusive = self.config.activation == "softmax" and len(self.classes) == 2
        return self.classes[1:] if exclusive else self.classes

    @property
    def fed_sha256(self) -> str:
        """Hash of what decides an answer beside image and weights: preprocessing, temperature, the gate's cut-off."""
        cut_off = None if self.gate is None else self.gate.cut_off
        fed = f"{self.input.model_dump_json()} {self.temperature!r} {cut_off!r}"
        return hashlib.sha256(fed.encode()).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the label map's values 1, 2, …; neutral ones where nobody named them; empty without such a head."""
        if self.task is Task.CLASSIFICATION:
            return ()
        count = self.config.seg_out_channels
        count -= self.config.segmentation_activation == "softmax"
        return self.config.labels or tuple(f"label-{n + 1}" for n in range(count))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the input channels, in the network's order."""
        return self.input.channels

    @property
    def display_name(self) -> str:
        """What a dropdown shows: the card's name, else the id."""
        return self.card.display_name or self.id

    def to_public_dict(self) -> dict[str, Any]:
        """What `python -m core models --json` prints of a model."""
        return {
            "id": self.id,
            "task": str(self.task),
            "architecture": self.architecture,
            "classes": list(self.classes or self.labels),
            "channels": list(self.channels),
            "sha256": self.weights_sha256,
            "file_sha256": self.file_sha256,
            "verified": self.verified,
            "problem": self.problem,
            "signature": str(self.signature),
            "metrics": [metric.model_dump(mode="json") for metric in self.card.metrics],
        }
