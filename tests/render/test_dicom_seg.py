"""DICOM segmentations read back by highdicom, pydicom and SimpleITK and compared in world millimetres."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from pydicom.dataset import Dataset

import core
from core.inference.prediction import Prediction
from core.render.dicom_seg import labels_seg, probability_seg
from core.render.label_codes import GENERIC, label_code
from core.render.palette import label_colour, rgb
from core.studies import Study, read_study
from core.studies.pseudonyms import CopyTo, Pseudonyms
from tests.render.builders import predicted
from tests.studies.builders import series, volume_pixels

SHAPE = (5, 9, 7)  # slices, rows, columns
HALF_VOXEL = 0.5


def all_directions() -> Iterator[tuple[list[int], list[int], bool]]:
    """The 48 ways to store a box: row and column directions along patient axes, slices numbered up or down."""
    axes = np.eye(3, dtype=int)
    for (row, column), signs, falling in product(permutations(range(3), 2), product((1, -1), repeat=2), (False, True)):
        yield list(axes[row] * signs[0]), list(axes[column] * signs[1]), falling


def turned(direction: list[int], degrees: float) -> list[float]:
    """A direction turned about two axes."""
    a = np.radians(degrees)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    return list(about_z @ about_x @ direction)


def read(folder: Path, degrees: float, row: list[int], column: list[int], falling: bool) -> tuple[Study, list[Dataset]]:
    """A made series in these directions, read with its de-identified copy."""
    along_row, along_column = turned(row, degrees), turned(column, degrees)
    step = np.cross(along_row, along_column) * (-2.5 if falling else 2.5)
    files = series(
        folder / "in", volume_pixels(*SHAPE), orientation=[*along_row, *along_column], step=step, SliceThickness=9.0
    )
    study = read_study(files, copy=CopyTo(folder / "out", Pseudonyms(b"key")))
    copies = sorted((folder / "out").glob("*.dcm"))
    return study, [pydicom.dcmread(path, stop_before_pixels=True) for path in copies]


def answer(study: Study, labels: tuple[str, ...] = ("lesion", "edema")) -> Prediction:
    """A label map in which no flip equals another, and a probability in every step."""
    values = np.random.default_rng(5)
    label_map = values.integers(0, len(labels) + 1, study.shape).astype(np.uint8)
    steps = values.integers(0, 201, study.shape).astype(np.uint8)
    return replace(predicted(label_map, labels), foreground=steps)


def compare(read_back: np.ndarray, affine_lps: np.ndarray, study: Study, ours: np.ndarray) -> float:
    """Largest shift in voxels of what another library read, after its values were found equal place by place."""
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ study.geometry.affine
    theirs = np.argwhere(np.ones(read_back.shape, bool))
    world = np.c_[theirs, np.ones(len(theirs))] @ affine_lps.T
    index = world @ np.linalg.inv(to_lps).T
    nearest = np.rint(index[:, :3]).astype(int)
    np.testing.assert_array_equal(read_back.ravel(), ours[tuple(nearest.T)])
    return float(np.abs(index[:, :3] - nearest).max())


def itk_volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Array in (x, y, z) index order and affine to LPS mm, as SimpleITK has them."""
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).transpose(2, 1, 0), affine


@pytest.mark.parametrize("degrees", [0, 17])
def test_48_axis_orders_come_back_neither_mirrored_nor_shifted(degrees: float, tmp_path: Path) -> None:
    """The promise of the whole module, judged by two libraries, straight and oblique."""
    shifts = []
    for number, directions in enumerate(all_directions()):
        study, source = read(tmp_path / str(number), degrees, *directions)
        prediction = answer(study)
        labels = hd.seg.segread(io.BytesIO(labels_seg(study, prediction, "m", source)))
        there = labels.get_volume(combine_segments=True)
        shifts.append(compare(there.array, there.affine, study, prediction.label_map))
        path = tmp_path / "probability.dcm"
        path.write_bytes(probability_seg(study, prediction, "m", source))
        shifts.append(compare(*itk_volume(path), study, prediction.foreground))

    assert len(shifts) == 96
    assert max(shifts) < HALF_VOXEL / 100


@pytest.fixture
def written(tmp_path: Path) -> tuple[hd.seg.Segmentation, hd.seg.Segmentation, list[Dataset], Prediction]:
    """Labels and probability of one straight series, with its source and the prediction."""
    study, source = read(tmp_path, 0, [1, 0, 0], [0, 1, 0], False)
    prediction = answer(study, ("lesion", "back\\slash " + "x" * 80))
    labels = hd.seg.segread(io.BytesIO(labels_seg(study, prediction, "tiny", source)))
    probability = hd.seg.segread(io.BytesIO(probability_seg(study, prediction, "tiny", source)))
    return labels, probability, source, prediction


