"""`ensemble`: models of the shelf joined, measured together, and put on the shelf as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.models import figure
from core.cli.say import answer, progress_bar


def ensemble(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="Members, rule and data, as JSON.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder with the configuration's tables.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The ensemble: its id, .ensemble.json.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an ensemble that is there.")] = False,
) -> None:
    """Join models of the shelf to one of its own, measured like a trained network."""
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} is already there. Choose another name, or give --force to replace it.")
    from core.workflows import ensemble as work

    with progress_bar("ensemble") as report:
        model = work.ensemble(config, data, out, report)
    answer(f"Wrote {out}: {model.id}, weights {model.weights_sha256}")
    for metric in model.card.key_figures:
        answer(f"  {figure(metric.model_dump())}")
