"""What lies in a set of files: films, volumes and series, each a study that could be read.

Owns which files belong together (by content: series by its UID, a NIfTI pair by size), their neutral ids, and what
is left out. Reading one is left to the readers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.errors import DamagedFile, StudyError, UnsupportedFile
from core.studies.deidentify import modality_of
from core.studies.dicom_header import Role, frames_of, read_header, refuse_object, role_of
from core.studies.film import read_film
from core.studies.mosaic import is_mosaic
from core.studies.nifti import read_nifti
from core.studies.nifti_header import read_nifti_header
from core.studies.raster import read_raster
from core.studies.series import Member, read_series, sources_of_volume
from core.studies.slices import patient_key
from core.studies.sniff import PICTURES, Format, refuse_unknown, sniff
from core.studies.sources import Source
from core.studies.study import Study


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One study that could be read. `what` tells it apart in neutral words; `order` sorts the list.

    patient : of slices, what tells two patients apart; compared here and never shown. files_of : of a DICOM series
    whose slices are images of their own, the files of one of its volumes in the order of the slices.
    """

    sources: tuple[Source, ...]
    what: str
    read: Callable[[int | None], Study]
    order: tuple[int, str] = (0, "")
    patient: str | None = None
    files_of: Callable[[int | None], Sequence[Source]] | None = None


@dataclass(slots=True)
class Candidates:
    """The studies in a set of files, in a fixed order.

    left_out : refusals of files that are no image. broken : of files that are one and cannot be read; leaving such
    a file out could hide a missing slice.
    """

    studies: list[Candidate] = field(default_factory=list)
    left_out: list[StudyError] = field(default_factory=list)
    broken: list[StudyError] = field(default_factory=list)


@dataclass(slots=True)
class _Sorted:
    """Files that make a study only together with others."""

    slices: dict[str, list[Member]] = field(default_factory=dict)
    headers: list[Source] = field(default_factory=list)
    unclaimed: list[Source] = field(default_factory=list)


def find_candidates(sources: Sequence[Source]) -> Candidates:
    """Every study that the files hold. Archives are not opened here."""
    found, together = Candidates(), _Sorted()
    for source in sources:
        try:
            _sort(source, found, together)
        except StudyError as error:
            found.broken.append(error)
    for header in together.headers:
        try:
            image = _find_image(header, together.unclaimed)
        except StudyError as error:
            found.broken.append(error)
            continue
        if image is not None:
            together.unclaimed.remove(image)
        found.studies.append(_pair(header, image))
    found.left_out.extend(refuse_unknown(source) for source in together.unclaimed)
    found.studies.extend(_series(members) for members in together.slices.values())
    found.studies.sort(key=lambda one: one.order)
    return found


def _sort(source: Source, found: Candidates, together: _Sorted) -> None:
    form = sniff(source)
    if form in PICTURES:
        found.studies.append(_raster(source, form))
    elif form in {Format.NIFTI, Format.NIFTI_GZ}:
        found.studies.append(_nifti(source))
    elif form is Format.DICOM:
        _sort_dicom(source, found, together.slices)
    elif form is Format.NIFTI_HEADER:
        together.headers.append(source)
    else:
        together.unclaimed.append(source)


def _raster(source: Source, form: Format) -> Candidate:
    def read(volume: int | None) -> Study:
        _only_volume(source.name, volume)
        return read_raster(source, form)

    return Candidate((source,), f"{form} picture ({source.name})", read)


def _nifti(source: Source) -> Candidate:
    return Candidate((source,), f"NIfTI volume ({source.name})", lambda volume: read_nifti(source, volume=volume))


def _pair(header: Source, image: Source | None) -> Candidate:
    sources = (header,) if image is None else (header, image)
    return Candidate(
        sources, f"NIfTI pair ({header.name})", lambda volume: read_nifti(header, image=image, volume=volume)
    )


