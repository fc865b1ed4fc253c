"""Records on disk: whole or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.workspace.records import read_json, read_parts, write_json, write_parts


def test_arrays_come_back_with_shape_type_and_order_of_axes(tmp_path: Path) -> None:
    """A transposed view written as its memory lies would come back as another picture."""
    view = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)

    write_parts(tmp_path / "record", {"a": 1}, {"view": view})

    plain, arrays = read_parts(tmp_path / "record") or pytest.fail("not there")
    assert plain == {"a": 1}
    np.testing.assert_array_equal(arrays["view"], view)


def test_arrays_without_their_json_do_not_count(tmp_path: Path) -> None:
    """A power cut between the two files must read as nothing."""
    write_parts(tmp_path / "record", {"a": 1}, {"x": np.zeros(3)})
    (tmp_path / "record.json").unlink()

    assert read_parts(tmp_path / "record") is None


def test_a_write_that_fails_leaves_the_old_record(tmp_path: Path) -> None:
    """What was acknowledged is there afterwards, and no temporary file beside it."""
    write_json(tmp_path / "a.json", {"old": True})

    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"new": object()})

    assert read_json(tmp_path / "a.json") == {"old": True}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
