"""`why` and `convert`: what a checkpoint is and why it does not load, and plain weights out of a harmless one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Exit
from core.cli.say import answer, answer_json

if TYPE_CHECKING:
    from core.models.diagnosis import Diagnosis

MIB = 2**20


def why(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint of any kind, or a MONAI bundle's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what a checkpoint is, why it loads or does not, and what to do; it is read without running any of it."""
    from core.workflows.diagnose import diagnose

    found = diagnose(file)
    if as_json:
        answer_json(asdict(found))
    else:
        _tell(file, found)
    raise typer.Exit(Exit.DONE if found.loads else Exit.REFUSED)


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .pt or .pth with harmless objects in it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the plain weights go (.pth).")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a checkpoint as plain tensors, numbers and text, in a locked-down process; nothing in it is run."""
    from core.workflows.diagnose import make_plain

    if out.exists() and not force:
        raise typer.BadParameter(f"{out} exists; --force replaces it.", param_hint="'--out'")
    done = make_plain(file, out)
    if as_json:
        answer_json(asdict(done) | {"path": str(done.path)})
        return
    answer(f"Wrote {done.path}: {done.tensors} tensors.")
    for said in done.replaced:
        answer(f"  replaced: {said}")
    for said in done.dropped:
        answer(f"  dropped: {said}")
    answer(f"Import it: python -m core import {done.path}")


def _tell(file: Path, found: Diagnosis) -> None:
    answer(
        f"{file}: {found.kind}, {found.size_bytes / MIB:.1f} MiB. {'It loads.' if found.loads else 'It does not load.'}"
    )
    for sentence in found.refusal or ():
        answer(f"  {sentence}")
    unwanted = [one for one in found.wanted if not one.harmless]
    if found.wanted:
        answer(f"Globals: {len(found.wanted)}, of which {len(unwanted)} are more than tensors and numbers.")
    for one in unwanted:
        answer(f"  {one.name}{' (convert has a plain value for it)' if one.convertible else ''}")
    if found.tensors:
        answer(f"Weights: {found.numbers:,} numbers in {found.tensors:,} tensors.")
    for block in found.blocks:
        answer(f"  {block.name}: {block.tensors} tensors, {block.numbers:,} numbers, {block.example}")
    if found.blocks_left_out:
        answer(f"  and {found.blocks_left_out} more blocks")
    if (near := found.nearest) is not None:
        differs = f"{near.missing} missing, {near.unexpected} unexpected, {near.reshaped} of another shape"
        answer(f"Architecture: {near.architecture}." if near.exact else f"Nearest: {near.architecture} ({differs}).")
        for example in near.examples:
            answer(f"  {example}")
    if found.fields:
        answer("Configuration:")
    for field in found.fields:
        answer(f"  {field.name} = {field.value} ({field.origin})")
    for line in found.assumed:
        answer(f"  assumed: {line}")
    answer("What to do:")
    for number, remedy in enumerate(found.remedies, 1):
        answer(f"  {number}. {remedy}")
