"""The commands and their names. What a command does is told in the file of its name."""

from __future__ import annotations

import typer

from core import NOTICE
from core.cli import (
    auditing,
    backups,
    cards,
    claiming,
    comparing,
    configs,
    diagnosis,
    engines,
    evaluating,
    exporting,
    importing,
    inspection,
    integrity,
    joining,
    models,
    prediction,
    registry,
    samples,
    scoring,
    serving,
    sweeping,
    training,
    varying,
    versions,
)
from core.cli.frame import Framed

PROGRAM = "python -m core"

app = typer.Typer(
    name=PROGRAM,
    cls=Framed,
    help=f"Readroom: models for X-rays and MRI, at your terminal.\n\n{NOTICE}",
    no_args_is_help=True,
    add_completion=False,
    # Plain help and errors: the same in a pipe, in the documentation and on any terminal.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("models")(models.models)
app.command("inspect")(inspection.inspect)
app.command("predict")(prediction.predict)
app.command("import")(importing.import_)
app.command("why")(diagnosis.why)
app.command("convert")(diagnosis.convert)
app.command("export")(exporting.export)
app.command("engines")(engines.engines)
app.command("configs")(configs.configs)
app.command("train")(training.train)
app.command("card")(cards.card)
app.command("ensemble")(joining.ensemble)
app.command("variant")(varying.variant)
app.command("shortcuts")(auditing.shortcuts)
app.add_typer(registry.registry, name="registry")
app.command("samples")(samples.samples)
app.command("score")(scoring.score)
app.command("sweep")(sweeping.sweep)
app.command("compare")(comparing.compare)
app.command("evaluate")(evaluating.evaluate)
app.command("claims")(claiming.claims)
app.command("keygen")(integrity.keygen)
app.command("sign")(integrity.sign)
app.command("verify")(integrity.verify)
app.command("audit")(integrity.audit)
app.command("services")(serving.services)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("versions")(versions.versions)


def main() -> None:
    """Run the command that was typed, and exit with its code."""
    app(prog_name=PROGRAM)
