"""The source documents' predictors, as their readers would use them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from core.errors import CheckpointError, ConfigError, StudyError
from core.inference import MultiTaskPredictor, TumorPredictor
from core.models import ModelConfig, build_network, save_model_with_config
from core.models.model import Model
from core.studies.synthetic import synthetic_film, synthetic_volume


def save_pth(folder: Path, **fields: object) -> Path:
    """A `.pth` of S3's shape, with its configuration beside it."""
    config = ModelConfig(**fields)
    torch.manual_seed(0)
    path = folder / "tumor_detection_v1.pth"
    save_model_with_config(build_network(config).eval(), path, config, epoch=3)
    return path


@pytest.mark.seeds(12, 13)
def test_one_line_leads_from_a_pth_to_a_mask_on_the_images_own_grid(tmp_path: Path) -> None:
    """S2's line, with the import path changed and nothing else."""
    spec = {"kind": "volume", "patch": (32, 32, 32), "window": "percentile", "normalisation": "zscore", "divisor": 4}
    path = save_pth(tmp_path, model_type="unet3d", base_filters=4, depth=2, labels=("tumour",), input=spec)
    image = tmp_path / "t1.nii.gz"
    synthetic_volume(image, seed=1)

    predictor = TumorPredictor(str(path))
    prediction = predictor.predict(image)

    assert prediction.label_map.shape == nib.load(image).shape
    assert prediction.volumes_ml.keys() == {"tumour"}
    assert prediction.provenance.timings_s["network"] > 0


@pytest.mark.seeds(29)
def test_multitask_predictor_takes_its_sizes_from_the_file(tmp_path: Path) -> None:
    """S3's promise: no parameters needed."""
    path = save_pth(tmp_path, base_filters=8, depth=3)
    film = tmp_path / "film.png"
    synthetic_film(film, seed=1)

    predictor = MultiTaskPredictor(checkpoint_path=path)
    prediction = predictor.predict(str(film))

    assert predictor.model.config.base_filters == 8
    assert predictor.model.config.depth == 3
    assert prediction.label_map is not None
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert MultiTaskPredictor(path, base_filters=8, depth=3).model.weights_sha256 == predictor.model.weights_sha256


@pytest.mark.seeds(29)
@pytest.mark.parametrize("sizes", [{"base_filters": 32}, {"depth": 2}, {"base_filters": 32, "depth": 2}])
def test_size_that_contradicts_the_tensors_is_refused_in_words(tmp_path: Path, sizes: dict[str, int]) -> None:
    """S3's mismatch: no 'size mismatch' from the depths of torch, but both numbers in a sentence."""
    path = save_pth(tmp_path, base_filters=8, depth=3)

    with pytest.raises(ConfigError) as caught:
        MultiTaskPredictor(path, **sizes)

    said = str(caught.value)
    for name, wanted in sizes.items():
        assert name in said
        assert str(wanted) in said


def test_multitask_predictor_refuses_a_network_of_one_task(saved_model: Callable[..., Model]) -> None:
    """It would lack half of what its user asks for."""
    with pytest.raises(ConfigError, match="Use TumorPredictor"):
        MultiTaskPredictor(saved_model("classifier").path)


@pytest.mark.seeds(12)
def test_our_own_file_and_a_study_in_hand_work_too(saved_model: Callable[..., Model], volume: Callable) -> None:
    """Who has read a study already need not write it to disk."""
    predictor = TumorPredictor(saved_model("segmenter").path, device="cpu")

    prediction = predictor.predict(volume(np.random.default_rng(0).random((20, 18, 16)), modality="MR"))

    assert prediction.label_map.shape == (20, 18, 16)


def test_file_that_is_no_study_is_refused_and_opened_elsewhere(
    saved_model: Callable[..., Model], tmp_path: Path
) -> None:
    """Nothing foreign is opened in this process; the refusal comes back in words."""
    noise = tmp_path / "noise.nii.gz"
    noise.write_bytes(np.random.default_rng(0).bytes(500))

    with pytest.raises(StudyError):
        TumorPredictor(saved_model("segmenter").path).predict(noise)


def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    """A text file with the right ending."""
    path = tmp_path / "model.pth"
    path.write_text("weights")

    with pytest.raises(CheckpointError):
        TumorPredictor(path)


def test_preprocessing_and_admission_need_no_torch() -> None:
    """Upload and listing must not wait for torch to load."""
    code = "import sys, core.inference; assert not {'torch', 'monai', 'torchvision'} & set(sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
