"""`models`: what is on the shelf and in the store. Imports neither torch nor MONAI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.say import answer, answer_json

if TYPE_CHECKING:
    from core.models.model import Model

MIB = 2**20


def models(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, with hashes and measured figures.")] = False,
) -> None:
    """List the models: what each answers, its file, and whether its checksum holds."""
    # Imported here, like every room below: `--help` must not wait for it.
    from core.models.catalog import list_models, public_list

    if as_json:
        answer_json(public_list())
        return
    files = {model.id: model for model in list_models()}
    listed = public_list()
    for public in listed:
        answer(public["id"])
        for word, said in _facts(public, files.get(public["id"])):
            answer(f"  {word:<13} {said}")
        answer()
    answer(f"{len(listed)} model{'' if len(listed) == 1 else 's'}.")


def _facts(public: Mapping[str, Any], model: Model | None) -> list[tuple[str, str]]:
    state = public["problem"] or ("checksum holds" if public["verified"] else "not verified")
    if model is None:
        return [("state", state)]
    facts = [
        ("name", f"{model.display_name} ({model.card.maturity})"),
        ("answers", f"{public['task']}: {', '.join(public['classes'])}"),
        ("architecture", public["architecture"]),
        ("input", model.input.sentence()),
        ("state", state),
        ("file", f"{model.path.name}, {model.size_bytes / MIB:.1f} MiB, created {model.created or 'unknown'}"),
        ("file sha256", model.file_sha256),
        ("weights", model.weights_sha256),
    ]
    return facts + [("measured", figure(metric.model_dump())) for metric in model.card.key_figures]


def figure(metric: Mapping[str, Any]) -> str:
    """A measured figure on one line: value, interval, counts, split."""
    said = f"{metric['name']} {metric['value']:.3g}"
    if metric["lo"] is not None and metric["hi"] is not None:
        said += f" ({metric['lo']:.3g} to {metric['hi']:.3g})"
    if metric["n"] is not None:
        said += f", {metric['k']} of {metric['n']}" if metric["k"] is not None else f", n = {metric['n']}"
    return said + (f", {metric['split']}" if metric["split"] else "")
