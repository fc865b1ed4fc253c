"""DICOM series as volumes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  # its own custom
from pydicom import dcmread

from core.errors import ChoiceNeeded, DamagedFile, GeometryError, UnsupportedFile
from core.studies import Kind, Study, read_study
from tests.studies.builders import MR, dicom, pack_files, series, volume_pixels

# Directions of a double oblique stack, and axial, sagittal and coronal ones.
ORIENTATIONS = {
    "axial": (1, 0, 0, 0, 1, 0),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "coronal": (1, 0, 0, 0, 0, -1),
    "oblique": (0.9, 0.3, -0.31622777, -0.31622777, 0.94868330, 0.0),
}


def _orthonormal(directions: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row = np.array(directions[:3]) / np.linalg.norm(directions[:3])
    column = np.array(directions[3:])
    column = column - (column @ row) * row
    column /= np.linalg.norm(column)
    return row, column, np.cross(row, column)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_geometry_agrees_with_simpleitk(tmp_path: Path, name: str) -> None:
    """An independent library reads the same files: same value at the same place in the world, voxel by voxel."""
    row, column, normal = _orthonormal(ORIENTATIONS[name])
    files = series(tmp_path, volume_pixels(), orientation=(*row, *column), step=2.5 * normal)

    study = read_study(files)

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    image = reader.Execute()
    affine = study.geometry.affine
    assert affine is not None
    for index in [(0, 0, 0), (3, 7, 4), (9, 11, 5), (1, 0, 5)]:
        ras = (affine @ [*index, 1])[:3]
        lps = ras * [-1, -1, 1]
        there = image.TransformPhysicalPointToIndex([float(value) for value in lps])
        assert study.pixels[0][index] == image[there]
        assert np.allclose(image.TransformIndexToPhysicalPoint(there), lps, atol=1e-4)
    assert study.geometry.spacing_mm == pytest.approx(image.GetSpacing())


def test_slices_are_sorted_by_position_and_not_by_name_or_number(tmp_path: Path) -> None:
    """Names and instance numbers are often reversed or random; a shuffled head must not come out."""
    pixels = volume_pixels()
    plain = series(tmp_path / "a", pixels)
    shuffled = series(tmp_path / "b", pixels, InstanceNumber=1)
    order = np.random.default_rng(3).permutation(len(pixels))

    study = read_study([shuffled[number] for number in order])

    assert np.array_equal(study.pixels, read_study(plain).pixels)
    assert study.shape == (10, 12, 6)
    assert np.array_equal(study.pixels[0], pixels.transpose(2, 1, 0))


def test_spacing_comes_from_positions_and_never_from_thickness(tmp_path: Path) -> None:
    """Thickness and step differ in half of all real series (here 9 against 2 mm)."""
    study = read_study(series(tmp_path, volume_pixels(), SpacingBetweenSlices=7.0))

    assert study.geometry.spacing_mm == (0.75, 1.5, 2.0)


def test_rescaling_differs_from_slice_to_slice(tmp_path: Path) -> None:
    """PET and some MR scale each slice for itself."""
    pixels = volume_pixels()
    files = series(tmp_path, pixels)
    for number, file in enumerate(files):
        dataset = dcmread(file)
        dataset.RescaleSlope, dataset.RescaleIntercept = number + 1, -number
        dataset.save_as(file)

    study = read_study(files)

    slopes = np.arange(1, 7)[:, None, None]
    assert np.array_equal(study.pixels[0].T, pixels * slopes - (slopes - 1))


def test_zipped_and_loose_series_are_the_same_study(tmp_path: Path) -> None:
    """Results are bound to the input's hash; packing must not change it."""
    files = series(tmp_path / "loose", volume_pixels())

    loose, zipped = read_study(files), read_study([pack_files(tmp_path / "a.zip", reversed(files))])

    assert loose.sha256 == zipped.sha256
    assert loose.report.pixel_sha256 == zipped.report.pixel_sha256
    assert np.array_equal(loose.pixels, zipped.pixels)


def test_copy_of_a_slice_is_dropped_with_a_warning(tmp_path: Path) -> None:
    """Two exports in one folder are common and harmless."""
    files = series(tmp_path, volume_pixels())
    copy = shutil.copy(files[2], tmp_path / "copy")

    study = read_study([*files, Path(copy)])

    assert study.shape[2] == 6
    assert "1 file(s) came twice; the copies were dropped." in study.report.warnings
    assert study.sha256 == read_study(files).sha256


def test_other_pixels_at_one_position_are_refused(tmp_path: Path) -> None:
    """Which of the two is the volume's is unknown, and either could be a derived map."""
    pixels = volume_pixels()
    files = series(tmp_path, pixels, SeriesInstanceUID="1.2.3")
    extra = series(tmp_path / "b", pixels[:1] + 1, origin=(-10, -20, 34), SeriesInstanceUID="1.2.3")

    with pytest.raises(GeometryError, match=r"2 different slices at the position -10.00 -20.00 34.00"):
        read_study([*files, *extra])


def test_one_instance_with_other_pixels_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    """A UID is a claim; two contents under one UID are two slices."""
    files = series(tmp_path, volume_pixels())
    dataset = dcmread(files[2])
    dataset.PixelData = (dataset.pixel_array + 1).astype(np.int16).tobytes()
    dataset.save_as(tmp_path / "other")

    with pytest.raises(GeometryError, match="2 different slices"):
        read_study([*files, tmp_path / "other"])


