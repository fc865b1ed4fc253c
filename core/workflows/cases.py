"""From an upload to cases: receive, sort, read in the worker, answer choices, join channels, keep a file of ours.

Owns the order of these steps. Each of them can be cut off and taken up again: what was received is on disk,
and `read_waiting` goes on where the last one stopped.
"""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import Choice, ChoiceNeeded, GeometryError, NotFound, ReadroomError
from core.studies import combine_channels
from core.studies.pseudonyms import CopyTo, Pseudonyms
from core.studies.study import Study
from core.workflows.open_study import group_uploads, open_study
from core.workflows.pictures import prepare
from core.workspace import Case, Upload, Uploads, UploadState, Workspace

VOLUME = ":"
"""Between a series and the number of its volume, in the id of a choice."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell instead of showing it."""

_reading: dict[Path, threading.Lock] = {}


def receive(workspace: Workspace, files: Iterable[tuple[str, IO[bytes]]], *, keep_uids: bool = False) -> None:
    """Move the bytes of an upload to the owner's folder; nothing is looked into yet.

    keep_uids : of DICOM series the original UIDs stay with the case, so that a result fits the hospital's own copy.

    Raises
    ------
    TooLarge : the owner's folder would grow over its quota.
    """
    Uploads(workspace).receive(files, keep_uids=keep_uids)


def is_waiting(workspace: Workspace) -> bool:
    """Whether something was received that nobody has read."""
    uploads = Uploads(workspace)
    return bool(uploads.batches()) or any(u.state is UploadState.WAITING for u in uploads.all())


def read_waiting(workspace: Workspace, progress: Callable[[int, int], None] | None = None) -> None:
    """Read what was received: each upload becomes a case, a question or a refusal, each for itself.

    progress : told (how many are read, of how many).
    """
    uploads = Uploads(workspace)
    # Two tabs of one owner must not read the same bytes into two cases.
    with _reading.setdefault(workspace.folder, threading.Lock()):
        for batch in uploads.batches():
            uploads.sort(batch, _groups(batch))
        waiting = [u for u in uploads.all() if u.state is UploadState.WAITING]
        for number, upload in enumerate(waiting):
            if progress is not None:
                progress(number, len(waiting))
            _read(workspace, uploads, upload)
            workspace.touch()


def answer_choice(workspace: Workspace, upload_id: str, choice: str) -> Case | None:
    """Read one of the studies that lie in an upload; the others stay on offer.

    None where the choice is a series of several volumes: nothing was read, and its volumes are on offer instead.

    Raises
    ------
    NotFound : the upload or the choice is not there. StudyError : it cannot be read after all.
    """
    uploads = Uploads(workspace)
    # Two tabs of one owner must not read the same choice into two cases.
    with _reading.setdefault(workspace.folder, threading.Lock()):
        upload = uploads.get(upload_id)
        chosen = next((c for c in upload.choices if c.id == choice), None)
        if chosen is None:
            raise NotFound(
                found="That study is not on offer in this upload.",
                why="It was read or taken away already, perhaps in another tab.",
                do="Choose one of the list.",
            )
        series, volume = _series_and_volume(choice)
        try:
            case = _open(workspace, upload, series, volume)
        except ChoiceNeeded as further:
            if series is None or volume is not None:
                raise
            parts = (Choice(f"{series}{VOLUME}{one.id}", f"{chosen.what}: {one.what}") for one in further.choices)
            uploads.keep(upload.divided(choice, parts))
            return None
        left = upload.without(choice)
        if left.choices:
            uploads.keep(left)
        else:
            uploads.drop(upload_id)
        return case


def join_channels(workspace: Workspace, channels: Mapping[str, str]) -> Case:
    """Several cases on one grid as one case with named channels; the single ones stay.

    channels : case id by channel name.

    Raises
    ------
    GeometryError : a case stands for two channels, or the grids differ.
    """
    if len(set(channels.values())) < len(channels):
        raise GeometryError(
            found="One case was chosen for two channels.",
            why="Each channel is an image of its own.",
            do="Choose a different case for each channel.",
        )
    joined = combine_channels({name: workspace.study(case_id) for name, case_id in channels.items()})
    first = workspace.source_files(next(iter(channels.values())))
    with _room_for_source(workspace) as source:
        for file in first:  # the grid of the joined study is the first channel's
            os.link(file, source / file.name)
        return _keep(workspace, joined, made_of=tuple(channels.values()), source=source)


def keep_file(workspace: Workspace, path: Path) -> Case:
    """A file of ours, a sample for instance, as a case, read like any other file."""
    return _keep(workspace, open_study([path]))


def cases_csv(workspace: Workspace) -> bytes:
    """cases.csv: what each case is, without any file name."""
    header = ("case", "kind", "modality", "size", "spacing_mm", "orientation", "checks", "sha256")
    rows = [
        (
            case.id,
            case.kind.value,
            case.report.modality or "",
            " x ".join(str(n) for n in case.report.shape),
            " x ".join(f"{s:g}" for s in case.report.spacing_mm or ()),
            case.report.orientation or "",
            " | ".join((*case.report.changed, *case.report.warnings)),
            case.sha256,
        )
        for case in workspace.cases()
    ]
    return table_csv(header, rows)


def names_csv(workspace: Workspace) -> bytes:
    """The map that the owner asks for: case id and the file names that came with it."""
    names = workspace.names()
    rows = [(case.id, name) for case in workspace.cases() for name in names.get(case.id, ())]
    return table_csv(("case", "file"), rows)


def table_csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV in UTF-8; a cell that a spreadsheet would compute is led by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in (header, *rows):  # a class or label name, and so a header, can come from a foreign file
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in row])
    return out.getvalue().encode()


def _groups(batch: Path) -> list[list[Path]]:
    files = sorted(batch.glob("file-*"))
    try:
        return [list(group) for group in group_uploads(files)]
    except ReadroomError:
        # Files that cannot be sorted together are read one by one: then the bad one is refused by name.
        return [[file] for file in files]


def _series_and_volume(choice: str) -> tuple[str | None, int | None]:
    """What a choice asks for: a volume by its number, a series by its id, or a volume of a series."""
    series, _, volume = choice.rpartition(VOLUME)
    return (series or None, int(volume)) if volume.isdigit() else (choice, None)


def _read(workspace: Workspace, uploads: Uploads, upload: Upload) -> None:
    try:
        _open(workspace, upload)
    except ReadroomError as refusal:
        uploads.keep(upload.refused(refusal))
    else:
        uploads.drop(upload.id)


def _open(workspace: Workspace, upload: Upload, series: str | None = None, volume: int | None = None) -> Case:
    """Read an upload, of a DICOM series with the de-identified copy that results refer to, and keep the case."""
    with _room_for_source(workspace) as source:
        copy = CopyTo(source, Pseudonyms(workspace.uid_key(), upload.keep_uids))
        study = open_study(upload.files, series=series, volume=volume, copy=copy)
        return _keep(workspace, study, upload_id=upload.id, source=source)


@contextmanager
def _room_for_source(workspace: Workspace) -> Iterator[Path]:
    """A folder that a case may take over; gone afterwards, like what it holds, if none did."""
    folder = workspace.folder / f".{secrets.token_hex(6)}.source"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(
    workspace: Workspace,
    study: Study,
    *,
    upload_id: str | None = None,
    made_of: tuple[str, ...] = (),
    source: Path | None = None,
) -> Case:
    case = workspace.add_study(study, upload_id=upload_id, made_of=made_of, source=source)
    prepare(workspace, case.id, study)
    return case
