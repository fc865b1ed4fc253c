"""Tensors against architectures: which one these are, and in what they differ from it.

Owns identification and the words of a refusal. Names and shapes are enough; nothing is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import CheckpointError, ConfigError
from core.models import architectures
from core.models.architectures import Shapes
from core.models.config import ModelConfig

SHOWN_BLOCKS = 4
"""Blocks named in a refusal; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one set of tensors lacks, has too much, and has in another shape than an architecture."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    """Name -> (shape expected, shape found)."""

    @property
    def size(self) -> int:
        """How many tensors differ."""
        return len(self.missing) + len(self.unexpected) + len(self.mismatched)

    def sentence(self) -> str:
        """The difference by block, most affected first."""
        parts = [
            f"{len(names)} {word} ({_by_block(names)})"
            for word, names in (("missing", self.missing), ("unexpected", self.unexpected))
            if names
        ]
        if self.mismatched:
            name, (expected, found) = next(iter(sorted(self.mismatched.items())))
            example = f"{name} is {shape_words(found)} where {shape_words(expected)} is expected"
            parts.append(f"{len(self.mismatched)} of another shape ({_by_block(self.mismatched)}; {example})")
        return "; ".join(parts)


def compare(expected: Shapes, found: Shapes) -> Difference:
    """In what `found` differs from `expected`."""
    return Difference(
        missing=tuple(sorted(expected.keys() - found.keys())),
        unexpected=tuple(sorted(found.keys() - expected.keys())),
        mismatched={
            name: (expected[name], found[name])
            for name in sorted(expected.keys() & found.keys())
            if expected[name] != found[name]
        },
    )


def require_match(config: ModelConfig, expected: Shapes, found: Shapes) -> None:
    """Raise CheckpointError, naming blocks, unless the tensors are exactly those of the configuration's network."""
    difference = compare(expected, found)
    if difference.size:
        raise CheckpointError(
            found=f"The tensors are not those of the configuration's {config.model_type}: {difference.sentence()}.",
            why="A network filled in part answers with noise.",
            do="Give the configuration that the checkpoint was trained with.",
        )


def require_config_matches(config: ModelConfig | Mapping[str, Any], shapes: Shapes) -> None:
    """Raise ConfigError, naming both sides, where a configuration contradicts the tensors.

    config : a whole configuration, or only the fields to be checked (an override such as
        `base_filters=32, depth=3`, with `model_type` for another architecture than multitask).

    Nothing is raised when the tensors are of no known architecture: `identify` says that.
    """
    stated = config.model_dump() if isinstance(config, ModelConfig) else dict(config)
    name = str(stated.get("model_type", "multitask"))
    told = architectures.get(name).infer(shapes)
    if told is None:
        return
    contradictions = [
        f"{field} = {stated[field]}, the tensors say {value}"
        for field, value in told.items()
        if field in stated and stated[field] is not None and stated[field] != value
    ]
    if contradictions:
        raise ConfigError(
            found=f"The configuration says {'; '.join(contradictions)}.",
            why="A network of other sizes cannot hold these weights.",
            do="Leave these values out: they are read from the checkpoint itself.",
        )


@dataclass(frozen=True, slots=True)
class Identified:
    """An architecture whose tensors these are, exactly."""

    name: str
    sizes: Mapping[str, Any]


def identify(shapes: Shapes) -> Identified | None:
    """The architecture that has exactly these tensors; None when there is none."""
    from core.models.building import expected_shapes

    for name in architectures.names():
        sizes = architectures.get(name).infer(shapes)
        config = None if sizes is None else _possible(name, sizes)
        if sizes is not None and config is not None and not compare(expected_shapes(config), shapes).size:
            return Identified(name, sizes)
    return None


def nearest(shapes: Shapes) -> tuple[str, Difference]:
    """The known architecture with the smallest difference to these tensors, and that difference.

    Those that recognise some of their own tensors are tried; all are, when none does.
    """
    from core.models.building import expected_shapes

    told = {name: sizes for name in architectures.names() if (sizes := architectures.get(name).infer(shapes))}
    best: tuple[str, Difference] | None = None
    for name in told or architectures.names():
        config = _possible(name, told.get(name, {})) or _possible(name, {})
        if config is None:
            continue
        difference = compare(expected_shapes(config), shapes)
        if best is None or difference.size < best[1].size:
            best = (name, difference)
    if best is None:
        raise LookupError("the table of architectures is empty")
    return best


def refuse_unknown(readings: Sequence[Shapes]) -> CheckpointError:
    """The refusal of tensors that belong to no known architecture.

    readings : the same tensors with and without prefixes of their names; the nearest one is told.
    """
    name, difference = min((nearest(shapes) for shapes in readings), key=lambda found: found[1].size)
    return CheckpointError(
        found=f"The tensors are of no known architecture. The nearest is {name}: {difference.sentence()}.",
        why="A network is only ever built from our own table, and filled completely or not at all.",
        do=f"Save a network of one of these: {', '.join(architectures.names())}.",
    )


def _possible(name: str, sizes: Mapping[str, Any]) -> ModelConfig | None:
    """The configuration of these sizes, or None where they are out of bounds."""
    dims = architectures.get(name).spatial_dims[0]
    try:
        return ModelConfig.checked({"spatial_dims": dims, **sizes, "model_type": name})
    except ConfigError:
        return None


def _by_block(names: Any) -> str:  # names of tensors, in any collection
    """`layer4: 12, fc: 2, and 3 more blocks`."""
    blocks = Counter(block_of(name) for name in names)
    shown = [f"{block}: {count}" for block, count in blocks.most_common(SHOWN_BLOCKS)]
    rest = len(blocks) - len(shown)
    return ", ".join(shown) + (f", and {rest} more blocks" if rest else "")


def block_of(name: str) -> str:
    """The first part of a tensor's name, with the number after it: `features.3`, `layer4.0`, `fc`."""
    parts = name[:80].split(".")
    return ".".join(parts[:2]) if len(parts) > 2 and parts[1].isdigit() else parts[0]


def shape_words(shape: tuple[int, ...]) -> str:
    """`64×3×7×7`."""
    return "×".join(str(n) for n in shape) or "one number"
