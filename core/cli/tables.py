"""Tables for a terminal: figures with interval, denominator and method, and nothing foreign that it would obey."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.cli.say import answer, printable

PIPE_WIDTH = 160
"""Columns where stdout is no terminal: tables are then read by programs and wide pagers."""

LISTED = 20
"""Dropped cases told one by one."""

Figure = Mapping[str, Any]


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table on stdout; nothing where there is no row."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    told = [[Text(printable(cell)) for cell in row] for row in rows]
    if not told:
        return
    table = Table(title=Text(printable(title)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in told:
        table.add_row(*row)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    console.print(table)
    sys.stdout.flush()


def number(value: float | str | None, reason: str | None = None) -> str:
    """Three decimals, `inf`, or why there is none."""
    if value is None:
        return f"undefined ({reason})" if reason else "undefined"
    return value if isinstance(value, str) else f"{value:.3f}"


def threshold(value: float | str | None) -> str:
    """A threshold in full: a rounded one would call other cases positive."""
    return "none" if value is None else str(value)


def interval(figure: Figure) -> str:
    """`0.800 to 0.906`, or why there is none."""
    if figure["lo"] is None or figure["hi"] is None:
        return f"none ({figure['reason']})" if figure["value"] is not None and figure["reason"] else ""
    return f"{number(figure['lo'])} to {number(figure['hi'])}"


def of(figure: Figure) -> str:
    """`74 of 77`, where there is a denominator."""
    if figure["n"] is None:
        return ""
    return f"n = {figure['n']}" if figure["k"] is None else f"{figure['k']} of {figure['n']}"


def figure_row(name: str, figure: Figure) -> tuple[str, str, str, str, str]:
    """Name, value, interval, denominator and method of an estimate."""
    value = number(figure["value"], figure["reason"])
    return name.replace("_", " "), value, interval(figure), of(figure), figure["method"] or ""


FIGURE_COLUMNS = ("figure", "value", "interval", "of", "method")


def short(figure: Figure) -> str:
    """An estimate in one cell."""
    ends = interval(figure)
    return number(figure["value"], figure["reason"]) + (f" ({ends})" if ends else "")


def show_head(document: Mapping[str, Any]) -> None:
    """What was read and how it was asked, before any figure."""
    held, asked = document["input"], document["settings"]
    line = f"{held['file']}: {held['used']} of {held['rows']} cases"
    if held["positives"] is not None:
        share = "" if held["prevalence"] is None else f", prevalence {held['prevalence']:.3f}"
        line += f", {held['positives']} positive and {held['negatives']} negative{share}"
    if held["patients"] is not None:
        line += f", {held['patients']} patients"
    answer(line + ".")
    if held["ignored"]:
        answer(f"Ignored columns: {', '.join(held['ignored'])}.")
    if held["dropped"]:
        answer(f"{len(held['dropped'])} cases are left out:")
    for case in held["dropped"][:LISTED]:
        answer(f"  row {case['row']}, {case['case_id']}: {case['reason']}")
    if len(held["dropped"]) > LISTED:
        answer(f"  and {len(held['dropped']) - LISTED} more; --json lists all")
    unit = "the patient is the unit" if asked["cluster"] else "each case counts once"
    answer(
        f"Two-sided {asked['level']:.0%} intervals, {asked['resamples']} resamples from seed {asked['seed']}; {unit}."
    )
