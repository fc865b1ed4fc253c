"""`card`: what a checkpoint says about itself, as a page; and the shelf's own pages, written from the checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.say import answer, progress_bar


def card(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Models; none for the whole shelf.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the pages into the shelf's folder, its README too.")
    ] = False,
    metadata: Annotated[
        Path | None, typer.Option("--metadata", metavar="FILE", help="Write the models' model_metadata.json there.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option("--words", metavar="FILE", help="Mend the words of the one ID from its recipe.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="DIR", help="Measure the one ID again on that data, and compare.")
    ] = None,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Of --check: which split.")] = "test",
) -> None:
    """Print the card of a model, made from its checkpoint alone, or write the shelf's pages anew."""
    if check is not None:
        if write or words is not None or ids is None or len(ids) != 1:
            raise typer.BadParameter("--check takes one ID and --split, and nothing else.")
        raise typer.Exit(_check(ids[0], check, split))
    from core.models.catalog import get_model
    from core.settings import settings
    from core.workflows.model_cards import card_page
    from core.workflows.shelf_pages import shelf_models, write_pages

    if words is not None:
        if write or ids is None or len(ids) != 1:
            raise typer.BadParameter("--words takes one ID, and nothing else.")
        from core.workflows.reword import reword

        ids = [reword(ids[0], words).id]
    if write:
        if ids:
            raise typer.BadParameter("--write writes every page of the shelf; name no model with it.")
        for path in write_pages(settings().shelf):
            answer(f"Wrote {path}")
        return
    models = [get_model(name) for name in ids] if ids else shelf_models(settings().shelf)
    if metadata is not None:
        from core.workflows.shelf_metadata import write_shelf_metadata

        write_shelf_metadata(metadata, models)
        answer(f"Wrote {metadata}")
        return
    for model in models:
        for line in card_page(model).splitlines():
            answer(line)


def _check(model_id: str, data: Path, split: str) -> int:
    """0 where every figure comes out as it is printed, else 1; those that differ are told."""
    from core.workflows.recheck import recheck

    with progress_bar("check") as report:
        found = recheck(model_id, data, split, report)
    other = [one for one in found if not one.same]
    for one in other:
        answer(f"{one.name}: the card says {one.card or 'nothing'}; measured now {one.now or 'nothing'}")
    answer(f"{len(found) - len(other)} of {len(found)} figures of {split} come out as they are printed.")
    return 1 if other else 0
