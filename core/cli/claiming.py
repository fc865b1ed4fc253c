"""`claims`: whether printed percentages can be true. The object's form is `workflows.claims`'s."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli import statistics as asked
from core.cli.say import answer, answer_json
from core.cli.tables import show

COUNTS_SHOWN = 10

PAGE = ".md"
"""A page with percentages beside their counts, a model's card for instance."""


def claims(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PERCENT... | FILE", help="Percentages as printed; a CSV of figure, printed, n; or a card (.md)."
        ),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", metavar="N", help="Cases that the percentages are of.")] = None,
    recall: Annotated[str | None, typer.Option("--recall", metavar="P", help="Joint search: of the N cases.")] = None,
    accuracy: Annotated[str | None, typer.Option("--accuracy", metavar="P", help="Joint search: of all.")] = None,
    macro: Annotated[
        str | None, typer.Option("--macro-recall", metavar="P", help="Joint search: the mean of both recalls.")
    ] = None,
    as_json: asked.Json = False,
) -> None:
    """Check whether printed percentages can come from whole numbers of cases."""
    from core.workflows.claims import claims_document, claims_file_document, claims_page_document, joint_document

    joint = [figure for figure in (recall, accuracy, macro) if figure is not None]
    given = what or []
    with asked.refusals(as_json=as_json):
        if joint:
            if given or n is None or recall is None or accuracy is None or macro is None:
                raise typer.BadParameter("A joint search needs --recall, --accuracy, --macro-recall and --n, alone.")
            with asked.usage():
                document = joint_document(n, recall, accuracy, macro)
        elif n is not None and given:
            with asked.usage():
                document = claims_document(given, n)
        elif len(given) == 1 and not _is_percentage(given[0]):
            path = Path(given[0])
            document = (claims_page_document if path.suffix == PAGE else claims_file_document)(path)
        else:
            raise typer.BadParameter("Give percentages with --n, or one CSV file.")
    if as_json:
        answer_json(document)
    else:
        _tell(document, searched=bool(joint))


def _is_percentage(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _tell(document: Mapping[str, Any], *, searched: bool) -> None:
    show(
        "Printed percentages",
        ("figure", "printed", "n", "verdict", "counts"),
        [
            (
                made.get("figure", ""), made["printed"], str(made["n"]), made["verdict"].replace("_", " "),
                _counts(made["counts"] or made["counts_if_truncated"]),
            )
            for made in document["claims"]
        ],
    )  # fmt: skip
    if not searched:
        return
    show(
        "Test sets on which all three hold",
        ("total", "positive class", "correct", "other class", "correct"),
        [tuple(str(number) for number in found.values()) for found in document["solutions"]],
    )
    if not document["solutions"]:
        answer("No test set of two classes gives these three figures together.")


def _counts(counts: list[int]) -> str:
    told = ", ".join(str(count) for count in counts[:COUNTS_SHOWN])
    return f"{told}, … ({len(counts)} in all)" if len(counts) > COUNTS_SHOWN else told
