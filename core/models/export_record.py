"""What an exported model carries about itself, in every format: texts for people, and the facts to restore it by.

Owns the record's form. With it an import gives back the very checkpoint that was exported, byte for byte, or says
that the file was changed since. Writing and reading the formats is `exporting`'s and `_foreign`'s.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core import NOTICE
from core.errors import CheckpointError, ConfigError
from core.models.building import expected_shapes
from core.models.checkpoint import require_finite
from core.models.facts import Facts, read_facts, seal
from core.models.hashing import weights_sha256
from core.models.matching import require_match
from core.models.model import Model
from core.models.strict_json import canonical_json, parse_json_object
from core.models.tensor_file import DTYPES, Header

RECORD_KEY = "readroom"
"""Where the record lies among the texts of a file."""

RECORD_FILE = "readroom.json"
"""Name of the extra file in a TorchScript archive; it holds all the texts as one JSON object."""

SCHEMA = "readroom.export/1"

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What the checkpoint on the shelf says, and what a format cannot keep of it.

    facts : the header's texts, sealed. stored : tensors that are not float32 in the checkpoint, by safetensors' names
    of types. beside : tensors that the format has no place for.
    """

    facts: Mapping[str, str]
    stored: Mapping[str, str]
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def restored(self, arrays: Arrays) -> tuple[Facts, Arrays]:
        """The facts and the tensors of the checkpoint that was exported.

        Raises
        ------
        CheckpointError : a weight or a fact is not what it was, or they are of another network.
        ConfigError : the configuration breaks the schema.
        """
        if seal(dict(self.facts)) != self.facts.get("facts_sha256"):
            raise _changed()
        facts = read_facts(dict(self.facts))
        # An exporter may keep constants of the graph beside the weights; only the network's own tensors are hashed.
        own = expected_shapes(facts.config)
        whole: Arrays = {name: array for name, array in (arrays | dict(self.beside)).items() if name in own}
        with np.errstate(over="ignore"):  # what runs over has another hash
            whole |= {n: whole[n].astype(DTYPES[code]) for n, code in self.stored.items() if n in whole}
        if weights_sha256(whole) != facts.weights_sha256:
            raise _changed()
        require_match(facts.config, own, {name: array.shape for name, array in whole.items()})
        require_finite(whole)
        return facts, whole


def record_of(header: Header, beside: Arrays | None = None) -> ExportRecord:
    """The record of a checkpoint on the shelf."""
    stored = {name: entry.dtype for name, entry in header.tensors.items() if entry.dtype != "F32"}
    return ExportRecord(header.metadata, stored, beside or {})


def to_texts(model: Model, record: ExportRecord) -> dict[str, str]:
    """What stands in the exported file, key by key; each value is text."""
    packed = base64.b64encode(save(dict(record.beside))).decode() if record.beside else ""
    held = {"schema": SCHEMA, "facts": dict(record.facts), "stored": dict(record.stored), "beside": packed}
    return {
        "model_id": model.id,
        "config": model.config.canonical(),
        "classes": canonical_json(list(model.classes)),
        "labels": canonical_json(list(model.labels)),
        "weights_sha256": model.weights_sha256,
        "notice": NOTICE,
        RECORD_KEY: canonical_json(held),
    }


def read_record(texts: Mapping[str, Any]) -> ExportRecord | None:
    """The record among a file's texts; None where the file was not exported here.

    Raises
    ------
    CheckpointError : there is one, and it is damaged or of a newer form.
    """
    text = texts.get(RECORD_KEY)
    if not isinstance(text, str):
        return None
    try:
        held = parse_json_object(text, "The record of the export")
        if held["schema"] != SCHEMA:
            raise ValueError("of another form")
        packed = base64.b64decode(str(held["beside"]), validate=True)
        beside = dict(load(packed)) if packed else {}
        facts = {str(key): str(value) for key, value in dict(held["facts"]).items()}
        stored = {str(name): str(code) for name, code in dict(held["stored"]).items()}
        if not set(stored.values()) <= set(DTYPES):
            raise ValueError("a type that is none")
    except (ConfigError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _changed() from error
    return ExportRecord(facts, stored, beside)


def texts_as_json(texts: Mapping[str, str]) -> str:
    """All the texts as one JSON object, for a format that has room for one."""
    return json.dumps(dict(texts), indent=1, ensure_ascii=False)


def _changed() -> CheckpointError:
    return CheckpointError(
        found="The file was exported from a model of ours, and changed since.",
        why="Its facts and its weights no longer belong together.",
        do="Export the model again, or restore the file from a backup.",
    )
