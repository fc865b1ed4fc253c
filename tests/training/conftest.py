"""Small data folders in the layout of the real ones: drawn by code, some files loose, some in a zip."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from core.training.recipe import TrainConfig

SIDE = 32


def film(path: Path, *, spot: bool, seed: int) -> None:
    """A grey film, 40 x 48; with a bright spot where the finding is there."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(90, 12, (40, 48))
    if spot:
        rows, columns = np.mgrid[:40, :48]
        picture += 110 * np.exp(-((rows - rng.integers(14, 26)) ** 2 + (columns - rng.integers(16, 32)) ** 2) / 40)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path)


def volume(images: Path, labels: Path, *, seed: int) -> None:
    """A volume of about 14 x 18 x 12 with a body in two parts, and its label map."""
    rng = np.random.default_rng(seed)
    shape = (14 + seed % 2, 18, 12)
    i, j, k = np.indices(shape)
    centre = np.array(shape) / 2 + rng.uniform(-1, 1, 3)
    body = ((i - centre[0]) / 4) ** 2 + ((j - centre[1]) / 6) ** 2 + ((k - centre[2]) / 4) ** 2 < 1
    label = np.where(body, np.where(j > centre[1], 1, 2), 0)
    grey = rng.normal(50, 6, shape) + np.array([0, 60, 30])[label]
    for path, array in ((images, grey.astype(np.float32)), (labels, label.astype(np.uint8))):
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nib.Nifti1Image(array, np.eye(4))
        image.header.set_xyzt_units("mm")
        nib.save(image, path)


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 training films loose, and val, test and another hospital in a zip; two films a patient now and then."""
    root = tmp_path_factory.mktemp("films")
    rows, seed = [], 0
    for split, count in (("train", 20), ("val", 12), ("test", 10), ("elsewhere", 8)):
        for n in range(count):
            label = "pneumonia" if n % 2 else "normal"
            name = f"{split}/{label.upper()}/film{n}.png"
            film(root / name, spot=label == "pneumonia", seed=(seed := seed + 1))
            # Films 8 and 10 of a split (and 9 and 11) are of one patient.
            patient = f"{split}-{n - 2 if n in (10, 11) else n}"
            rows.append({"file": name, "split": split, "label": label, "patient": patient})
    table(root / "index.csv", rows)
    with zipfile.ZipFile(root / "rest.zip", "w") as archive:
        for row in rows:
            if row["split"] != "train":
                archive.write(root / row["file"], row["file"])
                (root / row["file"]).unlink()
    return root


@pytest.fixture(scope="session")
def volume_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 training and 3 test volumes with label maps, in a zip."""
    root = tmp_path_factory.mktemp("volumes")
    rows = []
    for n in range(9):
        row = {"patient": f"P{n}", "split": "train" if n < 6 else "test"}
        row |= {"image": f"images/v{n}.nii.gz", "label": f"labels/v{n}.nii.gz"}
        volume(root / row["image"], root / row["label"], seed=n)
        rows.append(row)
    table(root / "volumes.csv", rows)
    with zipfile.ZipFile(root / "volumes.zip", "w") as archive:
        for row in rows:
            for name in (row["image"], row["label"]):
                archive.write(root / name, name)
                (root / name).unlink()
    return root


CARD = {
    "display_name": "Tiny",
    "summary": "A test.",
    "trained_on": "Drawn pictures.",
    "licence": "None.",
    "citations": ["None."],
    "limits": ["Knows drawings only."],
}


def film_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe for the drawn films; `changes` replace top-level keys."""
    spec = {"kind": "film", "size": [SIDE, SIDE], "fit": "stretch", "normalisation": "zscore", "network_channels": 3}
    return {
        "id": "tiny_films_v0.1.0",
        "finding": "pneumonia",
        "model": {
            "model_type": "mobilenet_v3_small",
            "in_channels": 3,
            "cls_num_classes": 2,
            "classes": ["normal", "pneumonia"],
            "input": spec,
        },
        "data": {
            "title": "drawn films",
            "tables": [{"csv": "index.csv"}],
            "train": ["train"],
            "chosen_on": "val",
            "report": ["test"],
            "external": ["elsewhere"],
        },
        "learning": {"epochs": 6, "batch": 10, "rate": 3e-3, "augmentation": "none", "average": 0.5},
        "card": CARD,
    } | changes


def volume_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe for the drawn volumes; `changes` replace top-level keys."""
    return {
        "id": "tiny_volumes_v0.1.0",
        "model": {
            "model_type": "unet3d",
            "spatial_dims": 3,
            "base_filters": 4,
            "depth": 2,
            "in_channels": 1,
            "seg_out_channels": 3,
            "labels": ["front", "back"],
            "input": {"kind": "volume", "patch": [16, 20, 12], "divisor": 4, "normalisation": "zscore"},
        },
        "data": {
            "title": "drawn volumes",
            "tables": [{"csv": "volumes.csv", "image": "image"}],
            "train": ["train"],
            "report": ["test"],
        },
        "learning": {"epochs": 40, "batch": 3, "rate": 1e-2, "augmentation": "none", "average": 0.5},
        "card": CARD,
    } | changes


def recipe(plain: dict[str, Any], **learning: Any) -> TrainConfig:
    """The checked recipe, with some of its learning changed."""
    return TrainConfig.model_validate(plain | {"learning": plain["learning"] | learning})


def write_recipe(path: Path, plain: dict[str, Any]) -> Path:
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


def multitask_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe that reads the drawn volumes slice by slice, each with its neighbours; the two parts are one label."""
    plain = volume_recipe()
    spec = {
        "kind": "volume",
        "size": [32, 32],
        "fit": "pad",
        "slice_axis": 2,
        "context": 1,
        "divisor": 4,
        "normalisation": "zscore",
    }
    model = {
        "model_type": "multitask",
        "base_filters": 4,
        "depth": 2,
        "in_channels": 3,
        "seg_out_channels": 3,
        "labels": ["front", "back"],
        "classes": ["nothing", "body"],
        "input": spec,
    }
    learning = {"epochs": 8, "batch": 12, "rate": 1e-2, "augmentation": "none", "average": 0.5}
    return plain | {"id": "tiny_slices_v0.1.0", "model": model, "learning": learning} | changes
