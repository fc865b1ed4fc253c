"""The table of what identifies a patient in a DICOM header, after PS3.15 annex E (basic profile).

Owns the table only; `deidentify` walks a header with it. Nothing in the table is kept: a study keeps
the few technical values that its report names, each checked against a closed set.
"""

from __future__ import annotations

from typing import Final

FREE_TEXT_VRS: Final = {"PN", "DA", "TM", "DT", "AE", "AS", "LO", "SH", "ST", "LT", "UT", "UC", "UR", "UI"}
"""Names, dates, application titles, ages, free text and UIDs: table E.1-1 consists of these almost wholly, and what a
site writes into a text field is not known beforehand. So each counts, but for the technical ones below."""

TECHNICAL: Final = {
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "RescaleType", "ModalityLUTType",
    "LUTExplanation", "WindowCenterWidthExplanation", "CodeValue", "LongCodeValue", "URNCodeValue", "CodeMeaning",
    "CodingSchemeDesignator", "CodingSchemeVersion", "CodingSchemeName", "MappingResourceName", "LUTLabel",
    "SOPClassUID", "MediaStorageSOPClassUID", "ReferencedSOPClassUID", "TransferSyntaxUID", "ContextUID",
    "MappingResourceUID", "CodingSchemeUID", "ImplementationClassUID", "ImplementationVersionName",
    "RelatedGeneralSOPClassUID", "OriginalSpecializedSOPClassUID", "SOPClassesInStudy",
    "LossyImageCompressionMethod", "SequenceName", "ImagedNucleus", "ReceiveCoilManufacturerName",
    "TransmitCoilManufacturerName", "CollimatorGridName", "FilterType", "PlateType", "ProcessingFunction",
    "PostprocessingFunction", "ContrastBolusAgent", "ConvolutionKernel", "FilterMaterial",
    "Grid", "ImagePresentationComments", "StackID",
}  # fmt: skip
"""Text and UIDs that name a technique, a class or a code, never a person, a place, a time or an instance."""

ALWAYS: Final = {
    "PatientSex", "PatientSize", "PatientWeight", "PatientSexNeutered", "PregnancyStatus", "SmokingStatus",
    "PatientState", "EthnicGroupCodeSequence", "ResponsiblePersonRole", "PatientPrimaryLanguageCodeSequence",
    "AcquisitionDeviceProcessingCode", "ClinicalTrialTimePointTypeCodeSequence", "OverlayData",
    "IconImageSequence", "GraphicAnnotationSequence", "DigitalSignaturesSequence", "EncryptedAttributesSequence",
    "DataSetTrailingPadding",
}  # fmt: skip
"""Attributes of other representations that the basic profile removes."""

BODY_PARTS: Final = {
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "AORTA", "ARM", "BLADDER", "BRAIN", "BREAST", "BRONCHUS", "BUTTOCK",
    "CALCANEUS", "CALF", "CAROTID", "CEREBELLUM", "CERVIX", "CHEEK", "CHEST", "CHESTABDOMEN", "CHESTABDPELVIS",
    "CIRCLEOFWILLIS", "CLAVICLE", "COCCYX", "COLON", "CORNEA", "CORONARYARTERY", "CSPINE", "CTSPINE", "DUODENUM",
    "EAR", "ELBOW", "ESOPHAGUS", "EXTREMITY", "EYE", "EYELID", "FACE", "FEMUR", "FINGER", "FOOT", "FOREARM",
    "GALLBLADDER", "HAND", "HEAD", "HEADNECK", "HEART", "HIP", "HUMERUS", "ILEUM", "ILIUM", "IAC", "JAW", "JEJUNUM",
    "KIDNEY", "KNEE", "LARYNX", "LEG", "LIVER", "LSPINE", "LSSPINE", "LUNG", "MANDIBLE", "MAXILLA", "MEDIASTINUM",
    "MOUTH", "NECK", "NECKCHEST", "NOSE", "ORBIT", "OVARY", "PANCREAS", "PAROTID", "PATELLA", "PELVIS", "PENIS",
    "PHARYNX", "PROSTATE", "RECTUM", "RIB", "SCALP", "SCAPULA", "SCLERA", "SCROTUM", "SHOULDER", "SKULL", "SPINE",
    "SPLEEN", "SSPINE", "STERNUM", "STOMACH", "TESTIS", "THIGH", "THORAX", "THUMB", "THYMUS", "THYROID", "TIBIA",
    "TLSPINE", "TMJ", "TOE", "TONGUE", "TRACHEA", "TSPINE", "ULNA", "URETER", "URETHRA", "UTERUS", "VAGINA", "VULVA",
    "WHOLEBODY", "WRIST", "ZYGOMA",
}  # fmt: skip
"""Body parts as PS3.16 annex L spells them, with the two spellings seen in the wild. Anything else is not kept: a
code string of sixteen letters can hold a name."""

VIEWS: Final = {"AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO", "LATERAL", "LAT", "CC", "MLO", "ML", "LM", "XCCL"}
"""View positions of the CR, DX and mammography modules."""

MODALITIES: Final = {
    "AR", "ASMT", "AU", "BDUS", "BI", "BMD", "CFM", "CR", "CT", "DG", "DMS", "DOC", "DX", "ECG", "EPS", "ES", "FID",
    "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER", "KO", "LEN", "LS", "M3D", "MG", "MR", "NM", "OAM", "OCT",
    "OP", "OPM", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PLAN", "POS", "PR", "PT", "PX", "REG", "RESP", "RF",
    "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD", "RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV", "SEG", "SM",
    "SMR", "SR", "SRF", "STAIN", "TEXTUREMAP", "TG", "US", "VA", "XA", "XAPROTOCOL", "XC",
}  # fmt: skip
"""Defined terms of Modality, PS3.3 section C.7.3.1.1.1."""

PHOTOMETRICS: Final = {
    "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT",
    "YBR_PARTIAL_420", "YBR_PARTIAL_422", "XYB", "HSV", "ARGB", "CMYK",
}  # fmt: skip
"""Defined terms of Photometric Interpretation, PS3.3 section C.7.6.3.1.2, with the retired ones."""
