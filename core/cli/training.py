"""`train`: a recipe and a data folder in, a measured checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.models import figure
from core.cli.say import answer, progress_bar


def train(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The recipe, as JSON.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder with the recipe's tables.")],
    out: Annotated[Path, typer.Option("--out", metavar="CKPT", help="The checkpoint: the recipe's id, .safetensors.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a checkpoint that is there.")] = False,
) -> None:
    """Train a model as a recipe says, measure it, and write its checkpoint."""
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} is already there. Choose another name, or give --force to replace it.")
    from core.workflows.train import train as run

    with progress_bar("train") as report:
        model = run(config, data, out, report)
    answer(f"Wrote {out}: {model.id}, weights {model.weights_sha256}")
    for metric in model.card.metrics:
        answer(f"  {figure(metric.model_dump())}")
