"""`engines`: what runs each model here, and the proof that it answers as torch does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.say import answer_json, progress_bar
from core.cli.tables import show


def engines(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Models; none for all.")] = None,
    convert: Annotated[
        bool, typer.Option("--convert", help="Trace the networks of IDs anew and compare every engine with torch.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="With --convert: real cases to compare on; else synthetic ones."),
    ] = None,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Of --data: which split.")] = "test",
    cases: Annotated[int, typer.Option("--cases", min=1, help="Of --data: how many cases at most.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, one object a model and engine.")] = False,
) -> None:
    """List what runs each model on the CPU here, or convert models for the engines that need no torch."""
    from core.models.catalog import get_model
    from core.workflows import engines as work

    if data is not None and not convert:
        raise typer.BadParameter("--data belongs to --convert.")
    if convert and not ids:
        raise typer.BadParameter("--convert takes the IDs of models.")
    if convert:
        for name in ids or ():
            model = get_model(name)
            with progress_bar("convert") as report:
                if data is None:
                    work.convert(model, progress=report)
                else:
                    given = work.cases_of_split(model, data, split, cases)
                    work.convert(model, given, f"{data.name} {split}", progress=report)
    rows = [row for name in ids for row in work.rows_of(get_model(name))] if ids else work.engine_rows()
    if as_json:
        answer_json([row.to_plain() for row in rows])
        return
    show(
        "Engines on the CPU",
        ("model", "engine", "version", "used", "held against torch"),
        [
            (r.model_id, r.runtime.name, r.runtime.installed or "not installed", "yes" if r.used else "no",
             r.check.words() if r.check is not None and not r.why_not else r.why_not)
            for r in rows
        ],
    )  # fmt: skip
