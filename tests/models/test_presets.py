"""Named defaults fit every architecture, and say no where they cannot."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.models import ModelConfig, architectures
from core.models.presets import PRESETS, default_input, preset_input
from core.studies.study import Kind


@pytest.mark.parametrize("name", architectures.names())
@pytest.mark.parametrize("in_channels", [1, 3])
def test_every_architecture_has_a_default_that_fits_it(name: str, in_channels: int) -> None:
    """A configuration with its default is valid, at every depth that is allowed."""
    for dims in architectures.get(name).spatial_dims:
        for depth in (1, 6):
            config = ModelConfig.checked(
                {"model_type": name, "spatial_dims": dims, "depth": depth, "in_channels": in_channels}
            )
            spec = default_input(config)
            assert ModelConfig.checked({**config.model_dump(), "input": spec.model_dump()}).input == spec
            assert (spec.kind is Kind.VOLUME) == (dims == 3)


def test_channels_that_nobody_named_are_asked_for() -> None:
    """T1 in the place of FLAIR gives a wrong mask that looks right."""
    config = ModelConfig(model_type="unet3d", spatial_dims=3, in_channels=4)

    with pytest.raises(ConfigError, match="reads 4 channels"):
        default_input(config)
    named = preset_input("mri-1mm", config, {"channels": ["T1", "T1c", "T2", "FLAIR"]})
    assert named.channels == ("T1", "T1c", "T2", "FLAIR")


def test_an_unknown_name_lists_the_known_ones_and_a_misfit_is_told() -> None:
    """The name is part of what is shown, so it is never guessed."""
    with pytest.raises(ConfigError, match=", ".join(PRESETS)):
        preset_input("chest", ModelConfig())
    with pytest.raises(ConfigError, match="size"):
        preset_input("slice-256", ModelConfig(), {"size": [100, 100]})
