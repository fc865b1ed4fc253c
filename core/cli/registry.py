"""`registry …`: the shelf's memory at a terminal: list, register, stages, aliases, history, recall, check, rebuild.

Owns arguments and how answers look. Rules are told in `core.registry`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.arguments import Json
from core.cli.frame import Exit
from core.cli.say import answer, answer_json, complain
from core.cli.tables import show

if TYPE_CHECKING:
    from core.registry.version_rows import Version

registry = typer.Typer(
    help="The shelf's memory: versions, stages, aliases, history; who did what, when and why.", no_args_is_help=True
)


def _id(typed: str) -> str:
    from core.workflows.registry import id_of

    return id_of(typed)


Id = Annotated[
    str,
    typer.Argument(metavar="ID", callback=_id, help="A model of the shelf, e.g. chest_resnet18_v1.0.0, or models:/…"),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in one sentence; it stays in the history.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it; without: this account's name.")]
Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="champion, challenger, screening, …")]


@registry.command("list")
def list_(as_json: Json = False) -> None:
    """List the shelf: stage, aliases, whether pinned, and whether each file is the registered one."""
    from core.workflows import registry as work

    entries = work.shelf_entries()
    if as_json:
        for one in entries:
            answer_json(asdict(one))
        return
    rows = [
        (one.id, one.stage, ", ".join(one.aliases), "pinned" if one.pinned else "", one.hash_state) for one in entries
    ]
    show("The shelf", ("id", "stage", "aliases", "", "file"), rows)
    answer(f"{len(entries)} model{'' if len(entries) == 1 else 's'}.")


@registry.command("show")
def show_(model_id: Id, as_json: Json = False) -> None:
    """Show one model: its version, stage and aliases, and what stands before the next stage."""
    from core.workflows import registry as work

    one = work.shelf_entry(model_id)
    if as_json:
        answer_json(asdict(one))
        return
    for word, said in asdict(one).items():
        text = ", ".join(said) if isinstance(said, tuple) else str(said)
        answer(f"{word.replace('_', ' '):<14} {text}")


@registry.command("register")
def register(model_id: Id, reason: Reason = "", by: By = None, as_json: Json = False) -> None:
    """Write a checkpoint down as a version that cannot change; it begins in Development."""
    from core.workflows import registry as work

    _tell(work.register(model_id, reason, by), as_json)


@registry.command("stage")
def stage(
    model_id: Id,
    to: Annotated[
        str, typer.Argument(metavar="STAGE", help="Development, Testing, Staging, Production or Retirement.")
    ],
    reason: Reason = "",
    reviewer: Annotated[
        str, typer.Option("--reviewer", metavar="NAME", help="For Production: who reviewed it; not who registered it.")
    ] = "",
    by: By = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what holds and what does not.")] = False,
    as_json: Json = False,
) -> None:
    """Move a version to another stage; for Production its card, file, evaluation and threshold are looked at."""
    from core.workflows import registry as work

    if not check:
        _tell(work.change_stage(model_id, to, reason, by, reviewer), as_json)
        return
    found = work.promotion_reasons(model_id, to, reviewer)
    for one in found:
        if as_json:
            answer_json(asdict(one))
        else:
            answer(f"{'holds' if one.holds else 'fails':<6} {one.name}: {one.said}")
    raise typer.Exit(Exit.DONE if all(one.holds for one in found) else Exit.REFUSED)


@registry.command("alias")
def alias(
    model_id: Id,
    name: Alias,
    reason: Reason = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take it away instead.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let a version answer under an alias of its name: models:/name@alias, wherever a command takes a model."""
    from core.workflows import registry as work

    _tell((work.remove_alias if remove else work.set_alias)(model_id, name, reason, by), as_json)


@registry.command("pin")
def pin(model_id: Id, by: By = None) -> None:
    """Mark a model as important: it leads the list."""
    from core.workflows import registry as work

    work.pin(model_id, by)
    answer(f"{model_id} is pinned.")


@registry.command("unpin")
def unpin(model_id: Id, by: By = None) -> None:
    """Take the mark away."""
    from core.workflows import registry as work

    work.unpin(model_id, by)
    answer(f"{model_id} is not pinned.")


@registry.command("history")
def history(model_id: Id, as_json: Json = False) -> None:
    """Show what happened to a model, newest first."""
    from core.workflows import registry as work

    found = work.history(model_id)
    if not found:
        work.shelf_entry(model_id)  # which refuses an id that nobody knows
    if as_json:
        for one in found:
            answer_json(asdict(one))
        return
    show(f"History of {model_id}", ("when", "who", "what", "why"), [(e.when, e.who, e.what, e.reason) for e in found])
    answer(f"{len(found)} event{'' if len(found) == 1 else 's'}.")


@registry.command("recall")
def recall(model_id: Id, as_json: Json = False) -> None:
    """List the stored results and cohorts of this data folder that came from a model, or an ensemble with it."""
    from core.workflows import registry_recall as work

    found = work.recall(model_id)
    if as_json:
        for one in found:
            answer_json(asdict(one))
        return
    rows = [(one.owner or "this machine", one.what, one.name, one.model_id, str(one.cases)) for one in found]
    show(f"Came from {model_id}", ("owner", "what", "name", "through", "cases"), rows)
    answer(f"{len(found)} stored result{'' if len(found) == 1 else 's'}, cohorts among them.")


@registry.command("answered")
def answered(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="models:/name@alias")],
    on: Annotated[datetime, typer.Option("--on", metavar="DAY", formats=["%Y-%m-%d"], help="The day, as 2026-01-31.")],
    as_json: Json = False,
) -> None:
    """Say which version answered under an alias on a day of this machine's calendar."""
    from core.workflows import registry as work

    found = work.answered_on(address, on.date())
    for one in found:
        if as_json:
            answer_json(asdict(one))
        else:
            answer(f"{one.id}  from {one.since} to {one.until or 'now'}")
    if not found:
        complain(f"Nothing answered under {address} on that day.")
        raise typer.Exit(Exit.REFUSED)


@registry.command("slice")
def slice_(
    cohort: Annotated[str, typer.Argument(metavar="COHORT", help="Name or id, as score tells it.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the slice is called.")],
    split: Annotated[str | None, typer.Option("--split", metavar="NAME", help="Only the cases of that split.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Name a cohort's cases as a slice, for model records to say what taught and measured them."""
    from core.workflows.registry_slices import slice_of_cohort

    made = slice_of_cohort(cohort, name, split, by)
    if as_json:
        answer_json(made.model_dump(mode="json"))
    else:
        answer(f"The data set {made.dataset_id} has the slice {made.id} of {len(made.case_ids)} cases.")


@registry.command("check")
def check() -> None:
    """Read the whole event log and hold the tables against it; exit 1 where something was changed."""
    from core.workflows import registry as work

    answer(f"{_events(work.check())}: the log is unbroken, and the tables say the same.")


@registry.command("rebuild")
def rebuild() -> None:
    """Make the registry's tables anew from the event log, accepting the log as it is."""
    from core.workflows import registry as work

    answer(f"{_events(work.rebuild())} taken in.")


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"


def _tell(held: Version, as_json: bool) -> None:
    if as_json:
        answer_json(asdict(held))
        return
    aliases = f", answers as {', '.join(held.aliases)}" if held.aliases else ""
    answer(f"{held.id} is in {held.stage}{aliases}.")
