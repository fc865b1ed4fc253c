"""From a study to a prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference

from core.engines.torch_engine import TorchEngine
from core.errors import AdmissionError, Cancelled, CheckpointError
from core.inference.gate import fit_gate, look_at
from core.inference.predictor import Predictor, thresholds_in_force
from core.inference.preprocess import preprocess
from core.metrics.operating_points import Rule
from core.models.card import Card
from core.models.model import Model
from core.studies.study import Kind

MakeModel = Callable[..., Model]
FACTS = {"modality": "DX", "body_part": "CHEST"}


@pytest.fixture
def chest_film(film: Any) -> Any:
    return film(np.random.default_rng(3).random((90, 70)), **FACTS)


@pytest.fixture
def head(volume: Any) -> Any:
    affine = np.array([[0, -1.0, 0, 30], [1.0, 0, 0, -4], [0, 0, 1.5, 2], [0, 0, 0, 1]])
    return volume(np.random.default_rng(3).random((20, 24, 18)), affine, modality="MR")


def test_scores_are_those_of_the_bare_network(saved_model: MakeModel, chest_film: Any) -> None:
    """Everything around the network may add provenance, never a digit."""
    model = saved_model("classifier")
    inputs = torch.from_numpy(preprocess(chest_film, model.input).array)[None]
    with torch.inference_mode():
        expected = torch.softmax(TorchEngine(model, "cpu").network(inputs).double(), 1)[0]

    prediction = Predictor(model, "cpu").predict(chest_film)

    assert prediction.scores == pytest.approx(dict(zip(model.classes, expected.tolist(), strict=True)), abs=1e-12)
    assert prediction.label_map is None
    assert prediction.volumes_ml == {}


def test_same_study_twice_gives_the_same_digits(saved_model: MakeModel, head: Any) -> None:
    """Page, command line and library must print one number."""
    model = saved_model("multitask3d")

    first, again = (Predictor(model, "cpu").predict(head, explain=True) for _ in range(2))

    assert first.scores == again.scores
    assert np.array_equal(first.label_map, again.label_map)
    assert np.array_equal(first.heat, again.heat)


def test_labels_equal_monais_inferer_on_the_models_grid_turned_back(saved_model: MakeModel, head: Any) -> None:
    """A turned head: the reference runs on the turned array, ours answers on the file's own."""
    model = saved_model("segmenter")
    turned = np.flip(head.pixels[0].transpose(1, 0, 2), 0)  # the file runs A, L, S: back to R A S
    normal = ((turned - turned.mean()) / turned.std()).astype(np.float32)
    with torch.inference_mode():
        logits = sliding_window_inference(
            torch.from_numpy(normal.copy())[None, None],
            (16, 16, 16),
            4,
            TorchEngine(model, "cpu").network,
            overlap=0.5,
            mode="gaussian",
        )
    expected = np.flip(logits[0].argmax(0).numpy(), 0).transpose(1, 0, 2)

    prediction = Predictor(model, "cpu").predict(head)

    assert head.geometry.orientation == "ALS"
    assert prediction.label_map.shape == head.shape
    assert (prediction.label_map != expected).mean() < 1e-3  # a tie of two logits may fall either way
    assert prediction.voxels == {
        n: int((prediction.label_map == v).sum()) for v, n in ((1, "anterior"), (2, "posterior"))
    }
    assert prediction.volumes_ml["anterior"] == pytest.approx(prediction.voxels["anterior"] * 1.5 / 1000)


def test_multitask_network_gives_scores_and_labels(saved_model: MakeModel, chest_film: Any) -> None:
    """One run, both answers."""
    prediction = Predictor(saved_model("multitask2d"), "cpu").predict(chest_film)

    assert set(prediction.scores) == {"clear", "tumour"}
    assert prediction.label_map.shape == (90, 70)
    assert set(prediction.voxels) == {"mass"}
    assert prediction.volumes_ml == {"mass": None}  # a film has no millilitres


def test_2d_network_walks_along_a_volume(saved_model: MakeModel, head: Any) -> None:
    """Slice by slice, the mask stacks up on the study's own grid."""
    spec = {"kind": "volume", "slice_axis": 2, "size": (32, 32), "window": "full", "divisor": 4}
    prediction = Predictor(saved_model("multitask2d", input=spec), "cpu").predict(head, explain=True)

    assert prediction.label_map.shape == head.shape
    assert prediction.heat.shape == head.shape
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert prediction.slices.axis == 2
    assert {name: len(scores) for name, scores in prediction.slices.scores.items()} == {
        "clear": head.shape[2],
        "tumour": head.shape[2],
    }
    assert max(prediction.slices.scores["tumour"]) == prediction.scores["tumour"]


