"""The way between a study's grid and a network's."""

from __future__ import annotations

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.grid import Grid, padded, resampled, scaled, turn

CODES = ["".join(p) for axes in permutations(("RL", "AP", "SI")) for p in product(*axes)]


@pytest.mark.parametrize("have", CODES)
def test_all_48_orientations_turn_as_nibabel_turns_them(have: str) -> None:
    """A head that is turned wrongly gives a mask on the wrong side."""
    array = np.random.default_rng(0).random((3, 4, 5))
    ours = nib.orientations
    expected = ours.apply_orientation(array, ours.ornt_transform(ours.axcodes2ornt(have), ours.axcodes2ornt("RAS")))
    source, flipped = turn(have, "RAS")
    grid = Grid(source, flipped, tuple(resampled(array.shape[i], 1.0) for i in source))

    turned = grid.to_network(array, order=0)

    assert np.array_equal(turned, expected)
    assert np.array_equal(grid.to_study(turned, order=0), array)


@settings(deadline=None)  # a busy machine is no fault
@given(st.integers(1, 40), st.integers(0, 30))
def test_padding_there_and_back_changes_nothing(n: int, extra: int) -> None:
    """Padding is for the network alone; the result's grid is the study's."""
    grid = Grid((0,), (False,), (padded(n, n + extra),))
    labels = np.arange(n, dtype=np.uint8)

    fed = grid.to_network(labels, order=0)

    assert grid.exact
    assert fed.shape == (n + extra,)
    assert fed.dtype == np.uint8
    assert np.array_equal(grid.to_study(fed, order=0), labels)


@settings(deadline=None)  # a busy machine is no fault
@given(st.integers(2, 60), st.floats(0.3, 3.0))
def test_resampling_keeps_positions(n: int, step: float) -> None:
    """A straight ramp of positions must read the same positions on the other grid: no half-voxel shift."""
    axis = resampled(n, step)
    grid = Grid((0,), (False,), (axis,))
    ramp = np.arange(n, dtype=np.float32)

    fed = grid.to_network(ramp, order=1)

    expected = np.clip(axis.start + axis.step * np.arange(axis.net_n), 0, n - 1)
    assert np.allclose(fed, expected, atol=1e-4)
    assert abs((fed[0] + fed[-1]) / 2 - (n - 1) / 2) < 1e-3  # the two fields of view share their centre


def test_two_maps_in_a_row_equal_the_map_made_of_both() -> None:
    """Slices of a resampled volume go through two maps; the way back is one."""
    first, second = resampled(30, 0.75), scaled(40, 24, box=(5.0, 35.0), inner=20)
    rng = np.random.default_rng(1)
    result = rng.random(24).astype(np.float32)

    both = first.then(second)

    where = np.arange(first.net_n)
    exact = (where - second.start) / second.step
    position = first.start + first.step * where  # study index of each sample in the middle grid
    assert np.allclose((position - both.start) / both.step, exact)
    on_study = Grid((0,), (False,), (both,)).to_study(result, order=1)
    assert np.count_nonzero(on_study) == both.study_span[1] - both.study_span[0]


def test_cropped_away_rim_is_zero_on_the_way_back() -> None:
    """What the network never saw must not carry a label."""
    axis = scaled(100, 50, box=(25.0, 75.0), inner=50)

    back = Grid((0,), (False,), (axis,)).to_study(np.ones(50, np.uint8), order=0)

    assert back[25:75].all()
    assert not back[:25].any()
    assert not back[75:].any()
