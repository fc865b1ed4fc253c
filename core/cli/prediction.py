"""`predict`: one case after the other through a model, its files written and its answer told as each is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.arguments import Json, Series, Volume, known_model
from core.cli.say import complain, shell_line

if TYPE_CHECKING:
    from core.models.model import Model


def predict(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="Folder for the files.")],
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="ID", help="As `models` lists it; without: READROOM_MODEL_CONFIG_FILE's."),
    ] = None,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="One case each: a file, a folder or a zip.")
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME=PATH", help="In place of PATH: one channel of one case. Repeat it."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="T", min=0, max=1, help="In place of the model's operating points."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Make the heat map of a score too.")] = False,
    seg: Annotated[
        bool, typer.Option("--seg", help="Write the labels of a DICOM series as DICOM SEG too, in a zip.")
    ] = False,
    keep_uids: Annotated[
        bool,
        typer.Option(
            "--keep-uids", help="With --seg: keep the original UIDs, so that it fits the hospital's own copy."
        ),
    ] = False,
    series: Series = None,
    volume: Volume = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", dir_okay=False, help="One row a case, for a spreadsheet.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Run a model on each case and write its result, picture and mask."""
    # Imported here: `models` and `--help` must not wait for what a run needs. The decoder's process comes up meanwhile.
    from core.workflows.open_study import reading_workers

    reading_workers().start()
    from core.cli.run import Request, run_cases
    from core.cli.wanted import wanted_cases
    from core.workflows.warm_up import load_meanwhile

    cases = wanted_cases(paths or [], channel or [])
    handle = known_model(model)
    if keep_uids and not seg:
        raise typer.BadParameter("--keep-uids goes with --seg: no other file holds UIDs.")
    _make_room(out, [case.case for case in cases], csv, force=force)
    request = Request(
        model=handle,
        out=out,
        command=shell_line(["python", "-m", "core", *ctx.find_root().obj]),
        threshold=threshold,
        explain=explain,
        seg=seg,
        keep_uids=keep_uids,
        series=series,
        volume=volume,
    )
    _say_what_has_no_use(handle, threshold, explain=explain)
    load_meanwhile(handle)
    raise typer.Exit(run_cases(request, cases, csv, as_json=as_json))


def _make_room(out: Path, cases: list[str], csv: Path | None, *, force: bool) -> None:
    """Refuse to replace files without --force; with it, take them away first, lest an old one lie beside a new."""
    from core.workflows.outputs import ENDS

    old = [path for case in cases for end in ENDS if (path := out / f"{case}_{end}").exists()]
    if csv is not None and csv.exists():
        old.append(csv)
    if old and not force:
        raise typer.BadParameter(f"{old[0]} is already there. Choose another place, or give --force to replace it.")
    for path in old:
        path.unlink()


def _say_what_has_no_use(model: Model, threshold: float | None, *, explain: bool) -> None:
    if explain and not model.classes:
        complain(f"{model.id} gives no scores, so --explain has nothing to explain.")
    if threshold is not None and not model.classes and model.config.segmentation_activation == "softmax":
        complain(f"{model.id} chooses each voxel's likeliest label, so --threshold changes nothing.")
