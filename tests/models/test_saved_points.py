"""Saved operating points on disk: for these weights, fed like this, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CheckpointError, ConfigError
from core.metrics.operating_points import OperatingPoint, Rule
from core.models.saved_points import read_points, write_points

WEIGHTS, OTHER, FED, FED_OTHERWISE = "a" * 64, "b" * 64, "c" * 64, "d" * 64


def point(threshold: float = 0.5, name: str = "mine") -> OperatingPoint:
    """Four cases, bound to nothing."""
    return OperatingPoint(
        name, "x", threshold, Rule.FIXED, None, None, False, "4 cases", "same_cases", 2, 2, 1, 1, 1, 1
    )


def test_points_come_back_bound_and_in_order() -> None:
    """The first is in force."""
    write_points(WEIGHTS, FED, [point(0.1 + 0.2), point(float("inf"), "never")])

    first, second = read_points(WEIGHTS, FED)
    assert (first.threshold, first.weights_sha256) == (0.1 + 0.2, WEIGHTS)
    assert second.threshold == float("inf")


def test_other_weights_and_other_feeding_find_nothing() -> None:
    """Nothing is inherited."""
    write_points(WEIGHTS, FED, [point()])

    assert read_points(OTHER, FED) == ()
    assert read_points(WEIGHTS, FED_OTHERWISE) == ()


def test_two_ways_of_feeding_keep_their_points_apart() -> None:
    """A model that is calibrated anew and back again finds its own."""
    write_points(WEIGHTS, FED, [point(0.1)])
    write_points(WEIGHTS, FED_OTHERWISE, [point(0.2)])
    write_points(WEIGHTS, FED, [point(0.3)])

    assert [one.threshold for one in read_points(WEIGHTS, FED)] == [0.3]
    assert [one.threshold for one in read_points(WEIGHTS, FED_OTHERWISE)] == [0.2]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"points": [{}]}', '{"points": [{"fed_sha256": "x", "point": {}}]}']
)
def test_damaged_file_is_refused(home: Path, content: str) -> None:
    """Half a threshold is no threshold."""
    write_points(WEIGHTS, FED, [point()])
    (home / "points" / f"{WEIGHTS}.json").write_text(content)

    with pytest.raises((CheckpointError, ConfigError)):
        read_points(WEIGHTS, FED)


def test_what_is_no_hash_names_no_file() -> None:
    """It could be a path."""
    with pytest.raises(ValueError, match="hex"):
        read_points("../../etc/passwd", FED)
