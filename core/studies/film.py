"""A DICOM film: one X-ray picture with its grey tables, window and edges.

Owns the order: decode, to grey, modality table, inversion of MONOCHROME1, window. Headers and codecs are
left to `dicom_header` and `dicom_pixels`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from core.studies.deidentify import (
    animal_warnings,
    body_part_of,
    burned_in_warnings,
    identifiers_in,
    modality_of,
    photometric_of,
    view_of,
)
from core.studies.dicom_header import FILM_MODALITIES, PROJECTION_MODALITIES, class_name, read_header, syntax_name
from core.studies.dicom_pixels import (
    Stored,
    Values,
    bits_of,
    decode_frames,
    header_window,
    modality_values,
    turned_over,
    value_range,
)
from core.studies.faults import DECODER_FAULTS, damaged
from core.studies.film_checks import film_warnings, require_finite
from core.studies.grey import to_grey
from core.studies.notes import Notes
from core.studies.sources import Source
from core.studies.study import Geometry, IngestReport, Kind, Study, Window
from core.studies.windows import bit_depth_window, percentile_window

CHEST: Final = {"CHEST", "THORAX", "LUNG", "RIB", "MEDIASTINUM", "CHESTABDOMEN", "NECKCHEST"}
"""Body parts that a chest film may name. Any other is told at the door: the films that models here learn from are
chest films, and a wrong body part is the commonest way to a score that looks right."""


def read_film(source: Source) -> Study:
    """One DICOM film as a study: pixels (1, rows, columns) after the modality table, white is dense.

    Raises
    ------
    DamagedFile, UnsupportedFile, TooLarge
    """
    header = read_header(source, pixels=True)
    (stored,) = list(decode_frames(source.name, header, [0]))
    notes = Notes()
    values = _grey_values(source.name, stored, header, notes)
    values, window = _upright_greys(values, header, notes)
    require_finite(source.name, values)
    _add_warnings(header, values, notes)
    spacing = _pixel_spacing(header, notes)
    report = IngestReport(
        recognised=f"DICOM film, {class_name(header)}",
        files=1,
        sha256=source.sha256(),
        pixel_sha256=hashlib.sha256(np.ascontiguousarray(stored).tobytes()).hexdigest(),
        shape=(int(values.shape[0]), int(values.shape[1])),
        spacing_mm=spacing,
        orientation=None,
        modality=modality_of(header),
        body_part=body_part_of(header),
        view=view_of(header),
        transfer_syntax=syntax_name(header),
        photometric=photometric_of(header),
        bits_stored=bits_of(header),
        changed=tuple(notes.changed),
        warnings=(*notes.warnings, *animal_warnings(header), *burned_in_warnings(header)),
        identifiers_removed=identifiers_in([header]),
    )
    return Study(
        kind=Kind.FILM,
        pixels=np.ascontiguousarray(values[np.newaxis], dtype=np.float32),
        channels=("image",),
        windows=(window,),
        geometry=Geometry(spacing_mm=spacing, edges=_edges(header)),
        report=report,
    )


def _grey_values(name: str, stored: Stored, header: Dataset, notes: Notes) -> Values:
    """(rows, columns) after the modality table; colour becomes grey, which has no modality table."""
    if photometric_of(header) == "PALETTE COLOR":
        try:
            stored = np.asarray(apply_color_lut(stored, header))
        except DECODER_FAULTS as fault:
            raise damaged(name, "a DICOM film in palette colours") from fault
        notes.changed.append("palette colours were looked up")
    if stored.ndim == 3:
        grey, how = to_grey(stored)
        notes.changed.append(how)
        return grey.astype(np.float64)
    values = modality_values(stored, header)
    if header.get("ModalityLUTSequence"):
        notes.changed.append("the modality table of the header was applied")
    elif not np.array_equal(values, stored):
        notes.changed.append("slope and intercept of the header were applied")
    return values


def _upright_greys(values: Values, header: Dataset, notes: Notes) -> tuple[Values, Window]:
    """Values in which high is white, and the window that goes with them."""
    window = header_window(header)
    if header.get("VOILUTSequence") and window is not None and "WindowCenter" not in header:
        notes.changed.append("the grey range of the header's VOI table is used as the window")
    if photometric_of(header) == "MONOCHROME1":
        # The whole range is turned over, not the range found in this picture: two films of one device stay alike.
        low, high = value_range(header)
        values = (low + high) - values
        if window is not None:
            window = turned_over(window, low, high)
        notes.changed.append("MONOCHROME1 was inverted: high values are white")
    if window is None:
        window = bit_depth_window(8) if bits_of(header) == 8 else percentile_window(values)
    return values, window


def _add_warnings(header: Dataset, values: Values, notes: Notes) -> None:
    modality, part = modality_of(header), body_part_of(header)
    if modality in PROJECTION_MODALITIES:
        notes.warnings.append(f"Modality {modality} is a frame of an X-ray study in motion, not a plain film.")
    elif modality not in FILM_MODALITIES:
        notes.warnings.append(f"Modality {modality}: the header does not say that this is an X-ray film.")
    if part is not None and part not in CHEST:
        notes.warnings.append(f"The header says body part {part}.")
    if str(header.get("PresentationIntentType", "")).upper() == "FOR PROCESSING":
        notes.warnings.append("These are raw detector values, stored for processing and not for viewing.")
    notes.warnings.extend(film_warnings(values))


def _pixel_spacing(header: Dataset, notes: Notes) -> tuple[float, float] | None:
    """(row, column) spacing in mm; at the detector where the header gives nothing better."""
    for keyword, note in (
        ("PixelSpacing", None),
        ("ImagerPixelSpacing", "spacing is that of the detector: lengths in the patient are smaller"),
        ("NominalScannedPixelSpacing", "spacing is that of the scanned film: lengths in the patient are smaller"),
    ):
        value = header.get(keyword)
        if value is not None and len(value) == 2 and all(0 < float(step) < 100 for step in value):
            if note:
                notes.changed.append(note)
            return float(value[0]), float(value[1])
    return None


def _edges(header: Dataset) -> tuple[str, str] | None:
    """Where a row and a column run, e.g. ('L', 'F'); letters of PS3.3 C.7.6.1.1.1 only."""
    value = header.get("PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2:
        return None
    row, column = (str(letters).strip().upper() for letters in value)
    if all(letters and set(letters) <= set("AFHLPR") and len(letters) <= 3 for letters in (row, column)):
        return row, column
    return None
