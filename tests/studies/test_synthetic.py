"""Made-up studies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.studies import Kind, read_study, synthetic_film, synthetic_volume
from core.studies.synthetic import VOLUME_SHAPE, _word_mask


def test_film_is_a_film_with_the_word_in_it(tmp_path: Path) -> None:
    """A sample that could pass for a patient would be one day."""
    synthetic_film(tmp_path / "a.png", seed=1)

    study = read_study([tmp_path / "a.png"])

    assert study.kind is Kind.FILM
    assert study.report.warnings == ()
    # White strokes on grey, all within the strip where the word stands.
    white = np.argwhere(study.pixels[0] > 250)
    strip = white[(white[:, 0] > 20) & (white[:, 0] < 60)]
    assert len(strip) > 800
    assert strip[:, 1].max() - strip[:, 1].min() > 150


def test_volume_shows_the_word_in_every_axial_slice(tmp_path: Path) -> None:
    """Any slice can end up in a screenshot."""
    synthetic_volume(tmp_path / "a.nii.gz", seed=1)

    study = read_study([tmp_path / "a.nii.gz"])

    assert study.shape == VOLUME_SHAPE
    assert study.geometry.orientation == "RAS"
    assert (study.pixels[0][_word_mask()] == 230).all()
    rest = study.pixels[0][~_word_mask()]
    assert np.percentile(rest, 99) < 230


def test_word_reads_from_left_to_right_in_radiological_display() -> None:
    """The letter S opens at the upper right: mirrored, it would not."""
    shown = _word_mask()[::-1, ::-1, 0].T  # patient's right at the left edge, front on top

    letters = shown[1:6, 1:4].astype(int).tolist()
    assert letters == [[1, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize(("make", "name"), [(synthetic_film, "a.png"), (synthetic_volume, "a.nii.gz")])
def test_a_seed_gives_one_picture(tmp_path: Path, make: object, name: str) -> None:
    """A sample's result can be compared between machines only if its pixels can."""
    hashes = []
    for folder, seed in (("x", 3), ("y", 3), ("z", 4)):
        (tmp_path / folder).mkdir()
        make(tmp_path / folder / name, seed)  # type: ignore[operator]
        hashes.append(read_study([tmp_path / folder / name]).report.pixel_sha256)

    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_importing_the_room_loads_no_reader_and_no_torch() -> None:
    """A page that only needs the noun must not load codecs into its process."""
    code = "import core.studies, sys; print([m for m in ('torch', 'pydicom', 'nibabel', 'PIL') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
