"""Named defaults of preprocessing, for files that state none. Whatever is taken from here is shown as assumed.

A named default is a habit of a field, not a fact about a model: wrong preprocessing makes wrong scores that
look right, so the name and the values taken from it stand on every result.
"""

from __future__ import annotations

from typing import Any

from core.errors import ConfigError
from core.models import architectures
from core.models.config import ModelConfig
from core.models.input_spec import InputSpec
from core.studies.study import Kind

PRESETS: dict[str, dict[str, Any]] = {
    "chest-xray-384": {
        "kind": Kind.FILM, "modalities": ("CR", "DX"), "body_parts": ("CHEST",), "size": (384, 384), "fit": "pad",
        "window": "study", "normalisation": "imagenet", "interpolation": "bilinear",
    },
    "slice-256": {
        "kind": Kind.FILM, "size": (256, 256), "fit": "pad", "window": "study", "normalisation": "unit",
        "interpolation": "bilinear",
    },
    "mri-1mm": {
        "kind": Kind.VOLUME, "modalities": ("MR",), "spacing_mm": (1.0, 1.0, 1.0), "patch": (64, 64, 64),
        "orientation": "RAS", "window": "full", "normalisation": "zscore_nonzero",
    },
}  # fmt: skip
"""By name, without what the configuration decides: channels, divisor."""

STATED_BY_SIZES = ("kind", "channels", "network_channels", "divisor")
"""Fields of an input specification that follow from the network and are never assumed."""


def preset_names() -> str:
    """The names, for a message."""
    return ", ".join(PRESETS)


def preset_input(name: str, config: ModelConfig, stated: dict[str, Any] | None = None) -> InputSpec:
    """The input specification of a named default, fitted to a network; what is `stated` wins.

    Raises
    ------
    ConfigError : the name is unknown, the channels cannot be named, or the default is for a
        network of other dimensions.
    """
    if name not in PRESETS:
        raise ConfigError(
            found=f'There is no named input default "{name[:60]}".',
            why="A default is chosen by name so that it can be shown beside every result.",
            do=f"Use one of: {preset_names()}.",
        )
    held = {**network_facts(config), **PRESETS[name], **(stated or {})}
    if "channels" not in held and config.in_channels not in (1, 3):
        raise ConfigError(
            found=f"The network reads {config.in_channels} channels and the file does not name them.",
            why="A channel fed in another one's place gives a wrong answer that looks right.",
            do='Name them in the configuration: {"input": {"channels": ["T1", …]}}, in the network\'s order.',
        )
    return checked_input(held)


def default_input(config: ModelConfig) -> InputSpec:
    """The architecture's own named default, fitted to a network; raises like `preset_input`."""
    return preset_input(default_preset(config), config)


def default_preset(config: ModelConfig) -> str:
    """The name of the default that fits a network's dimensions."""
    preset = architectures.get(config.model_type).preset
    volume = PRESETS[preset]["kind"] is Kind.VOLUME
    return preset if volume == (config.spatial_dims == 3) else "mri-1mm" if config.spatial_dims == 3 else "slice-256"


def network_facts(config: ModelConfig) -> dict[str, Any]:
    """What a network's sizes say about its input."""
    architecture = architectures.get(config.model_type)
    return {"network_channels": config.in_channels, "divisor": architecture.divisor(config)}


def checked_input(fields: dict[str, Any]) -> InputSpec:
    """A strict input specification; raises ConfigError naming the faulty keys."""
    from pydantic import ValidationError

    try:
        return InputSpec.model_validate(fields)
    except ValidationError as error:
        known = ", ".join(sorted(InputSpec.model_fields))
        faults = "; ".join(f"{'.'.join(str(p) for p in f['loc'])}: {f['msg']}" for f in error.errors()[:5])
        raise ConfigError(
            found=f"The input specification does not fit: {faults}.",
            why="Preprocessing that the network was not trained with makes wrong scores.",
            do=f"Correct these keys of input. The known keys are: {known}.",
        ) from error
