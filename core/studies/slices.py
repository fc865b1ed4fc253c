"""The slices of a series: each with its place, its grey line, and where its pixels lie.

Owns reading that from a classic file (one slice each) and from an enhanced one (many frames, functional groups);
tiles of a mosaic are found in `mosaic`.
Whether the slices make a box is decided in `stack`; decoding is done in `series`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.errors import GeometryError
from core.studies.dicom_header import class_name, frames_of
from core.studies.faults import DECODER_FAULTS, damaged
from core.studies.mosaic import is_mosaic, tiles_of
from core.studies.sources import Source

Vector = NDArray[np.float64]  # (3,), LPS millimetres or a direction

COMPONENTS: Final = {"MAGNITUDE", "PHASE", "REAL", "IMAGINARY", "MIXED"}
_FRAME_KINDS: Final = {"M", "P", "R", "I", "PHASE MAP", "B0 MAP", "M_FFE", "B0", "FIELD_MAP"}


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One slice and where it lies.

    position : centre of the first pixel, LPS mm. row, column : unit directions towards which a row and a column
    run. spacing_mm : (between rows, between columns). kind : what tells volumes at one place apart, such as
    magnitude or echo; order : what puts them in a row within one kind. corner : row and column of the frame at which
    the slice begins, for a tile of a mosaic.
    """

    source: Source
    frame: int
    shape: tuple[int, int]
    position: Vector
    row: Vector
    column: Vector
    spacing_mm: tuple[float, float]
    line: tuple[float, float]
    kind: tuple[str, ...]
    order: tuple[float, ...]
    corner: tuple[int, int] = (0, 0)

    @property
    def normal(self) -> Vector:
        """Unit vector across the slice, right-handed with its row and column."""
        normal = np.cross(self.row, self.column)
        return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)


def slices_of(source: Source, header: Dataset) -> list[Slice]:
    """The slices that one file holds.

    Raises
    ------
    UnsupportedFile : a mosaic that does not say how its tiles lie.
    GeometryError : no position or orientation.
    DamagedFile : values that are no numbers.
    """
    try:
        if frames_of(header) > 1 or "PerFrameFunctionalGroupsSequence" in header:
            return list(_enhanced(source, header))
        whole = _classic(source, header)
        return list(tiles_of(whole, header)) if is_mosaic(header) else [whole]
    except DECODER_FAULTS as fault:
        raise damaged(source.name, f"a DICOM {class_name(header)}") from fault


def _classic(source: Source, header: Dataset) -> Slice:
    place = _place(source, header.get("ImagePositionPatient"), header.get("ImageOrientationPatient"))
    kind = (
        _component(header.get("ImageType")),
        _number_text(header.get("EchoTime")),
        _number_text(header.get("TemporalPositionIdentifier")),
    )
    return Slice(
        source=source,
        frame=0,
        shape=(int(header.Rows), int(header.Columns)),
        **place,
        spacing_mm=_spacing(source, header.get("PixelSpacing")),
        line=(_number(header.get("RescaleSlope"), 1.0), _number(header.get("RescaleIntercept"), 0.0)),
        kind=kind,
        order=(_number(header.get("AcquisitionNumber"), 0.0), _number(header.get("InstanceNumber"), 0.0)),
    )


