"""A shelf of tiny untrained models: two classifiers, two segmenters, one of two channels, one multitask.

Their answers mean nothing and are the same every time; the pages show them like any other's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from core.metrics.operating_points import OperatingPoint, Rule
from core.models.building import build_network
from core.models.card import Card, Metric
from core.models.checkpoint import save_model_with_config
from core.models.config import ModelConfig
from core.studies.study import Kind

CHEST, CHEST_TWO, HIPPOCAMPUS, HIPPOCAMPUS_WIDE, TWO_CHANNELS = (
    "tiny_chest_mobilenet_v1.0.0",
    "tiny_chest_resnet_v1.0.0",
    "tiny_hippocampus_v1.0.0",
    "tiny_hippocampus_wide_v1.0.0",
    "tiny_two_channels_v1.0.0",
)

EVIL, EVIL_CHANNELS = "**bold** $x^2$ :red[x]", "<b>one</b> :material/x:"
"""Names of models that are markup to whoever reads them as such."""

_FILM = {
    "kind": Kind.FILM,
    "size": (64, 64),
    "modalities": ("CR", "DX"),
    "body_parts": ("CHEST",),
    "network_channels": 3,
    "normalisation": "imagenet",
}
_VOLUME = {"kind": Kind.VOLUME, "patch": (16, 16, 16), "window": "full", "normalisation": "zscore", "divisor": 4}
_UNET: dict[str, Any] = {"model_type": "unet3d", "base_filters": 4, "depth": 2, "res_units": 1}


def point(name: str, threshold: float) -> OperatingPoint:
    """90 of 100 found and 160 of 200 rightly clear, chosen on another split."""
    return OperatingPoint(
        name=name,
        finding="pneumonia",
        threshold=threshold,
        rule=Rule.YOUDEN if name == "Youden" else Rule.SENSITIVITY_GUARANTEE,
        target=None if name == "Youden" else 0.9,
        confidence=None if name == "Youden" else 0.95,
        guaranteed=name != "Youden",
        cohort="300 made-up films",
        chosen_on="val",
        positives=100,
        negatives=200,
        tp=90,
        fp=40,
        fn=10,
        tn=160,
    )


def make_shelf(folder: Path) -> Path:
    """Write the models; the folder again."""
    card = Card(
        display_name="tiny chest mobilenet",
        trained_on="nothing",
        licence="Apache-2.0",
        metrics=(Metric(name="auc", value=0.5, lo=0.4, hi=0.6, method="delong_logit", n=300, split="made-up films"),),
        limits=("Untrained: its answers mean nothing.",),
    )
    points = (point("sensitivity 90%", 0.2), point("Youden", 0.5))
    chest = {"in_channels": 3, "classes": ("normal", "pneumonia"), "input": _FILM}
    _save(folder, CHEST, 1, card, points, model_type="mobilenet_v3_small", **chest)
    _save(folder, CHEST_TWO, 2, Card(display_name="tiny chest resnet"), (), model_type="resnet18", **chest)
    dice = Metric(name="Dice anterior", value=0.71, lo=0.65, hi=0.77, method="bootstrap", n=47, split="made-up volumes")
    _save(
        folder, HIPPOCAMPUS, 3, Card(display_name="tiny hippocampus", metrics=(dice,)), (),
        labels=("anterior", "posterior"), input={**_VOLUME, "modalities": ("MR",)}, **_UNET,
    )  # fmt: skip
    _save(
        folder, HIPPOCAMPUS_WIDE, 5, Card(display_name="tiny hippocampus wide"), (),
        labels=("anterior", "posterior"), input={**_VOLUME, "modalities": ("MR",)}, **_UNET | {"base_filters": 6},
    )  # fmt: skip
    _save(
        folder, TWO_CHANNELS, 4, Card(display_name="tiny two channels"), (),
        in_channels=2, labels=("lesion", "oedema"), input={**_VOLUME, "channels": ("T1", "FLAIR")}, **_UNET,
    )  # fmt: skip
    return folder


def make_evil(folder: Path) -> Path:
    """A film model and one of two channels whose every word is a tag, Markdown or a formula; the folder again."""
    card = Card(
        display_name=EVIL,
        summary="<script>window.harm=1</script> **bold**",
        trained_on="[link](http://evil.invalid) <img src=x onerror='window.harm=1'>",
        licence="$x^2$",
        limits=("![](http://evil.invalid/a.png)", "<b>one</b>"),
        assumed=("window = <b>one</b>", "![](http://evil.invalid/a.png)"),
    )
    classes = ("<b>one</b>", "=1+1 [link](http://evil.invalid)")
    _save(
        folder, "evil_film_v1.0.0", 1, card, (), model_type="mobilenet_v3_small", in_channels=3, classes=classes,
        input=_FILM,
    )  # fmt: skip
    _save(
        folder, "evil_channels_v1.0.0", 4, Card(display_name=EVIL_CHANNELS), (), in_channels=2,
        labels=("**bold**", "$x^2$"), input={**_VOLUME, "channels": ("![](http://evil.invalid)", "$x^2$")}, **_UNET,
    )  # fmt: skip
    return folder


def _save(folder: Path, name: str, seed: int, card: Card, points: tuple[OperatingPoint, ...], **fields: Any) -> None:
    config = ModelConfig(**fields)
    torch.manual_seed(seed)
    network = build_network(config)
    shape = (4, config.in_channels, *(32,) * config.spatial_dims)
    with torch.no_grad():
        network.train()
        for _ in range(3):  # so that the norm layers have seen something and answers differ
            network(torch.randn(shape))
    path = folder / name / "model.safetensors"
    save_model_with_config(network.eval(), path, config, card=card, operating_points=points)


if __name__ == "__main__":
    import sys

    make_shelf(Path(sys.argv[1]))
