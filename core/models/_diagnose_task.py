"""Why a checkpoint loads or does not: everything that can be seen of it without running any of it. In the worker only.

Owns gathering the facts and the order of the remedies. Opening, identifying and resolving are those of the import, so
that a diagnosis cannot say another thing than an import does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, ConfigError
from core.models import artefacts
from core.models._bundle import is_bundle
from core.models._foreign import BREAKS, open_foreign, stripped
from core.models._resolve import Layer, identify_state, resolve, without_prefix
from core.models.architectures import Shapes
from core.models.matching import Difference, block_of, nearest, shape_words
from core.models.pickle_reader import Made, walk
from core.models.pickle_scan import every_global, is_harmless, is_of_program
from core.models.pickled_tensors import TensorRef, module_tensors, read_pickled
from core.models.plain_values import STAND_INS, is_convertible
from core.models.sniffing import PICKLED, REFUSED, Container, what_is

BARE_PICKLES = ("a plain Python pickle", "a joblib file", artefacts.KIND)

SHOWN_BLOCKS = 40
SHOWN_GLOBALS = 40
SHOWN_EXAMPLES = 4
"""Of each kind of difference."""

SHOWN_TEXT = 160
"""Characters of one text of the file."""

LOADS = "It loads: bring it in with `python -m core import FILE`."
PREPARE = "State how pictures are prepared with --config FILE; otherwise what is listed as assumed is taken."
CONVERT = "Turn it into plain weights with `python -m core convert FILE --out NEW.pth`, and import that."


def diagnose(request: dict[str, Any], scratch: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Everything about the file at `path`, as `diagnosis.from_answer` takes it."""
    from core.models._import_tasks import convert, layers_of

    path = Path(request["path"])
    kind, container = (f"a {Container.BUNDLE}", Container.BUNDLE) if is_bundle(path) else what_is(path)
    seen = _Seen(str(kind), path, container)
    if container in PICKLED:
        seen.look_into(container)
    elif kind in BARE_PICKLES:
        seen.wanted = every_global(path, None)
    try:
        foreign = open_foreign(path)
        seen.shapes = {name: tuple(tensor.shape) for name, tensor in foreign.state.items()}
        seen.identify()
        seen.settle(layers_of(None, foreign, path))
        # The import itself has the last word: weights that are no numbers, a changed export, a self-test that fails.
        convert({"path": str(path), "staging": str(scratch), "asked": None, "assumed": None, "id": None}, scratch)
    except (CheckpointError, ConfigError) as error:
        seen.refusal = (error.found, error.why, error.do)
        seen.identify()
    return seen.answer(), {}


