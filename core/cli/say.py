"""Where words go: results to stdout, the rest to stderr, and nothing foreign that a terminal would obey."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

Report = Callable[[float, str], None]


def answer(line: str = "") -> None:
    """One line of the result, at once: who reads the pipe sees each case as it is done."""
    typer.echo(printable(line))
    sys.stdout.flush()


def answer_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON value on one line, at once. ASCII, so that no terminal or locale can change it."""
    typer.echo(json.dumps(value, allow_nan=False))
    sys.stdout.flush()


def complain(line: str) -> None:
    """One line that is not a result."""
    typer.echo(printable(line), err=True)


def printable(text: str) -> str:
    """The text with control characters shown, not obeyed: names and labels can come from a foreign file."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def shell_line(arguments: Sequence[str]) -> str:
    """The arguments as one line that a shell takes apart again; bytes that are no text as $'\\xff'."""
    return " ".join(shlex.quote(word) if word.isprintable() else _in_bytes(word) for word in arguments)


def _in_bytes(word: str) -> str:
    kept = (c if c.isprintable() and c not in "'\\" else "".join(f"\\x{b:02x}" for b in os.fsencode(c)) for c in word)
    return f"$'{''.join(kept)}'"


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A bar on stderr that is gone afterwards; silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(title), total=1.0)
        yield lambda share, stage: bar.update(task, completed=share, description=printable(f"{title}: {stage}"))


def _silent(share: float, stage: str) -> None:
    """Progress that nobody watches."""
