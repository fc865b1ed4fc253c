"""`shortcuts`: whether a classifier could do without the lungs, and whether it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.models import figure
from core.cli.say import answer, progress_bar


def shortcuts(
    model: Annotated[str, typer.Argument(metavar="ID", help="A classifier of films.")],
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The recipe that it was made by.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder with the recipe's tables.")],
    write: Annotated[bool, typer.Option("--write", help="Put what was found on the model's card.")] = False,
) -> None:
    """Measure what single traits of its inputs reach, and what the model reaches where it cannot see the lungs."""
    from core.workflows.shortcuts import audit

    with progress_bar("shortcuts") as report:
        found = audit(model, config, data, report, write=write)
    for metric in found:
        answer(figure(metric.model_dump()))
