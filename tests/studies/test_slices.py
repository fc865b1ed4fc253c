"""Enhanced multi-frame objects: functional groups read, never shown wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from core.errors import ChoiceNeeded, GeometryError
from core.studies import read_study
from tests.studies.builders import ENHANCED_MR, dicom, series, volume_pixels


def _item(**tags: Any) -> Dataset:
    item = Dataset()
    for keyword, value in tags.items():
        setattr(item, keyword, value)
    return item


def _frame(place: int, component: str = "MAGNITUDE", slope: float = 1.0) -> Dataset:
    return _item(
        PlanePositionSequence=[_item(ImagePositionPatient=[-10.0, -20.0, 30.0 + 2.0 * place])],
        MRImageFrameTypeSequence=[_item(ComplexImageComponent=component)],
        PixelValueTransformationSequence=[_item(RescaleSlope=slope, RescaleIntercept=0.0)],
    )


def _enhanced(path: Path, pixels: np.ndarray, frames: list[Dataset]) -> Path:
    shared = _item(
        PlaneOrientationSequence=[_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[_item(PixelSpacing=[1.5, 0.75])],
    )
    return dicom(
        path,
        pixels,
        sop_class=ENHANCED_MR,
        Modality="MR",
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
    )


def test_enhanced_file_equals_the_classic_series(tmp_path: Path) -> None:
    """Two ways to write one volume; the classic path is checked against another library."""
    pixels = volume_pixels()
    order = [3, 0, 5, 1, 4, 2]
    path = _enhanced(tmp_path / "x", pixels[order], [_frame(place) for place in order])

    study, classic = read_study([path]), read_study(series(tmp_path / "c", pixels))

    assert np.array_equal(study.pixels, classic.pixels)
    assert study.geometry.affine is not None
    assert classic.geometry.affine is not None
    assert np.array_equal(study.geometry.affine, classic.geometry.affine)
    assert study.report.pixel_sha256 == classic.report.pixel_sha256


def test_two_image_kinds_in_one_file_are_a_choice(tmp_path: Path) -> None:
    """A field map beside its magnitude is another quantity at the same place."""
    pixels = volume_pixels(12)
    frames = [_frame(n % 6, "MAGNITUDE" if n < 6 else "PHASE", 1.0 if n < 6 else 0.5) for n in range(12)]
    path = _enhanced(tmp_path / "x", pixels, frames)

    with pytest.raises(ChoiceNeeded) as raised:
        read_study([path])

    assert [choice.what for choice in raised.value.choices] == ["volume 0 of 2, magnitude", "volume 1 of 2, phase"]
    assert np.array_equal(read_study([path], volume=1).pixels[0].T, pixels[6:] * np.float32(0.5))


def test_frames_without_positions_are_refused(tmp_path: Path) -> None:
    """Shown in file order they would look like a volume and be none."""
    path = dicom(tmp_path / "x", volume_pixels(), sop_class=ENHANCED_MR, Modality="MR")

    with pytest.raises(GeometryError, match="6 frames, and positions for 0"):
        read_study([path])
