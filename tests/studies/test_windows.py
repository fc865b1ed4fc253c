"""Grey ranges without a header."""

from __future__ import annotations

import numpy as np
import pytest

from core.studies.windows import bit_depth_window, percentile_window


def test_bit_depth_window_spans_all_levels() -> None:
    """An 8-bit film was already given its greys by whoever exported it."""
    assert (bit_depth_window(8).low, bit_depth_window(8).high) == (0.0, 255.0)


def test_percentile_window_equals_the_sorted_values_for_a_ramp() -> None:
    """Closed form: of 0, 1, …, 100 the 1st and 99th percentiles are 1 and 99."""
    window = percentile_window(np.arange(101, dtype=np.float32))

    assert (window.low, window.high) == (1.0, 99.0)


def test_percentile_window_of_a_sample_is_close_to_that_of_all() -> None:
    """Large volumes are sampled; the shown range must not depend on it visibly."""
    values = np.random.default_rng(5).normal(size=(3, 1_200_001)).astype(np.float32)

    window = percentile_window(values)

    assert (window.low, window.high) == pytest.approx(np.percentile(values, (1, 99)), abs=0.02)


@pytest.mark.parametrize("values", [[7.0] * 9, [0.0] * 999 + [5.0]])
def test_window_is_never_empty(values: list[float]) -> None:
    """A blank picture, or one bright dot, must not divide by zero on screen."""
    window = percentile_window(np.array(values, dtype=np.float32))

    assert window.high > window.low
