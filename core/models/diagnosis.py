"""The noun `Diagnosis`: what a checkpoint is and why it loads or does not, as facts that a page or terminal shows.

Owns the form. Every text in it may come from a foreign file: show it as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """A global that a pickle asks for: tensors and numbers need it (harmless), `convert` knows a plain value for it,
    or neither."""

    name: str
    harmless: bool
    convertible: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Tensors of one part of the network. example : the first one's name with its shape."""

    name: str
    tensors: int
    numbers: int
    example: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """The known architecture with the smallest difference, counted in tensors; examples : the first of each kind."""

    architecture: str
    missing: int
    unexpected: int
    reshaped: int
    examples: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether these are its tensors."""
        return not (self.missing or self.unexpected or self.reshaped)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the configuration: its value in words, and where it comes from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything about one file.

    kind : what it is, by its content. loads : `import` would take it. refusal : the three sentences that it would
    get; None when it loads. tensors, numbers : of the weights found, 0 where none can be seen. assumed : what an
    import would take for granted. remedies : what to do, the most useful first.
    """

    kind: str
    size_bytes: int
    loads: bool
    refusal: tuple[str, str, str] | None
    wanted: tuple[Wanted, ...]
    tensors: int
    numbers: int
    blocks: tuple[Block, ...]
    blocks_left_out: int
    nearest: Nearest | None
    fields: tuple[Field, ...]
    assumed: tuple[str, ...]
    remedies: tuple[str, ...]


def from_answer(held: Mapping[str, Any]) -> Diagnosis:
    """The diagnosis out of the worker's answer."""
    nearest = held["nearest"]
    return Diagnosis(
        kind=str(held["kind"]),
        size_bytes=int(held["size_bytes"]),
        loads=bool(held["loads"]),
        refusal=None if held["refusal"] is None else tuple(held["refusal"]),
        wanted=tuple(Wanted(**one) for one in held["wanted"]),
        tensors=int(held["tensors"]),
        numbers=int(held["numbers"]),
        blocks=tuple(Block(**one) for one in held["blocks"]),
        blocks_left_out=int(held["blocks_left_out"]),
        nearest=None if nearest is None else Nearest(**{**nearest, "examples": tuple(nearest["examples"])}),
        fields=tuple(Field(**one) for one in held["fields"]),
        assumed=tuple(held["assumed"]),
        remedies=tuple(held["remedies"]),
    )
