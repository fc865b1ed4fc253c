"""Codecs, the modality table and windows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import gdcm
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from core.errors import DamagedFile, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies import read_study
from core.studies.dicom_pixels import header_window, modality_values, value_range
from core.studies.grey import to_grey
from tests.studies.builders import dicom, film_pixels

_SV1 = gdcm.TransferSyntax.JPEGLosslessProcess14_1


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


def _eight_bit() -> NDArray[np.uint8]:
    return (film_pixels(96, 80) // 16).astype(np.uint8)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_plain_syntaxes_hold_the_pixels_as_they_are(tmp_path: Path, syntax: str) -> None:
    """What is not compressed must come out to the bit, deflated data sets too."""
    study = read_study([dicom(tmp_path / "x", film_pixels(), syntax=syntax)])

    assert np.array_equal(study.pixels[0], film_pixels())


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_jpeg_of_eight_bits_is_decoded_as_pillow_does(tmp_path: Path, syntax: str) -> None:
    """The process for 8 bits under both of its names."""
    stream = io.BytesIO()
    Image.fromarray(_eight_bit()).save(stream, "JPEG", quality=90)
    packed = _encapsulated(dicom(tmp_path / "x", _eight_bit()), syntax, stream.getvalue())

    study = read_study([packed])

    assert np.array_equal(study.pixels[0], np.asarray(Image.open(stream)))


def test_jpeg_of_twelve_bits_keeps_its_range(tmp_path: Path) -> None:
    """Most decoders refuse it. Ringing beyond the stated bits is cut to white, and never turns into black."""
    film = np.where(film_pixels(96, 80) > 900, 1023, 40).astype(np.uint16)
    stream = imagecodecs.jpeg8_encode(film, level=60, bitspersample=12)
    assert imagecodecs.jpeg8_decode(stream).max() > 1023
    packed = _encapsulated(dicom(tmp_path / "x", film, BitsStored=10, HighBit=9), JPEGExtended12Bit, stream)

    pixels = read_study([packed]).pixels[0]

    assert pixels.max() == 1023
    assert np.abs(pixels - film).max() < 300


@pytest.mark.parametrize("picture", ["grey", "colour"])
@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
def test_lossless_jpeg_of_another_encoder_is_the_same_film(tmp_path: Path, syntax: str, picture: str) -> None:
    """Old archives hold little else. Colours are stored as they are and not as brightness and differences."""
    pixels = film_pixels() if picture == "grey" else np.random.default_rng(0).integers(0, 256, (80, 70, 3), np.uint8)
    plain = dicom(tmp_path / "plain", pixels)
    change = gdcm.ImageChangeTransferSyntax()
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    wanted = {JPEGLossless: gdcm.TransferSyntax.JPEGLosslessProcess14, JPEGLosslessSV1: _SV1}[syntax]
    change.SetTransferSyntax(gdcm.TransferSyntax(wanted))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(tmp_path / "packed"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()

    study = read_study([tmp_path / "packed"])

    assert study.report.transfer_syntax == UID(syntax).name
    assert np.array_equal(study.pixels, read_study([plain]).pixels)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_of_lossless_jpeg_is_undone(tmp_path: Path, predictor: int) -> None:
    """The process allows seven, and one name is for all of them."""
    stream = imagecodecs.jpeg8_encode(film_pixels(), lossless=True, predictor=predictor)

    study = read_study([_encapsulated(dicom(tmp_path / "x", film_pixels()), JPEGLossless, stream)])

    assert np.array_equal(study.pixels[0], film_pixels())


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_high_throughput_jpeg_2000_gives_the_same_film(tmp_path: Path, syntax: str, kind: type) -> None:
    """Written by another library than the one that reads it; signed numbers keep their sign."""
    film = (film_pixels() - (0 if kind is np.uint16 else 2000)).astype(kind)

    study = read_study([_encapsulated(dicom(tmp_path / "x", film), syntax, imagecodecs.htj2k_encode(film))])

    assert np.array_equal(study.pixels[0], film)


def test_a_stream_of_another_size_than_its_header_is_damaged(tmp_path: Path) -> None:
    """Reshaped to fit, the picture would be sheared."""
    stream = imagecodecs.htj2k_encode(film_pixels(70, 80))

    with pytest.raises(DamagedFile):
        read_study([_encapsulated(dicom(tmp_path / "x", film_pixels(80, 70)), HTJ2KLossless, stream)])


@pytest.mark.parametrize(("syntax", "options"), [(JPEG2000, {"j2k_cr": [4]}), (JPEGLSNearLossless, {"jls_error": 3})])
def test_lossy_syntaxes_stay_within_their_error(tmp_path: Path, syntax: str, options: dict[str, Any]) -> None:
    """JPEG-LS promises its error for each pixel; JPEG 2000 at 4:1 is within a hundredth of the range."""
    dataset = dcmread(dicom(tmp_path / "x", film_pixels()))
    dataset.compress(syntax, **options)
    dataset.save_as(tmp_path / "x")

    off = np.abs(read_study([tmp_path / "x"]).pixels[0] - film_pixels().astype(np.float32))

    assert off.max() <= (3 if syntax == JPEGLSNearLossless else 40)


def test_colour_of_every_model_gives_the_grey_of_its_rgb(tmp_path: Path) -> None:
    """RGB interleaved and planar, YBR in full and halved, a palette: one picture, one grey."""
    rng = np.random.default_rng(0)
    rgb = np.repeat(np.repeat(rng.integers(0, 256, (40, 36, 3)), 2, axis=0), 2, axis=1).astype(np.uint8)
    grey = to_grey(rgb)[0]
    ybr = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    halved = np.concatenate([ybr[:, :, 0].reshape(80, 36, 2), ybr[:, ::2, 1:]], axis=2)
    planar = dicom(tmp_path / "planar", rgb, PlanarConfiguration=1, PixelData=rgb.transpose(2, 0, 1).tobytes())
    full = dicom(tmp_path / "full", ybr, PhotometricInterpretation="YBR_FULL")
    less = dicom(tmp_path / "less", ybr, PhotometricInterpretation="YBR_FULL_422", PixelData=halved.tobytes())

    found = {path.name: read_study([path]) for path in (dicom(tmp_path / "rgb", rgb), planar, full, less)}

    for name, study in found.items():
        # Turning to YBR and back rounds each channel once.
        tolerance = 0.01 if study.report.photometric == "RGB" else 2.0
        assert np.abs(study.pixels[0] - grey).max() <= tolerance, name
        assert "colour was converted to grey" in study.report.changed


def test_palette_film_is_looked_up_before_it_becomes_grey(tmp_path: Path) -> None:
    """The stored numbers of a palette are places in a table and no brightness."""
    levels = np.arange(256, dtype=np.uint16)[::-1] * 257
    table = {
        f"{colour}PaletteColorLookupTable{what}": value
        for colour in ("Red", "Green", "Blue")
        for what, value in (("Descriptor", [256, 0, 16]), ("Data", levels.tobytes()))
    }
    stored = _eight_bit()

    study = read_study([dicom(tmp_path / "x", stored, PhotometricInterpretation="PALETTE COLOR", **table)])

    assert np.array_equal(study.pixels[0], (255 - stored.astype(np.float32)) * 257)
    assert "palette colours were looked up" in study.report.changed


def test_bit_packed_film_is_unpacked(tmp_path: Path) -> None:
    """Eight pixels a byte, the first in the lowest bit (PS3.5 section 8.1.1)."""
    bits = np.random.default_rng(0).integers(0, 2, (80, 72)).astype(np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()

    study = read_study([dicom(tmp_path / "x", bits, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=packed)])

    assert np.array_equal(study.pixels[0], bits)


def _encapsulated(path: Path, syntax: str, stream: bytes) -> Path:
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    return path