class _Seen:
    """What is known of the file so far."""

    def __init__(self, kind: str, path: Path, container: Container | None) -> None:
        self.kind, self.path, self._container = kind, path, container
        self.size = (
            path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        )
        self.wanted: tuple[str, ...] = ()
        self.shapes: Shapes = {}
        self.under: str | None = None  # the key that a file which is refused keeps its weights under
        self.nearest: dict[str, Any] | None = None
        self.exact: Any = None  # what identify_state found
        self.fields: list[dict[str, str]] = []
        self.assumed: tuple[str, ...] = ()
        self.refusal: tuple[str, str, str] | None = None

    def look_into(self, container: Container) -> None:
        """The globals and the tensors of a pickle, read as data."""
        self.wanted = every_global(self.path, container)
        try:
            value = read_pickled(self.path, container, STAND_INS).value
        except BREAKS:
            return  # damaged: the import says so
        tables = _tables(value)
        if tables:
            self.under, refs = max(tables.items(), key=lambda pair: len(pair[1]))
            self.shapes = {name: ref.shape for name, ref in refs.items()}

    def identify(self) -> None:
        """The architecture, or the nearest one."""
        if not self.shapes or self.nearest is not None:
            return
        prefixes = stripped(list(self.shapes))
        self.exact = identify_state(self.shapes, prefixes)
        if self.exact is not None:
            self.nearest = _nearest(self.exact[0].name, None)
        else:
            found = [nearest(without_prefix(self.shapes, prefix)) for prefix in prefixes]
            self.nearest = _nearest(*min(found, key=lambda pair: pair[1].size))

    def settle(self, layers: list[Layer]) -> None:
        """The configuration that an import would take; raises ConfigError where there is none."""
        for layer in layers:
            self.fields += [_field(str(n), v, layer.origin) for n, v in layer.plain.items()]
        if self.exact is None:
            return
        resolved = resolve(layers, self.exact[0], None)
        plain = resolved.config.model_dump(mode="json")
        flat = {n: v for n, v in plain.items() if n != "input"} | {f"input.{n}": v for n, v in plain["input"].items()}
        self.fields = [_field(n, flat[n], origin) for n, origin in sorted(resolved.origins.items()) if n in flat]
        self.assumed = resolved.assumed

    def remedies(self) -> list[str]:
        """What to do, the most useful first."""
        if self.refusal is None:
            return [LOADS, *([PREPARE] if self.assumed else [])]
        unwanted = [name for name in self.wanted if not self._is_harmless(name)]
        said = []
        if unwanted and self.kind not in REFUSED and all(map(is_convertible, unwanted)):
            said.append(CONVERT)
        if self.under and not unwanted and self.refusal[0].startswith("The checkpoint has no weights"):
            said.append(f"Save the table under {self.under[:40]} alone: torch.save(content['{self.under[:40]}'], …).")
        if self.kind in REFUSED:
            return [*said, self.refusal[2]]
        if self.nearest is not None and self.nearest["missing"] + self.nearest["unexpected"] + self.nearest["reshaped"]:
            said.append(
                f"If it is meant to be {self.nearest['architecture']}, see the tensors listed: save exactly these, "
                "without extra heads or wrappers."
            )
        return [*said, self.refusal[2]]

    def _is_harmless(self, name: str) -> bool:
        return is_harmless(name) or (self._container is Container.TORCHSCRIPT and is_of_program(name))

    def answer(self) -> dict[str, Any]:
        """The facts in JSON."""
        blocks = _blocks(self.shapes)
        return {
            "kind": self.kind,
            "size_bytes": self.size,
            "loads": self.refusal is None,
            "refusal": self.refusal,
            "wanted": [
                {
                    "name": name[:SHOWN_TEXT],
                    "harmless": self._is_harmless(name),
                    "convertible": is_convertible(name),
                }
                for name in self.wanted[:SHOWN_GLOBALS]
            ],
            "tensors": len(self.shapes),
            "numbers": sum(math.prod(shape) for shape in self.shapes.values()),
            "blocks": blocks[:SHOWN_BLOCKS],
            "blocks_left_out": max(0, len(blocks) - SHOWN_BLOCKS),
            "nearest": self.nearest,
            "fields": self.fields,
            "assumed": list(self.assumed),
            "remedies": self.remedies(),
        }


def _tables(value: Any) -> dict[str, Mapping[str, TensorRef]]:
    """Every table of nothing but named tensors, and every pickled network's, by the key that it lies under.

    '' is the key of the whole content.
    """
    whole = _table(value)
    found = {"": whole} if whole else {}
    for part in walk(value):
        if isinstance(part, dict):
            found |= {str(key): held for key, inner in part.items() if (held := _table(inner))}
    return found


def _table(value: Any) -> Mapping[str, TensorRef]:
    if isinstance(value, Made):
        return module_tensors(value)
    return value if isinstance(value, dict) and _is_table(value) else {}


def _is_table(held: Mapping[Any, Any]) -> bool:
    return bool(held) and all(isinstance(n, str) and isinstance(v, TensorRef) for n, v in held.items())


def _nearest(name: str, difference: Difference | None) -> dict[str, Any]:
    if difference is None:
        return {"architecture": name, "missing": 0, "unexpected": 0, "reshaped": 0, "examples": []}
    examples = [f"missing: {n[:SHOWN_TEXT]}" for n in difference.missing[:SHOWN_EXAMPLES]]
    examples += [f"unexpected: {n[:SHOWN_TEXT]}" for n in difference.unexpected[:SHOWN_EXAMPLES]]
    examples += [
        f"other shape: {n[:SHOWN_TEXT]} is {shape_words(found)} where {shape_words(expected)} is expected"
        for n, (expected, found) in list(difference.mismatched.items())[:SHOWN_EXAMPLES]
    ]
    return {
        "architecture": name,
        "missing": len(difference.missing),
        "unexpected": len(difference.unexpected),
        "reshaped": len(difference.mismatched),
        "examples": examples,
    }


def _blocks(shapes: Shapes) -> list[dict[str, Any]]:
    """The tensors by block, in the file's order."""
    blocks: dict[str, dict[str, Any]] = {}
    for name, shape in shapes.items():
        block = blocks.setdefault(
            block_of(name),
            {
                "name": block_of(name),
                "tensors": 0,
                "numbers": 0,
                "example": f"{name[:SHOWN_TEXT]} {shape_words(shape)}",
            },
        )
        block["tensors"] += 1
        block["numbers"] += math.prod(shape)
    return list(blocks.values())


def _field(name: str, value: Any, origin: str) -> dict[str, str]:
    return {"name": name[:SHOWN_TEXT], "value": str(value)[:SHOWN_TEXT], "origin": origin}
