"""Preprocessing that others keep beside a model as a pickle (S4's scaler, encoder, vectorizer): told, never opened.

Owns recognising them, by a pickle's first bytes and, where nothing may be opened, by the name. Here preprocessing is
numbers in the model's `InputSpec`, sealed with its weights, so there is nothing to load beside it.
"""

from __future__ import annotations

import re
from pathlib import Path

PICKLES = (".pkl", ".pickle", ".joblib")

KIND = "a preprocessing artefact of scikit-learn, as a pickle"

WHY = "Opening it would run the code in it; here preprocessing stands as numbers in the model's input specification."

DO = (
    "Write its numbers (mean, standard deviation, window, class names) into model_config.json under `input` and "
    "`classes`, and import the model with that."
)

_WORDS = re.compile(r"(scaler|encoder|vectori[sz]er|tokeni[sz]er|imputer|normali[sz]er|binari[sz]er)", re.IGNORECASE)

_MODULES = re.compile(rb"sklearn[./](preprocessing|feature_extraction|impute|decomposition|compose|pipeline)")


def is_preprocessing(head: bytes) -> bool:
    """Whether the first bytes of a pickle name a class that prepares data."""
    return _MODULES.search(head) is not None


def explain_artefact(path: Path) -> str | None:
    """What a file with such a name is taken for, and what becomes of it; None where the name says nothing of the kind.

    The file is not opened: this is for lists of what lies in a folder.
    """
    if path.suffix.lower() in PICKLES and _WORDS.search(path.stem):
        return f"By its name a preprocessing artefact. It is never opened. {WHY}"
    return None
