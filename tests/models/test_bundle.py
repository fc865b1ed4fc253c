"""MONAI bundles: read as data, filled from their tensors, refused where ours would only nearly be their network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.networks.nets import SwinUNETR, UNet

from core.errors import CheckpointError, ConfigError
from core.models import import_checkpoint, load_network
from core.models.importing import diagnose_checkpoint

UNET = {
    "_target_": "UNet", "spatial_dims": 3, "in_channels": "@channels_in", "out_channels": 2, "channels": [4, 8, 16],
    "strides": [2, 2], "num_res_units": 2, "norm": "batch",
}  # fmt: skip
STEPS = [
    {"_target_": "LoadImaged", "keys": "image"},
    {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
    {"_target_": "Spacingd", "keys": "image", "pixdim": [1.5, 1.5, 2.0], "mode": "bilinear"},
    {"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": True, "channel_wise": True},
    {"_target_": "EnsureTyped", "keys": "image"},
]
FORMAT = {
    "inputs": {"image": {"modality": "MR", "num_channels": 1, "channel_def": {"0": "T2"}}},
    "outputs": {"pred": {"channel_def": {"0": "background", "1": "spleen"}}},
}


def bundle(folder: Path, made: torch.nn.Module, defined: Any, steps: list[Any] | None = None, **more: Any) -> Path:
    """A bundle's folder."""
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    torch.save(made.state_dict(), folder / "models" / "model.pt")
    plans = {
        "imports": ["$import os"], "channels_in": 1, "network_def": defined, "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": STEPS if steps is None else steps},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 32], "overlap": 0.5}, **more,
    }  # fmt: skip
    (folder / "configs" / "inference.json").write_text(json.dumps(plans))
    facts = {"version": "0.1.0", "description": "Finds a spleen.", "network_data_format": FORMAT}
    (folder / "configs" / "metadata.json").write_text(json.dumps(facts))
    return folder


def unet(**changes: Any) -> UNet:
    """MONAI's own network, as a bundle's author would build it."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"channels": (4, 8, 16), "strides": (2, 2), "num_res_units": 2, "norm": "batch"}
    return UNet(spatial_dims=3, in_channels=1, out_channels=2, **(sizes | changes)).eval()


@pytest.mark.seeds(13)
def test_a_unet_bundle_becomes_a_model_that_answers_alike(tmp_path: Path) -> None:
    """Sizes, labels, channels and preprocessing come from its files, each with its origin."""
    network = unet()

    model = import_checkpoint(bundle(tmp_path / "spleen", network, UNET))

    assert (model.architecture, model.labels, model.channels) == ("unet3d", ("spleen",), ("T2",))
    assert (model.input.spacing_mm, model.input.patch) == ((1.5, 1.5, 2.0), (32, 32, 32))
    assert (model.input.normalisation, model.input.modalities) == ("zscore_nonzero", ("MR",))
    assert model.origins["input.spacing_mm"] == "embedded"
    assert model.card.summary == "Finds a spleen."
    array = torch.rand(1, 1, 32, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(load_network(model)(array), network(array), rtol=1e-4, atol=1e-4)


def test_a_swin_unetr_bundle_is_recognised_with_its_old_arguments(tmp_path: Path) -> None:
    """`img_size`, which MONAI has removed, stands in most published bundles."""
    torch.manual_seed(0)
    network = SwinUNETR(in_channels=1, out_channels=2, feature_size=12, spatial_dims=3)
    defined = {"_target_": "monai.networks.nets.SwinUNETR", "img_size": 96, "in_channels": 1, "out_channels": 2,
               "feature_size": 12, "use_checkpoint": True, "spatial_dims": 3}  # fmt: skip

    found = diagnose_checkpoint(bundle(tmp_path / "b", network, defined))

    assert (found.loads, found.kind) == (True, "a MONAI bundle")
    assert {field.name: field.value for field in found.fields}["model_type"] == "swin_unetr"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_target_": "SegResNet"}, "network is a SegResNet"),
        ({"_target_": "os.system"}, "network is a system"),
        ({"adn_ordering": "ADN"}, "adn_ordering = ADN"),
        ({"strides": [2, 1]}, r"strides = \[2, 1\]"),
        ({"norm": ["GROUP", {"num_groups": 2}]}, "norm"),
        ({"out_channels": 3}, "seg_out_channels = 3"),
        ({"surprise": 1}, "surprise = 1"),
    ],
)
def test_a_network_that_ours_would_only_nearly_be_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Order of layers and strides leave no trace in the tensors, and would answer with scores that look right."""
    with pytest.raises((CheckpointError, ConfigError), match=said):
        import_checkpoint(bundle(tmp_path / "b", unet(), {**UNET, **changes}))


def test_preprocessing_that_is_not_known_here_must_be_stated(tmp_path: Path) -> None:
    """A fixed grey range of CT has no counterpart; doing without it in silence would be worse than refusing."""
    steps = [*STEPS[:2], {"_target_": "ScaleIntensityRanged", "a_min": -57, "a_max": 164}, {"_target_": "$os.getcwd"}]
    path = bundle(tmp_path / "b", unet(), UNET, steps)

    with pytest.raises(ConfigError, match="ScaleIntensityRanged, a step that is not read"):
        import_checkpoint(path)
    assert import_checkpoint(path, config={"input": {"window": "full"}}).origins["input.window"] == "asked"


def test_nothing_that_a_bundle_names_is_imported_or_evaluated(tmp_path: Path) -> None:
    """Every bundle is a program by its own rules; here it is text."""
    trap = tmp_path / "trap"
    code = f"$__import__('os').system('touch {trap}')"
    path = bundle(
        tmp_path / "b", unet(), {**UNET, "_target_": code, "norm": code}, [{"_target_": code, "keys": code}],
        imports=[code], device=code, network=code,
    )  # fmt: skip

    found = diagnose_checkpoint(path)

    assert not found.loads
    assert not trap.exists()


def test_weights_that_are_not_there_or_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    """A link in a folder of somebody else's may point anywhere."""
    path = bundle(tmp_path / "b", unet(), UNET)
    weights = path / "models" / "model.pt"
    weights.rename(tmp_path / "elsewhere.pt")

    with pytest.raises(CheckpointError, match="no weights in models/model"):
        import_checkpoint(path)
    weights.symlink_to(tmp_path / "elsewhere.pt")
    with pytest.raises(CheckpointError, match="no weights in models/model"):
        import_checkpoint(path)
