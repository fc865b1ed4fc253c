"""What a foreign checkpoint is: architecture, sizes, names and preprocessing, each with where it comes from.

Owns the order of trust: what was asked, then what the file embeds, then `model_config.json` beside it, then the
tensors, then a default. The tensors have the last word on sizes: a contradiction is refused with both named.
Runs in the worker, because architectures are compared by building them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ConfigError
from core.models.architectures import Shapes
from core.models.config import ModelConfig
from core.models.matching import Identified, identify
from core.models.migrations import migrate
from core.models.presets import (
    PRESETS,
    STATED_BY_SIZES,
    checked_input,
    default_preset,
    preset_input,
    preset_names,
)

ASK = "ask"
"""Instead of a named default: whatever preprocessing is not stated is refused."""

EMBEDDED = "embedded"
FROM_TENSORS = "inferred from tensors"
DEFAULT = "default"
"""Where a value comes from; further ones are 'asked', 'model_config.json' and 'assumed: <named default>'."""

_OUR_KEYS = frozenset({"model_type", "schema_version", "base_filters", "cls_num_classes", "seg_out_channels"})
"""One of these makes a table a configuration in S3's or our form; S1's names its network under 'model'."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of statements: its name in `origins`, and its table of any known form."""

    origin: str
    plain: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The whole configuration with the origin of each field, and what was assumed about the input."""

    config: ModelConfig
    origins: dict[str, str]
    assumed: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Stated:
    """What all layers say together, the first layer that states a field winning."""

    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    input: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def embedded_config(rest: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration inside a checkpoint, with its class names, in whatever known form; empty when there is none.

    A `config` of any other form is a trainer's notebook, not a configuration: it is kept as text.
    """
    held = rest.get("config")
    if isinstance(held, str):
        try:
            held = json.loads(held)
        except ValueError:
            held = None
    plain: dict[str, Any] = {}
    if isinstance(held, Mapping):
        known = isinstance(held.get("model"), str) or bool(_OUR_KEYS & held.keys())
        plain = dict(held) if known else {"training_config": json.dumps(held, sort_keys=True)[:4000]}
    classes = class_names(rest.get("classes"))
    if classes and not plain.get("classes"):
        plain["classes"] = classes
    return plain


def class_names(value: Any) -> list[str]:  # whatever lay under 'classes'
    """Class names in the order of the outputs, from a list or a table of name to index; empty for anything else."""
    if isinstance(value, Mapping) and all(type(index) is int for index in value.values()):
        return [str(name) for name, _ in sorted(value.items(), key=lambda pair: pair[1])]
    if isinstance(value, list | tuple) and all(isinstance(name, str | int) for name in value):
        return [str(name) for name in value]
    return []


def identify_state(names: Shapes, prefixes: list[str]) -> tuple[Identified, str] | None:
    """The architecture of these tensors and the prefix that has to go first; None where there is none."""
    for prefix in prefixes:
        found = identify(without_prefix(names, prefix))
        if found is not None:
            return found, prefix
    return None


def without_prefix(names: Shapes, prefix: str) -> dict[str, tuple[int, ...]]:
    """The same shapes under shorter names."""
    return {name[len(prefix) :]: shape for name, shape in names.items()}


def resolve(layers: list[Layer], identified: Identified, assumed: str | None) -> Resolved:
    """The whole configuration of a checkpoint.

    layers : sources of statements, most trusted first. assumed : the named default for what no
    layer states; None takes the architecture's own, 'ask' takes none.

    Raises
    ------
    ConfigError : a statement contradicts the tensors or breaks the schema, or preprocessing is
        not stated and must be.
    """
    stated = _gather(layers)
    _require_agreement(stated, identified)
    fields = {**stated.fields, **identified.sizes, "model_type": identified.name}
    origins = {name: stated.origins.get(name, FROM_TENSORS) for name in (*identified.sizes, "model_type")}
    base = ModelConfig.checked({name: value for name, value in fields.items() if name != "input"})
    for name in ModelConfig.model_fields:
        if name not in ("schema_version", "input"):
            origins.setdefault(name, stated.origins.get(name, DEFAULT))
    spec, input_origins, said = _input(stated, base, assumed)
    config = ModelConfig.checked({**base.model_dump(), "input": spec})
    return Resolved(config, origins | input_origins, said, tuple(stated.notes))


