"""The colours of overlays, the same on screen and in exports.

Chosen to stay apart under protan, deutan and tritan vision; every colour is also named in text.
"""

from __future__ import annotations

from collections.abc import Sequence

LABELS = ("#F0E442", "#D55E00", "#56B4E9", "#009E73", "#CC79A7")
"""Label values 1, 2, 3, … in this order, then again from the start (Okabe and Ito 2008, without black)."""

LETTERS = "#E8C96A"
HEAT_LINES = ((0.5, "#FFB347"), (0.8, "#FFE08A"))
"""Contours of a heat map: share of its peak, colour."""

HEAT_FLOOR = 0.3
"""Share of the peak below which heat is not drawn at all."""

HEAT_COVER = 0.75
"""Strongest cover of the picture by heat."""

REFERENCE_LINE, PREDICTED_LINE = "#56B4E9", "#FFB347"
"""Outlines of what was drawn by hand and of what a model drew; pages name both in text."""

LABEL_OPACITY = 0.45
EDGE = "#0A0A0A"
"""Dark edge beside each overlay line, so that it can be told from bright tissue."""


def label_colour(value: int) -> str:
    """The colour of a label value, 1 or higher."""
    return LABELS[(value - 1) % len(LABELS)]


def viewer_labels(names: Sequence[str]) -> list[tuple[int, str, str]]:
    """(value, name, colour) of each label, as the viewer component takes them."""
    return [(value, name, label_colour(value)) for value, name in enumerate(names, start=1)]


def rgb(colour: str) -> tuple[int, int, int]:
    """'#F0E442' as three bytes."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
