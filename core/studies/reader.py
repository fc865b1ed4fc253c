"""From files to one study: archives opened, what lies in them found, one of it read.

Owns the choice among several and the notes about what was left out. Pure: no state, no network, nothing written
but a temporary folder that is gone afterwards. Everything foreign is opened here or below, so a page never calls
it itself: `core.workflows.open_study` runs it in the isolated worker.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import Choice, ChoiceNeeded
from core.studies.archive import unpack
from core.studies.candidates import Candidate, Candidates, find_candidates, refuse_nothing, require_one_patient
from core.studies.deidentify import without_uids
from core.studies.dicom_copy import copy_series
from core.studies.pseudonyms import KEPT_UIDS, CopyTo
from core.studies.sniff import Format, sniff
from core.studies.sources import Source, neutral_sources
from core.studies.study import Study


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files of an upload that are one study, and in neutral words what they are."""

    files: tuple[Path, ...]
    what: str


def read_study(
    files: Sequence[Path], *, series: str | None = None, volume: int | None = None, copy: CopyTo | None = None
) -> Study:
    """The one study that the files hold, told by content.

    Parameters
    ----------
    files : films, volumes, slices of a series, or zip archives of them; at least one.
    series : the id of one of several studies ('series-2'), as a ChoiceNeeded lists them.
    volume : the number of one of several volumes, from 0. copy : where a de-identified copy of a DICOM series goes;
    nothing is written for anything else.

    Raises
    ------
    ChoiceNeeded : the files hold several studies or volumes and none was chosen.
    DamagedFile, UnsupportedFile, GeometryError, TooLarge : see `core.errors`.
    """
    with _quiet(), _opened(neutral_sources(files)) as sources:
        found = find_candidates(sources)
        require_one_patient(found)
        candidate = _choose(found, series)
        # A broken file may be a slice of the series: left out in silence it would shorten the volume.
        if found.broken and candidate.patient is not None:
            raise found.broken[0]
        study = _with_left_out(candidate.read(volume), found)
        return study if copy is None or candidate.files_of is None else _copied(study, candidate.files_of(volume), copy)


def group_files(files: Sequence[Path]) -> list[FileGroup]:
    """Which files of an upload belong together: the slices of a series, a NIfTI pair; else each file alone.

    Files that are broken or no image are a group of their own too: reading that one tells why.
    """
    with _quiet():
        sources = neutral_sources(files)
        alone = [source for source in sources if source.size == 0 or sniff(source) is Format.ZIP]
        rest = [source for source in sources if source not in alone]
        together = [one for one in find_candidates(rest).studies if len(one.sources) > 1]
        taken = {source for one in together for source in one.sources}
        groups = [FileGroup(tuple(source.path for source in one.sources), one.what) for one in together]
        groups += [FileGroup((source.path,), source.name) for source in sources if source not in taken]
        place = {path: number for number, path in enumerate(files)}
        return sorted(groups, key=lambda group: min(place[path] for path in group.files))


@contextmanager
def _quiet() -> Iterator[None]:
    """Third-party warnings and log lines off: they quote header values. What matters goes into the report."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


@contextmanager
def _opened(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """The files with archives replaced by their members, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="readroom-") as folder:
        opened: list[Source] = []
        for number, source in enumerate(sources):
            if source.size and sniff(source) is Format.ZIP:
                opened.extend(unpack(source, Path(folder) / str(number)))
            else:
                opened.append(source)
        yield opened


def _choose(found: Candidates, series: str | None) -> Candidate:
    studies = {f"series-{number}": one for number, one in enumerate(found.studies, start=1)}
    if not studies:
        raise refuse_nothing(found)
    if series in studies:
        return studies[series]
    if series is None and len(studies) == 1:
        return found.studies[0]
    asked = "" if series is None else " The one asked for is not among them."
    raise ChoiceNeeded(
        found=f"There are {len(studies)} studies in what was brought.{asked}",
        why="One case is one study.",
        do="Choose one of them by its id.",
        choices=tuple(Choice(id_, one.what) for id_, one in studies.items()),
    )


def _copied(study: Study, files: Sequence[Source], copy: CopyTo) -> Study:
    """The study, its files copied; with kept UIDs its report says so and does not count them as removed."""
    copy_series(files, copy)
    if not copy.names.keep_uids:
        return study
    return replace(
        study,
        report=replace(
            study.report,
            changed=(*study.report.changed, KEPT_UIDS),
            identifiers_removed=without_uids(study.report.identifiers_removed),
        ),
    )


def _with_left_out(study: Study, found: Candidates) -> Study:
    changed, warnings = study.report.changed, study.report.warnings
    if found.left_out:
        changed = (*changed, f"{len(found.left_out)} file(s) that are no image were left out")
    if found.broken:
        warnings = (*warnings, f"{len(found.broken)} file(s) beside it could not be read and were left out.")
    return replace(study, report=replace(study.report, changed=changed, warnings=warnings))
