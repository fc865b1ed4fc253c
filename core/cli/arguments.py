"""Arguments that several commands share: a model by id, the answer to a choice, channels by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ModelNotFound

if TYPE_CHECKING:
    from core.models.model import Model

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, in order, as each is done.")]
Series = Annotated[str | None, typer.Option("--series", metavar="ID", help="Which series, where a path holds several.")]
Volume = Annotated[
    int | None, typer.Option("--volume", metavar="N", min=0, help="Which volume of a 4-D image, from 0.")
]


def known_model(model_id: str | None) -> Model:
    """The model of an id or a `models:/` address; None takes the one that READROOM_MODEL_CONFIG_FILE chooses. An
    unknown one is wrong usage, and the known ones are listed.
    """
    from core.workflows.default_model import default_model
    from core.workflows.model_address import addressed_model

    if model_id is None:
        chosen = default_model()
        if chosen is None:
            raise typer.BadParameter("Name one, or choose one in READROOM_MODEL_CONFIG_FILE.", param_hint="'--model'")
        return chosen
    try:
        return addressed_model(model_id)
    except ModelNotFound as refusal:
        raise typer.BadParameter(f"{refusal.found} {refusal.do}", param_hint="'--model'") from refusal


def id_or_column(typed: str | None) -> str | None:
    """What was typed, with the model's id in the place of a `models:/` address; `__CLASS` behind it stays."""
    found = re.match(r"models:/[^/@]+[/@][^_]*", typed or "")
    if typed is None or found is None:
        return typed
    from core.workflows.model_address import addressed_model

    return addressed_model(found[0]).id + typed[found.end() :]