def _find_image(header: Source, unclaimed: Sequence[Source]) -> Source | None:
    """The image of a pair: a file that no reader claims, of exactly the size that the header gives.

    Of several the one with the header's own stem is taken, if there is one.
    """
    info = read_nifti_header(header)
    size = info.data_at + info.data_bytes
    fitting = [one for one in unclaimed if one.size == size or one.head(2) == b"\x1f\x8b"]
    stem = header.path.name.split(".")[0]
    fitting.sort(key=lambda one: one.path.name.split(".")[0] != stem)
    return fitting[0] if fitting else None


def _sort_dicom(source: Source, found: Candidates, slices: dict[str, list[Member]]) -> None:
    header = read_header(source)
    role = role_of(header)
    if role is Role.NOTHING:
        found.left_out.append(refuse_object(source, header))
    elif role is Role.SLICES:
        key = str(header.get("SeriesInstanceUID", "")) or source.name
        slices.setdefault(key, []).append(Member(source, header))
    else:

        def read(volume: int | None) -> Study:
            _only_volume(source.name, volume)
            return read_film(source)

        order = (int(header.get("SeriesNumber") or 0), str(header.get("SOPInstanceUID", "")))
        what = f"{modality_of(header) or 'DICOM'} film of {header.Rows} x {header.Columns} ({source.name})"
        found.studies.append(Candidate((source,), what, read, order))


def _series(members: list[Member]) -> Candidate:
    header = members[0].header
    count = sum(frames_of(member.header) for member in members)
    number = int(header.get("SeriesNumber") or 0)
    name = _series_name([member.source.name for member in members])
    mosaic = is_mosaic(header)
    pictures = "mosaics" if mosaic else "slices"
    what = f"{modality_of(header)} series {number}, {count} {pictures} of {header.Columns} x {header.Rows}"
    order = (number, str(header.get("SeriesInstanceUID", "")))
    sources = tuple(member.source for member in members)
    # One slice alone is no volume and cannot be mixed up.
    patient = patient_key(header) if count > 1 or mosaic else None

    def read(volume: int | None) -> Study:
        return read_series(name, members, volume)

    def files_of(volume: int | None) -> Sequence[Source]:
        return sources_of_volume(name, members, volume)

    # A tile of a mosaic is no DICOM image that a segmentation could refer to.
    return Candidate(sources, what, read, order, patient, None if mosaic else files_of)


def _series_name(names: Sequence[str]) -> str:
    """The archive's name where the series came in one, else that of its first file."""
    archives = {name.split("/")[0] for name in names if "/" in name}
    if len(archives) == 1:
        return archives.pop()
    return names[0] if len(names) == 1 else f"The series from {names[0]} on"


def require_one_patient(found: Candidates) -> None:
    """Refuse slices of two patients in one upload: a mistake in packing that no choice should paper over.

    Raises
    ------
    UnsupportedFile
    """
    patients = {one.patient for one in found.studies if one.patient is not None}
    if len(patients) > 1:
        raise UnsupportedFile(
            found=f"The upload mixes slices of {len(patients)} patients.",
            why="A volume or a choice made from them could show the wrong person.",
            do="Bring each patient's series in an upload of its own.",
        )


def _only_volume(name: str, volume: int | None) -> None:
    if volume not in (None, 0):
        raise UnsupportedFile(
            found=f"{name} is a film, which has no volume {volume}.",
            why="Only a file with several volumes can be asked for one of them.",
            do="Leave the volume out.",
        )


def refuse_nothing(found: Candidates) -> StudyError:
    """The refusal for files of which none is a study."""
    if found.broken:
        return found.broken[0]
    if len(found.left_out) == 1:
        return found.left_out[0]
    if not found.left_out:
        return DamagedFile(
            found="There is no file in it.", why="There is nothing to show.", do="Bring a film or a volume."
        )
    first = found.left_out[0]
    return UnsupportedFile(
        found=f"None of the {len(found.left_out)} files is an image that we read; the first: {first.found}",
        why=first.why,
        do=first.do,
    )