def test_probability_comes_back_to_the_last_step(written) -> None:
    """1/200 is the precision that is promised; a byte holds it without rounding again."""
    _, probability, _, prediction = written

    there = probability.get_volume(rescale_fractional=True).array.squeeze()

    assert (probability.SegmentationType, probability.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    assert probability.MaximumFractionalValue == 200
    ours = prediction.foreground.transpose(2, 1, 0) / 200
    there = there if np.allclose(there, ours) else there[::-1]
    np.testing.assert_allclose(there, ours, atol=1e-6)


def test_it_refers_to_its_source_slice_by_slice(written) -> None:
    """A viewer finds the picture below a mask by these references."""
    labels, _, source, _ = written

    referenced = {
        item.ReferencedSOPInstanceUID
        for frame in labels.PerFrameFunctionalGroupsSequence
        for item in frame.DerivationImageSequence[0].SourceImageSequence
    }
    assert referenced == {one.SOPInstanceUID for one in source}
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert labels[keyword].value == source[0][keyword].value
    assert labels.NumberOfFrames == 2 * SHAPE[0]


def test_every_segment_is_named_coded_and_coloured_as_on_screen(written) -> None:
    """Another viewer must show the same colours, and know what a segment is without our words."""
    labels = written[0]

    for value, segment in enumerate(labels.SegmentSequence, start=1):
        colour = hd.color.CIELabColor.from_dicom_value(segment.RecommendedDisplayCIELabValue).to_rgb(clip=True)
        assert np.abs(np.subtract(colour, rgb(label_colour(value)))).max() <= 1
        assert segment.SegmentAlgorithmType == "AUTOMATIC"
        family = segment.SegmentationAlgorithmIdentificationSequence[0].AlgorithmFamilyCodeSequence[0]
        assert family.CodeMeaning == "Artificial Intelligence"
    first, second = labels.SegmentSequence
    assert first.SegmentLabel == "lesion"
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == "52988006"
    assert second.SegmentLabel == ("back slash " + "x" * 80)[:64]


def test_it_says_that_it_is_for_research_and_de_identified(written) -> None:
    """Who finds the object alone in an archive must not take it for a finding."""
    for one in written[:2]:
        assert one.SeriesDescription.startswith("Research use only. Not a medical device.")
        assert one.ContentDescription == "Research use only. Not a medical device."
        assert one.ContentQualification == "RESEARCH"
        assert one.PatientIdentityRemoved == "YES"
        assert [item.CodeValue for item in one.DeidentificationMethodCodeSequence] == ["113100"]
        segment = one.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
        assert core.NOTICE in segment.AlgorithmParameters


def test_another_result_has_another_uid_and_the_same_one_the_same(tmp_path: Path) -> None:
    """Two results under one UID would overwrite each other in an archive."""
    study, source = read(tmp_path, 0, [1, 0, 0], [0, 1, 0], False)
    prediction = answer(study)
    other = replace(prediction, label_map=np.flip(prediction.label_map, 0).copy())

    uids = [
        pydicom.dcmread(io.BytesIO(labels_seg(study, one, "m", source))).SOPInstanceUID
        for one in (prediction, prediction, other)
    ]

    assert uids[0] == uids[1] != uids[2]


def test_empty_label_map_is_written_whole(tmp_path: Path) -> None:
    """'Nothing found' is a result too."""
    study, source = read(tmp_path, 0, [1, 0, 0], [0, 1, 0], False)
    prediction = predicted(np.zeros(study.shape), ("lesion",))

    labels = hd.seg.segread(io.BytesIO(labels_seg(study, prediction, "m", source)))

    assert labels.NumberOfFrames == SHAPE[0]
    assert not labels.pixel_array.any()


def test_map_of_another_grid_is_refused(tmp_path: Path) -> None:
    """A mask of another grid has no place in this study."""
    study, source = read(tmp_path, 0, [1, 0, 0], [0, 1, 0], False)

    with pytest.raises(ValueError, match="own grid"):
        labels_seg(study, predicted(np.zeros((2, 2, 2)), ("lesion",)), "m", source)
    with pytest.raises(ValueError, match="own grid"):
        probability_seg(study, predicted(np.zeros(study.shape), ("lesion",)), "m", source)


@pytest.mark.parametrize(
    ("label", "model", "value"),
    [
        ("FLAIR abnormality", "lgg_flair_unet2d_v1.0.0", "52988006"),
        ("anterior", "hippocampus_unet3d_v1.0.0", "5366008"),
        ("Hippocampus", "any", "5366008"),
        ("enhancing tumour", "any", "108369006"),
        ("oedema", "any", "79654002"),
        ("necrotic core", "any", "6574001"),
        ("front", "any", GENERIC.type.value),
        ("slung", "any", GENERIC.type.value),
    ],
)
def test_labels_get_the_code_that_their_words_mean(label: str, model: str, value: str) -> None:
    """A wrong code is worse than the generic one, so only whole words count."""
    assert label_code(label, model).type.value == value


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="the validator of Debian's dicom3tools is not installed")
@pytest.mark.parametrize("make", [labels_seg, probability_seg])
def test_a_validator_finds_no_error(tmp_path: Path, make: Callable[..., bytes]) -> None:
    """What an archive would refuse helps nobody."""
    study, source = read(tmp_path, 10.0, *next(iter(all_directions())))
    path = tmp_path / "seg.dcm"
    path.write_bytes(make(study, answer(study), "A model", source))

    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)

    assert "Segmentation" in said.stdout + said.stderr
    assert [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")] == []
