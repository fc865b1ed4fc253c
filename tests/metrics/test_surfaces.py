"""The fast routes to surface distances against the plain one: full volume, eroded, every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, generate_binary_structure
from scipy.spatial.distance import cdist

from core.metrics import surfaces
from core.metrics.surfaces import surface, surface_distances, union_box

SHAPES = st.sampled_from([(5, 6), (4, 5, 3), (1, 4, 4)])
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


@given(PAIRS)
def test_tree_map_and_all_pairs_agree(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """No figure may depend on the route, nor on the crop."""
    a, b = pair
    if not a.any() or not b.any():
        return
    spacing = np.array([2.5, 0.7, 1.0][: a.ndim])
    face = generate_binary_structure(a.ndim, 1)
    edges = [mask & ~binary_erosion(mask, face) for mask in pair]
    points = [np.argwhere(edge) * spacing for edge in edges]
    gaps = cdist(*points)

    there, back = surface_distances(a, b, spacing)

    np.testing.assert_allclose(there, gaps.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(back, gaps.min(axis=0), atol=1e-9)
    box = union_box(a, b)
    assert [surface(mask).tolist() for mask in pair] == [edge.tolist() for edge in edges]
    assert surface(a[box]).sum() == edges[0].sum()


def test_large_surfaces_take_the_map_and_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch is for speed alone."""
    random = np.random.default_rng(2)
    a, b = random.random((8, 9, 10)) < 0.2, random.random((8, 9, 10)) < 0.2
    tree = surface_distances(a, b, (3.0, 0.8, 0.9))
    monkeypatch.setattr(surfaces, "TREE_VOXELS", 0)

    made = surface_distances(a, b, (3.0, 0.8, 0.9))

    for fast, plain in zip(tree, made, strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-9)