def test_network_that_reads_neighbours_answers_for_each_slice(saved_model: MakeModel, head: Any) -> None:
    """Three slices in, one labelled; the slice's neighbours on the study's grid decide what it sees."""
    spec = {"kind": "volume", "slice_axis": 2, "size": (32, 32), "window": "full", "divisor": 4, "context": 1}
    model = saved_model("multitask2d", input=spec, in_channels=3)

    prediction = Predictor(model, "cpu").predict(head)

    assert prediction.label_map.shape == head.shape
    assert len(prediction.slices.scores["tumour"]) == head.shape[2]


@pytest.mark.parametrize("shape", [(31, 59, 24), (43, 40, 47), (16, 16, 16), (8, 70, 9)])
def test_volumes_of_any_size_come_back_whole(saved_model: MakeModel, volume: Any, shape: tuple[int, int, int]) -> None:
    """Sides that no network divides are padded and cropped back."""
    study = volume(np.random.default_rng(0).random(shape), modality="MR")

    assert Predictor(saved_model("segmenter"), "cpu").predict(study).label_map.shape == shape


def test_operating_point_of_these_weights_is_in_force(saved_model: MakeModel, chest_film: Any, point: Any) -> None:
    """A saved threshold is used where it belongs."""
    model = saved_model("classifier", points=(point("PNEUMONIA", 0.3),))

    prediction = Predictor(model, "cpu").predict(chest_film)

    assert prediction.thresholds["PNEUMONIA"].threshold == 0.3
    assert prediction.thresholds["PNEUMONIA"].weights_sha256 == model.weights_sha256
    assert prediction.warnings == ()


@pytest.mark.parametrize("owner", ["f" * 64, None])
def test_operating_point_of_other_weights_is_not_used_and_said(
    saved_model: MakeModel, chest_film: Any, point: Any, owner: str | None
) -> None:
    """A threshold from another model calls the wrong cases positive without looking wrong."""
    model = replace(saved_model("classifier"), operating_points=(point("PNEUMONIA", 0.3, owner),))

    prediction = Predictor(model, "cpu").predict(chest_film)

    assert prediction.thresholds == {}
    assert "'Youden'" in prediction.warnings[0]
    assert "was not used" in prediction.warnings[0]


def test_threshold_of_the_user_wins_and_is_marked_as_his(saved_model: MakeModel, chest_film: Any, point: Any) -> None:
    """It comes with no cohort, and must not borrow the saved point's figures."""
    model = saved_model("classifier", points=(point("PNEUMONIA", 0.3),))

    used = Predictor(model, "cpu").predict(chest_film, threshold=0.12).thresholds["PNEUMONIA"]

    assert used.threshold == 0.12
    assert used.rule is Rule.FIXED
    assert used.positives == used.negatives == 0


def test_threshold_of_the_user_cuts_a_sigmoid_mask(saved_model: MakeModel, volume: Any) -> None:
    """For a segmentation with one sigmoid a label, the threshold decides the mask."""
    model = saved_model("segmenter", labels=("lesion",), seg_out_channels=1)
    study = volume(np.random.default_rng(0).random((20, 20, 20)), modality="MR")

    low, high = (Predictor(model, "cpu").predict(study, threshold=t).voxels["lesion"] for t in (0.0, 1.0))

    assert low == 20**3
    assert high == 0


@pytest.mark.parametrize("threshold", [-0.01, 1.01, 7.0, float("nan")])
def test_threshold_outside_the_scores_is_refused(saved_model: MakeModel, chest_film: Any, threshold: float) -> None:
    """A link with t=7 must not call everything clear."""
    with pytest.raises(AdmissionError, match="between 0 and 1"):
        Predictor(saved_model("classifier"), "cpu").predict(chest_film, threshold=threshold)


def test_findings_of_a_softmax_pair_are_the_second_class_and_of_sigmoids_all(saved_model: MakeModel) -> None:
    """Of two exclusive classes one threshold is enough."""
    pair = saved_model("classifier")
    free = saved_model("classifier", seed=1, activation="sigmoid", classes=("effusion", "nodule"))

    assert pair.findings == ("PNEUMONIA",)
    assert free.findings == ("effusion", "nodule")
    assert set(thresholds_in_force(free, 0.5)[0]) == {"effusion", "nodule"}


def test_highest_class_is_explained_where_no_point_names_one(saved_model: MakeModel, chest_film: Any) -> None:
    """With several classes the map belongs to the one on top, and says so."""
    model = saved_model("classifier", classes=("a", "b", "c"))

    prediction = Predictor(model, "cpu").predict(chest_film, explain=True)

    assert prediction.heat_for == max(prediction.scores, key=lambda name: prediction.scores[name])