def known_fields(layers: list[Layer], identified: Identified) -> dict[str, Any]:
    """What is stated and what the tensors tell, and nothing that would be assumed; without the input specification.

    Raises
    ------
    ConfigError : a statement contradicts the tensors or breaks the schema.
    """
    stated = _gather(layers)
    _require_agreement(stated, identified)
    return {**stated.fields, **identified.sizes, "model_type": identified.name}


def _gather(layers: list[Layer]) -> _Stated:
    stated = _Stated()
    for layer in layers:
        older = migrate(dict(layer.plain))
        stated.notes.extend(older.notes)
        pieces = dict(older.config)
        given_input = pieces.pop("input", None)
        unknown = sorted(set(pieces) - set(ModelConfig.model_fields))
        if unknown or not isinstance(given_input, Mapping | None):
            ModelConfig.checked({**pieces, "input": given_input})  # raises, listing the known keys
        for name, value in pieces.items():
            if name not in stated.fields:
                stated.fields[name] = value
                stated.origins[name] = layer.origin
        said = dict(given_input or {})
        if older.picture_size is not None:
            said.setdefault("size", older.picture_size)
        for name, value in said.items():
            if name not in stated.input:
                stated.input[name] = value
                stated.origins[f"input.{name}"] = layer.origin
    return stated


def _require_agreement(stated: _Stated, identified: Identified) -> None:
    """The tensors decide; whoever says otherwise is refused with both named."""
    told = {"model_type": identified.name, **identified.sizes}
    against = [
        f"{name} = {stated.fields[name]} ({stated.origins[name]}), the tensors say {value}"
        for name, value in told.items()
        if name in stated.fields and stated.fields[name] != value
    ]
    for names, size in (("classes", "cls_num_classes"), ("labels", "seg_out_channels")):
        given, outputs = stated.fields.get(names), identified.sizes.get(size)
        if isinstance(given, list | tuple) and given and outputs is not None:
            fits = len(given) == outputs or (names == "labels" and len(given) == outputs - 1)
            if not fits:
                against.append(f"{len(given)} {names} ({stated.origins[names]}), the tensors have {outputs} outputs")
    if against:
        raise ConfigError(
            found=f"The configuration contradicts the tensors: {'; '.join(against)}.",
            why="One of the two belongs to another model, and guessing which would give wrong scores.",
            do="Correct or remove these statements: sizes are read from the tensors.",
        )


def _input(
    stated: _Stated, config: ModelConfig, assumed: str | None
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """The input specification, the origin of its fields, and what was assumed in words."""
    name = default_preset(config) if assumed in (None, ASK) else str(assumed)
    filled = preset_input(name, config, dict(stated.input)).model_dump()
    taken = [f for f in PRESETS[name] if f not in stated.input and f not in STATED_BY_SIZES]
    if stated.input.get("kind") not in (None, PRESETS[name]["kind"]):
        # A default for films says nothing about which scans a volume may come from.
        for admits in ("modalities", "body_parts"):
            if admits in taken:
                taken.remove(admits)
                filled[admits] = ()
    if assumed == ASK and taken:
        raise ConfigError(
            found=f"The checkpoint does not say how pictures are prepared: {', '.join(taken)}.",
            why="Pictures prepared in another way than in training give wrong scores that look right.",
            do=f'State it with --config FILE as {{"input": {{…}}}}, or choose a named default: {preset_names()}.',
        )
    spec = checked_input(filled).model_dump(mode="json")
    origins = {
        f"input.{field_name}": stated.origins.get(
            f"input.{field_name}",
            f"assumed: {name}" if field_name in taken else FROM_TENSORS if field_name in STATED_BY_SIZES else DEFAULT,
        )
        for field_name in spec
    }
    said = tuple(f"{f} = {_in_words(spec[f])} ({name})" for f in taken)
    return spec, origins, said


def _in_words(value: Any) -> str:  # a JSON value of an input specification
    if isinstance(value, list):
        numbers = all(isinstance(v, int | float) for v in value)
        return " × ".join(f"{v:g}" for v in value) if numbers else ", ".join(map(str, value))
    return str(value)
