"""Turning a checkpoint with harmless objects into plain weights: runs in a locked-down process of its own.

Owns what is replaced, what is dropped, and the report of both. The pickle is read as data; nothing it names is ever
imported or called, so what is written holds tensors, numbers and text alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from core.errors import CheckpointError
from core.models._foreign import BREAKS, SHOWN_GLOBALS
from core.models._foreign_words import damaged
from core.models.pickle_reader import Kept, Made, Name, walk
from core.models.pickle_scan import every_global, is_harmless
from core.models.pickled_tensors import MAX_DEPTH, MAX_PARTS, Pickled, TensorRef, fill, module_tensors, read_pickled
from core.models.plain_values import REPLACED, STAND_INS, is_convertible, listed
from core.models.sniffing import Container, recognise

Answer = tuple[dict[str, Any], dict[str, Any]]


def plain(request: dict[str, Any], _: Path) -> Answer:
    """Write the file at `path` as plain weights to `out`; the answer says what was changed.

    Raises
    ------
    CheckpointError : no PyTorch file, damaged, or it asks for what has no plain value.
    """
    path = Path(request["path"])
    container = recognise(path)
    if container not in (Container.TORCH_ZIP, Container.TORCH_LEGACY):
        raise CheckpointError(
            found=f"The file is a {container}.",
            why="Only PyTorch checkpoints hold objects that have to be made plain.",
            do="Import it as it is with `python -m core import FILE`.",
        )
    names = every_global(path, container)
    try:
        pickled = read_pickled(path, container, STAND_INS)
        _require_known(names, pickled.value)
        maker = _Plain(pickled)
        content = maker.content()
        torch.save(content, request["out"])
    except BREAKS as error:
        raise damaged() from error
    replaced = sorted({said for name in names if (said := REPLACED.get(name, ("",))[0])})
    return {"replaced": replaced, "dropped": maker.dropped(), "tensors": maker.tensors}, {}


TABLE: dict[str, Callable[[dict[str, Any], Path], Answer]] = {"plain": plain}


def _require_known(names: tuple[str, ...], value: Any) -> None:
    """Raise CheckpointError, naming them, where the file asks for more than plain values and parts of a network."""
    modules = {part.name for part in walk(value) if isinstance(part, Made) and not part.called and module_tensors(part)}
    unknown = [name for name in names if not is_convertible(name) and name not in modules]
    called = [
        part.name for part in walk(value) if isinstance(part, Made) and part.called and not is_harmless(part.name)
    ]
    unknown = sorted({*unknown, *called})
    if unknown:
        more = f" and {len(unknown) - SHOWN_GLOBALS} more" if len(unknown) > SHOWN_GLOBALS else ""
        raise CheckpointError(
            found=f"The checkpoint asks for {', '.join(name[:80] for name in unknown[:SHOWN_GLOBALS])}{more}.",
            why="There is no plain value that could stand for it, and nothing that a file names is run here.",
            do="Save the weights alone where the model was trained: torch.save(model.state_dict(), …).",
        )


class _Plain:
    """Makes plain values of what was read; counts what it drops."""

    def __init__(self, pickled: Pickled) -> None:
        self._pickled = pickled
        self._dropped: Counter[str] = Counter()
        self._made_so_far = 0
        refs = {part for part in walk(pickled.value) if isinstance(part, TensorRef)}
        self.tensors = len(refs)
        numbered = {str(n): ref for n, ref in enumerate(refs)}
        filled = fill(pickled, numbered)
        self._tensors = {ref: filled[n] for n, ref in numbered.items()}

    def content(self) -> Any:  # plain values and tensors
        """The whole content; of a pickled network its weights by name."""
        value = self._pickled.value
        if isinstance(value, Made) and (refs := module_tensors(value)):
            self._dropped[value.name] += 1
            return {name: self._tensors[ref] for name, ref in refs.items()}
        return self._made(value, 0)

    def dropped(self) -> list[str]:
        """What was left out, with how often."""
        return [f"{name[:80]} ({count})" for name, count in sorted(self._dropped.items())]

    def _made(self, value: Any, depth: int) -> Any:  # plain values and tensors
        self._made_so_far += 1
        if depth > MAX_DEPTH or self._made_so_far > MAX_PARTS:
            raise ValueError("nested too deeply, or more values than any checkpoint has")
        if isinstance(value, TensorRef):
            return self._tensors[value]
        if isinstance(value, Mapping):
            return {self._key(key): self._made(held, depth + 1) for key, held in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._made(held, depth + 1) for held in value)
        if isinstance(value, Made) and (refs := module_tensors(value)):
            self._dropped[value.name] += 1
            return {name: self._tensors[ref] for name, ref in refs.items()}
        value = listed(value)
        if value is None or isinstance(value, bool | int | float | str | bytes | list):
            return value
        name = value.name if isinstance(value, Name | Made) else "kept outside" if isinstance(value, Kept) else "dtype"
        self._dropped[name] += 1
        return f"({name[:80]})"

    def _key(self, key: Any) -> Any:  # a number or a text
        return key if isinstance(key, str | int | float | bool) or key is None else str(type(key).__name__)
