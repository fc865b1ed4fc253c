"""`services`: how the services of a package are: loaded, idle or broken, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.frame import Exit
from core.cli.say import answer, answer_json


def services(
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE...", help="Modules or packages of yours, as Python imports them.")
    ],
    load: Annotated[bool, typer.Option("--load", help="Load the weights too, and tell time and memory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a service.")] = False,
) -> None:
    """Import modules of yours and tell the health of every service in them."""
    from core.services import ServiceState, health_of

    code = Exit.DONE
    for health in health_of(modules, load=load):
        code = Exit.REFUSED if health.state is ServiceState.BROKEN else code
        if as_json:
            answer_json(health.to_dict())
            continue
        took = "" if health.load_s is None else f", loaded in {health.load_s:.2f} s"
        memory = f", {health.memory_mib:.1f} MiB" if health.memory_mib else ""
        answer(f"{health.service}: {health.state} ({health.model_id or 'no model'}{took}{memory})")
        if health.why:
            answer(f"  {health.why}")
    raise typer.Exit(code)
