"""`variant`: a shipped model in lower precision, on the shelf as a model of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.arguments import known_model
from core.cli.say import answer, progress_bar
from core.models.variants import Precision


def variant(
    model_id: Annotated[str, typer.Argument(metavar="ID", help="A model with weights of its own.")],
    precision: Annotated[Precision, typer.Option("--precision", help="What it is to compute in.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder with its recipe's tables.")],
    split: Annotated[
        list[str] | None,
        typer.Option("--split", metavar="NAME", help="Compare on all of these cases. Repeat it. [val, test]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a variant that is there.")] = False,
) -> None:
    """Make a variant in lower precision, if its answers on real cases are near enough to float32's."""
    from core.workflows import variant as work

    base = known_model(model_id)
    path = work.variant_path(base, precision)
    if path.exists() and not force:
        raise typer.BadParameter(f"{path} is already there. Give --force to replace it.")
    with progress_bar("variant") as report:
        model = work.make_variant(base, precision, data, splits=split or work.SPLITS, progress=report)
    answer(f"Wrote {path}: {model.id}, weights {model.weights_sha256}")
    for line in model.card.limits[: len(model.card.limits) - len(base.card.limits)]:
        answer(f"  {line}")
