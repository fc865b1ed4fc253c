"""Every row of the three manifests of real files: the verdict it states, and the numbers it gives.

The manifests were made with other tools (dcm2niix, nibabel, SimpleITK, header arithmetic), so they are the oracle.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.errors import ChoiceNeeded, StudyError
from core.studies import Study, read_study

pytestmark = pytest.mark.realdata

FILMS, SERIES, VOLUMES = "xray/dicom", "mri/dicom", "mri/geometry"

DEPARTURES = {
    # The row says 'refuse: a JPEG file with the wrong ending', meaning a reader of DICOM. Our rule is that a file is
    # what its bytes are and its name counts for nothing, so this one is a sound picture, and never taken for DICOM.
    "made_jpeg_named_dcm.dcm": "open",
    # The row says 'open: three slices'. 153 of its voxels are NaN, and for just that another row of the same table
    # (made_nan_inf.nii.gz) asks for a warning: one rule for both.
    "three_slices_float32.nii": "warn",
}
"""Rows whose stated verdict we do not follow: the manifest's own words against each other, or against our rule."""


def _rows(shared_data: Path, part: str) -> list[dict[str, str]]:
    with (shared_data / part / "manifest.csv").open(newline="") as table:
        return list(csv.DictReader(table))


def _files(path: Path) -> list[Path]:
    return [path, path.with_suffix(".img")] if path.suffix == ".hdr" else [path]


@cache
def _read(path: Path) -> tuple[str, Study | StudyError]:
    try:
        study = read_study(_files(path))
    except ChoiceNeeded as choice:
        return "choose", choice
    except StudyError as refusal:
        return "refuse", refusal
    return ("warn" if study.report.warnings else "open"), study


def _expected(row: dict[str, str]) -> set[str]:
    """The verdicts that a row allows, in our words."""
    if row["file"] in DEPARTURES:
        return {DEPARTURES[row["file"]]}
    stated = row.get("expected") or row["expect"]
    words = {
        "read": {"open"},
        "open": {"open"},
        "warn": {"warn"},
        "open with warning": {"warn"},
        "refuse": {"refuse"},
        "choose": {"choose"},
        "choose volume": {"choose"},
        "warn_or_refuse": {"warn", "refuse"},
        "open or refuse": {"open", "refuse"},
        "choose or refuse": {"choose", "refuse"},
    }
    return words[stated]


def _first(path: Path) -> Study | None:
    """What a row's numbers are of: the study, or the first series and volume of several; None when refused."""
    verdict, found = _read(path)
    if verdict == "refuse":
        return None
    if isinstance(found, ChoiceNeeded):
        by_volume = found.choices[0].id.isdigit()
        return read_study(_files(path), volume=0) if by_volume else read_study(_files(path), series="series-1")
    assert isinstance(found, Study)
    return found


def _numbers(text: str, separator: str = "x") -> list[float]:
    return [float(part) for part in text.split(separator)]


def _value_at(study: Study, ras: list[float]) -> float:
    assert study.geometry.affine is not None
    index = np.round(np.linalg.inv(study.geometry.affine) @ [*ras, 1])[:3].astype(int)
    return float(study.pixels[0][tuple(index)])


