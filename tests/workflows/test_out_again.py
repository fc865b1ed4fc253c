"""In and out again: what a user takes away lies in the world where the input lay, by other programs' word."""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import dcm2niix
import highdicom as hd
import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name

from core.errors import ChoiceNeeded, StudyError
from core.inference.prediction import Prediction
from core.models.model import Model
from core.render.nifti_out import mask_nifti
from core.studies import Study, read_study
from core.studies.pseudonyms import CopyTo, Pseudonyms
from core.workflows.outputs import DICOM_SEG, Made
from tests.render.builders import all_axis_codes, head, predicted, stored_as
from tests.render.test_nifti_out import turned

TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
HALF_VOXEL = 0.5


def thresholded(study: Study) -> tuple[Prediction, float]:
    """A result whose label map is the picture itself above a grey value: any flip or shift of it shows."""
    pixels = np.asarray(study.pixels[0])
    cut = float(np.quantile(pixels, 0.7)) + 0.25
    label_map = pixels > cut
    return replace(predicted(label_map, ("lesion",)), foreground=label_map.astype(np.uint8) * 200), cut


def shift_in_voxels(values: np.ndarray, affine_ras: np.ndarray, study: Study, ours: np.ndarray) -> float:
    """Largest shift of another program's grid against ours; its values must be ours place by place."""
    theirs = np.argwhere(np.ones(values.shape, bool))
    index = np.c_[theirs, np.ones(len(theirs))] @ (np.linalg.inv(study.geometry.affine) @ affine_ras).T
    nearest = np.rint(index[:, :3]).astype(int)
    np.testing.assert_array_equal(values.ravel(), ours[tuple(nearest.T)])
    return float(np.abs(index[:, :3] - nearest).max())


