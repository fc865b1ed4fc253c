"""The noun's invariants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.studies import read_study
from tests.studies.builders import dicom, film_pixels


def test_pixels_cannot_be_changed(tmp_path: Path) -> None:
    """Everything computed from a study is bound to its hash."""
    study = read_study([dicom(tmp_path / "x", film_pixels())])

    with pytest.raises(ValueError, match="read-only"):
        study.pixels[0, 0, 0] = 1


@pytest.mark.parametrize("change", [{"channels": ("a", "b")}, {"windows": ()}])
def test_half_valid_studies_do_not_exist(tmp_path: Path, change: dict[str, object]) -> None:
    """Methods trust what the constructor checked."""
    study = read_study([dicom(tmp_path / "x", film_pixels())])

    with pytest.raises(ValueError, match="for each channel"):
        replace(study, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="axes of float32"):
        replace(study, pixels=np.zeros((1, 2, 3), np.float64))


def test_volumes_of_one_file_have_hashes_of_their_own(tmp_path: Path) -> None:
    """A result for the first must never be shown for the second."""
    report = read_study([dicom(tmp_path / "x", film_pixels())]).report
    first, second = (replace(report, volumes=2, pixel_sha256=digit * 64) for digit in "ab")

    assert report.input_sha256 == report.sha256
    assert len({report.input_sha256, first.input_sha256, second.input_sha256}) == 3
