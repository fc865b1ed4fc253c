"""The facts in a checkpoint's header: what the file says about its weights, as text that can be hashed.

Owns their form in the file. Every value of a safetensors header is text, so each fact is one line of canonical
JSON; `facts_sha256` is over all the others, so that a changed digit in a threshold is noticed like a changed weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from core.errors import CheckpointError, ConfigError
from core.metrics.operating_points import OperatingPoint
from core.models.card import Card
from core.models.config import ModelConfig
from core.models.gate import Gate
from core.models.hashing import text_sha256
from core.models.strict_json import canonical_json, parse_json_object

SCHEMA = "readroom.checkpoint"
SCHEMA_VERSION = 1

FORMAT = "pt"
"""The customary mark of weights that PyTorch names and orders."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands in the header, checked.

    temperature : logits are divided by it before they become scores (Guo 2017). gate : see `gate`.
    versions : of torch and the libraries that wrote the file. training : epoch and the metrics of
    training, as the trainer gave them. self_test : see `self_test`. source : of an import, what was
    read. created : ISO 8601, None for an import, so that equal imports are equal files.
    """

    model_id: str
    config: ModelConfig
    card: Card
    weights_sha256: str
    operating_points: tuple[OperatingPoint, ...] = ()
    self_test: dict[str, Any] | None = None
    origins: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    created: str | None = None
    temperature: float = 1.0
    gate: Gate | None = None

    def to_metadata(self) -> dict[str, str]:
        """The header's text facts, sealed."""
        config = self.config.canonical()
        facts = {
            "format": FORMAT,
            "schema": f"{SCHEMA}/{SCHEMA_VERSION}",
            "model_id": self.model_id,
            "version": self.config.version,
            "config": config,
            "config_sha256": text_sha256(config),
            "card": canonical_json(self.card.model_dump(mode="json")),
            "operating_points": canonical_json([point.to_dict() for point in self.operating_points]),
            "origins": canonical_json(self.origins),
            "versions": canonical_json(self.versions),
            "training": canonical_json(self.training),
            "source": canonical_json(self.source),
            "weights_sha256": self.weights_sha256,
        }
        if self.self_test is not None:
            facts["self_test"] = canonical_json(self.self_test)
        if self.temperature != 1.0:
            facts["temperature"] = repr(self.temperature)
        if self.gate is not None:
            facts["gate"] = canonical_json(self.gate.to_plain())
        if self.created is not None:
            facts["created"] = self.created
        return facts | {"facts_sha256": seal(facts)}


def seal(metadata: dict[str, str]) -> str:
    """SHA-256 over the text facts, without the seal itself."""
    return text_sha256(canonical_json({k: v for k, v in metadata.items() if k != "facts_sha256"}))


def is_ours(metadata: Mapping[str, Any]) -> bool:
    """Whether a header carries our facts; of a foreign file any value may stand there."""
    return str(metadata.get("schema", "")).startswith(f"{SCHEMA}/")


def sealed(model_id: str) -> ConfigError:
    """The refusal of another configuration, or another id, for a checkpoint of ours."""
    return ConfigError(
        found=f"The file is already one of our own checkpoints, called {model_id}.",
        why="Its configuration and its id are sealed with its weights.",
        do="Import it without --config and --id.",
    )


def read_facts(metadata: dict[str, str]) -> Facts:
    """The checked facts of one of our headers.

    Raises
    ------
    CheckpointError : the file is of a newer form, a fact is missing or breaks its schema.
    ConfigError : the configuration breaks the schema.
    """
    version = metadata.get("schema", "").removeprefix(f"{SCHEMA}/")
    if version != str(SCHEMA_VERSION):
        raise CheckpointError(
            found=f"The checkpoint is of form {version[:20] or 'unknown'}; form {SCHEMA_VERSION} is read here.",
            why="What a newer form means is not known here.",
            do="Update Readroom, or save the model again with this version.",
        )
    try:
        return Facts(
            model_id=metadata["model_id"],
            config=ModelConfig.parse(parse_json_object(metadata["config"], "The configuration")),
            card=Card.model_validate_json(metadata["card"]),
            weights_sha256=metadata["weights_sha256"],
            operating_points=_points(metadata["operating_points"]),
            self_test=_optional(metadata, "self_test"),
            temperature=_temperature(metadata),
            gate=_gate(metadata),
            origins={str(k): str(v) for k, v in _table(metadata, "origins").items()},
            versions={str(k): str(v) for k, v in _table(metadata, "versions").items()},
            training=_table(metadata, "training"),
            source=_table(metadata, "source"),
            created=metadata.get("created"),
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error).splitlines()[0][:160]
        raise CheckpointError(
            found=f"The facts in the checkpoint's header do not fit: {said}.",
            why="Scores without their configuration and card cannot be trusted.",
            do="Copy the file again, or save the model again.",
        ) from error


def _points(text: str) -> tuple[OperatingPoint, ...]:
    held = parse_json_object(f'{{"points":{text}}}', "The operating points")["points"]
    if not isinstance(held, list) or any(not isinstance(point, dict) for point in held):
        raise ValueError("operating points are no list of objects")
    return tuple(OperatingPoint.from_dict(point) for point in held)


def _temperature(metadata: dict[str, str]) -> float:
    value = float(metadata.get("temperature", "1"))
    if not 0 < value < math.inf:
        raise ValueError("the temperature is no positive number")
    return value


def _gate(metadata: dict[str, str]) -> Gate | None:
    held = _optional(metadata, "gate")
    return None if held is None else Gate.from_plain(held)


def _table(metadata: dict[str, str], name: str) -> dict[str, Any]:
    return parse_json_object(metadata[name], f"The fact {name}")


def _optional(metadata: dict[str, str], name: str) -> dict[str, Any] | None:
    return _table(metadata, name) if name in metadata else None
