"""The noun `Study`: pixels on their own grid, where that grid lies, and how it was read.

Owns the shape and the invariants. Reading is left to the readers, preprocessing to `core.inference`.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]  # (channels, rows, columns) of a film; (channels, i, j, k) of a volume


class Kind(StrEnum):
    """A film is one picture; a volume is a stack with a place in space."""

    FILM = "film"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Window:
    """The grey range to show, in pixel values: `low` is black, `high` is white."""

    low: float
    high: float
    source: str
    """Where it comes from: 'header', 'bit depth' or 'percentiles 1 to 99'."""


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Where the grid lies.

    spacing_mm : in array order, (row, column) of a film, (i, j, k) of a volume; None when unknown.
    affine : (4, 4) float64, voxel index to RAS+ millimetres; None for a film. Where the header
        gives no orientation it holds the spacing alone and `orientation` is None.
    orientation : three letters, the directions towards which i, j and k run ('RAS'); None for a
        film and when unknown.
    edges : of a film with DICOM Patient Orientation, the letters towards which a row and a column
        run (e.g. ('L', 'F')); None when unknown.
    oblique_deg : largest angle between a volume's axis and its nearest patient axis.
    """

    spacing_mm: tuple[float, ...] | None
    affine: NDArray[np.float64] | None = None
    orientation: str | None = None
    edges: tuple[str, str] | None = None
    oblique_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How a study was read, without anything that identifies a patient.

    shape is in array order without channels. `identifiers_removed` holds attribute keywords,
    never values. `pixel_sha256` is over the decoded array before any table, `sha256` over the
    file (of a series: over its sorted file hashes).
    """

    recognised: str
    files: int
    sha256: str
    pixel_sha256: str
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None
    orientation: str | None
    volumes: int = 1
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    transfer_syntax: str | None = None
    photometric: str | None = None
    bits_stored: int | None = None
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    identifiers_removed: tuple[str, ...] = ()

    @property
    def input_sha256(self) -> str:
        """The hash that results are bound to: `sha256`, and of one volume of several also which one it is."""
        if self.volumes == 1:
            return self.sha256
        return hashlib.sha256(f"{self.sha256}:{self.pixel_sha256}".encode("ascii")).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Pixels on their own grid. `pixels` are float32 after modality LUT or scaling, read-only."""

    kind: Kind
    pixels: Pixels
    channels: tuple[str, ...]
    windows: tuple[Window, ...]
    geometry: Geometry
    report: IngestReport

    def __post_init__(self) -> None:
        expected = 3 if self.kind is Kind.FILM else 4
        if self.pixels.ndim != expected or self.pixels.dtype != np.float32:
            raise ValueError(
                f"a {self.kind} needs {expected} axes of float32, not {self.pixels.shape} {self.pixels.dtype}"
            )
        if not len(self.channels) == len(self.windows) == self.pixels.shape[0]:
            raise ValueError("one name and one window for each channel")
        self.pixels.flags.writeable = False

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns) of a film, (i, j, k) of a volume."""
        return self.pixels.shape[1:]

    @property
    def sha256(self) -> str:
        """The input's hash: results are bound to it."""
        return self.report.input_sha256
