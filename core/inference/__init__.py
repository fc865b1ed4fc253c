"""From a study to a prediction. Import its files by name: those that need a network need torch."""

from core.inference.preprocess import Prepared, preprocess

__all__ = ["Prepared", "preprocess"]
