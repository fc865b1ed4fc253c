"""`samples`: the synthetic samples as files, or made again from the data that they were fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.say import answer, progress_bar


def samples(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write the samples there as files.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Fit the appearances again to that data (its xray/ and mri/)."),
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Draw and score the cohort of films again.")] = False,
) -> None:
    """Write the synthetic samples: films, volumes with reference masks, and a scored cohort; nobody's images.

    --data and --scores make anew what the samples are drawn from, in this checkout.
    """
    if out is None and data is None and not scores:
        raise typer.BadParameter("Say what to make: --out DIR, --data DIR or --scores.")
    from core.workflows import samples as work

    with progress_bar("samples") as report:
        made = [] if data is None else work.fit_again(data, report)
        made += [work.score_again(report)] if scores else []
        made += [] if out is None else work.write_samples(out, report)
    for path in made:
        answer(f"Wrote {path}")