@pytest.mark.parametrize(("part", "rows"), [(FILMS, 29), (SERIES, 34), (VOLUMES, 37)])
def test_every_row_gets_the_verdict_it_states(
    shared_data: Path, part: str, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can be shown, doubted, chosen, refused; every refusal in three sentences' parts."""
    counts: Counter[str] = Counter()
    wrong = {}
    for row in _rows(shared_data, part):
        verdict, found = _read(shared_data / part / row["file"])
        counts[verdict] += 1
        if verdict not in _expected(row):
            wrong[row["file"]] = (row.get("expected") or row["expect"], verdict, str(found))
        if isinstance(found, StudyError):
            assert all(part.endswith(".") for part in (found.found, found.why, found.do)), found

    with capsys.disabled():
        sys.stdout.write(f"\n{part}: " + ", ".join(f"{counts[word]} {word}" for word in sorted(counts)) + "\n")
    assert counts.total() == rows
    assert wrong == {}


def test_a_jpeg_that_is_named_dcm_is_a_jpeg_and_no_dicom(shared_data: Path) -> None:
    """The departure above: content decides, and nothing of a DICOM header is made up."""
    report = read_study([shared_data / FILMS / "made_jpeg_named_dcm.dcm"]).report

    assert report.recognised == "JPEG picture"
    assert (report.modality, report.transfer_syntax) == (None, None)


def test_voxels_that_are_no_numbers_are_counted_alike(shared_data: Path) -> None:
    """The other departure: the same doubt about the row that says so and the row that does not."""
    warnings = {
        name: read_study([shared_data / VOLUMES / name]).report.warnings
        for name in ("three_slices_float32.nii", "made_nan_inf.nii.gz")
    }

    said = "voxels are not a number or infinite; they were set to 0."
    assert all(any(text.endswith(said) for text in told) for told in warnings.values())
    assert warnings["three_slices_float32.nii"] == (f"153 of 1071 {said}",)


def test_films_decode_to_the_hashes_and_values_of_the_manifest(shared_data: Path) -> None:
    """Eight transfer syntaxes, each by the codec of our table, against pydicom with other codecs."""
    compared = 0
    for row in _rows(shared_data, FILMS):
        study = _first(shared_data / FILMS / row["file"])
        if study is None or not row["pixel_sha256"]:
            continue
        low, high = float(row["min_after_modality_lut"]), float(row["max_after_modality_lut"])
        values = study.pixels[0]
        assert study.report.pixel_sha256 == row["pixel_sha256"], row["file"]
        assert study.report.sha256 == row["sha256"]
        assert "x".join(map(str, study.shape)) == row["decoded_shape"]
        assert study.report.transfer_syntax == row["transfer_syntax"]
        assert study.report.photometric == row["photometric"]
        assert study.report.bits_stored == int(row["bits_stored"])
        assert study.report.modality == row["modality"]
        assert float(values.max() - values.min()) == pytest.approx(high - low, rel=1e-4)
        if row["photometric"] == "MONOCHROME2":
            assert float(values.mean(dtype=np.float64)) == pytest.approx(
                float(row["mean_after_modality_lut"]), rel=1e-4
            )
        compared += 1
    assert compared == 14


def test_same_film_in_two_encodings_is_one_picture(shared_data: Path) -> None:
    """The pairs that the data's own notes name."""
    for first, second in [("tibia_j2k_lossless", "tibia_jpegls_lossless"), ("angio_rle", "angio_jpeg_lossless_sv1")]:
        one, two = (read_study([shared_data / FILMS / f"{name}.dcm"]) for name in (first, second))
        assert np.array_equal(one.pixels, two.pixels)
        assert one.report.pixel_sha256 == two.report.pixel_sha256


def test_series_lie_where_the_manifest_says(shared_data: Path) -> None:
    """Shape, spacing, axes, positions and values at three points in the world, after rescaling."""
    compared = 0
    for row in _rows(shared_data, SERIES):
        study = _first(shared_data / SERIES / row["file"])
        if study is None or not row["p1_mm_ras"]:
            continue
        assert list(study.shape) == _numbers(row["shape_cols_rows_slices"]), row["file"]
        assert study.geometry.spacing_mm == pytest.approx(_numbers(row["spacing_mm"]), abs=1e-3)
        assert study.report.transfer_syntax == row["transfer_syntax"]
        if row["axes"]:  # the rows of mosaics have points alone
            _require_place(study, row)
        values = study.pixels[0]
        stated_values = [float(row[name]) for name in ("value_min", "value_max", "value_mean")]
        got = [float(values.min()), float(values.max()), float(values.mean(dtype=np.float64))]
        assert got == pytest.approx(stated_values, rel=1e-4), row["file"]
        for number in "123":
            point = _numbers(row[f"p{number}_mm_ras"], " ")
            assert _value_at(study, point) == pytest.approx(float(row[f"v{number}"]), rel=1e-4), row["file"]
        compared += 1
    assert compared == 20


def _require_place(study: Study, row: dict[str, str]) -> None:
    assert study.geometry.orientation == row["axes"]
    assert study.geometry.affine is not None
    last = study.geometry.affine @ [0, 0, study.shape[2] - 1, 1]
    for place, stated in [(study.geometry.affine[:3, 3], "first"), (last[:3], "last")]:
        assert place * [-1, -1, 1] == pytest.approx(_numbers(row[f"{stated}_position_lps"], " "), abs=2e-3)


def test_mosaics_are_opened_though_a_refusal_would_do(shared_data: Path) -> None:
    """All four, in three encodings; the two time points of one are a choice."""
    verdicts = {
        row["file"]: _read(shared_data / SERIES / row["file"])[0]
        for row in _rows(shared_data, SERIES)
        if "mosaic" in row["file"]
    }

    assert Counter(verdicts.values()) == {"open": 3, "choose": 1}


def test_number_of_volumes_and_series_is_the_manifests(shared_data: Path) -> None:
    """A choice must offer all that is there."""
    for row in _rows(shared_data, SERIES):
        verdict, found = _read(shared_data / SERIES / row["file"])
        if isinstance(found, ChoiceNeeded):
            assert len(found.choices) == int(row["volumes"]), (row["file"], verdict)


def test_recoded_and_rearranged_series_are_the_same_study(shared_data: Path) -> None:
    """Shuffled names, reversed numbers, a copy, another compression: one volume, one pixel hash."""
    same = {
        "hippocrop_40": ["made_shuffled_names", "made_instance_number_reversed", "made_duplicate_slice"],
        "philips_pcasl_double_oblique": ["made_pcasl_jpeg2000"],
        "siemens_sagittal_5": ["made_sagittal_rle"],
    }
    for original, copies in same.items():
        first = read_study([shared_data / SERIES / f"{original}.zip"])
        for copy in copies:
            other = read_study([shared_data / SERIES / f"{copy}.zip"])
            assert other.report.pixel_sha256 == first.report.pixel_sha256, copy
            assert np.array_equal(other.pixels, first.pixels)


def test_volumes_lie_where_the_manifest_says(shared_data: Path) -> None:
    """Shape, spacing, letters, angle, affine and values at three points in the world, after scaling."""
    compared = 0
    for row in _rows(shared_data, VOLUMES):
        study = _first(shared_data / VOLUMES / row["file"])
        if study is None:
            continue
        assert list(study.shape) == _numbers(row["shape"])[:3], row["file"]
        assert study.report.volumes == int(row["volumes"])
        assert study.geometry.spacing_mm == pytest.approx(_numbers(row["spacing_mm"]), abs=1e-3)
        letters = None if row["orientation"] == "unknown" else row["orientation"]
        assert study.geometry.orientation == letters
        compared += 1
        if letters is None:
            continue
        assert study.geometry.oblique_deg == pytest.approx(float(row["obliquity_deg"]), abs=0.06)
        affine = np.array([_numbers(line.strip(), " ") for line in row["affine_rows"].split("|")])
        assert study.geometry.affine is not None
        assert study.geometry.affine[:3] == pytest.approx(affine, rel=1e-5, abs=1e-4)
        for number in "123":
            point = _numbers(row[f"p{number}_mm"], " ")
            tolerance = float(row["value_tolerance"])
            assert abs(_value_at(study, point) - float(row[f"v{number}"])) <= tolerance, row["file"]
    assert compared == 29


def test_one_brain_stored_three_ways_is_one_brain(shared_data: Path) -> None:
    """Equal world points, equal values, with L and R burned in: left stays left."""
    heads = [
        read_study([shared_data / VOLUMES / f"{name}.nii.gz"])
        for name in ("ail_uint8_scaled", "made_same_world_rpi", "made_same_world_las")
    ]
    points = np.random.default_rng(0).uniform([-60, -60, -40], [60, 60, 40], (500, 3))

    values = [[_value_at(head, list(point)) for point in points] for head in heads]

    assert values[0] == values[1] == values[2]
    assert len(set(values[0])) > 20
