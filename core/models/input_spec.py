"""What a network wants to be fed: everything preprocessing needs, and nothing a user has to know by heart.

Owns the specification and its bounds. `core.inference` carries it out, `core.models.presets` holds the
named defaults for files that state none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from core.studies.study import Kind

Side = Annotated[int, Field(ge=8, le=2048)]
PatchSide = Annotated[int, Field(ge=8, le=320)]
Millimetres = Annotated[float, Field(ge=0.05, le=50, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100)]
Word = Annotated[str, Field(min_length=1, max_length=64)]

_AXIS_OF = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}

MAX_PATCH_VOXELS = 256**3
"""Largest window of a 3-D network: its activations are some hundred times this many numbers."""

MAX_CONTEXT = 3
"""Neighbours on a side: with more, a first layer reads a window of a volume and a 3-D network is meant."""


class InputSpec(BaseModel):
    """How a study becomes the array that a network was trained on.

    A film network has a `size`; a volume network has a `patch` (sliding window) or, when it reads
    slices one by one, a `slice_axis` and a `size`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(description="film or volume")
    channels: tuple[Word, ...] = Field(
        ("image",), min_length=1, max_length=16, description="names, in the network's order"
    )
    modalities: tuple[Word, ...] = Field((), max_length=16, description="accepted DICOM modality codes; none: any")
    body_parts: tuple[Word, ...] = Field((), max_length=16, description="accepted DICOM body parts; none: any")
    views: tuple[Word, ...] = Field(
        (), max_length=16, description="accepted DICOM view positions of films; none: not told"
    )
    size: tuple[Side, Side] | None = Field(None, description="rows and columns that a 2-D network is fed")
    fit: Literal["pad", "stretch", "crop"] = Field("pad", description="how a picture of another shape gets there")
    spacing_mm: tuple[Millimetres, Millimetres, Millimetres] | None = Field(
        None, description="resampled to; none: as stored"
    )
    patch: tuple[PatchSide, PatchSide, PatchSide] | None = Field(
        None, description="sliding window, in model orientation"
    )
    orientation: str | None = Field("RAS", description="axes of a volume that the network is fed; none: as stored")
    divisor: int = Field(1, ge=1, le=128, description="every side fed must be a multiple of this")
    window: Literal["study", "percentile", "full"] = Field("study", description="grey range mapped to 0..1")
    percentiles: tuple[Percent, Percent] = Field((1.0, 99.0), description="of the percentile window")
    normalisation: Literal["unit", "zscore", "zscore_nonzero", "imagenet"] = Field(
        "unit", description="after the window"
    )
    interpolation: Literal["bilinear", "bicubic"] = Field("bilinear", description="of a 2-D resize")
    network_channels: int = Field(1, ge=1, le=16, description="channels of the network's first layer; grey is repeated")
    slice_axis: int | None = Field(
        None, ge=0, le=2, description="axis in model orientation that a 2-D network walks along"
    )
    context: int = Field(
        0, ge=0, le=MAX_CONTEXT, description="neighbouring slices on each side that are channels of a slice too"
    )

    @model_validator(mode="before")
    @classmethod
    def _network_follows_channels(cls, given: Any) -> Any:  # raw input of any shape
        if not isinstance(given, dict) or "network_channels" in given:
            return given
        channels, context = given.get("channels", ("image",)), given.get("context", 0)
        if not isinstance(channels, list | tuple) or not isinstance(context, int):
            return given  # refused by its own field, in better words
        return {**given, "network_channels": max(1, len(channels)) * (2 * context + 1)}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("channels: two channels have one name")
        fed = len(self.channels) * (2 * self.context + 1)
        repeated = fed == 1 and self.network_channels == 3
        if self.network_channels != fed and not repeated:
            with_slices = f" of {2 * self.context + 1} slices" if self.context else ""
            raise ValueError(
                f"network_channels: {self.network_channels} cannot be fed from {len(self.channels)} channels"
                + with_slices
            )
        if self.orientation is not None and sorted(_AXIS_OF.get(c, -1) for c in self.orientation) != [0, 1, 2]:
            raise ValueError("orientation: three letters, one of each pair R/L, A/P and S/I")
        if self.percentiles[0] >= self.percentiles[1]:
            raise ValueError("percentiles: the first must be below the second")
        if self.kind is Kind.FILM and (self.patch or self.spacing_mm or self.slice_axis is not None):
            raise ValueError("patch, spacing_mm, slice_axis: a film has none of these")
        if self.kind is Kind.VOLUME and self.slice_axis is None and self.size is not None:
            raise ValueError("size: a volume network has a patch; name a slice_axis if it reads slices")
        if self.context and self.slice_axis is None:
            raise ValueError("context: only slices have neighbours; name a slice_axis")
        if self.context and self.normalisation == "imagenet":
            raise ValueError("normalisation: ImageNet's mean is that of colours, not of neighbouring slices")
        if self.feeds_slices and self.size is None:
            raise ValueError("size: a 2-D network needs rows and columns")
        if self.patch and self.patch[0] * self.patch[1] * self.patch[2] > MAX_PATCH_VOXELS:
            raise ValueError(f"patch: more than {MAX_PATCH_VOXELS} voxels")
        sides = (*(self.size or ()), *(self.patch or ()))
        if any(side % self.divisor for side in sides):
            raise ValueError(f"divisor: a side of {sides} is no multiple of {self.divisor}")
        return self

    @model_serializer(mode="wrap")
    def _without_silence(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Checkpoints that say nothing of views keep the text, and with it the hash, that they were sealed with."""
        plain: dict[str, Any] = dump(self)
        if not self.views:
            plain.pop("views", None)
        return plain

    @property
    def feeds_slices(self) -> bool:
        """Whether the network is 2-D: it is fed films, or slices of a volume."""
        return self.kind is Kind.FILM or self.slice_axis is not None

    @property
    def repeats_grey(self) -> bool:
        """Whether one grey channel is fed to the network three times."""
        return self.network_channels != len(self.channels) and not self.context

    def sentence(self) -> str:
        """One line of facts for the sidebar."""
        if self.kind is Kind.FILM:
            parts = [f"Films at {self.size[0]} × {self.size[1]} px" if self.size else "Films", f"{self.fit} to fit"]
        else:
            grid = "Volumes as stored" if self.spacing_mm is None else f"Volumes at {_times(self.spacing_mm)} mm"
            parts = [
                grid,
                f"slices of {_times(self.size)} px" if self.size else f"windows of {_times(self.patch or ())} voxels",
            ]
        if self.context:
            parts.append(f"each with {self.context} on either side")
        if len(self.channels) > 1:
            parts.append(f"channels {', '.join(self.channels)}")
        if self.modalities:
            parts.append("/".join(self.modalities))
        return ", ".join(parts) + "."


def _times(numbers: tuple[float, ...]) -> str:
    return " × ".join(f"{n:g}" for n in numbers) or "any number of"