def converted(folder: Path) -> list[nib.Nifti1Image]:
    """What dcm2niix makes of a folder of DICOM files, values as stored times slope."""
    out = folder.with_name(f"{folder.name}-nii")
    out.mkdir()
    done = subprocess.run(
        [dcm2niix.bin, "-p", "n", "-b", "n", "-z", "n", "-f", "v%s_%c_%e", "-o", out, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    made = sorted(out.glob("*.nii"))
    assert made, done.stdout[-500:]
    return [nib.load(path) for path in made]


@pytest.mark.parametrize("degrees", [0, 17])
def test_48_axis_orders_of_nifti_come_back_on_the_same_grid(degrees: float, tmp_path: Path) -> None:
    """Judged by SimpleITK, which reads the file that came in and the file that goes out."""
    pixels, affine_ras = head()
    worst = 0.0
    for codes in all_axis_codes():
        array, affine = stored_as(pixels, turned(degrees) @ affine_ras, codes)
        nib.save(nib.Nifti1Image(array, affine), tmp_path / "in.nii")
        study = read_study([tmp_path / "in.nii"])
        (tmp_path / "out.nii.gz").write_bytes(mask_nifti(study, thresholded(study)[0]))

        came, went = (sitk.ReadImage(str(tmp_path / name)) for name in ("in.nii", "out.nii.gz"))
        _, cut = thresholded(study)
        np.testing.assert_array_equal(sitk.GetArrayFromImage(went), sitk.GetArrayFromImage(came) > cut)
        for corner in ((0, 0, 0), tuple(size - 1 for size in came.GetSize())):
            place = went.TransformPhysicalPointToContinuousIndex(came.TransformIndexToPhysicalPoint(corner))
            worst = max(worst, float(np.abs(np.subtract(place, corner)).max()))

    assert worst < HALF_VOXEL / 100


SERIES = (
    "hippocrop_32", "siemens_sagittal_5", "siemens_t1post_oblique11", "philips_pcasl_double_oblique",
    "made_pcasl_jpeg2000", "made_sagittal_rle", "made_ge_first_volume", "made_shuffled_names", "siemens_enhanced_t1",
    "siemens_enhanced_4_files", "philips_enhanced_fieldmap",
)  # fmt: skip
LEFT_OUT = {
    ("made_pcasl_jpeg2000", "came"): "compressed in a way that not every build of the converter reads",
    ("philips_enhanced_fieldmap", "source"): "the converter gives frames of two kinds one scale without private parts",
}
"""What dcm2niix is not asked about, and why; the other form of the same series is."""


def opened(archive: Path, copy: CopyTo) -> Study:
    """The first study, and the first volume, of an archive."""
    wanted: dict[str, object] = {}
    for _ in range(3):
        try:
            return read_study([archive], copy=copy, **wanted)
        except ChoiceNeeded as choice:
            first = choice.choices[0].id
            wanted |= {"volume": 0} if first == "0" else {"series": first}
    raise AssertionError(f"{archive.name} always asks")


@pytest.mark.realdata
@pytest.mark.parametrize("name", SERIES)
def test_real_series_come_back_where_they_lay(name: str, shared_data: Path, tmp_path: Path, head_result) -> None:
    """Labels as NIfTI and as DICOM SEG, and the copy of the series, against dcm2niix, highdicom and SimpleITK."""
    model: Model = head_result[2]
    archive = shared_data / "mri" / "dicom" / f"{name}.zip"
    study = opened(archive, CopyTo(tmp_path / "copy", Pseudonyms(b"key")))
    prediction, cut = thresholded(study)
    files = tuple(sorted((tmp_path / "copy").glob("*.dcm")))

    packed = DICOM_SEG.make(Made(prediction, study, model, "case-01", "", files))

    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        bundle.extractall(tmp_path / "seg")
    label_map, shifts = prediction.label_map, []
    labels = hd.seg.segread(tmp_path / "seg" / "case-01_dseg.dcm").get_volume(combine_segments=True)
    shifts.append(shift_in_voxels(labels.array, TO_LPS @ labels.affine, study, label_map))
    image = sitk.ReadImage(str(tmp_path / "seg" / "case-01_probseg.dcm"))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    shifts.append(shift_in_voxels(sitk.GetArrayFromImage(image).T, TO_LPS @ affine, study, prediction.foreground))
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(tmp_path / "came")
    for folder in (tmp_path / "seg" / "source", tmp_path / "came"):
        if (name, folder.name) in LEFT_OUT:
            continue
        volumes = [image for image in converted(folder) if image.shape[:3] == _any_order(study, image)]
        found = [shift for image in volumes if (shift := _shift_if_same(image, study, cut)) is not None]
        assert found, f"no volume that dcm2niix made of {folder.name} is ours"
        shifts.append(min(found))
    assert max(shifts) < HALF_VOXEL / 10


def _any_order(study: Study, image: nib.Nifti1Image) -> tuple[int, ...]:
    return image.shape[:3] if sorted(image.shape[:3]) == sorted(study.shape) else ()


def _shift_if_same(image: nib.Nifti1Image, study: Study, cut: float) -> float | None:
    """The shift against the first volume of a converted image; None where it is another volume of the series."""
    values = np.asarray(image.dataobj, np.float32).reshape((*image.shape[:3], -1))
    for volume in range(values.shape[3]):
        try:
            return shift_in_voxels(values[..., volume] > cut, image.affine, study, np.asarray(study.pixels[0]) > cut)
        except (AssertionError, IndexError):
            continue
    return None


@pytest.mark.realdata
def test_real_nifti_files_come_back_on_their_own_grid(shared_data: Path, tmp_path: Path) -> None:
    """Every file of the geometry set that opens alone and that SimpleITK reads."""
    compared = 0
    for path in sorted((shared_data / "mri" / "geometry").glob("*.nii*")):
        try:
            study = read_study([path])
            came = sitk.ReadImage(str(path))
        except (StudyError, RuntimeError):
            continue
        if study.geometry.orientation is None or came.GetDimension() != 3:
            continue
        (tmp_path / "out.nii.gz").write_bytes(mask_nifti(study, thresholded(study)[0]))
        went = sitk.ReadImage(str(tmp_path / "out.nii.gz"))
        assert came.GetSize() == went.GetSize(), path.name
        for corner in ((0, 0, 0), tuple(size - 1 for size in came.GetSize())):
            place = went.TransformPhysicalPointToContinuousIndex(came.TransformIndexToPhysicalPoint(corner))
            assert np.abs(np.subtract(place, corner)).max() < HALF_VOXEL / 100, path.name
        compared += 1
    assert compared >= 15
