"""Small studies, predictions and owners for the tests of this folder."""

from __future__ import annotations

import io

import numpy as np
import pytest

from core.inference.prediction import Prediction, Provenance
from core.studies.study import Geometry, IngestReport, Kind, Study, Window
from core.workspace import Uploads, Workspace


def small_study(seed: int = 1) -> Study:
    """A volume of 6 x 5 x 4 voxels of 1 mm."""
    pixels = np.random.default_rng(seed).random((1, 6, 5, 4), np.float32)
    report = IngestReport(
        recognised="NIfTI-1",
        files=1,
        sha256=f"{seed:064x}",
        pixel_sha256=f"{seed:064x}",
        shape=(6, 5, 4),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        modality="MR",
        identifiers_removed=("descrip",),
    )
    geometry = Geometry((1.0, 1.0, 1.0), np.eye(4), "RAS")
    return Study(Kind.VOLUME, pixels, ("image",), (Window(0.0, 1.0, "percentiles 1 to 99"),), geometry, report)


def small_prediction(study: Study, seed: int = 1) -> Prediction:
    """A label map of two labels on the study's own grid."""
    labels = np.random.default_rng(seed).integers(0, 3, study.shape, dtype=np.uint8)
    voxels = {name: int((labels == value).sum()) for value, name in enumerate(("front", "back"), start=1)}
    return Prediction(
        model_id="hippocampus_unet3d_v1.0.0",
        task="segmentation",
        input_sha256=study.sha256,
        weights_sha256="ab" * 32,
        scores={},
        label_map=labels,
        labels=("front", "back"),
        voxels=voxels,
        volumes_ml={name: n / 1000 for name, n in voxels.items()},
        heat=None,
        heat_for=None,
        thresholds={},
        warnings=("The spacing is unusual.",),
        provenance=Provenance({"torch": "2"}, "cpu", "float32", {"explain": True}, {"network": 0.5}),
    )


def put_files(workspace: Workspace, *contents: tuple[str, bytes]) -> Uploads:
    """An owner's uploads after one batch of (name, bytes)."""
    uploads = Uploads(workspace)
    uploads.receive((name, io.BytesIO(content)) for name, content in contents)
    return uploads


@pytest.fixture
def owner() -> Workspace:
    """An owner with nothing yet."""
    return Workspace("owner-one")


@pytest.fixture
def other() -> Workspace:
    """Another owner."""
    return Workspace("owner-two")
