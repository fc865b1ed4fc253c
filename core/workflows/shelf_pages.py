"""The shelf's own pages: which model for what, the integrity table and the benchmark table; and writing them all.

Owns the README of the shelf. Every figure in it stands on a card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from core import NOTICE
from core.models.atomic import write_atomically
from core.models.card import Metric
from core.models.catalog import list_models, read_model
from core.models.ensembles import read_ensemble
from core.models.model import Model
from core.models.variants import read_variant
from core.workflows.card_rows import find, interval, value
from core.workflows.model_cards import card_page, table

README = "README.md"

INTRODUCTION = (
    "Each folder holds one model: `<id>.safetensors` (weights, configuration, card, operating points, temperature, "
    "gate and self-test in its header; no code) and `model_config.json`; an ensemble is one `<id>.ensemble.json`. "
    "`<id>.md` is its card. Cards and this page are made of those files alone: `python -m core card --write` writes "
    "them anew, and a test compares. `python -m core models` lists what is here."
)

VARIANTS = (
    "A variant computes another model's weights in lower precision. It is one `<id>.variant.json` without weights, and "
    "is never chosen unasked; its card says how far its answers are from float32's."
)

LICENCES = (
    "The weights stand under the licence of the data that they were trained on, not under the licence of the code. "
    "Whoever passes the weights on passes this notice on. Changes to the data: pictures resized or standardised, "
    "networks trained on them."
)

MAKING = (
    "`python -m core train --config core/training/recipes/<name>.json --data DIR --out <id>.safetensors`, where `DIR` "
    "holds the tables that the recipe names and the files that they list, loose or in zips. `<name>` is the id without "
    "its version. The seed fixes every draw; the last digits still depend on processor, threads and library versions."
)

BENCHMARKS = (
    "Dice is the mean over cases. Of a classifier sensitivity and specificity are those of its balanced point, by "
    "patient; of a segmentation the mean share of voxels that were drawn, and left, rightly. Seconds: the median on "
    "the machine that measured, without loading the weights."
)


def shelf_models(root: Path) -> list[Model]:
    """The usable models of a shelf as they were shipped, without points that a user saved for them."""
    found: dict[str, Model] = {}
    listed = [model for model in list_models([root]) if model.problem is None]
    for model in sorted(listed, key=lambda one: bool(one.members or one.variant)):
        if model.members:
            found[model.id] = read_ensemble(model.path, found)
        else:
            found[model.id] = read_variant(model.path, found) if model.variant else read_model(model.path)
    return [found[name] for name in sorted(found)]


def shelf_pages(root: Path) -> dict[str, str]:
    """Every page of a shelf by its file name: the README, and a card for each model."""
    models = shelf_models(root)
    return {README: readme(models), **{f"{model.id}.md": card_page(model) for model in models}}


def write_pages(root: Path) -> list[Path]:
    """Write the pages into the shelf, each atomically."""
    written = []
    for name, text in shelf_pages(root).items():
        write_atomically(root / name, text.encode())
        written.append(root / name)
    return written


def readme(models: Sequence[Model]) -> str:
    """The shelf's README."""
    parts = [
        "# The shelf: checkpoints of our own",
        f"*{NOTICE}*",
        INTRODUCTION,
        VARIANTS if any(model.variant for model in models) else "",
        "## Which model",
        table(GUIDE_HEADER, _guide(models)),
        "## Benchmarks",
        table(BENCHMARK_HEADER, benchmark_rows(models)),
        BENCHMARKS,
        "## Integrity",
        table(("file", "bytes", "created", "SHA-256 of the file"), _integrity(models)),
        "## Licences",
        LICENCES,
        *(_licence(model) for model in models if not model.members and not model.variant),
        "## Make one again",
        MAKING,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


GUIDE_HEADER = ("for", "model", "state", "key figure", "on")


def guide_rows(models: Sequence[Model]) -> Iterator[tuple[str, ...]]:
    """The selection guide: what each model is for, its state, and the figure that its card names."""
    for model in models:
        key = key_figure(model)
        said = "–" if key is None else f"{key.name} {value(key)}, {interval(key)}"
        about = model.card.scenario or model.card.summary
        yield (about, model.display_name, model.card.maturity, said, key.split if key else "–")


def _guide(models: Sequence[Model]) -> Iterator[tuple[str, ...]]:
    for model, (about, name, *others) in zip(models, guide_rows(models), strict=True):
        yield (about, f"[{name}]({model.id}.md)", *others)


def key_figure(model: Model) -> Metric | None:
    """The figure that the card names, else the first of its key figures."""
    name, _, split = model.card.key_metric.rpartition(" | ")
    return find(model, name, split) or next(iter(model.card.key_figures), None)


BENCHMARK_HEADER = ("model", "on", "Dice or AUC", "sensitivity", "specificity", "seconds a case")


def benchmark_rows(models: Sequence[Model]) -> Iterator[tuple[str, ...]]:
    """Each model's figures on its key split, of a segmentation label by label, and its seconds; from the cards."""
    for model in (one for one in models if not one.variant):
        split = model.card.key_split
        seconds = next((m for m in model.card.metrics if m.name == "seconds a case"), None)
        spent = "–" if seconds is None else f"{seconds.value:.2f}"
        if not model.labels:
            rates = _cells(model, "sensitivity at balanced", "specificity at balanced")
            yield (model.id, split or "–", _cell(find(model, "auc", split, "patient")), *rates, spent)
        for label in model.labels:
            rates = _cells(model, f"voxel sensitivity {label}", f"voxel specificity {label}")
            yield (f"{model.id}: {label}", split or "–", _cell(find(model, f"dice {label}", split)), *rates, spent)


def _cells(model: Model, *names: str) -> list[str]:
    return [_cell(find(model, name, model.card.key_split)) for name in names]


def _cell(metric: Metric | None) -> str:
    return "–" if metric is None else value(metric)


def _integrity(models: Sequence[Model]) -> Iterator[tuple[str, ...]]:
    for model in models:
        yield (f"`{model.path.name}`", f"{model.size_bytes:,}", model.created or "–", f"`{model.file_sha256}`")


def _licence(model: Model) -> str:
    cited = "\n".join(f"  - {one}" for one in model.card.citations)
    return f"- **{model.display_name}** (`{model.id}`): {model.card.licence}\n{cited}"