def test_assumptions_and_doubts_travel_with_the_result(saved_model: MakeModel, film: Any) -> None:
    """What was assumed of an imported model is shown on every result."""
    model = saved_model("classifier", card=Card(assumed=("Assumed: window of the study.",)))
    study = film(np.random.default_rng(0).random((90, 70)), modality="DX", body_part="HIP")

    warnings = Predictor(model, "cpu").predict(study).warnings

    assert warnings[0].startswith("The header says body part HIP.")
    assert warnings[1] == "Assumed: window of the study."


@pytest.mark.seeds(54)
def test_provenance_says_how_it_was_made(saved_model: MakeModel, head: Any) -> None:
    """Device, precision, versions, settings and times stand beside every result; without a GPU the CPU is named."""
    model = saved_model("multitask3d")

    made = Predictor(model, "cpu").predict(head, explain=True).provenance

    assert made.device == "cpu"
    assert made.precision == "float32"
    assert {"readroom", "torch", "torchvision", "monai", "numpy", "python"} <= set(made.versions)
    assert made.settings["explain"] is True
    assert made.settings["input"]["patch"] == [16, 16, 16]
    assert {"preprocess", "load", "network", "explain", "postprocess"} <= set(made.timings_s)


def test_hashes_bind_the_result(saved_model: MakeModel, chest_film: Any) -> None:
    """A result belongs to one study and one set of weights."""
    model = saved_model("classifier")

    prediction = Predictor(model, "cpu").predict(chest_film)

    assert prediction.input_sha256 == chest_film.sha256
    assert prediction.weights_sha256 == model.weights_sha256


def test_model_with_a_problem_is_not_run(saved_model: MakeModel, chest_film: Any) -> None:
    """A file that differs from its checksum gives no score."""
    model = replace(saved_model("classifier"), problem="Checksum differs.")

    with pytest.raises(CheckpointError, match="Checksum differs"):
        Predictor(model, "cpu").predict(chest_film)


def test_cancel_stops_before_the_network_runs(saved_model: MakeModel, head: Any) -> None:
    """Cancel answers at once."""
    with pytest.raises(Cancelled):
        Predictor(saved_model("segmenter"), "cpu").predict(head, cancelled=lambda: True)


def test_progress_goes_up_in_words(saved_model: MakeModel, head: Any) -> None:
    """The bar never runs backwards within a run."""
    told: list[tuple[float, str]] = []

    Predictor(saved_model("segmenter"), "cpu").predict(head, progress=lambda share, text: told.append((share, text)))

    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[0] == (0.0, "Preparing the study")
    assert told[-1][0] == 1.0


def test_temperature_divides_the_logits_and_keeps_the_order(saved_model: MakeModel, chest_film: Any) -> None:
    """A calibrated model says the same thing with the certainty that it showed on other cases."""
    model = saved_model("classifier")
    inputs = torch.from_numpy(preprocess(chest_film, model.input).array)[None]
    with torch.inference_mode():
        expected = torch.softmax(TorchEngine(model, "cpu").network(inputs).double() / 2.5, 1)[0]

    prediction = Predictor(replace(model, temperature=2.5), "cpu").predict(chest_film)

    assert list(prediction.scores.values()) == pytest.approx(expected.tolist(), abs=1e-7)


@pytest.fixture
def narrow(saved_model: MakeModel, film: Any) -> Model:
    """A classifier whose gate knows grey noise of one brightness."""
    model = saved_model("classifier")
    studies = [film(r.normal(100, 20, (90, 70)).clip(0, 255), **FACTS) for r in np.random.default_rng(1).spawn(80)]
    looks = [look_at(study, preprocess(study, model.input), model.input) for study in studies]
    return replace(model, gate=fit_gate(looks[:50], looks[50:], Kind.FILM, "30 pictures"))


def test_strange_study_is_told_before_any_other_warning(narrow: Model, film: Any) -> None:
    """The network answers anything; the reader must know first that it was never taught such a thing."""
    strange = film(np.indices((90, 70))[0] % 20 * 12.0, **FACTS)

    prediction = Predictor(narrow, "cpu").predict(strange)

    assert prediction.familiarity is not None
    assert prediction.familiarity.flagged
    assert prediction.warnings[0] == prediction.familiarity.sentence()
    assert "does not look like" in prediction.warnings[0]
    assert prediction.scores


def test_familiar_study_carries_its_distance_and_no_warning(narrow: Model, film: Any) -> None:
    """The figure is there for whoever wants to draw the line elsewhere."""
    prediction = Predictor(narrow, "cpu").predict(film(np.random.default_rng(9).normal(100, 20, (90, 70)), **FACTS))

    assert prediction.familiarity is not None
    assert 0 < prediction.familiarity.score <= prediction.familiarity.cut_off
    assert not any("does not look like" in warning for warning in prediction.warnings)


def test_model_without_a_gate_claims_nothing(saved_model: MakeModel, chest_film: Any) -> None:
    """Nobody can say of an imported network what it was shown."""
    assert Predictor(saved_model("classifier"), "cpu").predict(chest_film).familiarity is None
