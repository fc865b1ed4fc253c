"""Writing S2's `model_metadata.json` of the shelf: what cards, checkpoints and the registry know of each model.

Owns which of it goes where. The form is `core.models.model_metadata`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core import NOTICE
from core.models.claimed_name import parse_name
from core.models.model import Model
from core.models.model_metadata import ModelEntry, ModelMetadata, write_metadata
from core.registry.shelf import Shelf


def write_shelf_metadata(path: Path, models: Sequence[Model]) -> None:
    """Write the metadata of these models into one file, atomically.

    Raises
    ------
    RegistryError : the event log was changed.
    """
    shelf = Shelf()
    write_metadata(path, ModelMetadata(models=tuple(_entry(model, shelf) for model in models)))


def _entry(model: Model, shelf: Shelf) -> ModelEntry:
    claimed = parse_name(model.id)
    made = {key: value for key, value in model.card.provenance.items() if not key.startswith("claimed_")}
    return ModelEntry(
        name=claimed.name,
        version=claimed.version or model.config.version,
        file=model.path.name,
        sha256=model.file_sha256,
        training_configuration={**made, "training_config": model.config.training_config},
        performance_metrics=model.card.metrics,
        dataset_information=model.card.trained_on,
        version_history=tuple(
            {"when": e.when, "who": e.who, "what": str(e.what), "reason": e.reason} for e in shelf.history(model.id)
        ),
        deployment_instructions=(
            f"python -m core predict --model {model.id} --out DIR FILE. {model.input.sentence()} {NOTICE}"
        ),
    )
