"""DICOM films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from core.errors import DamagedFile, UnsupportedFile
from core.studies import Kind, read_study
from tests.studies.builders import dicom, film_pixels


def test_film_keeps_values_window_spacing_and_edges(tmp_path: Path) -> None:
    """Everything the viewer and a model need, from one header."""
    path = dicom(
        tmp_path / "x",
        film_pixels(),
        PixelSpacing=[0.2, 0.3],
        PatientOrientation=["L", "F"],
        WindowCenter=2000,
        WindowWidth=1001,
        BodyPartExamined="CHEST",
        ViewPosition="PA",
    )

    study = read_study([path])

    assert study.kind is Kind.FILM
    assert np.array_equal(study.pixels[0], film_pixels())
    assert study.geometry.spacing_mm == (0.2, 0.3)
    assert study.geometry.edges == ("L", "F")
    assert (study.windows[0].low, study.windows[0].high, study.windows[0].source) == (1499.5, 2499.5, "header")
    assert (study.report.modality, study.report.body_part, study.report.view) == ("CR", "CHEST", "PA")
    assert study.report.warnings == ()


def test_monochrome1_is_inverted_with_its_window_and_told(tmp_path: Path) -> None:
    """Read the other way round, bone is black and every score is of another picture."""
    tags: dict[str, Any] = {"WindowCenter": 1000, "WindowWidth": 501, "BitsStored": 12, "HighBit": 11}
    plain = read_study([dicom(tmp_path / "a", film_pixels(), **tags)])
    turned = read_study(
        [dicom(tmp_path / "b", (4095 - film_pixels()), **tags, PhotometricInterpretation="MONOCHROME1")]
    )

    assert np.array_equal(turned.pixels, plain.pixels)
    assert (turned.windows[0].low, turned.windows[0].high) == (4095 - 1249.5, 4095 - 749.5)
    assert any("MONOCHROME1" in note for note in turned.report.changed)
    assert turned.report.pixel_sha256 != plain.report.pixel_sha256


def test_inverted_window_shows_the_same_greys(tmp_path: Path) -> None:
    """Property: the share of the window that a pixel fills is one minus that before turning it over."""
    tags: dict[str, Any] = {"WindowCenter": 1000, "WindowWidth": 501}
    plain = read_study([dicom(tmp_path / "a", film_pixels(), **tags)])
    turned = read_study([dicom(tmp_path / "b", film_pixels(), **tags, PhotometricInterpretation="MONOCHROME1")])

    def share(study: Any) -> np.ndarray:
        window = study.windows[0]
        return np.asarray((study.pixels - window.low) / (window.high - window.low))

    assert np.allclose(share(plain), 1 - share(turned), atol=1e-3)


def test_signed_and_scaled_monochrome1_stays_in_its_range(tmp_path: Path) -> None:
    """The range turned over is that of the values after slope and intercept."""
    pixels = np.array([[-2048, 2047]] * 70, dtype=np.int16).repeat(40, axis=1)
    path = dicom(
        tmp_path / "x",
        pixels,
        BitsStored=12,
        HighBit=11,
        RescaleSlope=2,
        RescaleIntercept=10,
        PhotometricInterpretation="MONOCHROME1",
    )

    values = read_study([path]).pixels

    assert (values.min(), values.max()) == (-2048 * 2 + 10, 2047 * 2 + 10)
    assert values[0, 0, 0] == 2047 * 2 + 10


def test_modality_table_is_applied_and_told(tmp_path: Path) -> None:
    """A film may carry a table instead of slope and intercept."""
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 16]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = [value * 3 for value in range(4096)]
    item["LUTData"].VR = "US"

    study = read_study([dicom(tmp_path / "x", film_pixels(), ModalityLUTSequence=[item])])

    assert np.array_equal(study.pixels[0], film_pixels().astype(np.float32) * 3)
    assert any("modality table" in note for note in study.report.changed)


def test_detector_spacing_is_taken_with_a_note(tmp_path: Path) -> None:
    """At the detector everything is larger than in the patient: a ruler must say so."""
    study = read_study([dicom(tmp_path / "x", film_pixels(), ImagerPixelSpacing=[0.14, 0.15])])

    assert study.geometry.spacing_mm == (0.14, 0.15)
    assert any("detector" in note for note in study.report.changed)


def test_no_spacing_is_none(tmp_path: Path) -> None:
    """No figure may be invented for a film without one."""
    assert read_study([dicom(tmp_path / "x", film_pixels())]).report.spacing_mm is None


@pytest.mark.parametrize("orientation", [["XY", "F"], ["L"], ["", ""]])
def test_edges_outside_the_standards_letters_are_dropped(tmp_path: Path, orientation: list[str]) -> None:
    """Edges are drawn on the picture; only letters may get there."""
    path = dicom(tmp_path / "x", film_pixels(), PatientOrientation=orientation)

    assert read_study([path]).geometry.edges is None


def test_colour_film_of_an_xray_modality_becomes_grey(tmp_path: Path) -> None:
    """Some scanners of old films store equal colours; a model needs one channel."""
    grey = (film_pixels() // 16).astype(np.uint8)

    study = read_study([dicom(tmp_path / "x", np.stack([grey] * 3, axis=-1), Modality="DX")])

    assert np.array_equal(study.pixels[0], grey)
    assert any("colour channels" in note for note in study.report.changed)


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"Modality": "XA"}, "motion"),
        ({"BodyPartExamined": "HIP"}, "HIP"),
        ({"Modality": "OT", "WindowCenter": 10, "WindowWidth": 10}, "does not say"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "raw detector"),
    ],
)
def test_doubts_about_a_film_are_told(tmp_path: Path, tags: dict[str, Any], word: str) -> None:
    """Each of these gives a score that looks like any other."""
    assert any(word in text for text in read_study([dicom(tmp_path / "x", film_pixels(), **tags)]).report.warnings)


def test_header_without_pixels_is_refused(tmp_path: Path) -> None:
    """Some exports strip the pixels."""
    with pytest.raises(UnsupportedFile, match="no pixel data"):
        read_study([dicom(tmp_path / "x", None, Rows=20, Columns=20)])


def test_a_film_has_no_second_volume(tmp_path: Path) -> None:
    """An answer that does not fit the question must not be ignored."""
    path = dicom(tmp_path / "x", film_pixels())

    with pytest.raises(UnsupportedFile, match="no volume 1"):
        read_study([path], volume=1)
    assert read_study([path], volume=0).kind is Kind.FILM


@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": "1e308", "RescaleIntercept": "0"},
        {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": "1e300", "RescaleIntercept": "0"},
        {"PhotometricInterpretation": "PALETTE COLOR"},
    ],
)
def test_tables_that_cannot_be_applied_are_damage(tmp_path: Path, tags: dict[str, str]) -> None:
    """Found by `make fuzz`: values beyond every number, and a palette that is not there."""
    with pytest.raises(DamagedFile):
        read_study([dicom(tmp_path / "x", film_pixels(), **tags)])


def test_list_where_a_size_should_be_is_damage(tmp_path: Path) -> None:
    """Found by `make fuzz`: flipped bits make a list of the number of rows."""
    path = dicom(tmp_path / "x", film_pixels())
    content = path.read_bytes()
    at = content.index(b"\x28\x00\x10\x00US\x02\x00")
    path.write_bytes(content[: at + 6] + b"\x04\x00" + content[at + 8 : at + 10] * 2 + content[at + 10 :])

    with pytest.raises(DamagedFile, match="file-01 is a DICOM file"):
        read_study([path])
