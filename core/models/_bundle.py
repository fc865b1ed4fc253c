"""A MONAI bundle's folder: its weights, and its network definition and preprocessing read as data. In the worker only.

Owns what of a bundle is understood. Nothing that a configuration names (`_target_`) is imported, no expression (`$…`)
evaluated, and only files at the bundle's fixed places are opened. A setting that leaves no trace in the tensors and is
not understood refuses the bundle: a network that is nearly the right one answers with scores that look right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, ConfigError
from core.models.config import read_config_file

METADATA, INFERENCE = Path("configs/metadata.json"), Path("configs/inference.json")
WEIGHTS = (Path("models/model.pt"), Path("models/model.ts"))
"""Where a bundle keeps its parts; the second weights are a TorchScript archive."""

IGNORED = object()
"""A setting that changes nothing when predicting, or that the tensors show."""

_UNET: dict[str, Any] = {
    "spatial_dims": "spatial_dims", "dimensions": "spatial_dims", "in_channels": "in_channels",
    "out_channels": "seg_out_channels", "channels": IGNORED, "strides": IGNORED, "num_res_units": "res_units",
    "norm": "norm", "act": IGNORED, "kernel_size": IGNORED, "up_kernel_size": IGNORED, "dropout": IGNORED,
    "bias": IGNORED, "adn_ordering": ("NDA",),
}  # fmt: skip
_SWIN: dict[str, Any] = {
    "spatial_dims": "spatial_dims", "in_channels": "in_channels", "out_channels": "seg_out_channels",
    "feature_size": "feature_size", "img_size": IGNORED, "depths": IGNORED, "num_heads": IGNORED, "window_size": (7,),
    "patch_size": (2,), "qkv_bias": IGNORED, "mlp_ratio": IGNORED, "norm_name": ("instance",), "normalize": (True,),
    "drop_rate": IGNORED, "attn_drop_rate": IGNORED, "dropout_path_rate": IGNORED, "use_checkpoint": IGNORED,
    "downsample": ("merging",), "use_v2": IGNORED,
}  # fmt: skip
"""An argument of the network -> our field of it, IGNORED, or the only values that our network has (those leave no
trace in the tensors)."""

NETWORKS: dict[str, tuple[dict[str, Any], int]] = {"UNet": (_UNET, 3), "Unet": (_UNET, 3), "SwinUNETR": (_SWIN, 3)}
"""MONAI's class -> its arguments, and its dimensions where it does not state them."""

HARMLESS_STEPS = frozenset({
    "LoadImaged", "EnsureChannelFirstd", "AddChanneld", "AsChannelFirstd", "EnsureTyped", "ToTensord", "CastToTyped",
})  # fmt: skip
"""Steps that our readers do anyway."""


@dataclass(slots=True)
class Bundle:
    """A bundle's statements in our keys. unknown : steps of its preprocessing that are not done here."""

    weights: Path
    config: dict[str, Any] = field(default_factory=lambda: {"schema_version": 2})
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_bundle(path: Path) -> bool:
    """Whether a folder is laid out like a bundle."""
    return path.is_dir() and any((path / part).is_file() for part in (METADATA, INFERENCE))


def read_bundle(path: Path) -> Bundle:
    """What the bundle states, and where its weights are.

    Raises
    ------
    CheckpointError : no weights at their place, or a network that is not in our table or set up in another way.
    ConfigError : a file of it is no JSON object.
    """
    weights = next((path / part for part in WEIGHTS if (path / part).is_file()), None)
    if weights is None or weights.is_symlink() or weights.parent.is_symlink():
        raise CheckpointError(
            found="The bundle has no weights in models/model.pt.",
            why="That is where a bundle keeps them, and no other place is looked at.",
            do="Download the bundle whole, with its large files.",
        )
    bundle = Bundle(weights)
    plans = read_config_file(path / INFERENCE) if (path / INFERENCE).is_file() else {}
    facts = read_config_file(path / METADATA) if (path / METADATA).is_file() else {}
    _network(bundle, _literal(plans.get("network_def"), plans), plans)
    _names(bundle, facts)
    _preparation(bundle, plans, facts, volumes=bundle.config.get("spatial_dims") == 3)
    description = facts.get("description")
    if isinstance(description, str):
        bundle.config["description"] = description[:4000]
    return bundle


def _network(bundle: Bundle, defined: Any, plans: Mapping[str, Any]) -> None:
    """The network's sizes out of its definition; the tensors have the last word on every one of them."""
    target = _last_part(defined)
    if target is None:
        bundle.notes.append("The bundle defines its network in a way that is not read; the tensors decide.")
        return
    if target not in NETWORKS:
        raise CheckpointError(
            found=f"The bundle's network is a {target[:60]}.",
            why="A network is only ever built from our own table, and what a bundle names is never imported.",
            do="Bundles of UNet and SwinUNETR load; another network has to be trained here.",
        )
    known, dims = NETWORKS[target]
    config: dict[str, Any] = {"spatial_dims": dims}
    strange = []
    for name, value in defined.items():
        said, rule = _literal(value, plans), known.get(name)
        if name.startswith("_") or rule is IGNORED or name == "<name>":
            continue
        if isinstance(rule, str) and (isinstance(said, int) or name == "norm"):
            config[rule] = _norm(said) if name == "norm" else said
        elif not isinstance(rule, tuple) or not _allowed(said, rule):
            strange.append(f"{name} = {str(value)[:40]}")
    if target == "SwinUNETR":
        config["model_type"] = "swin_unetr"
    else:
        config["model_type"] = "unet2d" if config["spatial_dims"] == 2 else "unet3d"
        strange += _strides(defined, plans, config)
    if strange:
        raise CheckpointError(
            found=f"The bundle's {target} is set up with {', '.join(strange[:4])}.",
            why="Our network of that name has no such setting, and the tensors would not show the difference.",
            do="Train a network of our table, or use the bundle with MONAI itself.",
        )
    bundle.config |= config


