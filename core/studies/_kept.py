"""The table of what a de-identified copy of a DICOM image keeps: an allow-list, after PS3.15 annex E.

Owns the table only; `dicom_copy` makes a copy with it. Numbers describe the grid and the technique. Texts are kept
only from closed sets, since a code string of sixteen letters can hold a name. All else is left out: dates, names, free
text, private attributes, references to other instances.
"""

from __future__ import annotations

from typing import Final

from core.studies._identifying import BODY_PARTS, MODALITIES

SEQUENCES: Final = {
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "PlanePositionSequence",
    "PlaneOrientationSequence", "PixelMeasuresSequence", "FrameContentSequence", "PixelValueTransformationSequence",
    "FrameVOILUTSequence", "MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence",
    "MREchoSequence", "MRDiffusionSequence", "MRTimingAndRelatedParametersSequence", "DimensionOrganizationSequence",
    "DimensionIndexSequence", "ModalityLUTSequence",
}  # fmt: skip
"""Entered item by item with the same table."""

NUMBERS: Final = {
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "InstanceNumber", "SeriesNumber", "AcquisitionNumber",
    "TemporalPositionIdentifier", "NumberOfTemporalPositions", "EchoNumbers", "ImagePositionPatient",
    "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices", "SliceLocation",
    "RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "RepetitionTime", "EchoTime", "InversionTime",
    "FlipAngle", "MagneticFieldStrength", "EchoTrainLength", "NumberOfAverages", "PixelBandwidth", "PercentSampling",
    "PercentPhaseFieldOfView", "NumberOfPhaseEncodingSteps", "AcquisitionMatrix", "KVP", "ReconstructionDiameter",
    "DataCollectionDiameter", "GantryDetectorTilt", "ExposureTime", "XRayTubeCurrent", "LossyImageCompressionRatio",
    "EffectiveEchoTime", "DiffusionBValue", "InStackPositionNumber", "TemporalPositionIndex",
    "FrameAcquisitionNumber", "DimensionIndexValues", "RFEchoTrainLength", "GradientEchoTrainLength", "LUTDescriptor",
}  # fmt: skip

POINTERS: Final = {"DimensionIndexPointer", "FunctionalGroupPointer"}
"""Tags of other attributes."""

TABLES: Final = {"LUTData"}
"""Entries of grey tables: numbers, or bytes in the file's own byte order."""

_IMAGE_WORDS: Final = {
    "ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "MIXED", "AXIAL", "LOCALIZER", "OTHER", "M", "P", "R", "I", "ND",
    "NORM", "DIS2D", "DIS3D", "SE", "FFE", "M_SE", "M_FFE", "M_IR", "PHASE MAP", "B0 MAP", "B0", "FIELD_MAP", "ADC",
    "FA", "MAGNITUDE", "PHASE", "REAL", "IMAGINARY", "MPR", "VOLUME", "T1", "T2", "T2_STAR", "FLOW_ENCODED",
    "PROTON_DENSITY", "DIFFUSION", "PERFUSION", "FLUID_ATTENUATED", "NONE", "FMRI", "ATTENUATION", "REFORMATTED",
    "PROJECTION IMAGE", "RESAMPLED", "ASL", "FM3", "FM4", "FL", "ADD", "MEAN", "STATIC", "DYNAMIC", "GATED",
    "WHOLE BODY", "EPI",
}  # fmt: skip
_GREY_TABLES: Final = {"HU", "US", "OD", "HGT", "MGML", "Z_EFF", "ED", "PCT"}
_YES_NO: Final = {"YES", "NO"}

CODES: Final = {
    "Modality": MODALITIES,
    "BodyPartExamined": BODY_PARTS,
    "PatientPosition": {
        "HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS", "LFP", "LFS", "RFP", "RFS", "AFDR", "AFDL",
        "PFDR", "PFDL", "AFP", "AFS", "PFP", "PFS",
    },
    "ImageType": _IMAGE_WORDS,
    "FrameType": _IMAGE_WORDS,
    "BurnedInAnnotation": _YES_NO,
    "LossyImageCompression": {"00", "01"},
    "LossyImageCompressionMethod": {"ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_15444_15"},
    "ComplexImageComponent": {"MAGNITUDE", "PHASE", "REAL", "IMAGINARY", "MIXED"},
    "AcquisitionContrast": _IMAGE_WORDS | {"UNKNOWN", "TAGGING"},
    "ScanningSequence": {"SE", "IR", "GR", "EP", "RM"},
    "SequenceVariant": {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE"},
    "MRAcquisitionType": {"1D", "2D", "3D"},
    "PixelPresentation": {"MONOCHROME", "COLOR", "MIXED", "TRUE_COLOR"},
    "VolumetricProperties": {"VOLUME", "SAMPLED", "DISTORTED", "MIXED"},
    "VolumeBasedCalculationTechnique": {
        "NONE", "MAX_IP", "MIN_IP", "MEAN_IP", "VOLUME_RENDER", "SURFACE_RENDER", "MPR", "CURVED_MPR", "MIXED",
    },
    "DiffusionDirectionality": {"NONE", "DIRECTIONAL", "BMATRIX", "ISOTROPIC"},
    "PresentationLUTShape": {"IDENTITY", "INVERSE"},
    "VOILUTFunction": {"LINEAR", "LINEAR_EXACT", "SIGMOID"},
    "DimensionOrganizationType": {"3D", "3D_TEMPORAL"},
    "Laterality": {"R", "L"},
    "Units": {"CNTS", "NONE", "CM2", "PCNT", "CPS", "BQML", "GML"},
    "DecayCorrection": {"NONE", "START", "ADMIN"},
    "RescaleType": _GREY_TABLES,
    "ModalityLUTType": _GREY_TABLES,
}  # fmt: skip
"""Words that may be kept, by attribute. Of several values each is judged for itself."""

UNKNOWN_WORD: Final = "OTHER"
"""In place of a word outside its set where words are told by their place (Image Type)."""
BY_PLACE: Final = {"ImageType", "FrameType"}

MAKERS: Final = {
    "SIEMENS": "SIEMENS", "GE": "GE MEDICAL SYSTEMS", "PHILIPS": "Philips Medical Systems", "TOSHIBA": "TOSHIBA",
    "CANON": "CANON_MEC", "CANON_MEC": "CANON_MEC", "HITACHI": "Hitachi Medical Corporation", "UIH": "UIH",
    "BRUKER": "Bruker BioSpin", "FUJIFILM": "FUJIFILM",
}  # fmt: skip
"""Manufacturer by the first word of what a header says; free text of a site never gets through. Converters read a
maker's files in that maker's way."""

INSTANCE_UIDS: Final = {
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "DimensionOrganizationUID",
}  # fmt: skip
"""Names of things: replaced, each by the same new one wherever it stands."""
