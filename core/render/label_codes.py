"""SNOMED CT codes for label names: what a label is, told so that another hospital's software knows it too.

Owns the table from words to codes. A name that no word of it fits gets the generic code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Concept:
    """A code of SNOMED CT with the meaning that DICOM PS3.16 gives it."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class LabelCode:
    """Category (PS3.16 CID 7150) and type (CID 7151) of a segmented property."""

    category: Concept
    type: Concept


_ANATOMY: Final = Concept("91723000", "Anatomical Structure")
_ALTERED: Final = Concept("49755003", "Morphologically Abnormal Structure")
_TISSUE: Final = Concept("85756007", "Tissue")

GENERIC: Final = LabelCode(_TISSUE, _TISSUE)

_WORDS: Final = (
    (r"necro\w*", LabelCode(_ALTERED, Concept("6574001", "Necrosis"))),
    (r"o?edema", LabelCode(_ALTERED, Concept("79654002", "Edema"))),
    (r"tumou?r|glioma|neoplasm|metastas\w*", LabelCode(_ALTERED, Concept("108369006", "Neoplasm"))),
    (r"nodule", LabelCode(_ALTERED, Concept("27925004", "Nodule"))),
    (r"cyst", LabelCode(_ALTERED, Concept("367643001", "Cyst"))),
    (r"lesion|abnormality", LabelCode(_ALTERED, Concept("52988006", "Lesion"))),
    (r"hippocamp\w*", LabelCode(_ANATOMY, Concept("5366008", "Hippocampus"))),
    (r"white matter", LabelCode(_ANATOMY, Concept("389080008", "White Matter"))),
    (r"brain", LabelCode(_ANATOMY, Concept("12738006", "Brain"))),
    (r"lungs?", LabelCode(_ANATOMY, Concept("39607008", "Lung"))),
    (r"heart", LabelCode(_ANATOMY, Concept("80891009", "Heart"))),
    (r"liver", LabelCode(_ANATOMY, Concept("10200004", "Liver"))),
    (r"kidneys?", LabelCode(_ANATOMY, Concept("64033007", "Kidney"))),
    (r"spleen", LabelCode(_ANATOMY, Concept("78961009", "Spleen"))),
    (r"prostate", LabelCode(_ANATOMY, Concept("41216001", "Prostate"))),
)
"""Whole words and their codes, what is diseased before where it lies."""


def label_code(label: str, model: str) -> LabelCode:
    """The code of a label, by the words of its name; where none fits, by those of the model's id."""
    for text in (label, model):
        words = re.sub(r"[\W_]+", " ", text).lower()
        for pattern, code in _WORDS:
            if re.search(rf"\b(?:{pattern})\b", words):
                return code
    return GENERIC
