"""A DICOM series as a volume: slices gathered, copies dropped, one volume chosen, pixels stacked.

Owns the order of the steps and the report. Where slices lie is read in `slices` and judged in `stack`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.errors import Choice, ChoiceNeeded, DamagedFile, GeometryError, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies.deidentify import (
    animal_warnings,
    body_part_of,
    burned_in_warnings,
    identifiers_in,
    modality_of,
    photometric_of,
)
from core.studies.dicom_header import class_name, frames_of, read_header, syntax_name
from core.studies.dicom_pixels import (
    bits_of,
    decode_frames,
    header_window,
    modality_values,
    require_size,
    stored_range,
    turned_over,
)
from core.studies.film_checks import LARGEST
from core.studies.geometry import oblique_warnings, volume_geometry
from core.studies.mosaic import is_mosaic
from core.studies.notes import Notes
from core.studies.slices import Slice, component_word, slices_of
from core.studies.sources import Source, study_sha256
from core.studies.stack import Stack, split_volumes, stack_of
from core.studies.study import IngestReport, Kind, Study, Window
from core.studies.windows import percentile_window


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One file of a series with its header, pixels left on disk."""

    source: Source
    header: Dataset


def read_series(name: str, members: Sequence[Member], volume: int | None = None) -> Study:
    """A series as a study: pixels (1, columns, rows, slices) after rescaling, slices in order along their normal.

    name : neutral, for messages. volume : which of several volumes, from 0.

    Raises
    ------
    ChoiceNeeded : several volumes and none chosen.
    GeometryError, DamagedFile, UnsupportedFile, TooLarge
    """
    notes = Notes()
    _require_several(name, members)
    members = _distinct(members, notes)
    stack, volumes = _stack(name, members, volume)
    if volumes > 1:
        notes.changed.append(f"volume {volume} of {volumes} was taken, counted from 0")
    if is_mosaic(members[0].header):
        notes.changed.append("the tiles of a mosaic were laid out as slices, at the distance that the header states")
    pixels, digest = _pixels(stack, notes)
    first = members[0].header
    window = _common_window(members)
    if photometric_of(first) == "MONOCHROME1":
        pixels, window = _turn_over(pixels, window, stack, first)
        notes.changed.append("MONOCHROME1 was inverted: high values are white")
    geometry = volume_geometry(stack.affine)
    columns, rows, depth = (int(size) for size in pixels.shape[1:])
    report = IngestReport(
        recognised=f"DICOM series, {class_name(first)}",
        files=len(members),
        sha256=study_sha256(member.source.sha256() for member in members),
        pixel_sha256=digest,
        shape=(columns, rows, depth),
        spacing_mm=geometry.spacing_mm,
        orientation=geometry.orientation,
        volumes=volumes,
        modality=modality_of(first),
        body_part=body_part_of(first),
        transfer_syntax=syntax_name(first),
        photometric=photometric_of(first),
        bits_stored=bits_of(first),
        changed=tuple(notes.changed),
        warnings=(*notes.warnings, *oblique_warnings(geometry), *animal_warnings(first), *burned_in_warnings(first)),
        identifiers_removed=identifiers_in(member.header for member in members),
    )
    return Study(Kind.VOLUME, pixels, ("image",), (window or percentile_window(pixels),), geometry, report)


def sources_of_volume(name: str, members: Sequence[Member], volume: int | None = None) -> list[Source]:
    """The files that the study of `read_series` is made of, in the order of its slices; errors as there."""
    stack, _ = _stack(name, _distinct(members, Notes()), volume)
    return list(dict.fromkeys(one.source for one in stack.slices))


def _stack(name: str, members: Sequence[Member], volume: int | None) -> tuple[Stack, int]:
    """The stack of the chosen volume, and how many there are."""
    for member in members:
        _require_grey(member)
    slices = [one for member in members for one in slices_of(member.source, member.header)]
    volumes = split_volumes(name, slices)
    stack = stack_of(name, volumes[_choose(name, volumes, volume)])
    _require_voxels(name, stack)
    return stack, len(volumes)


def _require_several(name: str, members: Sequence[Member]) -> None:
    if len(members) == 1 and frames_of(members[0].header) == 1 and not is_mosaic(members[0].header):
        raise GeometryError(
            found=f"{name} is a single {modality_of(members[0].header)} picture.",
            why="One slice is not a volume, and a CT, MR or PET slice is not an X-ray film.",
            do="Bring the whole series.",
        )


def _distinct(members: Sequence[Member], notes: Notes) -> list[Member]:
    """The members without copies: the same instance twice with the same pixels counts once.

    Instances with one UID and different pixels both stay, and are refused later as two slices at one place.
    """
    kept: dict[str, Member] = {}
    for member in members:
        uid = str(member.header.get("SOPInstanceUID", "")) or member.source.name
        if uid in kept and _pixel_bytes(kept[uid].source) == _pixel_bytes(member.source):
            continue
        kept[uid if uid not in kept else f"{uid} {member.source.name}"] = member
    copies = len(members) - len(kept)
    if copies:
        notes.warnings.append(f"{copies} file(s) came twice; the copies were dropped.")
    return list(kept.values())


