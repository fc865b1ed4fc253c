"""A de-identified copy of a DICOM series: what a DICOM result refers to, and is handed out with.

Owns the copy: attributes of the allow-list only, new UIDs, pixels decoded and written uncompressed (a compressed
stream can carry comments). The words that say so, (0012,0062) and (0012,0064), are written here for every object
that leaves the project.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian

from core.studies._kept import (
    BY_PLACE,
    CODES,
    INSTANCE_UIDS,
    MAKERS,
    NUMBERS,
    POINTERS,
    SEQUENCES,
    TABLES,
    UNKNOWN_WORD,
)
from core.studies.deidentify import photometric_of
from core.studies.dicom_header import frames_of, read_header
from core.studies.dicom_pixels import bits_of, decode_frames
from core.studies.faults import DECODER_FAULTS
from core.studies.pseudonyms import CopyTo, Pseudonyms
from core.studies.slices import patient_key
from core.studies.sources import Source

MAX_DEPTH: Final = 3
"""Sequences in sequences that are entered: functional groups need two."""

METHOD: Final = "Readroom: allow-list after PS3.15 E, basic profile"
DESCRIPTION: Final = "De-identified copy. Research use only."
BASIC_PROFILE: Final = ("113100", "Basic Application Confidentiality Profile")
RETAIN_UIDS: Final = ("113110", "Retain UIDs Option")
"""Codes of PS3.16 CID 7050."""

_EMPTY: Final = (
    "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
    "ReferringPhysicianName", "PositionReferenceIndicator", "Manufacturer", "SeriesNumber", "InstanceNumber",
)  # fmt: skip
"""Attributes that every image has, if without a value (type 2); the table fills in the last three where it may."""


def copy_series(sources: Sequence[Source], to: CopyTo) -> None:
    """Write each file of a series, in the order given, as 0001.dcm, 0002.dcm, …; the folder is made.

    Raises
    ------
    DamagedFile, UnsupportedFile, TooLarge : as when it was read.
    """
    to.folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources, start=1):
        header = read_header(source, pixels=not to.names.keep_uids)
        copy = deidentified(header, to.names, source.sha256())
        if not to.names.keep_uids:
            _set_pixels(copy, source, header)
        copy.save_as(to.folder / f"{number:04d}.dcm", enforce_file_format=True)


def deidentified(header: Dataset, names: Pseudonyms, fallback: str) -> Dataset:
    """What the allow-list keeps of a header, without pixels; it can be written as a file.

    fallback : words that stand for the instance where the header gives no UID.
    """
    copy = Dataset()
    copy.SpecificCharacterSet = "ISO_IR 192"
    copy.SOPClassUID = UID(str(header.get("SOPClassUID") or header.file_meta.MediaStorageSOPClassUID))
    for keyword in _EMPTY:
        setattr(copy, keyword, None)
    _keep(header, copy, names, 0)
    _name(copy, header, names, fallback)
    say_deidentified(copy, keeps_uids=names.keep_uids)
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    copy.file_meta.MediaStorageSOPClassUID = copy.SOPClassUID
    copy.file_meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    return copy


def say_deidentified(dataset: Dataset, *, keeps_uids: bool) -> None:
    """Write that the identity was removed, and how (PS3.15 E.1.1, PS3.16 CID 7050)."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    said = [BASIC_PROFILE, *([RETAIN_UIDS] if keeps_uids else [])]
    dataset.DeidentificationMethodCodeSequence = [_code_item(*code) for code in said]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"


def keeps_uids(dataset: Dataset) -> bool:
    """Whether an object says that its UIDs are the original ones."""
    said = dataset.get("DeidentificationMethodCodeSequence") or ()
    return any(item.get("CodeValue") == RETAIN_UIDS[0] for item in said)