def _enhanced(source: Source, header: Dataset) -> Iterator[Slice]:
    frames = header.get("PerFrameFunctionalGroupsSequence") or []
    shared_groups = header.get("SharedFunctionalGroupsSequence") or [Dataset()]
    if len(frames) != frames_of(header):
        raise GeometryError(
            found=f"{source.name} holds {frames_of(header)} frames, and positions for {len(frames)} of them.",
            why="Without a position for each frame their order, spacing and orientation are unknown.",
            do="Export the series again as single slices with positions.",
        )
    for number, frame in enumerate(frames):
        groups = _Groups(frame, shared_groups[0])
        place = _place(
            source,
            groups.get("PlanePositionSequence", "ImagePositionPatient"),
            groups.get("PlaneOrientationSequence", "ImageOrientationPatient"),
        )
        component = groups.get("MRImageFrameTypeSequence", "ComplexImageComponent")
        kind = (
            str(component) if str(component) in COMPONENTS else "",
            _component(groups.get("MRImageFrameTypeSequence", "FrameType")),
            _number_text(groups.get("MREchoSequence", "EffectiveEchoTime")),
            _number_text(groups.get("MRDiffusionSequence", "DiffusionBValue")),
        )
        yield Slice(
            source=source,
            frame=number,
            shape=(int(header.Rows), int(header.Columns)),
            **place,
            spacing_mm=_spacing(source, groups.get("PixelMeasuresSequence", "PixelSpacing")),
            line=(
                _number(groups.get("PixelValueTransformationSequence", "RescaleSlope"), 1.0),
                _number(groups.get("PixelValueTransformationSequence", "RescaleIntercept"), 0.0),
            ),
            kind=kind,
            order=(
                _number(header.get("InstanceNumber"), 0.0),
                _number(groups.get("FrameContentSequence", "TemporalPositionIndex"), 0.0),
                float(number),
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Functional groups of one frame: its own before the shared ones (PS3.3 C.7.6.16)."""

    frame: Dataset
    shared: Dataset

    def get(self, group: str, keyword: str) -> Any:  # Any: pydicom's values
        for place in (self.frame, self.shared):
            items = place.get(group)
            if items and keyword in items[0]:
                return items[0].get(keyword)
        return None


class _Place(TypedDict):
    position: Vector
    row: Vector
    column: Vector


def _place(source: Source, position: Any, orientation: Any) -> _Place:
    """Position, row and column directions, checked: directions of length 1 at a right angle."""
    if position is None or orientation is None or len(position) != 3 or len(orientation) != 6:
        raise GeometryError(
            found=f"{source.name} does not say where its slice lies (no position or no orientation).",
            why="Order, spacing and left or right of the slices would be guesses.",
            do="Export the series from the scanner or archive with its geometry.",
        )
    at = np.array([float(value) for value in position])
    row, column = np.array([float(value) for value in orientation]).reshape(2, 3)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.isfinite(at).all() or not all(0.99 < length < 1.01 for length in lengths) or abs(row @ column) > 0.01:
        raise GeometryError(
            found=f"{source.name} gives directions that are no right angle (lengths {lengths[0]:.3f}, "
            f"{lengths[1]:.3f}, cosine {row @ column:.3f}).",
            why="Left, front and up of the slices would be guesses.",
            do="Export the series again from the scanner or archive.",
        )
    return {"position": at, "row": row / lengths[0], "column": column / lengths[1]}


def _spacing(source: Source, value: Any) -> tuple[float, float]:
    steps = [float(step) for step in value] if value is not None and len(value) == 2 else []
    if len(steps) != 2 or not all(0 < step < 1000 for step in steps):
        raise GeometryError(
            found=f"{source.name} does not give its pixel spacing.",
            why="Volumes and lengths cannot be measured without it.",
            do="Export the series from the scanner or archive with its geometry.",
        )
    return steps[0], steps[1]


def _component(image_type: Any) -> str:
    """The word of an image type that tells magnitude from phase or map; only words of a closed set."""
    words = [str(word).upper() for word in image_type or ()] if not isinstance(image_type, str) else [image_type]
    return " ".join(word for word in words[2:] if word in _FRAME_KINDS)


def _number(value: Any, default: float) -> float:
    if value is None or value == "":
        return default
    number = float(value)
    return number if np.isfinite(number) else default


def _number_text(value: Any) -> str:
    return "" if value is None or value == "" else f"{float(value):g}"


def patient_key(header: Dataset) -> str:
    """What tells two patients apart while a series is sorted; never kept, shown or logged."""
    return "\0".join(str(header.get(keyword, "")).strip() for keyword in ("PatientID", "PatientBirthDate"))


def component_word(kind: tuple[str, ...]) -> str:
    """A word for a kind of volume, from closed sets ('magnitude'); '' where the header has none."""
    return kind[0].lower() if kind and kind[0] in COMPONENTS else ""