def _strides(defined: Mapping[str, Any], plans: Mapping[str, Any], config: dict[str, Any]) -> list[str]:
    """Strides leave no trace without residual units, so they must be those of our network."""
    strides = _literal(defined.get("strides"), plans)
    if not isinstance(strides, list) or not all(type(n) is int for n in strides):
        return ["strides that are not read"]
    if strides[0] not in (1, 2) or any(n != 2 for n in strides[1:]):
        return [f"strides = {strides}"[:60]]
    config["top_stride"] = strides[0]
    return []


def _names(bundle: Bundle, facts: Mapping[str, Any]) -> None:
    """Labels of the outputs and names of the input channels, from the metadata's tables of channels."""
    labels = _channels(facts, "outputs", "pred")
    if labels:
        bundle.config["labels"] = labels[1:] if labels[0].lower() == "background" else labels
    names = _channels(facts, "inputs", "image")
    if names:
        bundle.config.setdefault("input", {})["channels"] = names


def _channels(facts: Mapping[str, Any], side: str, which: str) -> list[str]:
    held: Any = facts
    for key in ("network_data_format", side, which, "channel_def"):
        held = held.get(key) if isinstance(held, Mapping) else None
    if not isinstance(held, Mapping) or not all(str(key).isdigit() for key in held):
        return []
    return [str(name)[:64] for _, name in sorted(held.items(), key=lambda pair: int(pair[0]))]


def _preparation(bundle: Bundle, plans: Mapping[str, Any], facts: Mapping[str, Any], *, volumes: bool) -> None:
    """Orientation, spacing, greys and window of a volume, step by step; what is not understood is told.

    Of a network that is not known to read volumes no step is understood.
    """
    said: dict[str, Any] = {}
    chain = _literal(plans.get("preprocessing"), plans)
    steps = _literal(chain.get("transforms"), plans) if isinstance(chain, Mapping) else None
    if plans.get("preprocessing") is not None and not isinstance(steps, list):
        bundle.unknown.append("steps that are not read")
    for step in steps if isinstance(steps, list) else ():
        name = _last_part(step) or "a step that is not read"
        if name in HARMLESS_STEPS:
            continue
        found = _step(name, {key: _literal(value, plans) for key, value in dict(step or {}).items()})
        if found is None or not volumes:
            bundle.unknown.append(name[:40])
        else:
            said |= found
    if not volumes:
        return
    inferer = _literal(plans.get("inferer"), plans)
    roi = _literal(inferer.get("roi_size"), plans) if isinstance(inferer, Mapping) else None
    if _three(roi, int):
        said["patch"] = roi
    modality = _modality(facts)
    if modality:
        said["modalities"] = [modality]
    bundle.config["input"] = {"kind": "volume", **bundle.config.get("input", {}), **said}


def _step(name: str, step: dict[str, Any]) -> dict[str, Any] | None:
    """One step in our keys; None where there is no such step here."""
    if name == "Orientationd" and isinstance(step.get("axcodes"), str):
        return {"orientation": step["axcodes"]}
    if name == "Spacingd" and _three(step.get("pixdim"), int | float):
        return {"spacing_mm": step["pixdim"]}
    if name == "NormalizeIntensityd" and not {"subtrahend", "divisor"} & step.keys():
        return {"window": "full", "normalisation": "zscore_nonzero" if step.get("nonzero") is True else "zscore"}
    if name == "ScaleIntensityd" and step.get("minv", 0.0) == 0.0 and step.get("maxv", 1.0) == 1.0:
        return {"window": "full", "normalisation": "unit"}
    return None


def require_known_steps(unknown: tuple[str, ...], asked: Mapping[str, Any] | None) -> None:
    """Raise ConfigError where a bundle prepares its images in a way not done here, unless the input was stated."""
    if unknown and not (asked or {}).get("input"):
        raise ConfigError(
            found=f"The bundle prepares its images with {', '.join(unknown[:4])}, which is not known here.",
            why="Pictures prepared in another way than in training give wrong scores that look right.",
            do='State how they are prepared with --config FILE as {"input": {…}}, if that is near enough.',
        )


def _literal(value: Any, plans: Mapping[str, Any]) -> Any:
    """A value, or the one at the top of the file that `@name` points at; expressions and other references are None."""
    if isinstance(value, str) and value.startswith("@"):
        value = plans.get(value[1:])
        return None if isinstance(value, str) and value.startswith("@") else _literal(value, plans)
    return None if isinstance(value, str) and value.startswith("$") else value


def _last_part(defined: Any) -> str | None:
    target = defined.get("_target_", defined.get("<name>")) if isinstance(defined, Mapping) else None
    return target.rpartition(".")[2] if isinstance(target, str) and not target.startswith("$") else None


def _norm(said: Any) -> str:
    name = said[0] if isinstance(said, list) and said and not any(said[1:]) else said
    return name.lower() if isinstance(name, str) else f"{said}"[:40]


def _allowed(said: Any, values: tuple[Any, ...]) -> bool:
    one = said[0] if isinstance(said, list) and said and len(set(map(str, said))) == 1 else said
    return any(type(one) is type(value) and one == value for value in values)


def _three(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(n, kind) and n > 0 for n in value)


def _modality(facts: Mapping[str, Any]) -> str | None:
    held: Any = facts
    for key in ("network_data_format", "inputs", "image", "modality"):
        held = held.get(key) if isinstance(held, Mapping) else None
    return {"MR": "MR", "MRI": "MR", "CT": "CT"}.get(str(held).upper())
