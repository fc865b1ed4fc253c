"""`backup`, `restore`: the whole shelf as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.say import answer, complain

MIB = 2**20


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive to write, outside shelf and data folder.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Save shelf, imported models, saved operating points and event log in one archive."""
    from core.workflows.backups import backup as save

    if file.exists() and not force:
        raise typer.BadParameter("it exists; --force replaces it", param_hint="'FILE'")
    made = save(file)
    for model, problem in made.problems.items():
        complain(f"{model} was saved as it is: {problem}")
    answer(f"{len(made.manifest.files)} files, {made.bytes / MIB:.1f} MiB: {file}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `backup` wrote.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder that receives shelf/ and home/.")],
    force: Annotated[bool, typer.Option("--force", help="Replace files that differ.")] = False,
) -> None:
    """Check every byte of a backup, then put its files in place."""
    from core.workflows.backups import restore as put_back

    done = put_back(file, to, force=force)
    answer(f"{done.written} files restored, {done.kept} were there already.")
    answer(f"READROOM_SHELF={to / 'shelf'}")
    answer(f"READROOM_HOME={to / 'home'}")
