"""What the import worker can be asked to do. Everything here runs in a process of its own, with limits and no network.

Owns the two tasks and the table that names them. What comes back is JSON, arrays, and a checkpoint of our own
format in the folder that the caller prepared; the caller reads and verifies that file like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from core.errors import CheckpointError, ConfigError
from core.models import self_test
from core.models._bundle import require_known_steps
from core.models._diagnose_task import diagnose
from core.models._foreign import Foreign, open_foreign, stripped, to_arrays, weights_file
from core.models._resolve import (
    DEFAULT,
    EMBEDDED,
    FROM_TENSORS,
    Layer,
    Resolved,
    embedded_config,
    identify_state,
    known_fields,
    resolve,
    without_prefix,
)
from core.models._tree import encode
from core.models.building import build_on_meta
from core.models.card import Card
from core.models.claims_beside import claims_beside
from core.models.config import CONFIG_NAME, ModelConfig, read_config_file
from core.models.export_record import ExportRecord, read_record
from core.models.facts import Facts, is_ours, sealed
from core.models.hashing import file_sha256, text_sha256, weights_sha256
from core.models.matching import refuse_unknown
from core.models.store import CHECKPOINT_NAME
from core.models.strict_json import canonical_json
from core.models.tensor_file import write_tensors
from core.models.versions import installed_versions
from core.settings import settings

Answer = tuple[dict[str, Any], dict[str, NDArray[Any]]]

ASKED = "asked"

MAX_CLAIMS = 24
"""Figures that a foreign file states about itself, kept as claims."""


def convert(request: dict[str, Any], _: Path) -> Answer:
    """Turn a foreign checkpoint into one of ours in the staging folder.

    request : path, staging; asked (a configuration, or None), assumed (a named default, 'ask' or
    None), id (or None).

    Raises
    ------
    CheckpointError, ConfigError : see `importing.import_checkpoint`.
    """
    path, staging = Path(request["path"]), Path(request["staging"])
    foreign = open_foreign(path)
    if is_ours(foreign.rest):
        raise CheckpointError(
            found="The file is already one of our own checkpoints, and changed since it was saved.",
            why="Its facts and its weights no longer belong together.",
            do="Restore it from a backup.",
        )
    if (record := read_record(foreign.rest)) is not None:
        return _restore(record, foreign, staging, changed=request["asked"] is not None, asked_id=request["id"])
    names = {name: tuple(tensor.shape) for name, tensor in foreign.state.items()}
    prefixes = stripped(list(names))
    if (found := identify_state(names, prefixes)) is None:
        raise refuse_unknown([without_prefix(names, prefix) for prefix in prefixes])
    identified, prefix = found
    require_known_steps(foreign.unknown, request["asked"])
    resolved = resolve(layers_of(request["asked"], foreign, path), identified, request["assumed"])
    arrays, kinds = to_arrays({name[len(prefix) :]: tensor for name, tensor in foreign.state.items()})
    said = (f"The prefix {prefix} was taken off every name.",) if prefix else ()
    notes = (*foreign.notes, *said, *kinds, *resolved.notes)
    facts = _facts(foreign, path, resolved, arrays, notes, request["id"])
    write_tensors(staging / CHECKPOINT_NAME, arrays, facts.to_metadata())
    facts.config.save(staging / CONFIG_NAME)
    return {"id": facts.model_id}, {}


def _restore(record: ExportRecord, foreign: Foreign, staging: Path, *, changed: bool, asked_id: str | None) -> Answer:
    """The checkpoint that the file was exported from, as it was."""
    facts, arrays = record.restored(to_arrays(foreign.state)[0])
    if changed or asked_id not in (None, facts.model_id):
        raise sealed(facts.model_id)
    write_tensors(staging / CHECKPOINT_NAME, arrays, dict(record.facts))
    facts.config.save(staging / CONFIG_NAME)
    return {"id": facts.model_id}, {}


def read(request: dict[str, Any], _: Path) -> Answer:
    """The whole content of a PyTorch checkpoint, its configuration, and where that comes from.

    request : path. The answer has `content` (see `_tree`), `state_key` (None: the content is the
    weights), `config` (a table of any known form, or None) and `origin`.

    Raises
    ------
    CheckpointError : the file cannot be trusted or read. ConfigError : the file beside it is damaged.
    """
    from core.models._foreign import find_state, load_plain, to_json
    from core.models.sniffing import recognise

    path = Path(request["path"])
    content = load_plain(path, recognise(path))
    state, key = find_state(content)
    rest = {str(k): to_json(v) for k, v in content.items() if k in ("config", "classes")}
    config, origin = embedded_config(rest if key is not None else {}), EMBEDDED
    if not _states_sizes(config):
        config, origin = _beside(path), CONFIG_NAME
    if not config:
        config, origin = _inferred(state), FROM_TENSORS
    arrays: dict[str, NDArray[Any]] = {}
    tree = encode(content, arrays)
    return {
        "content": tree,
        "state_key": key,
        "config": config or None,
        "origin": origin if config else DEFAULT,
    }, arrays


def describe(request: dict[str, Any], _: Path) -> Answer:
    """What a checkpoint of any kind and the statements `asked` say of its configuration; nothing is assumed.

    Raises
    ------
    CheckpointError, ConfigError : see `importing.import_checkpoint`.
    """
    path = Path(request["path"])
    foreign = open_foreign(path)
    names = {name: tuple(tensor.shape) for name, tensor in foreign.state.items()}
    prefixes = stripped(list(names))
    if (found := identify_state(names, prefixes)) is None:
        raise refuse_unknown([without_prefix(names, prefix) for prefix in prefixes])
    embedded = layers_of(request["asked"], foreign, path)[:2]  # what lies beside is what is being written
    return {"config": known_fields(embedded, found[0])}, {}


TABLE: dict[str, Callable[[dict[str, Any], Path], Answer]] = {"convert": convert, "read": read, "diagnose": diagnose,
         "describe": describe}  # fmt: skip


def layers_of(asked: dict[str, Any] | None, foreign: Foreign, path: Path) -> list[Layer]:
    """The sources of statements about a checkpoint, most trusted first."""
    embedded = embedded_config(foreign.rest)
    layers = [
        Layer(ASKED, asked or {}),
        Layer(EMBEDDED, embedded),
        Layer(CONFIG_NAME, {} if path.is_dir() else _beside(path)),
    ]
    if len(canonical_json(embedded)) > settings().config_kib * 1024:
        raise ConfigError(
            found=f"The configuration inside the checkpoint is larger than {settings().config_kib} KiB.",
            why="A configuration holds sizes and names, never data.",
            do="Save the checkpoint with its architecture and class names alone.",
        )
    return layers


def _beside(path: Path) -> dict[str, Any]:
    beside = path.parent / CONFIG_NAME
    return read_config_file(beside) if beside.exists() else {}


def _states_sizes(config: Mapping[str, Any]) -> bool:
    """Whether a table is a configuration and not only class names or a trainer's notebook."""
    return bool({"base_filters", "model_type", "schema_version"} & config.keys())


