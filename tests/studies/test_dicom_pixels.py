"""Codecs, the modality table and windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from core.errors import DamagedFile, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies import read_study
from core.studies.dicom_pixels import header_window, modality_values, value_range
from tests.studies.builders import dicom, film_pixels


def _table(data: list[int], first: int = 0, bits: int = 16) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(data), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = data
    item["LUTData"].VR = "US"
    return item


def _header(**tags: Any) -> Dataset:
    header = Dataset()
    header.BitsStored, header.BitsAllocated, header.PixelRepresentation = 12, 16, 0
    for keyword, value in tags.items():
        setattr(header, keyword, value)
    return header


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_lossless_syntaxes_give_the_same_pixels_and_hash(tmp_path: Path, syntax: str) -> None:
    """One film in two encodings is one film."""
    plain = dicom(tmp_path / "plain", film_pixels())
    dataset = dcmread(plain)
    dataset.compress(syntax)
    dataset.save_as(tmp_path / "packed")

    first, second = read_study([plain]), read_study([tmp_path / "packed"])

    assert np.array_equal(first.pixels, second.pixels)
    assert first.report.pixel_sha256 == second.report.pixel_sha256
    assert second.report.transfer_syntax == syntax.name  # type: ignore[attr-defined]


def test_big_endian_gives_the_same_hash(tmp_path: Path) -> None:
    """The hash is over the decoded numbers, not over their byte order on disk."""
    little = read_study([dicom(tmp_path / "little", film_pixels())])
    big = read_study([dicom(tmp_path / "big", film_pixels(), syntax=ExplicitVRBigEndian)])

    assert big.report.pixel_sha256 == little.report.pixel_sha256
    assert np.array_equal(big.pixels, little.pixels)


def test_slope_and_intercept_are_applied_in_full_precision() -> None:
    """Closed form of PS3.3 C.11.1."""
    stored = np.array([[0, 4095]], dtype=np.uint16)

    assert modality_values(stored, _header(RescaleSlope="0.1", RescaleIntercept="-5")).tolist() == [[-5.0, 404.5]]


def test_modality_table_maps_and_clamps() -> None:
    """Below the first value mapped the first entry holds, above the last the last (PS3.3 C.11.1.1)."""
    header = _header(ModalityLUTSequence=[_table([10, 20, 30], first=100)])
    stored = np.array([[0, 100, 101, 102, 4000]], dtype=np.uint16)

    assert modality_values(stored, header).tolist() == [[10, 10, 20, 30, 30]]
    assert value_range(header) == (10.0, 30.0)


def test_value_range_of_signed_and_scaled_bits() -> None:
    """Inversion turns over the range of the bits, so it must be the true one."""
    signed = _header(PixelRepresentation=1, RescaleSlope="2", RescaleIntercept="1")

    assert value_range(signed) == (-4095.0, 4095.0)


@pytest.mark.parametrize(
    ("tags", "low", "high"),
    [
        ({"WindowCenter": "2048", "WindowWidth": "4096"}, 0.0, 4095.0),
        ({"WindowCenter": "40", "WindowWidth": "400", "VOILUTFunction": "LINEAR_EXACT"}, -160.0, 240.0),
        ({"WindowCenter": ["40", "500"], "WindowWidth": ["401", "1"]}, -160.5, 239.5),
    ],
)
def test_window_follows_the_standards_formula(tags: dict[str, Any], low: float, high: float) -> None:
    """PS3.3 C.11.2.1.2: LINEAR is half a level off LINEAR_EXACT; of several windows the first is shown."""
    window = header_window(_header(**tags))

    assert window is not None
    assert (window.low, window.high) == (low, high)


def test_voi_table_becomes_the_range_over_which_it_rises() -> None:
    """A table flat at both ends shows greys in between only."""
    rise = [0] * 10 + list(range(0, 1000, 10)) + [1000] * 10

    window = header_window(_header(VOILUTSequence=[_table(rise, first=500)]))

    assert window is not None
    assert (window.low, window.high) == (512.0, 608.0)


@pytest.mark.parametrize("tags", [{}, {"WindowCenter": "5", "WindowWidth": "0"}, {"WindowCenter": "5"}])
def test_broken_or_missing_window_is_none(tags: dict[str, Any]) -> None:
    """A width of zero would divide by zero on screen."""
    assert header_window(_header(**tags)) is None


def test_unknown_syntax_is_named(tmp_path: Path) -> None:
    """The user can ask the archive for another encoding only if told which one this is."""
    dataset = dcmread(dicom(tmp_path / "x", film_pixels()))
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    dataset.PixelData = encapsulate([bytes(100)])
    dataset.save_as(tmp_path / "x")

    with pytest.raises(UnsupportedFile, match="MPEG2"):
        read_study([tmp_path / "x"])


def test_short_pixel_data_is_damaged_not_padded(tmp_path: Path) -> None:
    """Half a film looks like a film with a black half."""
    path = dicom(tmp_path / "x", film_pixels())
    path.write_bytes(path.read_bytes()[:-2000])

    with pytest.raises(DamagedFile):
        read_study([path])


def test_lying_size_is_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header may claim 65535 x 65535 pixels in a file of one KiB."""
    path = dicom(tmp_path / "x", film_pixels(), Rows=65535, Columns=65535)
    monkeypatch.setenv("READROOM_RASTER_MEGAPIXELS", "100")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="65535"):
        read_study([path])
