"""Older and foreign configurations, turned into ours.

Owns the forms that we know: S1's flat `config`, S3's file, and MONAI's removed arguments. What cannot be
carried over is told in `notes`, never dropped in silence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 2
"""Version 1 is the S3 file, which states no version."""

_S1_MARK = "model"
"""S1's flat training configuration names its network under this key; ours never has it."""

_S1_DEFAULTS = {"in_channels": 3}
"""S1's networks are torchvision's, which read three channels."""

_MONAI_SPATIAL = "dimensions"
"""MONAI's old name of spatial_dims."""

_MONAI_REMOVED = ("img_size",)
"""Arguments that MONAI networks no longer take: the size followed from the input all along."""

_RENAMED_ARCHITECTURES = {
    "unet_3d": "unet3d", "unet_2d": "unet2d", "swinunetr": "swin_unetr", "multi_task": "multitask",
    "efficientnet-b0": "efficientnet_b0", "efficientnet-b2": "efficientnet_b2", "swin-t": "swin_t",
    "mobilenetv3_small": "mobilenet_v3_small", "mobilenetv3_large": "mobilenet_v3_large",
}  # fmt: skip
"""Spellings met in configurations, lower case."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """A configuration in our keys, still unchecked.

    defaults : what its form takes for granted and does not state; the tensors of a checkpoint may
    say otherwise. picture_size : of S1, apart because our size is part of `input`.
    """

    config: dict[str, Any]
    defaults: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture_size: tuple[int, int] | None = None


def migrate(plain: dict[str, Any]) -> Migrated:
    """The configuration in today's keys. Values are not judged here; unknown keys stay and are refused later."""
    if isinstance(plain.get(_S1_MARK), str) and "model_type" not in plain:
        return _from_s1(plain)
    config, notes, defaults = dict(plain), [], {}
    if config.get("schema_version", 1) == 1:
        config["schema_version"] = SCHEMA_VERSION
        defaults["model_type"] = "multitask"
    if "model_type" in config:
        config["model_type"] = _spelled(config["model_type"])
    if _MONAI_SPATIAL in config:
        config.setdefault("spatial_dims", config.pop(_MONAI_SPATIAL))
        notes.append("The old key dimensions was read as spatial_dims.")
    for name in _MONAI_REMOVED:
        if name in config:
            notes.append(f"The key {name}, which this architecture no longer takes, was left out.")
            config.pop(name)
    return Migrated(config, defaults, tuple(notes))


def _from_s1(plain: dict[str, Any]) -> Migrated:
    """A flat training configuration: the network's name and picture size count, the rest is kept as text."""
    rest = {k: v for k, v in plain.items() if k not in (_S1_MARK, "img_size", "classes")}
    config: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "model_type": _spelled(plain[_S1_MARK])}
    if isinstance(plain.get("classes"), list | tuple):
        config["classes"] = list(plain["classes"])
    if rest:
        config["training_config"] = json.dumps(rest, sort_keys=True, default=str)[:4000]
    return Migrated(config, dict(_S1_DEFAULTS), picture_size=_two_sides(plain.get("img_size")))


def _two_sides(side: Any) -> tuple[int, int] | None:  # whatever stood under img_size
    if type(side) is int:
        return side, side
    if isinstance(side, list | tuple) and len(side) == 2 and all(type(s) is int for s in side):
        return side[0], side[1]
    return None


def _spelled(name: Any) -> Any:  # whatever stood in the file; the schema judges it
    if not isinstance(name, str):
        return name
    plain = name.strip().lower()
    return _RENAMED_ARCHITECTURES.get(plain, plain)
