"""DICOM headers: read, translated into our refusals, and sorted by what they describe.

Owns which objects are films, which are slices of a volume, and which hold nothing to show.
Pixels are decoded in `dicom_pixels`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from core.errors import StudyError, UnsupportedFile
from core.studies.deflated import require_bounded
from core.studies.deidentify import body_part_of, modality_of, photometric_of
from core.studies.faults import DECODER_FAULTS, damaged
from core.studies.sources import Source

FILM_MODALITIES: Final = {"CR", "DX", "RG", "MG", "IO", "PX"}
PROJECTION_MODALITIES: Final = {"XA", "RF"}
"""X-ray too, but a frame of a moving or contrast study: read with a warning."""
SLICE_MODALITIES: Final = {"MR", "CT", "PT"}
_IMAGING_MARKS: Final = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "WindowCenter",
    "VOILUTSequence",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
)
_USED: Final = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "InstanceNumber", "AcquisitionNumber",
    "Modality", "ImageType", "BodyPartExamined", "ViewPosition", "PatientPosition", "PatientOrientation",
    "PatientID", "PatientBirthDate", "ConversionType", "BurnedInAnnotation", "PresentationIntentType",
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "RescaleSlope", "RescaleIntercept",
    "ModalityLUTSequence", "VOILUTSequence", "VOILUTFunction", "WindowCenter", "WindowWidth",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "ImagePositionPatient",
    "ImageOrientationPatient", "EchoTime", "TemporalPositionIdentifier", "SpacingBetweenSlices",
    "PatientSpeciesDescription", "PatientSpeciesCodeSequence", "PatientBreedDescription", "PatientBreedCodeSequence",
    "PatientSexNeutered", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
"""Every attribute that a reader here asks for."""
_NUMBERS: Final = (
    "SeriesNumber", "InstanceNumber", "AcquisitionNumber", "NumberOfFrames", "RescaleSlope", "RescaleIntercept",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "ImagePositionPatient",
    "ImageOrientationPatient", "EchoTime", "TemporalPositionIdentifier", "SpacingBetweenSlices",
)  # fmt: skip
"""Those of them that are numbers written as text: pydicom hands out the text where it is none."""
_COUNTS: Final = ("Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel", "PixelRepresentation")
"""Those that are one whole number: a damaged header has a list of them."""
_DIRECTORY: Final = "1.2.840.10008.1.3.10"


class Role(StrEnum):
    """What a DICOM object can be for us."""

    FILM = "film"
    SLICES = "slices"
    NOTHING = "nothing to show"


def read_header(source: Source, *, pixels: bool = False) -> Dataset:
    """The data set of a file; without `pixels` reading stops before them.

    Raises
    ------
    DamagedFile : the bytes are no data set. TooLarge : deflated, it would grow past the limits.
    """
    require_bounded(source)
    try:
        header = pydicom.dcmread(source.path, stop_before_pixels=not pixels, force=True)
        _complete_meta(header)
        # Converted now, so that a broken element is a damaged file and not a surprise later. Only these: a header
        # has hundreds, and converting them all takes longer than decoding the pixels.
        for keyword in _USED:
            header.get(keyword)
        for keyword in _COUNTS:
            int(header.get(keyword) or 0)
        for keyword in _NUMBERS:
            _require_numbers(header.get(keyword))
        directory = _is_directory(header)
    except DECODER_FAULTS as fault:
        raise damaged(source.name, "a DICOM file") from fault
    if "SOPClassUID" not in header and "Rows" not in header and not directory:
        raise damaged(source.name, "a DICOM file")
    return header


def _require_numbers(value: Any) -> None:  # Any: nothing, one value or several
    for one in value if isinstance(value, MultiValue) else (value,):
        if one not in (None, ""):
            float(one)


def _complete_meta(header: Dataset) -> None:
    """Old files have no meta group: then the syntax is the one that pydicom found out."""
    meta = getattr(header, "file_meta", None)
    if meta is None:
        meta = header.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in meta:
        implicit, little = header.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _is_directory(header: Dataset) -> bool:
    return str(header.file_meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY


def class_name(header: Dataset) -> str:
    """The object's class in the standard's words ('CT Image Storage')."""
    uid = UID(str(header.get("SOPClassUID", "") or header.file_meta.get("MediaStorageSOPClassUID", "")))
    return uid.name if uid.is_valid and uid.name != str(uid) else "object of unknown class"


def syntax_name(header: Dataset) -> str:
    """The transfer syntax in the standard's words ('Explicit VR Little Endian')."""
    uid = UID(str(header.file_meta.TransferSyntaxUID))
    return uid.name if uid.name != str(uid) else "unknown"


def frames_of(header: Dataset) -> int:
    """Number of frames, 1 where the header says nothing."""
    return int(header.get("NumberOfFrames") or 1)


def role_of(header: Dataset) -> Role:
    """Whether the object is a film, belongs to a volume, or holds nothing that we show."""
    modality = modality_of(header)
    if _is_directory(header) or "Rows" not in header or "Columns" not in header:
        return Role.NOTHING
    if modality in SLICE_MODALITIES:
        return Role.SLICES
    one_frame = frames_of(header) == 1
    if one_frame and (modality in FILM_MODALITIES | PROJECTION_MODALITIES or _may_be_xray(header)):
        return Role.FILM
    return Role.NOTHING


def _may_be_xray(header: Dataset) -> bool:
    """Whether an object without a telling modality has the marks of an acquired grey picture.

    Captures have modality OT or none. One that carries a grey-scale calibration, a window, a pixel size or a
    body part came out of an imaging chain; one without any is as well a drawing or a screen.
    """
    if modality_of(header) not in {None, "OT"} or not (photometric_of(header) or "").startswith("MONOCHROME"):
        return False
    return body_part_of(header) is not None or any(mark in header for mark in _IMAGING_MARKS)


def refuse_object(source: Source, header: Dataset) -> StudyError:
    """The refusal for an object that holds nothing that we show."""
    if _is_directory(header):
        what, why = "a DICOM directory", "It lists images and holds none itself."
    elif "Rows" not in header:
        what, why = f"a DICOM {class_name(header)}", "It holds no picture."
    elif frames_of(header) > 1:
        what = f"a DICOM {class_name(header)} of {frames_of(header)} frames, modality {modality_of(header)}"
        why = "A film has one frame, and a volume is MR, CT or PT."
    else:
        what = f"a DICOM {class_name(header)}, modality {modality_of(header)}, {photometric_of(header)}"
        why = "Nothing in the header says that it is an X-ray film, and volumes are MR, CT or PT."
    return UnsupportedFile(
        found=f"{source.name} is {what}.", why=why, do="Bring the X-ray film or the series of slices itself."
    )