def _code_item(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _keep(header: Dataset, copy: Dataset, names: Pseudonyms, depth: int) -> None:
    """Fill `copy` with what the table keeps; what cannot be read, or is not what it should be, is left out."""
    big_endian = not header.original_encoding[1] if header.original_encoding[1] is not None else False
    for keyword in ("Manufacturer", *NUMBERS, *POINTERS, *TABLES, *CODES, *INSTANCE_UIDS, *SEQUENCES):
        try:
            value = header.get(keyword)
            if value is None or value == "" or (keyword in TABLES and big_endian):
                continue
            kept = _kept(keyword, value, names, depth)
            if kept is not None:
                setattr(copy, keyword, kept)
        except DECODER_FAULTS:
            continue


def _kept(keyword: str, value: Any, names: Pseudonyms, depth: int) -> Any:  # Any: pydicom's values
    if keyword in SEQUENCES:
        return _items(value, names, depth + 1) if depth < MAX_DEPTH else None
    if keyword == "Manufacturer":
        return MAKERS.get(str(value).upper().split()[0])
    if keyword in CODES:
        return _words(keyword, value)
    if keyword in INSTANCE_UIDS:
        return names.uid(str(value))
    if keyword in NUMBERS:
        numbers = value if isinstance(value, MultiValue) else [value]
        return value if np.isfinite([float(number) for number in numbers]).all() else None
    return value


def _items(sequence: Any, names: Pseudonyms, depth: int) -> list[Dataset] | None:
    items = []
    for item in sequence:
        kept = Dataset()
        _keep(item, kept, names, depth)
        items.append(kept)
    return items if any(len(item) for item in items) else None


def _words(keyword: str, value: Any) -> list[str] | str | None:
    allowed = CODES[keyword]
    said = [str(word).strip().upper() for word in (value if isinstance(value, MultiValue) else [value])]
    if keyword in BY_PLACE:
        return [word if word in allowed else UNKNOWN_WORD for word in said]
    known = [word for word in said if word in allowed]
    return (known if len(known) > 1 else known[0]) if known else None


def _name(copy: Dataset, header: Dataset, names: Pseudonyms, fallback: str) -> None:
    """Fill in the names that every instance needs where the header has none, and the patient's new one."""
    if "SOPInstanceUID" not in copy:
        copy.SOPInstanceUID = names.made_uid(f"instance {fallback}")
    series = str(header.get("SeriesInstanceUID") or fallback)
    for keyword in ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        if keyword not in copy:
            setattr(copy, keyword, names.made_uid(f"{keyword} of {series}"))
    # Where the header names no patient, every study is a patient of its own.
    copy.PatientID = names.patient(patient_key(header).strip("\0") or str(copy.StudyInstanceUID))
    copy.SeriesDescription = DESCRIPTION


def _set_pixels(copy: Dataset, source: Source, header: Dataset) -> None:
    """The grey values as decoded, uncompressed, and nothing in bits beyond those stored."""
    frames = list(decode_frames(source.name, header, range(frames_of(header))))
    values = np.stack(frames) if len(frames) > 1 else frames[0]
    stored, signed = bits_of(header), values.dtype.kind == "i"
    bits = values.dtype.itemsize * 8
    copy.PhotometricInterpretation = photometric_of(header)
    copy.SamplesPerPixel = 1
    copy.BitsAllocated, copy.BitsStored, copy.HighBit = bits, min(stored, bits), min(stored, bits) - 1
    copy.PixelRepresentation = int(signed)
    copy.PixelData = _even(_stored_bits(values, copy.BitsStored).tobytes())
    copy["PixelData"].VR = "OB" if bits == 8 else "OW"


def _stored_bits(values: NDArray[Any], stored: int) -> NDArray[Any]:
    spare = values.dtype.itemsize * 8 - stored
    cleaned: NDArray[Any] = np.right_shift(np.left_shift(values, spare), spare)  # keeps the sign of signed ones
    return cleaned.astype(cleaned.dtype.newbyteorder("<"), copy=False)


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)
