"""Activations, labels and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from core.inference.postprocess import (
    FOREGROUND_STEPS,
    class_probabilities,
    class_scores,
    count_voxels,
    decide,
    foreground,
    in_steps,
    label_map,
    scores_by_slice,
    sigmoid,
    softmax,
    volumes_ml,
)
from core.inference.prediction import SliceScores
from core.inference.preprocess import preprocess
from core.models.input_spec import InputSpec
from core.studies.study import Kind


def scores_of(logits: Any, classes: tuple[str, ...], activation: str) -> dict[str, float]:
    return class_scores(class_probabilities(logits, activation), classes, activation)


def test_activations_are_scipys_also_at_the_ends() -> None:
    """A saturated logit must give 0 or 1 and no warning."""
    logits = np.array([[-1000.0, 0.0, 1000.0], [-3.5, 2.0, 0.25]])

    assert np.allclose(sigmoid(logits), expit(logits), atol=1e-15)
    assert np.allclose(softmax(logits, 1), scipy_softmax(logits, axis=1), atol=1e-15)


def test_scores_are_torchs_to_the_last_digits() -> None:
    """The page, the command line and the library all print these numbers."""
    logits = np.random.default_rng(0).normal(size=(1, 4)).astype(np.float32)

    found = scores_of(logits, ("a", "b", "c", "d"), "softmax")

    expected = torch.softmax(torch.from_numpy(logits).double(), 1)[0]
    assert list(found) == ["a", "b", "c", "d"]
    assert np.allclose(list(found.values()), expected, atol=1e-12)


def test_single_output_is_a_sigmoid_whatever_the_configuration_says() -> None:
    """A softmax over one number is 1 for every study."""
    assert scores_of(np.zeros((1, 1), np.float32), ("tumour",), "softmax") == {"tumour": 0.5}


def test_sigmoid_scores_do_not_add_up_to_one() -> None:
    """Independent findings are scored each for itself."""
    scores = scores_of(np.full((1, 2), 5.0, np.float32), ("a", "b"), "sigmoid")

    assert scores["a"] == scores["b"] > 0.99


def test_volume_scores_what_its_loudest_slice_scores() -> None:
    """A finding in one slice of thirty is a finding; a mean over the slices would drown it."""
    logits = np.array([[4.0, -4], [-2, 2], [1, -1]], np.float32)

    exclusive = scores_of(logits, ("clear", "tumour"), "softmax")
    independent = scores_of(logits, ("a", "b"), "sigmoid")

    assert exclusive["tumour"] == pytest.approx(expit(4.0))
    assert exclusive["clear"] + exclusive["tumour"] == pytest.approx(1)
    assert independent == {"a": pytest.approx(expit(4.0)), "b": pytest.approx(expit(2.0))}


def test_three_exclusive_classes_are_averaged_over_the_slices() -> None:
    """None of three names 'nothing found', so no slice is louder than another."""
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)

    found = scores_of(logits, ("a", "b", "c"), "softmax")

    assert np.allclose(list(found.values()), scipy_softmax(logits.astype(np.float64), axis=1).mean(0))


@pytest.mark.parametrize(("affine", "slices"), [((1, 1, 1), (0.1, 0.2, 0.9)), ((-1, 1, -1), (0.9, 0.2, 0.1))])
def test_slices_are_scored_in_the_studys_own_order(
    volume: Any, affine: tuple[int, ...], slices: tuple[float, ...]
) -> None:
    """A file stored feet first is fed head first; its third slice must not get the first one's score."""
    study = volume(np.random.default_rng(0).random((8, 8, 3)), np.diag([*affine, 1.0]))
    prepared = preprocess(study, InputSpec(kind=Kind.VOLUME, slice_axis=2, size=(8, 8)))

    found = scores_by_slice(np.array([[0.1], [0.2], [0.9]]), ("tumour",), prepared)

    assert found == SliceScores(2, {"tumour": slices})


def test_study_without_slices_has_no_scores_of_them(film: Any) -> None:
    """A film is one picture."""
    prepared = preprocess(film(np.zeros((8, 8))), InputSpec(kind=Kind.FILM, size=(8, 8)))

    assert scores_by_slice(np.array([[0.1]]), ("tumour",), prepared) is None


def test_tie_goes_to_background_with_softmax_and_to_positive_with_sigmoid() -> None:
    """The tie rules are written down: score >= threshold is positive."""
    tied = np.zeros((2, 1, 1), np.float32)
    half = np.full((2, 1, 1), 0.5, np.float32)

    assert decide(tied, "softmax", 0.5)[0, 0] == 0
    assert decide(half, "sigmoid", 0.5)[0, 0] == 1


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_labels_equal_an_argmax_written_out(activation: str) -> None:
    """The one pass over the outputs must be the plain rule."""
    maps = np.random.default_rng(0).random((4, 6, 5)).astype(np.float32)
    expected = {"softmax": maps.argmax(0), "sigmoid": np.where(maps.max(0) >= 0.7, maps.argmax(0) + 1, 0)}

    assert np.array_equal(decide(maps, activation, 0.7), expected[activation])


