"""`card`: what a checkpoint says about itself, as a page; and the shelf's own pages, written from the checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.say import answer


def card(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Models; none for the whole shelf.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the pages into the shelf's folder, its README too.")
    ] = False,
    words: Annotated[
        Path | None, typer.Option("--words", metavar="FILE", help="Mend the words of the one ID from its recipe.")
    ] = None,
) -> None:
    """Print the card of a model, made from its checkpoint alone, or write the shelf's pages anew."""
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
    for model in models:
        for line in card_page(model).splitlines():
            answer(line)
