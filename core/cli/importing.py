"""`import`: a checkpoint from elsewhere, opened in the isolated worker and kept in the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.say import answer, answer_json

if TYPE_CHECKING:
    from core.models.model import Model


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A checkpoint: .pt, .pth, .safetensors, .onnx, or a MONAI bundle's folder."
        ),
    ],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Its model_config.json, if it lies elsewhere.")
    ] = None,
    model_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id here: {type}_v{major}.{minor}.{patch}.")
    ] = None,
    assume: Annotated[
        str | None,
        typer.Option("--assume", metavar="NAME", help="Named default for preprocessing that the file does not state."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as `models` lists it.")] = False,
) -> None:
    """Import a checkpoint; it is read without running any code in it."""
    from core.workflows.import_model import import_model

    model = import_model(file, config=config, id=model_id, assumed=assume)
    if as_json:
        answer_json(model.to_public_dict() | {"assumed": list(model.card.assumed), "origins": dict(model.origins)})
    else:
        _tell(model)


def _tell(model: Model) -> None:
    from core.workflows.engine_view import can_convert

    answer(f"Imported as {model.id} ({model.task}, {model.architecture}).")
    answer(f"  weights sha256 {model.weights_sha256}")
    for name, origin in sorted(model.origins.items()):
        answer(f"  {name}: {origin}")
    for said in (*model.card.assumed, *model.notes, *((model.problem,) if model.problem else ())):
        answer(f"  note: {said}")
    if can_convert(model):  # not done unasked: it takes longer than the import
        answer(f"  engine: torch, until it is converted: python -m core engines {model.id} --convert")
