"""From a study to a prediction.

What needs a network is fetched when it is first asked for, so that preprocessing and admission need no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from core.inference.admission import Admission, Verdict, check_admission
from core.inference.prediction import Prediction, Provenance, request_settings, result_key
from core.inference.preprocess import Prepared, preprocess

if TYPE_CHECKING:
    from core.inference.from_checkpoint import MultiTaskPredictor, TumorPredictor
    from core.inference.predictor import Predictor

_NEED_TORCH = {"Predictor": "predictor", "TumorPredictor": "from_checkpoint", "MultiTaskPredictor": "from_checkpoint"}

__all__ = [
    "Admission",
    "MultiTaskPredictor",
    "Prediction",
    "Predictor",
    "Prepared",
    "Provenance",
    "TumorPredictor",
    "Verdict",
    "check_admission",
    "preprocess",
    "request_settings",
    "result_key",
]


def __getattr__(name: str) -> Any:  # one of the names above, or an AttributeError
    if name not in _NEED_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_NEED_TORCH[name]}"), name)