def _inferred(state: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes that the tensors tell; empty when they are of no known architecture."""
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    found = identify_state(shapes, stripped(list(shapes)))
    if found is None:
        return {}
    return ModelConfig.checked({**found[0].sizes, "model_type": found[0].name}).model_dump(mode="json")


def _facts(
    foreign: Foreign,
    path: Path,
    resolved: Resolved,
    arrays: dict[str, NDArray[Any]],
    notes: tuple[str, ...],
    asked_id: str | None,
) -> Facts:
    source_sha256, claims = file_sha256(weights_file(path)), {**_claims(foreign.rest), **claims_beside(path)}
    weights_hash = weights_sha256(arrays)
    config = resolved.config
    identity = text_sha256(weights_hash + config.canonical())[:8]
    model_id = asked_id or f"imported_{config.model_type}_{identity}_v1.0.0"
    card = Card(
        display_name=(asked_id or f"{config.model_type} {identity}")[:24],
        summary=config.description or f"An imported {config.model_type}.",
        maturity="imported",
        trained_on=config.trained_on,
        licence="Not stated by the file.",
        limits=("Measured by nobody here: figures in the file are its own claims.",),
        provenance={"source_kind": str(foreign.container), "source_sha256": source_sha256, **claims},
        assumed=resolved.assumed,
    )
    return Facts(
        model_id=model_id,
        config=config,
        card=card,
        weights_sha256=weights_hash,
        self_test=_self_test(config, arrays),
        origins=resolved.origins,
        versions=installed_versions(),
        source={"sha256": source_sha256, "kind": str(foreign.container), "notes": list(notes)},
    )


def _self_test(config: ModelConfig, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """What the network answers here and now, so that a later change of libraries is noticed."""
    import torch

    network = build_on_meta(config)
    network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()}, strict=True, assign=True)
    return self_test.record(network.eval(), config)


def _claims(rest: Mapping[str, Any]) -> dict[str, str]:
    """Numbers and short texts beside the weights, as claims of the file."""
    flat: dict[str, Any] = {}
    for name, value in rest.items():
        if name in ("config", "classes"):
            continue
        inner = value if isinstance(value, Mapping) else {"": value}
        flat |= {f"claimed_{name}{'_' + str(k) if k else ''}": v for k, v in inner.items()}
    kept = {k[:100]: v for k, v in flat.items() if isinstance(v, int | float | str) and len(str(v)) <= 200}
    return {name: json.dumps(kept[name], ensure_ascii=False) for name in sorted(kept)[:MAX_CLAIMS]}
