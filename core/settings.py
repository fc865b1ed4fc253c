"""Every limit and place that an installation may change, read once from the environment.

Owns the defaults of the safety limits; what a limit means is told where it is enforced.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, PositiveFloat, PositiveInt, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHELF = Path(__file__).resolve().parent.parent / "model_backups"


class Settings(BaseSettings):
    """One installation's settings; each field is the environment variable READROOM_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="READROOM_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: user_data_path("readroom"), description="data folder: store, studies, jobs"
    )
    shelf: Path = Field(default=SHELF, description="folder of our own checkpoints")
    public_key: Path | None = Field(default=None, description="PEM file; signatures of models are checked with it")
    require_signed: bool = Field(default=False, description="refuse models without a signature of that key")
    model_config_file: Path | None = Field(default=None, description="S2's config.json: the model where none is named")
    model_paths: Annotated[dict[str, Path], NoDecode] = Field(
        default={}, description="JSON: where services find models, by their names"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where networks run")
    engine: Literal["auto", "torch", "openvino", "onnxruntime"] = Field(
        default="auto", description="what runs networks on the CPU; auto: OpenVINO, ONNX Runtime, torch, in this order"
    )
    cuda_graphs: bool = Field(
        default=False, description="on a GPU: record a network's work once for a shape, replay it"
    )
    upload_mib: PositiveInt = Field(default=1024, description="one upload")
    unpacked_mib: PositiveInt = Field(default=4096, description="one study, unpacked")
    archive_files: PositiveInt = Field(default=20_000, description="files in one archive")
    archive_ratio: PositiveInt = Field(default=200, description="expansion of an archive, times")
    raster_megapixels: PositiveInt = Field(default=100, description="one raster image")
    volume_mega_voxels: PositiveInt = Field(default=512, description="one volume")
    time_points: PositiveInt = Field(default=1000, description="volumes in one 4-D image")
    checkpoint_mib: PositiveInt = Field(default=4096, description="one checkpoint file")
    checkpoint_tensors: PositiveInt = Field(default=20_000, description="tensors in one checkpoint")
    config_kib: PositiveInt = Field(default=1024, description="one configuration as JSON")
    workers: PositiveInt = Field(default=2, description="files decoded at once; a file that hangs holds up one worker")
    worker_memory_mib: PositiveInt = Field(default=6144, description="resident memory of a decoder worker")
    worker_cpu_s: PositiveInt = Field(default=120, description="CPU seconds of one decoding task")
    worker_wall_s: PositiveInt = Field(default=180, description="wall seconds of one decoding task")
    import_memory_mib: PositiveInt = Field(default=12_288, description="resident memory of a checkpoint import")
    import_wall_s: PositiveInt = Field(default=900, description="wall seconds of a checkpoint import")
    owner_mib: PositiveInt = Field(default=8192, description="one owner's folder")
    idle_hours: PositiveFloat = Field(default=12.0, description="an idle owner's images are deleted after")
    weights_cache_mib: PositiveInt = Field(default=1024, description="weights kept loaded")
    editors: str = Field(
        default="", description="who may change the shelf after signing in: e-mails and claim=value, parted by commas"
    )
    window_batch: PositiveInt = Field(default=16, description="sliding windows, or slices, in one batch at most")

    @field_validator("model_paths", mode="before")
    @classmethod
    def _is_json(cls, given: Any) -> Any:  # text of the environment, or a table
        # Taken apart here: text that is no JSON is then a value out of range like any other, and told as such.
        return json.loads(given) if isinstance(given, str) else given

    @field_validator("require_signed")
    @classmethod
    def _names_a_key(cls, required: bool, others: ValidationInfo) -> bool:
        if required and others.data.get("public_key") is None:
            raise ValueError("needs READROOM_PUBLIC_KEY: without a key no signature can be checked")
        return required


@cache
def settings() -> Settings:
    """The settings of this process, read at the first call."""
    return Settings()
