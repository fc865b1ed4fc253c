"""`train`: a recipe and a data folder in, a measured checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.models import figure
from core.cli.say import answer, complain, progress_bar
from core.errors import Cancelled


def train(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The recipe, as JSON.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder with the recipe's tables.")],
    out: Annotated[Path, typer.Option("--out", metavar="CKPT", help="The checkpoint: the recipe's id, .safetensors.")],
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="CKPT", help="A stopped run to go on with, or a learned file.")
    ] = None,
    learn_only: Annotated[
        bool, typer.Option("--learn-only", help="Learn and write the learned file; measure it later with --resume.")
    ] = False,
    fold: Annotated[
        str | None,
        typer.Option("--fold", metavar="i/k", help="Learn without that fold's patients; tell its figure."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a checkpoint that is there.")] = False,
) -> None:
    """Train a model as a recipe says, measure it, and write its checkpoint.

    Ctrl-C stops after the step and leaves a file to resume from, with the same numbers as an unbroken run.
    """
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} is already there. Choose another name, or give --force to replace it.")
    from core.training.dataset import Fold
    from core.workflows import train as work

    part = None if fold is None else Fold.parse(fold)
    try:
        with progress_bar("train") as report:
            if learn_only or part is not None:
                trained = work.learn(config, data, out, report, resume=resume, fold=part)
            else:
                model = work.train(config, data, out, report, resume=resume)
    except Cancelled:
        complain(f"Go on with --resume {work.Files(out).state}")
        raise
    if part is not None:
        figure_of = "none" if trained.inner is None else f"{trained.inner:.4f}"
        answer(f"Fold {part.number} of {part.of}: {trained.cases} taught, inner figure {figure_of}")
    elif learn_only:
        answer(f"Wrote {work.Files(out).learned}: {trained.cases} taught in {trained.seconds:.0f} s")
    else:
        answer(f"Wrote {out}: {model.id}, weights {model.weights_sha256}")
        for metric in model.card.key_figures:
            answer(f"  {figure(metric.model_dump())}")
