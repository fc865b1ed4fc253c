"""Identifiers at the door: what was found and left behind, and what little is kept.

Owns the walk through a header and the warnings about text burned into pixels and about animals. Nothing is copied
from a header into a study but values of the closed sets here; the report lists keywords, never values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from core.studies._identifying import ALWAYS, BODY_PARTS, FREE_TEXT_VRS, MODALITIES, PHOTOMETRICS, TECHNICAL, VIEWS
from core.studies._kept import INSTANCE_UIDS
from core.studies.faults import DECODER_FAULTS

_OFTEN_BURNED_IN: Final = {"US", "SC", "OT", "ES", "XC", "RF", "XA"}
"""Modalities whose pictures usually carry text: screens, video and captures."""
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_HUMAN: Final = {"HUMAN", "HOMO SAPIENS", "337915000", "L-85B00"}
"""In words, in SNOMED CT, and in its older codes (PS3.16 CID 7454)."""
_OVERLAYS: Final = range(0x6000, 0x6100, 2)
_PIXELS: Final = 0x7FE0


def identifiers_in(headers: Iterable[Dataset]) -> tuple[str, ...]:
    """Keywords of the identifying attributes that the headers hold, sorted; private ones counted.

    Nested sequences and the file meta group are walked too. Empty attributes are not listed: there was
    nothing to remove.
    """
    found: set[str] = set()
    private: set[int] = set()
    for header in headers:
        _collect(header, found, private)
        _collect(getattr(header, "file_meta", Dataset()), found, private)
    return (*sorted(found), *((f"private ({len(private)})",) if private else ()))


def without_uids(keywords: Iterable[str]) -> tuple[str, ...]:
    """The keywords less those of the UIDs that a copy with kept UIDs still holds."""
    return tuple(keyword for keyword in keywords if keyword not in INSTANCE_UIDS)


def _collect(dataset: Dataset, found: set[str], private: set[int]) -> None:
    for tag in list(dataset.keys()):
        if tag.is_private:
            private.add(int(tag))
        elif tag.group in _OVERLAYS:
            found.add("OverlayData")
        elif tag.group != _PIXELS:
            _collect_element(dataset, tag, found, private)


def _collect_element(dataset: Dataset, tag: BaseTag, found: set[str], private: set[int]) -> None:
    # The raw element is enough to tell whether it is there: converting all would take most of the reading time.
    raw = dataset.get_item(tag)
    keyword = keyword_for_tag(tag) or f"unknown {tag}"
    try:
        vr = getattr(raw, "VR", None) or dictionary_VR(tag)
    except KeyError:
        vr = "UN"
    if vr == "SQ":
        _collect_sequence(dataset, tag, keyword, found, private)
    elif _identifies(keyword, vr) and not _is_empty(getattr(raw, "value", None)):
        found.add(keyword)


def _collect_sequence(dataset: Dataset, tag: BaseTag, keyword: str, found: set[str], private: set[int]) -> None:
    try:
        items = dataset[tag].value or ()
    except DECODER_FAULTS:
        found.add(keyword)  # what cannot be read is left behind like the rest
        return
    if keyword in ALWAYS and items:
        found.add(keyword)
    for item in items:
        _collect(item, found, private)


def _identifies(keyword: str, vr: str) -> bool:
    return keyword in ALWAYS or (vr in FREE_TEXT_VRS and keyword not in TECHNICAL)


def _is_empty(value: Any) -> bool:  # Any: raw bytes, or a value that pydicom has converted
    if isinstance(value, bytes):
        return not value.strip(b" \0")
    return value is None or (isinstance(value, MultiValue) and not len(value)) or str(value) == ""


def known_code(header: Dataset, keyword: str, allowed: set[str]) -> str | None:
    """The value of a code string if it is one of `allowed`, else None: it might be a name."""
    value = header.get(keyword)
    text = str(value).strip().upper() if value is not None else ""
    return text if text in allowed else None


def modality_of(header: Dataset) -> str | None:
    """The modality's defined term."""
    return known_code(header, "Modality", MODALITIES)


def body_part_of(header: Dataset) -> str | None:
    """Body part examined, where it is spelled as the standard spells it."""
    return known_code(header, "BodyPartExamined", BODY_PARTS)


def view_of(header: Dataset) -> str | None:
    """The view of a film; some archives write it as the patient's position."""
    return known_code(header, "ViewPosition", VIEWS) or known_code(header, "PatientPosition", VIEWS)


def photometric_of(header: Dataset) -> str | None:
    """Photometric interpretation."""
    return known_code(header, "PhotometricInterpretation", PHOTOMETRICS)


def animal_warnings(header: Dataset) -> tuple[str, ...]:
    """A warning where the attributes for animals say so (PS3.3 C.7.1.1); the models here learn from people."""
    species = str(header.get("PatientSpeciesDescription") or "").strip().upper()
    codes = {str(item.get("CodeValue", "")) for item in header.get("PatientSpeciesCodeSequence") or ()}
    breed = header.get("PatientBreedDescription") or header.get("PatientBreedCodeSequence")
    if (species and species not in _HUMAN) or codes - _HUMAN or breed or header.get("PatientSexNeutered"):
        return ("The header says that the patient is an animal.",)
    return ()


def burned_in_warnings(header: Dataset) -> tuple[str, ...]:
    """A warning where the header or the modality suggests text in the pixels; identifiers in it are not removed."""
    stated = known_code(header, "BurnedInAnnotation", {"YES", "NO"})
    if stated == "YES":
        return ("The header says that text is burned into the picture: look for names before you share it.",)
    # Archives also wrap plain films in this class; a conversion type then is missing (PS3.3 C.8.6.1 wants one).
    captured = str(header.get("SOPClassUID", "")).startswith(_SECONDARY_CAPTURE) and "ConversionType" in header
    if stated is None and (captured or modality_of(header) in _OFTEN_BURNED_IN):
        return ("Captured pictures often have text burned in: look for names before you share it.",)
    return ()
