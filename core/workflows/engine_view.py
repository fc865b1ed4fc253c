"""What runs a model and what that rests on, as the Models page shows it.

Owns the rows and the words. Which engine is chosen is `core.engines.choose`', converting is `core.workflows.engines`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from core.engines.choose import AUTO, TORCH, engine_title, find_refusal, graph_engine, named_engine
from core.engines.devices import choose_device
from core.models.model import Model
from core.workflows.choose_model import Badge
from core.workflows.engines import EngineRow, rows_of

HEADER = ("Engine", "Version", "Here", "Parity", "What was found")

CHOICE_MEANS = (
    "For every model that is run from this tab. Results of an engine that was named are kept apart from those of the "
    "automatic choice. Test sets are scored with the installation's own choice."
)

CONVERT_MEANS = (
    "Converting writes down the network's operations, without a weight, and holds every engine's answers against "
    "torch's on the shipped samples. It runs in a process of its own and takes up to a few minutes, once."
)


@dataclass(frozen=True, slots=True)
class EngineLine:
    """One engine in the table. here : whether it runs the model. badge : its parity. said : what was found, or why it
    is not used.
    """

    title: str
    version: str
    here: str
    badge: Badge
    said: str


def engine_lines(model: Model, engine: str | None = None) -> list[EngineLine]:
    """The runtimes in the order in which they are tried, then torch. engine : what was chosen, if anything."""
    rows = rows_of(model, engine)
    on_gpu = model.variant is None and choose_device() == "cuda"
    runs = not on_gpu and find_refusal(model, engine) is None
    lines = [_line(row, runs=runs) for row in rows]
    own = on_gpu or (runs and not any(row.used for row in rows))
    here = _RUNS if own else ""
    torch = torch_version()
    return [*lines, EngineLine(TORCH, torch or "not installed", here, Badge("reference"), _REFERENCE)]


def engine_sentence(model: Model, engine: str | None = None) -> str:
    """What runs a model here, and why it is that."""
    if model.variant is not None:
        return (
            f"Runs here on {engine_title(model, engine)}, with the weights of {model.stored.id}, and on nothing else."
        )
    if choose_device() == "cuda":
        return "Runs on the GPU here, in torch."
    if model.members:
        return f"Runs here on {engine_title(model, engine)}, as its members do. Each of them is converted by itself."
    used = graph_engine(model, engine)
    if used is not None:
        return f"Runs in {used.runtime.title} on the CPU here, in float32, with the checkpoint's own weights."
    if named_engine(engine) == TORCH:
        return "Runs in torch on the CPU here, in float32: torch was named."
    return f"Runs in torch on the CPU here, in float32: {_why_torch(rows_of(model))}"


def converted_sentence(model: Model) -> str:
    """What came of a conversion that was just made."""
    used = graph_engine(model, AUTO)
    if used is None:
        return f"{model.id} was converted. No engine answers as torch does, so it stays on torch."
    return f"{model.id} was converted. {used.runtime.title} answers as torch does, and can run it from now on."


def can_convert(model: Model) -> bool:
    """Whether a conversion could give the model another engine than torch: one is installed and was not compared."""
    if model.members or model.variant is not None or model.problem is not None:
        return False
    return any(row.runtime.installed and row.why_not and not _failed(row) for row in rows_of(model))


def torch_version() -> str | None:
    """torch's version without importing it, or None in the light installation."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return None


_RUNS = "used"
_REFERENCE = "The others are held against its answers in float32."


def _line(row: EngineRow, *, runs: bool) -> EngineLine:
    installed = row.runtime.installed or "not installed"
    return EngineLine(row.runtime.title, installed, _RUNS if row.used and runs else "", _badge(row), _said(row))


def _badge(row: EngineRow) -> Badge:
    if row.runtime.installed is None:
        return Badge("not installed")
    if not row.converted:
        return Badge("not converted")
    if _failed(row):
        return Badge("failed", "caution")
    if row.why_not or row.check is None:
        return Badge("not compared", "caution")
    return Badge(row.check.short(), "good")


def _said(row: EngineRow) -> str:
    if row.why_not or row.check is None:
        return row.why_not
    elsewhere = f" Compared with version {row.check.version}." if row.check.version != row.runtime.installed else ""
    figures = row.check.figures()
    return f"{figures[0].upper()}{figures[1:]}.{elsewhere}"


def _failed(row: EngineRow) -> bool:
    """Whether this graph was compared, and failed."""
    return row.converted and row.check is not None and not row.check.holds


def _why_torch(rows: list[EngineRow]) -> str:
    if any(_failed(row) for row in rows):
        return "no other engine that is installed answers as torch does."
    if not any(row.runtime.installed for row in rows):
        return "no other engine is installed."
    if not any(row.converted for row in rows):
        return "it was not converted for the others."
    return "the others' answers were not compared with torch's."
