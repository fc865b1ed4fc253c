"""The wire format against slow second readings: gunzip, numpy, nibabel."""

from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from core.render.display import display_heat, display_image, display_labels
from core.studies.study import Window
from tests.render.builders import all_axis_codes, film, head, stored_as, volume


def unpack(image) -> np.ndarray:
    """(x, y, z) or (x, y), in study values, as the browser would read it."""
    raw = np.frombuffer(gzip.decompress(image.data), image.meta["dtype"])
    scale = image.meta["scale"]
    return raw.reshape(image.meta["dims"], order="F") * scale["slope"] + scale["intercept"]


@pytest.mark.parametrize("codes", all_axis_codes())
def test_every_axis_order_gives_the_same_display_volume(codes):
    """One head, 48 files: what the reader sees may not depend on how a scanner stored it."""
    pixels, affine = head()
    array, stored_affine = stored_as(pixels, affine, codes)

    image = display_image(volume(array, stored_affine))

    np.testing.assert_array_equal(unpack(image), pixels)
    np.testing.assert_allclose(image.meta["affine"], affine)
    assert image.meta["native_orientation"] == codes


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SRA", "ILP"])
def test_to_native_names_the_voxel_that_holds_the_value(codes):
    """The readout's native voxel must be the one another program shows for this place."""
    pixels, affine = head()
    array, stored_affine = stored_as(pixels, affine, codes)
    image = display_image(volume(array, stored_affine))
    shown = unpack(image)

    for index in ((3, 20, 11), (0, 0, 0), (23, 29, 17), (12, 5, 9)):
        native = np.array(image.meta["to_native"]) @ [*index, 1]
        assert array[tuple(native[:3])] == shown[index]
        np.testing.assert_allclose(stored_affine @ native, affine @ [*index, 1])


def test_oblique_volume_takes_nearest_axes_like_nibabel():
    """An oblique scan is not resampled, only turned to its nearest axes; nibabel is the oracle."""
    pixels, affine = head()
    angle = np.radians(12)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    array, stored_affine = stored_as(pixels, turn @ affine, "PIL")
    study = volume(array, stored_affine)

    image = display_image(study)

    oracle = nib.as_closest_canonical(nib.Nifti1Image(array, stored_affine))
    np.testing.assert_array_equal(unpack(image), np.asarray(oracle.dataobj))
    np.testing.assert_allclose(image.meta["affine"], oracle.affine)
    assert image.meta["oblique_deg"] == 12.0


def test_unknown_orientation_keeps_stored_axes_and_says_so():
    """Letters are never guessed: without a header's orientation nothing is turned and nothing is named."""
    pixels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)

    image = display_image(volume(pixels))

    assert image.meta["orientation_known"] is False
    np.testing.assert_array_equal(unpack(image), pixels)


def test_whole_numbers_are_exact_also_beyond_int16():
    """A readout must show the stored number; an offset keeps unsigned 16-bit data exact."""
    pixels = np.array([[[1000, 65000]]], dtype=np.float32)

    image = display_image(volume(pixels, np.eye(4)))

    assert image.meta["scale"]["exact"] is True
    np.testing.assert_array_equal(unpack(image), pixels)


def test_fractions_are_scaled_within_half_a_step_and_marked():
    """Scaled data is shown as such, so that nobody takes the last digit for measured."""
    pixels = np.random.default_rng(1).normal(0, 1e-3, (7, 6, 5)).astype(np.float32)

    image = display_image(volume(pixels, np.eye(4)))

    assert image.meta["scale"]["exact"] is False
    assert np.abs(unpack(image) - pixels).max() <= image.meta["scale"]["slope"] * 0.5001


def test_non_finite_voxels_are_drawn_as_the_lowest_value():
    """NaN in a file may not become a bright spot or break the whole picture."""
    pixels = np.array([[[1.0, np.nan, np.inf, 4.0]]], dtype=np.float32)

    image = display_image(volume(pixels, np.eye(4), Window(1.0, 4.0, "header")))

    np.testing.assert_array_equal(unpack(image).ravel(), [1, 1, 1, 4])


