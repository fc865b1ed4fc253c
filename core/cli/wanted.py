"""Which cases a `predict` names: one for each path, or one study made of named channels.

Owns case ids and the way from what was typed to a study. Everything is read by `workflows.open_study`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from core.studies import combine_channels
from core.studies.pseudonyms import CopyTo
from core.studies.study import Study
from core.workflows.find_files import find_files
from core.workflows.open_study import open_study


@dataclass(frozen=True, slots=True)
class Wanted:
    """One case. typed : as on the command line. channels : name and path of each, or empty for a single path."""

    case: str
    typed: str
    channels: tuple[tuple[str, str], ...] = ()

    def open(self, series: str | None, volume: int | None, copy: CopyTo | None = None) -> Study:
        """The study; raises StudyError and WorkerBreach like `open_study`.

        copy : where a de-identified copy of a DICOM series goes; of several channels that of the first, whose grid
        is the study's.
        """
        if not self.channels:
            return open_study(find_files(Path(self.typed)), series=series, volume=volume, copy=copy)
        first = self.channels[0][0]
        return combine_channels(
            {
                name: open_study(
                    find_files(Path(path)), series=series, volume=volume, copy=copy if name == first else None
                )
                for name, path in self.channels
            }
        )


def wanted_cases(paths: Sequence[str], channels: Sequence[str]) -> list[Wanted]:
    """The cases in the order given, named case-01, case-02, …; wrong usage where they cannot be told."""
    if bool(paths) == bool(channels):
        raise typer.BadParameter("Give either paths, one a case, or --channel NAME=PATH for each channel of one case.")
    if channels:
        return [Wanted("case-01", " ".join(channels), _named(channels))]
    return [Wanted(f"case-{number:02d}", path) for number, path in enumerate(paths, start=1)]


def _named(channels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for typed in channels:
        name, equals, path = typed.partition("=")
        if not (name and equals and path):
            raise typer.BadParameter(f"'{typed}' is not NAME=PATH.", param_hint="'--channel'")
        pairs.append((name, path))
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise typer.BadParameter(f"{', '.join(twice)} is given twice.", param_hint="'--channel'")
    return tuple(pairs)
