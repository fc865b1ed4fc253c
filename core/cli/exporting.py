"""`export`: a model as a file for other programs, with the measured difference of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.arguments import known_model
from core.cli.say import answer, answer_json, progress_bar
from core.models.formats import ExportFormat

if TYPE_CHECKING:
    from core.inference.parity import CaseParity
    from core.workflows.export_model import Exported

MIB = 2**20


def export(
    model_id: Annotated[str, typer.Option("--model", metavar="ID", help="A model, as `models` lists it.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where; the parity report lies beside it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The parity report as one JSON object.")] = False,
) -> None:
    """Write a model in another format, after measuring that the file answers like the model."""
    from core.workflows.export_model import export as export_model

    model = known_model(model_id)
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} exists; --force replaces it.", param_hint="'--out'")
    with progress_bar(f"Export {model.id}") as progress:
        done = export_model(model, form, out, progress)
    if as_json:
        answer_json(done.to_plain())
    else:
        _tell(done)


def _tell(done: Exported) -> None:
    plain = done.to_plain()
    opset = f", opset {plain['opset']}" if plain["opset"] else ""
    answer(f"Exported {done.model.id} as {done.form}{opset}: {done.path} ({done.size_bytes / MIB:.1f} MiB).")
    answer(f"  file sha256 {done.sha256}")
    for case in done.parity.cases:
        answer(f"  {case.name}: {_differences(case)}")
    answer(f"  parity report {done.report_path}")
    answer(f"  {plain['notice']}")


def _differences(case: CaseParity) -> str:
    parts = [f"outputs differ by at most {case.logits:.1e} (largest {case.largest:.3g})"] if case.largest else []
    if case.scores is not None:
        parts += [f"scores by {case.scores:.1e}", f"{case.changed} of {case.decisions} decisions changed"]
    if case.dice is not None:
        parts.append(f"Dice {case.dice:.4f}")
    return ", ".join(parts) or "no label in either"
