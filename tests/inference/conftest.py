"""Small studies and specifications for the inference tests, built by code and seeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

from core.metrics.operating_points import OperatingPoint, Rule
from core.models.building import build_network
from core.models.card import Card
from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.models.model import Model
from core.studies.study import Geometry, IngestReport, Kind, Study, Window

MakeFilm = Callable[..., Study]
MakeVolume = Callable[..., Study]
MakeModel = Callable[..., Model]

FILM = {"kind": Kind.FILM, "size": (64, 64), "modalities": ("CR", "DX"), "body_parts": ("CHEST",), "window": "full"}
VOLUME = {"kind": Kind.VOLUME, "patch": (16, 16, 16), "window": "full", "normalisation": "zscore", "divisor": 4}
CONFIGS: dict[str, dict[str, Any]] = {
    "classifier": {
        "model_type": "mobilenet_v3_small",
        "in_channels": 3,
        "classes": ("NORMAL", "PNEUMONIA"),
        "input": {**FILM, "network_channels": 3, "normalisation": "imagenet"},
    },
    "segmenter": {
        "model_type": "unet3d",
        "base_filters": 4,
        "depth": 2,
        "res_units": 1,
        "labels": ("anterior", "posterior"),
        "input": VOLUME,
    },
    "multitask2d": {
        "model_type": "multitask",
        "base_filters": 4,
        "depth": 2,
        "classes": ("clear", "tumour"),
        "labels": ("mass",),
        "input": {**FILM, "divisor": 4},
    },
    "multitask3d": {
        "model_type": "multitask",
        "spatial_dims": 3,
        "base_filters": 4,
        "depth": 2,
        "classes": ("clear", "tumour"),
        "labels": ("oedema", "core"),
        "input": VOLUME,
    },
}


def _fresh(config: ModelConfig, seed: int) -> torch.nn.Module:
    """A seeded network whose norm layers have seen noise, so that its answers are not all alike."""
    torch.manual_seed(seed)
    network = build_network(config)
    shape = (4, config.in_channels, *(32,) * config.spatial_dims)
    with torch.no_grad():
        network.train()
        for _ in range(3):
            network(torch.randn(shape))
    return network.eval()


@pytest.fixture
def saved_model(tmp_path: Path) -> MakeModel:
    """saved_model('classifier', seed=0, card=, points=, name=, **configuration fields): the handle of a file."""

    def make(
        kind: str,
        seed: int = 0,
        *,
        card: Card | None = None,
        points: tuple[OperatingPoint, ...] = (),
        name: str | None = None,
        **fields: Any,
    ) -> Model:
        config = ModelConfig(**{**CONFIGS[kind], **fields})
        path = tmp_path / "shelf" / f"{name or kind}_v1.0.{seed}.safetensors"
        save_model_with_config(_fresh(config, seed), path, config, card=card, operating_points=points, self_test=False)
        (path.parent / "model_config.json").unlink()
        return read_model(path)

    return make


@pytest.fixture
def point() -> Callable[..., OperatingPoint]:
    """point(finding, threshold): an operating point with 9 of 10 found and 18 of 20 rightly clear."""

    def make(finding: str, threshold: float, weights_sha256: str | None = None) -> OperatingPoint:
        return OperatingPoint(
            name="Youden",
            finding=finding,
            threshold=threshold,
            rule=Rule.YOUDEN,
            target=None,
            confidence=None,
            guaranteed=False,
            cohort="30 films",
            chosen_on="val",
            positives=10,
            negatives=20,
            tp=9,
            fp=2,
            fn=1,
            tn=18,
            weights_sha256=weights_sha256,
        )

    return make


def _report(shape: tuple[int, ...], spacing: tuple[float, ...] | None, **facts: Any) -> IngestReport:
    orientation = facts.pop("orientation", None)
    return IngestReport("test picture", 1, "a" * 64, "b" * 64, shape, spacing, orientation, **facts)


@pytest.fixture
def film() -> MakeFilm:
    """film(pixels (rows, columns), window=(low, high), **report facts)."""

    def make(pixels: ArrayLike, window: tuple[float, float] = (0.0, 255.0), **facts: Any) -> Study:
        array = np.asarray(pixels, np.float32)
        report = _report(array.shape, None, **facts)
        return Study(Kind.FILM, array[None], ("image",), (Window(*window, "bit depth"),), Geometry(None), report)

    return make


@pytest.fixture
def volume() -> MakeVolume:
    """volume(pixels (i, j, k) or by channel name, affine=identity, known=True, **report facts)."""

    def make(
        pixels: ArrayLike | Mapping[str, NDArray[Any]],
        affine: ArrayLike | None = None,
        *,
        known: bool = True,
        **facts: Any,
    ) -> Study:
        named = pixels if isinstance(pixels, Mapping) else {"image": pixels}
        array = np.stack([np.asarray(p, np.float32) for p in named.values()])
        matrix = np.eye(4) if affine is None else np.asarray(affine, np.float64)
        spacing = tuple(float(s) for s in np.linalg.norm(matrix[:3, :3], axis=0)) if known else None
        orientation = "".join(nib.aff2axcodes(matrix)) if known else None
        windows = tuple(Window(float(p.min()), float(p.max()) + 1, "percentiles 1 to 99") for p in array)
        report = _report(array.shape[1:], spacing, orientation=orientation, **facts)
        return Study(Kind.VOLUME, array, tuple(named), windows, Geometry(spacing, matrix, orientation), report)

    return make