def _pixel_bytes(source: Source) -> bytes:
    return bytes(read_header(source, pixels=True).get("PixelData", b""))


def _require_grey(member: Member) -> None:
    photometric = photometric_of(member.header) or ""
    if not photometric.startswith("MONOCHROME"):
        raise UnsupportedFile(
            found=f"{member.source.name} is a {modality_of(member.header)} picture in colours "
            f"({photometric or 'unknown'}).",
            why="A volume to look at has one grey value in each voxel.",
            do="Bring the grey series it was made from.",
        )
    require_size(member.source.name, member.header)


def _choose(name: str, volumes: Sequence[Sequence[Slice]], volume: int | None) -> int:
    if volume is None and len(volumes) == 1:
        return 0
    if volume is not None and 0 <= volume < len(volumes):
        return volume
    asked = "" if volume is None else f" Volume {volume} is not one of them."
    raise ChoiceNeeded(
        found=f"{name} holds {len(volumes)} volume(s) of {len(volumes[0])} slices, numbered 0 to "
        f"{len(volumes) - 1}.{asked}",
        why="One study is one volume.",
        do="Choose a volume by its number.",
        choices=tuple(
            Choice(str(number), f"volume {number} of {len(volumes)}{_word(slices[0])}")
            for number, slices in enumerate(volumes)
        ),
    )


def _word(one: Slice) -> str:
    word = component_word(one.kind)
    return f", {word}" if word else ""


def _require_voxels(name: str, stack: Stack) -> None:
    rows, columns = stack.slices[0].shape
    if rows * columns * len(stack.slices) > settings().volume_mega_voxels * 10**6:
        raise TooLarge(
            found=f"{name} has {columns} x {rows} x {len(stack.slices)} voxels.",
            why=f"The limit is {settings().volume_mega_voxels} million.",
            do="Bring fewer slices, or raise READROOM_VOLUME_MEGA_VOXELS.",
        )


def _pixels(stack: Stack, notes: Notes) -> tuple[NDArray[np.float32], str]:
    """(1, columns, rows, slices), first axis fastest, and the hash of the stored slices in order."""
    rows, columns = stack.slices[0].shape
    values = np.empty((len(stack.slices), rows, columns, 1), dtype=np.float32)
    wanted: dict[Source, list[int]] = {}
    for number, one in enumerate(stack.slices):
        wanted.setdefault(one.source, []).append(number)
    hashes = hashlib.sha256()
    stored_slices: dict[int, NDArray[Any]] = {}
    lines = set()
    for number in range(len(stack.slices)):
        if number not in stored_slices:
            source = stack.slices[number].source
            header = read_header(source, pixels=True)
            stored_slices.update(_stored(stack, wanted[source], header))
        stored = stored_slices.pop(number)
        hashes.update(np.ascontiguousarray(stored).tobytes())
        line = stack.slices[number].line
        _require_values(stack.slices[number])
        lines.add(line)
        if header.get("ModalityLUTSequence"):
            values[number, :, :, 0] = modality_values(stored, header)
        else:
            values[number, :, :, 0] = stored.astype(np.float64) * line[0] + line[1]
    if lines != {(1.0, 0.0)}:
        notes.changed.append("slope and intercept of the headers were applied")
    return values.transpose(3, 2, 1, 0), hashes.hexdigest()


def _stored(stack: Stack, numbers: Sequence[int], header: Dataset) -> Iterator[tuple[int, NDArray[Any]]]:
    """Stored values of slices of one file; a frame that holds several of them is decoded once."""
    frames = list(dict.fromkeys(stack.slices[number].frame for number in numbers))
    name = stack.slices[numbers[0]].source.name
    for frame, stored in zip(frames, decode_frames(name, header, frames), strict=True):
        for number in numbers:
            one = stack.slices[number]
            if one.frame == frame:
                (top, left), (rows, columns) = one.corner, one.shape
                yield number, stored[top : top + rows, left : left + columns]


def _require_values(one: Slice) -> None:
    slope, intercept = one.line
    if abs(slope) * 2**32 + abs(intercept) > LARGEST:
        raise DamagedFile(
            found=f"{one.source.name} scales its values by {slope:g} and adds {intercept:g}.",
            why="Its voxels would be too large to compute with.",
            do="Export the series again from the scanner or archive.",
        )


def _turn_over(
    pixels: NDArray[np.float32], window: Window | None, stack: Stack, header: Dataset
) -> tuple[NDArray[np.float32], Window | None]:
    """Values in which high is white, turned over within the range that the stored bits can give."""
    ends = [
        end * slope + offset for end in stored_range(header) for slope, offset in {one.line for one in stack.slices}
    ]
    low, high = min(ends), max(ends)
    turned = np.float32(low + high) - pixels
    return turned, None if window is None else turned_over(window, low, high)


def _common_window(members: Sequence[Member]) -> Window | None:
    """The header's window where every slice gives the same; otherwise slices would flicker under it."""
    windows = {header_window(member.header) for member in members}
    return windows.pop() if len(windows) == 1 else None
