"""`configs`: a model_config.json for every checkpoint folder that lacks one, its sizes read from the tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.frame import Exit
from core.cli.say import answer, answer_json


def configs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A folder of checkpoint folders.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="JSON of what tensors cannot tell: classes, labels, input, description."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a folder, as each is done.")] = False,
) -> None:
    """Write model_config.json where a checkpoint folder lacks one; sizes are read from the tensors."""
    from core.workflows.generate_configs import RULE, TITLE, generate_configs

    def say(*lines: str) -> None:
        for line in () if as_json else lines:
            answer(line)

    say(RULE, TITLE, RULE, "")
    written, code = 0, Exit.DONE
    for found in generate_configs(folder, config):
        say(*found.lines(), "")
        if as_json:
            answer_json(found.to_plain())
        written += found.written
        code = Exit.REFUSED if found.problem else code
    say(RULE, f"Generated {written} configuration file{'' if written == 1 else 's'}", RULE)
    raise typer.Exit(code)
