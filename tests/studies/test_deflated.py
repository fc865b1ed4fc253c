"""Deflated data sets are measured before they are inflated whole."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from core.errors import DamagedFile, TooLarge
from core.settings import settings
from core.studies import read_study
from tests.hostile.traps import dicom_deflate_bomb
from tests.studies.builders import dicom, film_pixels


def test_bomb_is_refused_without_the_memory_it_asks_for(tmp_path: Path) -> None:
    """A thousandfold, found out piece by piece."""
    path = tmp_path / "bomb"
    path.write_bytes(dicom_deflate_bomb(random.Random(1), "x"))  # noqa: S311
    read_study([dicom(tmp_path / "warm", film_pixels())])  # what is imported once is not the bomb's

    tracemalloc.start()
    with pytest.raises(TooLarge, match="file-01 is a deflated DICOM file that grows"):
        read_study([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert path.stat().st_size < 100_000
    assert peak < 8 << 20


@pytest.mark.parametrize("top", [0, 60000])
def test_honest_film_is_read_however_well_it_packs(tmp_path: Path, top: int) -> None:
    """Below one MiB a blank film may shrink as it likes; a noisy one never comes near."""
    pixels = np.random.default_rng(0).integers(0, top + 1, (700, 700)).astype(np.uint16)

    study = read_study([dicom(tmp_path / "x", pixels, syntax=DeflatedExplicitVRLittleEndian)])

    assert np.array_equal(study.pixels[0], pixels)


def test_limit_of_a_study_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio is no licence for a large file to grow past every limit."""
    path = dicom(
        tmp_path / "x",
        np.random.default_rng(0).integers(0, 3, (1200, 1200)).astype(np.uint16),
        syntax=DeflatedExplicitVRLittleEndian,
    )
    monkeypatch.setenv("READROOM_UNPACKED_MIB", "2")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="The limit is 2 MiB"):
        read_study([path])


def test_stream_that_is_damaged_is_the_readers_to_refuse(tmp_path: Path) -> None:
    """Measuring must not hide why a file cannot be read."""
    path = dicom(tmp_path / "x", film_pixels(), syntax=DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\xff" * 400)

    with pytest.raises(DamagedFile):
        read_study([path])
