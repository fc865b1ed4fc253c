"""Films as pictures."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.errors import DamagedFile, TooLarge, UnsupportedFile
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


@pytest.mark.parametrize("ending", ["tif", "bmp", "webp"])
def test_rarer_containers_hold_the_same_film(tmp_path: Path, ending: str) -> None:
    """Scanners write TIFF, old software BMP, browsers WebP; none of them may change a grey."""
    grey = (film_pixels() // 16).astype(np.uint8)

    study = read_study([picture(tmp_path / f"a.{ending}", grey, **({"lossless": True} if ending == "webp" else {}))])

    assert np.array_equal(study.pixels[0], grey)
    assert study.report.bits_stored == 8
    assert study.report.identifiers_removed == ()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_16_bit_tiff_is_not_cut_to_8(tmp_path: Path, compression: str) -> None:
    """The usual form of a digitised film."""
    study = read_study([picture(tmp_path / "a.tif", film_pixels(top=60000), compression=compression)])

    assert np.array_equal(study.pixels[0], film_pixels(top=60000))
    assert study.report.bits_stored == 16


@pytest.mark.parametrize("bits", [8, 16])
def test_white_is_zero_is_turned_over(tmp_path: Path, bits: int) -> None:
    """Film scanners store density, so zero is white; shown as it lies, lungs would be white."""
    top = 2**bits - 1
    grey = film_pixels(top=top // 2).astype(np.uint8 if bits == 8 else np.uint16)
    path = _with_photometric(picture(tmp_path / "a.tif", grey), 0)

    assert np.array_equal(read_study([path]).pixels[0], top - grey.astype(np.float32))


def test_numbers_of_32_bits_are_read_and_what_is_no_number_is_refused(tmp_path: Path) -> None:
    """Floating point films come out of research code; one NaN would spoil every score."""
    values = film_pixels().astype(np.float32) / 7
    read = read_study([picture(tmp_path / "a.tif", values)])
    holed = values.copy()
    holed[3, 4] = np.nan

    assert np.array_equal(read.pixels[0], values)
    assert read.report.bits_stored == 32
    with pytest.raises(DamagedFile, match="1 of the 5600 values"):
        read_study([picture(tmp_path / "b.tif", holed)])
    with pytest.raises(UnsupportedFile, match="a layout that we do not read"):
        read_study([_with_photometric(picture(tmp_path / "c.tif", values), 0)])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["tif", "webp"])
def test_exif_turn_of_other_containers_is_applied_once(tmp_path: Path, ending: str, orientation: int) -> None:
    """The library turns a TIFF by itself and a WebP not; a film turned twice lies on its side."""
    grey = (film_pixels(64, 80) // 16).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiffinfo": {274: orientation}} if ending == "tif" else {"exif": exif, "lossless": True}
    upright = read_study([picture(tmp_path / "a.png", grey, exif=exif)])

    study = read_study([picture(tmp_path / f"a.{ending}", grey, **options)])

    assert np.array_equal(study.pixels, upright.pixels)
    assert ("turned upright as EXIF says" in study.report.changed) == (orientation != 1)


def test_pages_after_the_first_are_told(tmp_path: Path) -> None:
    """The second page of a scan may be the film that was meant."""
    pages = [Image.fromarray((film_pixels() // (16 * n)).astype(np.uint8)) for n in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])

    study = read_study([tmp_path / "a.tif"])

    assert np.array_equal(study.pixels[0], np.asarray(pages[0]))
    assert "The file holds 3 pictures; the first is shown." in study.report.warnings


def test_names_in_a_tiffs_tags_are_listed(tmp_path: Path) -> None:
    """Artist, host and description are fields of the format; its own layout is nothing to list."""
    tags = {270: "DOE^JOHN", 315: "DR^WHO"}
    path = picture(tmp_path / "a.tif", (film_pixels() // 16).astype(np.uint8), tiffinfo=tags)

    assert read_study([path]).report.identifiers_removed == ("Exif.Artist", "Exif.ImageDescription")


def test_layout_that_no_decoder_knows_is_refused_by_name(tmp_path: Path) -> None:
    """A separated picture of seven bits is a TIFF, and none that anybody here can decode."""
    path = _with_photometric(picture(tmp_path / "a.tif", (film_pixels() // 16).astype(np.uint8)), 9999)

    with pytest.raises(UnsupportedFile, match="file-01 is a TIFF picture"):
        read_study([path])


@pytest.mark.parametrize("named", ["1 tif", "P tif", "CMYK tif", "RGBA tif", "1 bmp", "P bmp", "RGB bmp", "RGBA webp"])
def test_rarer_modes_of_rarer_containers_are_read(tmp_path: Path, named: str) -> None:
    """Each mode that the format can hold: black and white stay black and white."""
    mode, ending = named.split()
    grey = Image.fromarray(np.where(film_pixels() > 1000, 255, 0).astype(np.uint8))
    converted = grey.convert("RGB").convert(mode) if mode == "CMYK" else grey.convert(mode)
    converted.save(tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {}))

    study = read_study([tmp_path / f"a.{ending}"])

    assert np.array_equal(study.pixels[0], np.asarray(grey))


def _with_photometric(path: Path, value: int) -> Path:
    """The TIFF with another photometric interpretation (tag 262, one short, little endian)."""
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<HHI", 262, 3, 1))
    content[at + 8 : at + 10] = struct.pack("<H", value)
    path.write_bytes(content)
    return path
