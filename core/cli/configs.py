"""`configs`: a model_config.json for every checkpoint folder that lacks one, its sizes read from the tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Exit
from core.cli.say import answer


def configs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A folder of checkpoint folders.")
    ],
) -> None:
    """Write model_config.json where a checkpoint folder lacks one; sizes are read from the tensors."""
    from core.workflows.generate_configs import generate_configs

    written, code = 0, Exit.DONE
    for found in generate_configs(folder):
        for line in found.lines():
            answer(line)
        written += found.written
        code = Exit.REFUSED if found.problem else code
    answer(f"Generated {written} configuration file{'' if written == 1 else 's'}.")
    raise typer.Exit(code)
