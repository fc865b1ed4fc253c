"""`inspect`: what each path holds, and whether a model can use it. The object's form is `workflows.inspect`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.arguments import Json, Series, Volume, known_model
from core.cli.frame import Exit, told_of
from core.cli.say import answer, answer_json, complain

if TYPE_CHECKING:
    from core.models.model import Model


def inspect(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders of one series, or zips.")],
    model: Annotated[
        str | None, typer.Option("--model", metavar="ID", help="Say too whether this model admits the study.")
    ] = None,
    series: Series = None,
    volume: Volume = None,
    as_json: Json = False,
) -> None:
    """Say what each path holds, without running a model."""
    handle = None if model is None else known_model(model)
    code = Exit.DONE
    for path in paths:
        found, fault = _inspected(path, handle, series, volume)
        if as_json:
            answer_json(found)
        else:
            _tell(found)
        code = max(code, Exit.OUR_FAULT if fault else Exit.DONE if found["accepted"] else Exit.REFUSED)
    raise typer.Exit(code)


def _inspected(path: str, model: Model | None, series: str | None, volume: int | None) -> tuple[dict[str, Any], bool]:
    """The answer for one path, and whether it is a fault of ours: the other paths are answered all the same."""
    from core.workflows.inspect import inspect as inspect_path

    try:
        return inspect_path(path, model=model, series=series, volume=volume), False
    except Exception as fault:  # noqa: BLE001 - part of the frame: one path's fault must not take the others' answers
        said, code = told_of(fault)
        return unanswered(path, said), code is Exit.OUR_FAULT


def unanswered(path: str, error: str) -> dict[str, Any]:
    """The object of a path about which nothing is known but the error."""
    from core.workflows.inspect import PROPERTIES

    return {
        "path": path,
        "kind": None,
        "verdict": "refuse",
        "accepted": False,
        "error": error,
        "warnings": [],
        "choices": [],
        "properties": dict.fromkeys(PROPERTIES),
    }


def _tell(found: Mapping[str, Any]) -> None:
    known = found["properties"]
    answer(f"{found['path']}: {found['verdict']}")
    for word, said in (
        ("read as", known["recognised"]),
        ("shape", _times(known["shape"])),
        ("spacing", f"{_times(known['spacing_mm'])} mm" if known["spacing_mm"] else None),
        ("orientation", known["orientation"]),
        ("modality", known["modality"]),
        ("changed", " ".join(known["changed"] or ())),
        ("identifiers", f"{len(known['identifiers_removed'])} removed" if known["identifiers_removed"] else None),
        ("sha256", known["sha256"]),
    ):
        if said:
            answer(f"  {word:<12} {said}")
    for warning in found["warnings"]:
        answer(f"  {'warning':<12} {warning}")
    for choice in found["choices"]:
        answer(f"  {'choice':<12} {choice['id']}: {choice['what']}")
    if found["error"]:
        complain(f"{found['path']}: {found['error']}")


def _times(numbers: list[float] | None) -> str:
    return " x ".join(f"{n:g}" for n in numbers or ())
