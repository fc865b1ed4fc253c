"""The grey range in which a study is first shown, where its header does not give one.

Owns the two rules (bit depth, percentiles); header windows are made by the DICOM readers.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.studies.study import Window

LOW_PERCENTILE: Final = 1.0
HIGH_PERCENTILE: Final = 99.0
_SAMPLE: Final = 1_000_000
"""Values looked at for percentiles: a regular sample of this size places them within about 0.02 of a percent."""


def bit_depth_window(bits: int) -> Window:
    """The whole range of an unsigned picture of `bits` bits."""
    return Window(0.0, float(2**bits - 1), "bit depth")


def percentile_window(pixels: NDArray[Any]) -> Window:
    """The 1st to 99th percentile of the values; one grey level wide where they are all equal.

    pixels : any shape, finite.
    """
    values = pixels.reshape(-1, order="A")
    values = values[:: max(1, values.size // _SAMPLE)]
    low, high = (float(value) for value in np.percentile(values, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        high = low + 1.0
    return Window(low, high, "percentiles 1 to 99")