def test_several_volumes_are_a_choice_numbered_from_0(tmp_path: Path) -> None:
    """Functional series repeat every position; guessing one would be silent."""
    first, second = volume_pixels(seed=1), volume_pixels(seed=2)
    files = series(tmp_path / "a", first, SeriesInstanceUID="1.2.3", AcquisitionNumber=1)
    files += series(tmp_path / "b", second, SeriesInstanceUID="1.2.3", AcquisitionNumber=2)

    with pytest.raises(ChoiceNeeded) as raised:
        read_study(files)
    chosen = read_study(files, volume=1)

    assert [choice.id for choice in raised.value.choices] == ["0", "1"]
    assert np.array_equal(chosen.pixels[0].T, second)
    assert chosen.report.volumes == 2
    assert chosen.sha256 != read_study(files, volume=0).sha256
    with pytest.raises(ChoiceNeeded, match="Volume 2 is not one of them"):
        read_study(files, volume=2)


def test_volumes_follow_instance_numbers_where_nothing_else_tells(tmp_path: Path) -> None:
    """GE writes one acquisition number for all time points."""
    first, second = volume_pixels(seed=1), volume_pixels(seed=2)
    files = series(tmp_path / "a", first, SeriesInstanceUID="1.2.3")
    for number, file in enumerate(series(tmp_path / "b", second, SeriesInstanceUID="1.2.3")):
        dataset = dcmread(file)
        dataset.InstanceNumber = 7 + number
        dataset.save_as(file)
        files.append(file)

    assert np.array_equal(read_study(files[::-1], volume=0).pixels[0].T, first)
    assert np.array_equal(read_study(files[::-1], volume=1).pixels[0].T, second)


def test_several_series_are_a_choice_with_neutral_ids(tmp_path: Path) -> None:
    """Folders of a whole examination are common; a UID or description must not become an id."""
    files = series(tmp_path / "a", volume_pixels(seed=1), SeriesNumber=4, SeriesDescription="DOE JOHN")
    other = series(tmp_path / "b", volume_pixels(5, seed=2), SeriesNumber=2)

    with pytest.raises(ChoiceNeeded) as raised:
        read_study([*files, *other])

    assert [(choice.id, choice.what) for choice in raised.value.choices] == [
        ("series-1", "MR series 2, 5 slices of 10 x 12"),
        ("series-2", "MR series 4, 6 slices of 10 x 12"),
    ]
    assert read_study([*other, *files], series="series-2").shape == (10, 12, 6)
    with pytest.raises(ChoiceNeeded, match="not among them"):
        read_study([*files, *other], series="series-9")


def test_two_patients_in_one_upload_are_refused(tmp_path: Path) -> None:
    """A slip in packing must not offer a choice between two persons."""
    files = series(tmp_path / "a", volume_pixels())
    files += series(tmp_path / "b", volume_pixels(), PatientID="case-02")

    with pytest.raises(UnsupportedFile, match="2 patients"):
        read_study(files)


def test_single_slice_is_neither_film_nor_volume(tmp_path: Path) -> None:
    """A CT slice under an X-ray model gives a number like any other."""
    path = dicom(tmp_path / "x", volume_pixels()[0], sop_class=MR, Modality="CT")

    with pytest.raises(GeometryError, match="single CT picture"):
        read_study([path])


def test_broken_slice_refuses_the_series(tmp_path: Path) -> None:
    """Left out in silence, a cut last slice would only make the volume shorter."""
    files = series(tmp_path, volume_pixels())
    files[5].write_bytes(files[5].read_bytes()[:140])

    with pytest.raises(DamagedFile, match="file-06"):
        read_study(files)


def test_common_window_is_kept_and_differing_ones_are_not(tmp_path: Path) -> None:
    """One window for all slices, or they would flicker."""
    files = series(tmp_path, volume_pixels(), WindowCenter=500, WindowWidth=201)
    assert read_study(files).windows[0].source == "header"

    dataset = dcmread(files[0])
    dataset.WindowCenter = 400
    dataset.save_as(files[0])
    assert read_study(files).windows[0].source == "percentiles 1 to 99"


def test_monochrome1_volume_is_inverted_with_its_window(tmp_path: Path) -> None:
    """The same rule as for films, over the range of the bits."""
    pixels = volume_pixels().astype(np.uint16)
    tags = {"WindowCenter": 500, "WindowWidth": 201, "BitsStored": 10, "HighBit": 9}
    files = series(tmp_path, pixels, PhotometricInterpretation="MONOCHROME1", **tags)

    study = read_study(files)

    assert np.array_equal(study.pixels[0].T, 1023 - pixels.astype(np.float32))
    assert (study.windows[0].low, study.windows[0].high) == (1023 - 599.5, 1023 - 399.5)


def test_series_is_a_volume_with_a_full_report(tmp_path: Path) -> None:
    """What the page and the JSON show of a series."""
    study: Study = read_study(series(tmp_path, volume_pixels(), BodyPartExamined="BRAIN", PatientName="A^B"))

    assert study.kind is Kind.VOLUME
    assert study.report.files == 6
    assert study.report.modality == "MR"
    assert study.report.body_part == "BRAIN"
    assert study.report.orientation == "LPS"
    assert {"PatientName", "PatientID", "SOPInstanceUID"} <= set(study.report.identifiers_removed)
    assert study.pixels.flags.f_contiguous
