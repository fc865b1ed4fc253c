"""A study as the network sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms import NormalizeIntensity
from scipy.ndimage import map_coordinates

from core.errors import AdmissionError
from core.inference.preprocess import IMAGENET_MEAN, IMAGENET_STD, preprocess, with_neighbours
from core.models.input_spec import InputSpec
from core.studies.study import Kind


def film_spec(**fields: Any) -> InputSpec:
    return InputSpec(**{"kind": Kind.FILM, "size": (32, 32), "window": "full", **fields})


def volume_spec(**fields: Any) -> InputSpec:
    return InputSpec(**{"kind": Kind.VOLUME, "window": "full", **fields})


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_film_is_shrunk_as_torch_shrinks_with_antialiasing(film: Any, interpolation: str) -> None:
    """An aliased film shows the network moiré that it never met; torch's own resize is the second opinion."""
    pixels = np.random.default_rng(0).random((200, 130)).astype(np.float32)
    pixels[0, 0], pixels[0, 1] = 0, 1
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[None, None], (32, 32), mode=interpolation, antialias=True, align_corners=False
    )[0].numpy()

    array = preprocess(film(pixels), film_spec(fit="stretch", interpolation=interpolation)).array

    assert np.allclose(array, expected, atol=2e-6)


@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("shape", [(300, 200), (199, 301), (32, 32)])
def test_result_comes_back_to_the_place_that_it_came_from(film: Any, fit: str, shape: tuple[int, int]) -> None:
    """A map of positions sent through and back must read the positions: an overlay may not be shifted."""
    row, column = np.mgrid[: shape[0], : shape[1]]
    pixels = (row + column).astype(np.float32)
    prepared = preprocess(film(pixels), film_spec(size=(64, 64), fit=fit))

    back = prepared.to_study_grid(prepared.array[0], order=1) * float(pixels.max())

    centre = (slice(shape[0] // 3, 2 * shape[0] // 3), slice(shape[1] // 3, 2 * shape[1] // 3))
    assert back.shape == shape
    assert np.abs(back - pixels)[centre].max() < 0.2


def test_padded_film_keeps_its_aspect_and_black_margins(film: Any) -> None:
    """Squashing shows the network the aspect ratio, which is a shortcut to the label in some data sets."""
    array = preprocess(film(np.ones((60, 30)) * np.linspace(0.2, 1, 30)), film_spec(size=(40, 40))).array[0]

    assert not array[:, :10].any()
    assert not array[:, 30:].any()
    assert array[:, 11:30].all()


def test_window_of_the_study_maps_its_low_to_black_and_its_high_to_white(film: Any) -> None:
    """The network sees what the screen shows."""
    pixels = np.tile(np.array([-5.0, 10.0, 15.0, 20.0, 99.0], np.float32), (8, 2))[:, :8]

    array = preprocess(film(pixels, window=(10, 20)), film_spec(size=(8, 8), window="study")).array[0]

    assert np.allclose(array[0, :5], [0, 0, 0.5, 1, 1])


def test_percentile_window_clips_a_marker_that_outshines_the_film(film: Any) -> None:
    """A lead letter must not set the contrast of the whole film."""
    pixels = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    pixels[0, :3] = 1000

    array = preprocess(film(pixels), film_spec(window="percentile")).array

    assert array[0, 10:].std() > 0.2


def test_flat_film_gives_zeros_and_never_a_division(film: Any) -> None:
    """A blank picture must not become infinities."""
    for normalisation in ("unit", "zscore", "zscore_nonzero"):
        array = preprocess(film(np.full((40, 40), 7.0)), film_spec(normalisation=normalisation)).array

        assert not array.any()


def test_grey_is_repeated_and_normalised_for_a_network_of_three_channels(film: Any) -> None:
    """torchvision's classifiers expect three channels with ImageNet's statistics."""
    pixels = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    plain = preprocess(film(pixels), film_spec()).array

    array = preprocess(film(pixels), film_spec(network_channels=3, normalisation="imagenet")).array

    for channel, mean, std in zip(array, IMAGENET_MEAN, IMAGENET_STD, strict=True):
        assert np.allclose(channel, (plain[0] - mean) / std, atol=1e-6)


@pytest.mark.parametrize("nonzero", [False, True])
def test_zscore_is_monais(volume: Any, nonzero: bool) -> None:
    """Training recipes name MONAI's normalisation; ours must be the same numbers."""
    pixels = np.random.default_rng(0).normal(400, 90, (9, 10, 11)).astype(np.float32)
    pixels[:4] = 0
    expected = np.asarray(NormalizeIntensity(nonzero=nonzero, channel_wise=True)(pixels[None]))
    rule = "zscore_nonzero" if nonzero else "zscore"

    array = preprocess(volume(pixels), volume_spec(normalisation=rule)).array

    assert np.allclose(array, expected, atol=2e-5)


def test_scale_of_the_scanner_does_not_reach_the_network(volume: Any) -> None:
    """The same head in 8 bits and in hundreds of thousands must look the same."""
    pixels = np.random.default_rng(0).integers(0, 120, (9, 10, 11)).astype(np.float32)
    spec = volume_spec(normalisation="zscore", window="percentile")

    low, high = preprocess(volume(pixels), spec).array, preprocess(volume(pixels * 3000), spec).array

    assert np.allclose(low, high, atol=1e-4)


def test_volume_is_turned_resampled_and_padded_as_a_slow_second_way_does(volume: Any) -> None:
    """Every voxel of the network's grid against scipy, through world positions."""
    affine = np.array([[0, -1.5, 0, 20], [0, 0, 2.0, -7], [-1.0, 0, 0, 3], [0, 0, 0, 1]])
    pixels = np.random.default_rng(0).random((12, 10, 9)).astype(np.float32)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 1
    study = volume(pixels, affine)
    assert study.geometry.orientation == "ILA"

    prepared = preprocess(study, volume_spec(spacing_mm=(1.0, 1.0, 1.0), divisor=8))

    turned = pixels.transpose(1, 2, 0)[::-1, :, ::-1]
    shape = (15, 18, 12)  # 10 x 1.5 mm, 9 x 2 mm, 12 x 1 mm
    steps = (1 / 1.5, 1 / 2.0, 1.0)
    axes = [
        np.arange(n) * s + (m - 1) / 2 - s * (n - 1) / 2 for n, s, m in zip(shape, steps, turned.shape, strict=True)
    ]
    where = np.stack(np.meshgrid(*axes, indexing="ij"))
    expected = map_coordinates(turned, where, order=1, mode="nearest")
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    assert prepared.array.shape == (1, 16, 24, 16)
    assert np.allclose(prepared.array[0, :15, 3:21, 2:14], expected, atol=1e-5)
    assert prepared.notes == ("Resampled from 1.5 x 2 x 1 mm to 1 x 1 x 1 mm for the network.",)


def test_label_map_there_and_back_is_the_same_where_nothing_is_interpolated(volume: Any) -> None:
    """Training sends labels the way that serving brings them back."""
    rng = np.random.default_rng(0)
    study = volume(rng.random((13, 9, 21)), np.diag([-1.0, 1, -1, 1]))
    labels = rng.integers(0, 3, (13, 9, 21)).astype(np.uint8)
    prepared = preprocess(study, volume_spec(patch=(16, 16, 16)))

    fed = prepared.to_network_grid(labels, order=0)

    assert fed.shape == prepared.array.shape[1:] == (16, 16, 21)
    assert fed.dtype == np.uint8
    assert np.array_equal(prepared.to_study_grid(fed, order=0), labels)


def test_slices_of_a_volume_come_first_and_find_their_way_back(volume: Any) -> None:
    """A 2-D network walks along one axis; its masks stack up to the study's own grid."""
    pixels = np.zeros((20, 30, 10), np.float32)
    pixels[3:9, 12:25, 4] = 1
    study = volume(pixels)

    prepared = preprocess(study, volume_spec(slice_axis=2, size=(40, 40), network_channels=3))

    assert prepared.slicewise
    assert prepared.array.shape == (3, 10, 40, 40)
    back = prepared.to_study_grid((prepared.array[0] > 0.5).astype(np.uint8), order=0)
    assert np.array_equal(back, pixels.astype(np.uint8))


def test_neighbours_join_from_before_to_after_with_all_channels_of_each() -> None:
    """The order is the network's: a slice fed in another one's place gives a mask that looks right."""
    array = np.arange(2 * 5, dtype=np.float32).reshape(2, 5, 1, 1) + np.zeros((2, 5, 3, 4), np.float32)

    fed = with_neighbours(array, [0, 2, 4], 1)

    assert fed.shape == (3, 6, 3, 4)
    assert fed[:, :, 0, 0].tolist() == [[0, 5, 0, 5, 1, 6], [1, 6, 2, 7, 3, 8], [3, 8, 4, 9, 4, 9]]
    assert fed.flags.c_contiguous


def test_context_leaves_the_prepared_slices_single(volume: Any) -> None:
    """Neighbours are joined when a slice is fed: a volume is kept once in memory, not three times."""
    study = volume(np.random.default_rng(0).random((20, 30, 10)))

    prepared = preprocess(study, volume_spec(slice_axis=2, size=(32, 32), context=1))

    assert prepared.array.shape == (1, 10, 32, 32)


def test_channels_are_chosen_by_name_in_the_models_order(volume: Any) -> None:
    """Position in a list is never a meaning: T2 must not be fed where FLAIR belongs."""
    t1, t2 = np.arange(512.0).reshape(8, 8, 8), np.arange(512.0)[::-1].reshape(8, 8, 8)
    study = volume({"T1": t1, "T2": t2})

    array = preprocess(study, volume_spec(channels=("T2", "T1"))).array

    assert array[0, 0, 0, 0] == 1
    assert array[1, 0, 0, 0] == 0


def test_missing_channel_is_refused_by_name(volume: Any) -> None:
    """A silent zero channel gives a mask that looks right."""
    study = volume({"T1": np.arange(512.0).reshape(8, 8, 8)})

    with pytest.raises(AdmissionError, match="channel FLAIR is missing"):
        preprocess(study, volume_spec(channels=("T1", "FLAIR")))


def test_other_single_contrast_than_the_models_is_refused_and_an_unnamed_one_is_not(volume: Any) -> None:
    """Somebody who says T2 means it; a file that says nothing fits a model of one channel."""
    pixels = np.arange(512.0).reshape(8, 8, 8)

    with pytest.raises(AdmissionError, match="channel T1 is missing"):
        preprocess(volume({"T2": pixels}), volume_spec(channels=("T1",)))
    assert preprocess(volume(pixels), volume_spec(channels=("T1",))).array.shape == (1, 8, 8, 8)


def test_unknown_orientation_and_spacing_are_said(volume: Any) -> None:
    """What was assumed travels with the result."""
    study = volume(np.arange(512.0).reshape(8, 8, 8), known=False)

    notes = preprocess(study, volume_spec(spacing_mm=(1.0, 1.0, 1.0))).notes

    assert notes == (
        "The orientation is unknown; the axes were taken as RAS.",
        "The spacing is unknown; the volume was not resampled.",
    )


def test_film_for_a_volume_model_is_refused(film: Any) -> None:
    """The last guard, should admission have been skipped."""
    with pytest.raises(AdmissionError, match="The study is a film"):
        preprocess(film(np.eye(16)), volume_spec())
