"""Films as PNG and JPEG."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.errors import DamagedFile, TooLarge
from core.settings import settings
from core.studies import Kind, read_study
from tests.studies.builders import film_pixels, picture


def test_8_bit_png_keeps_its_greys_and_full_range(tmp_path: Path) -> None:
    """The commonest export: what the file holds is what the model and the screen get."""
    grey = (film_pixels() // 16).astype(np.uint8)

    study = read_study([picture(tmp_path / "a.png", grey)])

    assert study.kind is Kind.FILM
    assert np.array_equal(study.pixels[0], grey)
    assert (study.windows[0].low, study.windows[0].high) == (0, 255)
    assert study.report.pixel_sha256 == hashlib.sha256(grey.tobytes()).hexdigest()
    assert study.report.bits_stored == 8


def test_16_bit_png_is_not_cut_to_8(tmp_path: Path) -> None:
    """A quiet cut would lose what a 12-bit detector saw."""
    grey = film_pixels(top=60000)

    study = read_study([picture(tmp_path / "a.png", grey)])

    assert np.array_equal(study.pixels[0], grey)
    assert study.report.bits_stored == 16
    assert study.windows[0].source == "percentiles 1 to 99"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turn_is_applied_and_told(tmp_path: Path, orientation: int) -> None:
    """All eight values of the standard; the oracle is numpy's own turning of the stored array."""
    grey = (film_pixels(64, 80) // 16).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = {
        1: grey,
        2: np.fliplr(grey),
        3: np.rot90(grey, 2),
        4: np.flipud(grey),
        5: grey.T,
        6: np.rot90(grey, -1),
        7: np.rot90(grey, 2).T,
        8: np.rot90(grey, 1),
    }[orientation]

    study = read_study([picture(tmp_path / "a.png", grey, exif=exif)])

    assert np.array_equal(study.pixels[0], upright)
    assert study.report.shape == upright.shape
    assert ("turned upright as EXIF says" in study.report.changed) == (orientation != 1)
    assert study.report.pixel_sha256 == hashlib.sha256(grey.tobytes()).hexdigest()


def test_palette_and_alpha_become_grey_and_are_told(tmp_path: Path) -> None:
    """Screen tools save such files; a model needs one grey channel, the user should know."""
    grey = (film_pixels() // 16).astype(np.uint8)
    Image.fromarray(grey).convert("P").save(tmp_path / "p.png")
    alpha = np.full_like(grey, 255)
    alpha[0, 0] = 0
    picture(tmp_path / "a.png", np.stack([grey, grey, grey, alpha], axis=-1))

    palette, transparent = read_study([tmp_path / "p.png"]), read_study([tmp_path / "a.png"])

    assert np.array_equal(palette.pixels[0], grey)
    assert any("palette" in note for note in palette.report.changed)
    assert transparent.pixels[0, 0, 0] == 0
    assert np.array_equal(transparent.pixels[0, 1:], grey[1:])
    assert any("transparency" in note for note in transparent.report.changed)


@pytest.mark.parametrize("mode", ["1", "CMYK", "LA"])
def test_rarer_modes_are_read(tmp_path: Path, mode: str) -> None:
    """Fax scans, print exports and grey with alpha occur; none may be refused for its mode."""
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray((film_pixels() // 16).astype(np.uint8)).convert("L").convert(mode).save(path)

    assert read_study([path]).shape == (80, 70)


def test_truncated_jpeg_is_refused_not_padded(tmp_path: Path) -> None:
    """Viewers fill the rest with grey, which looks like a film."""
    path = picture(tmp_path / "a.jpg", (film_pixels(200, 200) // 16).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-400])

    with pytest.raises(DamagedFile, match="file-01 is a JPEG picture"):
        read_study([path])


def test_size_is_refused_from_the_header_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb must not be decoded to find out that it is one."""
    path = picture(tmp_path / "a.png", np.zeros((1200, 1000), np.uint8))
    monkeypatch.setenv("READROOM_RASTER_MEGAPIXELS", "1")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="1200 x 1000"):
        read_study([path])


def test_text_beside_the_pixels_is_listed_by_kind_and_never_by_value(tmp_path: Path) -> None:
    """EXIF and text chunks carry names; a text's own key may be one."""
    grey = (film_pixels() // 16).astype(np.uint8)
    info = PngImagePlugin.PngInfo()
    info.add_text("DOE^JOHN", "born 1950")
    exif = Image.Exif()
    exif[0x013B] = "DOE^JOHN"

    removed = read_study([picture(tmp_path / "a.png", grey, pnginfo=info, exif=exif)]).report.identifiers_removed

    assert removed == ("Exif.Artist", "text (1)")


def test_small_and_blank_films_are_doubted(tmp_path: Path) -> None:
    """A thumbnail or an empty plate gives a score that means nothing."""
    warnings = read_study([picture(tmp_path / "a.png", np.zeros((20, 30), np.uint8))]).report.warnings

    assert any("30 x 20" in text for text in warnings)
    assert any("blank" in text for text in warnings)
