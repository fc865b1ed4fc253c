"""The mask file read back by two other libraries and compared in millimetres."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name

from core.render.nifti_out import label_table, mask_nifti, probability_facts, probability_nifti
from tests.render.builders import all_axis_codes, film, head, predicted, stored_as, volume

MARK = (5, 22, 13)  # a voxel of the bright mark, in RAS order


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    about_z, about_x = np.eye(4), np.eye(4)
    about_z[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    about_x[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return about_z @ about_x


@pytest.mark.parametrize("degrees", [0, 17])
@pytest.mark.parametrize("codes", all_axis_codes())
def test_mask_lies_in_the_same_millimetres_for_two_other_readers(codes, degrees, tmp_path):
    """A mask that another program places elsewhere is worse than none: nibabel and SimpleITK are the judges."""
    pixels, affine_ras = head()
    array, affine = stored_as(pixels, turned(degrees) @ affine_ras, codes)
    study = volume(array, affine)
    label_map = (array == 1000).astype(np.uint8) * 2
    path = tmp_path / "mask.nii.gz"

    path.write_bytes(mask_nifti(study, predicted(label_map, ("a", "b"))))

    expected = turned(degrees) @ affine_ras @ [*MARK, 1]
    ours = nib.load(path)
    np.testing.assert_allclose(ours.affine, affine, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(ours.dataobj), label_map)
    assert ours.get_data_dtype() == np.uint8
    index = tuple(np.rint(np.linalg.inv(ours.affine) @ expected).astype(int)[:3])
    assert label_map[index] == 2
    other = sitk.ReadImage(str(path))
    lps = expected[:3] * [-1, -1, 1]  # SimpleITK's world has x and y the other way
    assert other.GetPixel(other.TransformPhysicalPointToIndex(lps.tolist())) == 2
    np.testing.assert_allclose(other.TransformIndexToPhysicalPoint([int(i) for i in index]), lps, atol=1e-3)


def test_both_codes_say_scanner_and_agree():
    """Some programs read only the quaternion, some only the matrix; both must lead to the same place."""
    pixels, affine_ras = head()
    array, affine = stored_as(pixels, turned(17) @ affine_ras, "LIP")

    image = nib.Nifti1Image.from_bytes(gzip.decompress(mask_nifti(volume(array, affine), predicted(array > 0, ("a",)))))

    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)


def test_sheared_grid_is_written_as_matrix_alone():
    """A quaternion cannot shear: a wrong one beside a right matrix would show two truths."""
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[0, 2] = 0.4
    pixels = np.zeros((20, 20, 20))

    image = nib.Nifti1Image.from_bytes(gzip.decompress(mask_nifti(volume(pixels, affine), predicted(pixels, ("a",)))))

    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 0)
    np.testing.assert_allclose(image.affine, affine, atol=1e-6)


def test_unknown_orientation_stays_unknown():
    """A study without orientation must not get one by being exported."""
    pixels = np.zeros((4, 5, 6))

    image = nib.Nifti1Image.from_bytes(gzip.decompress(mask_nifti(volume(pixels), predicted(pixels, ("a",)))))

    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (0, 0)
    assert image.header.get_zooms() == (1.0, 1.0, 1.0)


def test_file_names_its_labels_and_carries_the_notice():
    """Who gets the file alone must know what 2 means and what the file is not for."""
    pixels = np.zeros((4, 5, 6))
    prediction = predicted(pixels, ("anterior", "posterior"))

    image = nib.Nifti1Image.from_bytes(gzip.decompress(mask_nifti(volume(pixels, np.eye(4)), prediction)))

    inside = json.loads(image.header.extensions[0].get_content().rstrip(b"\0"))
    assert inside == label_table(prediction)
    assert inside["labels"]["2"] == {"name": "posterior", "colour": "#D55E00"}
    assert b"Not a medical device" in image.header["descrip"].tobytes()


def test_same_prediction_gives_the_same_bytes():
    """A file's hash may stand in a report only if writing it again gives the same file."""
    pixels, affine = head()
    study, prediction = volume(pixels, affine), predicted(pixels > 500, ("a",))

    assert mask_nifti(study, prediction) == mask_nifti(study, prediction)


def test_film_or_foreign_grid_is_refused():
    """A film has no place in millimetres, and a mask of another grid none in this study."""
    with pytest.raises(ValueError, match="own grid"):
        mask_nifti(film(np.zeros((3, 4))), predicted(np.zeros((3, 4)), ("a",)))
    with pytest.raises(ValueError, match="own grid"):
        mask_nifti(volume(np.zeros((3, 4, 5)), np.eye(4)), predicted(np.zeros((5, 4, 3)), ("a",)))


def test_probability_keeps_every_cut_off_of_a_step(tmp_path):
    """A cut-off of k/200 must take the same voxels as on screen, in either precision, by two other readers."""
    steps = np.arange(201, dtype=np.uint8).reshape(3, 67, 1)
    prediction = replace(predicted(np.zeros(steps.shape), ("a",)), foreground=steps)
    path = tmp_path / "probability.nii.gz"

    path.write_bytes(probability_nifti(volume(np.zeros(steps.shape), np.eye(4)), prediction))

    for values in (np.asarray(nib.load(path).dataobj), sitk.GetArrayFromImage(sitk.ReadImage(str(path))).T):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, steps / 200, atol=1e-7)
        for k in range(201):
            np.testing.assert_array_equal(values.astype(np.float64) >= k / 200, steps >= k)
            np.testing.assert_array_equal(values >= np.float32(k / 200), steps >= k)


def test_probability_lies_on_the_same_grid_as_the_mask_and_says_its_precision():
    """The two are looked at together, and a reader must know that 0.505 and 0.509 are one value."""
    pixels, affine = head()
    study = volume(pixels, affine)
    prediction = replace(predicted(pixels > 500, ("a",)), foreground=(pixels > 500).astype(np.uint8))

    image = nib.Nifti1Image.from_bytes(gzip.decompress(probability_nifti(study, prediction)))

    np.testing.assert_allclose(image.affine, affine)
    inside = json.loads(image.header.extensions[0].get_content().rstrip(b"\0"))
    assert inside == probability_facts(prediction)
    assert (inside["precision"], inside["rounding"]) == (0.005, "down to a step of 1/200")
    assert b"Not a medical device" in image.header["descrip"].tobytes()


def test_result_without_a_probability_gives_no_map():
    """Results kept before it was made have none, and zeros in its place would be a lie."""
    with pytest.raises(ValueError, match="own grid"):
        probability_nifti(volume(np.zeros((3, 4, 5)), np.eye(4)), predicted(np.zeros((3, 4, 5)), ("a",)))