def test_labels_of_a_turned_volume_come_back_to_its_own_grid(volume: Any) -> None:
    """A mask in the network's orientation, laid over the file's, would sit on the wrong side."""
    pixels = np.zeros((10, 12, 14), np.float32)
    pixels[2:5, 3:9, 1:4] = 1
    study = volume(pixels, np.array([[0, 0, -1.0, 9], [0, 1, 0, 0], [-1, 0, 0, 5], [0, 0, 0, 1]]))
    prepared = preprocess(study, InputSpec(kind=Kind.VOLUME, window="full", divisor=8))
    logits = np.stack([np.full(prepared.array.shape[1:], 0.5, np.float32), prepared.array[0]])

    found = label_map(logits, prepared, "softmax", 0.5)

    assert prepared.grid.exact
    assert np.array_equal(found, pixels.astype(np.uint8))


def test_labels_of_a_resampled_volume_keep_their_place_and_size(volume: Any) -> None:
    """A ball on a coarse grid, decided on a fine one, must be the ball within a voxel's shell."""
    grid = np.stack(np.meshgrid(*(np.arange(n) * 2.0 for n in (20, 20, 20)), indexing="ij"))
    ball = (((grid - 19.0) ** 2).sum(0) < 12.0**2).astype(np.float32)
    study = volume(ball, np.diag([2.0, 2, 2, 1]))
    prepared = preprocess(study, InputSpec(kind=Kind.VOLUME, window="full", spacing_mm=(1.0, 1.0, 1.0)))
    logits = np.stack([np.zeros_like(prepared.array[0]), 20 * (prepared.array[0] - 0.5)])

    found = label_map(logits, prepared, "softmax", 0.5)

    assert not prepared.grid.exact
    assert found.shape == ball.shape
    assert 2 * (found * ball).sum() / (found.sum() + ball.sum()) > 0.98


def test_volumes_are_voxels_times_the_affines_determinant(volume: Any) -> None:
    """An oblique grid has no simple spacing product in its matrix; the determinant is right for all."""
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]) @ np.diag([0.5, 2.0, 3.0])
    affine = np.eye(4)
    affine[:3, :3] = turn
    study = volume(np.arange(512.0).reshape(8, 8, 8), affine)
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:2, 0, 0], labels[0, 1, :5] = 1, 2

    voxels = count_voxels(labels, ("a", "b", "c"))

    assert voxels == {"a": 2, "b": 5, "c": 0}
    assert volumes_ml(voxels, study) == pytest.approx({"a": 0.006, "b": 0.015, "c": 0.0})


def test_volume_without_spacing_is_none_and_never_a_number(volume: Any) -> None:
    """A length nobody knows must not become a millilitre."""
    study = volume(np.arange(512.0).reshape(8, 8, 8), known=False)

    assert volumes_ml({"a": 3}, study) == {"a": None}


def test_steps_say_of_each_voxel_whether_it_is_at_or_above_a_cut_off() -> None:
    """The browser compares whole numbers; they must call the very voxels that the probability calls."""
    rng = np.random.default_rng(0)
    edges = np.arange(FOREGROUND_STEPS + 1, dtype=np.float64) / FOREGROUND_STEPS
    near = np.concatenate([np.nextafter(edges, -1), edges, np.nextafter(edges, 2)]).clip(0, 1)
    probability = np.concatenate([rng.random(5000), near]).astype(np.float32)

    steps = in_steps(probability)

    exact = probability.astype(np.float64) * FOREGROUND_STEPS
    for cut in range(FOREGROUND_STEPS + 1):
        assert np.array_equal(steps >= cut, exact >= cut)


def test_foreground_at_one_half_is_the_mask_of_a_single_label(volume: Any) -> None:
    """Where the page opens, the instrument must show the mask that was predicted."""
    study = volume(np.random.default_rng(0).random((10, 12, 14)))
    prepared = preprocess(study, InputSpec(kind=Kind.VOLUME, window="full", divisor=8))
    logits = np.random.default_rng(1).normal(size=(2, *prepared.array.shape[1:])).astype(np.float32)

    for outputs, activation in ((logits, "softmax"), (logits[:1], "sigmoid")):
        mask = label_map(outputs, prepared, activation, 0.5) > 0
        assert np.array_equal(foreground(outputs, prepared, activation) >= FOREGROUND_STEPS // 2, mask)


def test_foreground_is_nothing_where_the_network_did_not_look(volume: Any) -> None:
    """Outside the fed box there is no probability of background either."""
    study = volume(np.random.default_rng(0).random((10, 12, 14)))
    prepared = preprocess(study, InputSpec(kind=Kind.VOLUME, window="full", spacing_mm=(3.0, 3.0, 3.0)))
    logits = np.zeros((3, *prepared.array.shape[1:]), np.float32)

    found = foreground(logits, prepared, "softmax")

    assert found.shape == study.shape
    assert found.max() <= int(FOREGROUND_STEPS * 2 / 3)