@pytest.mark.parametrize(("top", "dtype"), [(255, "uint8"), (4095, "uint16")])
def test_film_keeps_its_rows_and_columns(top, dtype):
    """Image-left stays left: a film is stored row by row as it was read."""
    pixels = np.zeros((4, 6))
    pixels[1, 0] = top

    image = display_image(film(pixels, window=Window(0, top, "bit depth")))

    assert (image.meta["dtype"], image.meta["dims"]) == (dtype, [6, 4])
    shown = unpack(image)
    assert shown[0, 1] == top
    assert np.count_nonzero(shown) == 1
    assert image.meta["edges"] is None


def test_film_with_negative_values_stays_exact():
    """A rescale intercept may make a film negative; its numbers stay those of the file."""
    pixels = np.array([[-1024.0, 3071.0]])

    image = display_image(film(pixels, window=Window(-1024, 3071, "header")))

    np.testing.assert_array_equal(unpack(image).ravel(), [-1024, 3071])


def test_film_edges_follow_patient_orientation():
    """DICOM's ('L', 'F'): rows run to the patient's left, so the left edge of the picture is right."""
    image = display_image(film(np.zeros((2, 2)), edges=("L", "F")))

    assert image.meta["edges"] == {"left": "R", "right": "L", "top": "S", "bottom": "I"}
    assert image.meta["orientation_known"] is True


@pytest.mark.parametrize("edges", [("", "F"), ("X", "F"), ("L", "")])
def test_unreadable_patient_orientation_gives_no_letters(edges):
    """A broken tag is an unknown side, not a guess."""
    assert display_image(film(np.zeros((2, 2)), edges=edges)).meta["edges"] is None


def test_presets_start_with_the_header_window_and_do_not_repeat():
    """The first picture uses the scanner's own window; two presets that look the same would confuse."""
    pixels = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)

    image = display_image(volume(pixels, np.eye(4), Window(100, 900, "header")))

    assert [p["id"] for p in image.meta["presets"]] == ["header", "percentiles", "full"]
    assert image.meta["window"] == {"low": 100.0, "high": 900.0}
    assert image.meta["presets"][2] == {"id": "full", "name": "Full range", "low": 0.0, "high": 999.0}
    same = display_image(volume(pixels, np.eye(4), Window(0, 999, "header")))
    assert [p["id"] for p in same.meta["presets"]] == ["header", "percentiles"]


def test_constant_picture_still_has_a_window():
    """A blank scan must draw, not divide by zero."""
    preset = display_image(volume(np.full((2, 2, 2), 7), np.eye(4), Window(7, 7, "percentiles 1 to 99"))).meta[
        "presets"
    ]

    assert preset == [{"id": "percentiles", "name": "1–99 %", "low": 7.0, "high": 8.0}]


def test_labels_and_heat_lie_on_the_picture():
    """An overlay that is one voxel off, or mirrored, would point at the wrong place."""
    pixels, affine = head()
    array, stored_affine = stored_as(pixels, affine, "PSR")
    study = volume(array, stored_affine)
    labels = (array == 1000).astype(np.uint8) * 2
    heat = (array == 1000).astype(np.float32) * 0.5

    drawn = np.frombuffer(gzip.decompress(display_labels(study, labels)), np.uint8).reshape(pixels.shape, order="F")
    warm = np.frombuffer(gzip.decompress(display_heat(study, heat)), np.uint8).reshape(pixels.shape, order="F")

    np.testing.assert_array_equal(drawn == 2, pixels == 1000)
    np.testing.assert_array_equal(warm == 128, pixels == 1000)


def test_overlay_of_another_grid_is_refused():
    """A label map of another study must never be drawn over this one."""
    study = volume(np.zeros((2, 3, 4)), np.eye(4))

    with pytest.raises(ValueError, match="own grid"):
        display_labels(study, np.zeros((4, 3, 2), np.uint8))
