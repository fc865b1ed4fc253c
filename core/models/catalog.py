"""The one list of models that lie on disk: the shelf of our own, and the store of imported ones.

Owns finding, reading and verifying. Headers are read, weights are only hashed, and both are remembered while
the file's size, time and place stay the same. Loading checks the bytes again, so the memory is no security.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import CheckpointError, ConfigError, ModelNotFound
from core.models.card import Card
from core.models.config import CONFIG_NAME, ModelConfig
from core.models.ensembles import ENSEMBLE_SUFFIX, read_ensemble
from core.models.facts import Facts, is_ours, read_facts, seal
from core.models.hashing import file_sha256, stored_weights_sha256
from core.models.model import Model
from core.models.naming import lies_under
from core.models.policy import under_policy
from core.models.presets import default_input, default_preset
from core.models.saved_points import read_points
from core.models.signatures import SignatureState
from core.models.store import store_root
from core.models.tensor_file import read_header
from core.models.variants import VARIANT_SUFFIX, read_variant
from core.models.versions import version_notes
from core.settings import settings


@dataclass(frozen=True, slots=True)
class _Known:
    """What a checkpoint says of itself; intact : weights and facts are those that were written."""

    facts: Facts
    file_sha256: str
    intact: bool


_memo: dict[tuple[str, int, int, int], _Known] = {}
"""By path, size, time of change and inode: each release of a cut-off asks for the shelf."""

CHECKSUM_DIFFERS = "Checksum differs: the file is not the one that was written. Restore it from a backup."


def list_models(roots: Sequence[Path] | None = None) -> list[Model]:
    """Every model on the shelf and in the store, by id; those with a `problem` too.

    roots : folders to look in, themselves and their folders; none: the shelf, then the store. Where
    two have one id, the first root wins and the other is told as a problem. Files whose header
    cannot be read are not models: `list_unreadable` has them.
    """
    return _survey(roots)[0]


def list_unreadable(roots: Sequence[Path] | None = None) -> dict[str, str]:
    """Checkpoints whose header cannot be read: the name they lie under, and why."""
    return _survey(roots)[1]


def get_model(model_id: str, roots: Sequence[Path] | None = None) -> Model:
    """The model of that id.

    Raises
    ------
    ModelNotFound : there is none; the known ids are listed.
    """
    models, unreadable = _survey(roots)
    for model in models:
        if model.id == model_id:
            return model
    said = unreadable.get(model_id)
    raise ModelNotFound(
        found=f'There is no model "{model_id[:100]}".' if said is None else f'The model "{model_id[:100]}": {said}',
        why="A prediction needs a model that is on the shelf or was imported.",
        do=f"Use one of: {', '.join(m.id for m in models) or 'none yet; import one with python -m core import FILE'}.",
    )


def public_list(roots: Sequence[Path] | None = None) -> list[dict[str, Any]]:
    """What `python -m core models --json` prints: every model, and every checkpoint that cannot be read."""
    models, unreadable = _survey(roots)
    blank = dict.fromkeys(("task", "architecture", "sha256", "file_sha256"))
    broken: list[dict[str, Any]] = [
        {"id": name, **blank, "classes": [], "channels": [], "verified": False, "problem": why, "metrics": []}
        | {"signature": str(SignatureState.NOT_CHECKED)}
        for name, why in unreadable.items()
    ]
    return [model.to_public_dict() for model in models] + broken


def read_model(path: Path) -> Model:
    """The handle of one of our checkpoints, verified; problems are told in it.

    Raises
    ------
    CheckpointError, ConfigError : the header is damaged, foreign, or breaks its schema.
    """
    known = _known(path)
    facts, intact = known.facts, known.intact
    points = tuple(p for p in facts.operating_points if p.weights_sha256 == facts.weights_sha256)
    notes = (*version_notes(facts.versions), *(str(note) for note in facts.source.get("notes", ())))
    if len(points) < len(facts.operating_points):
        notes += ("Operating points of other weights were left out.",)
    return Model(
        id=facts.model_id,
        path=path,
        config=facts.config,
        input=facts.config.input or default_input(facts.config),
        card=facts.card if facts.config.input else _with_assumption(facts),
        operating_points=points,
        weights_sha256=facts.weights_sha256,
        file_sha256=known.file_sha256,
        origins=facts.origins,
        verified=intact,
        problem=_sidecar_problem(path, facts) if intact else CHECKSUM_DIFFERS,
        notes=notes,
        temperature=facts.temperature,
        gate=facts.gate,
        created=facts.created,
        size_bytes=path.stat().st_size,
    )


def _survey(roots: Sequence[Path] | None) -> tuple[list[Model], dict[str, str]]:
    models: dict[str, Model] = {}
    unreadable: dict[str, str] = {}
    folders = [settings().shelf, store_root()] if roots is None else list(roots)
    for path in _files(folders, "*.safetensors"):
        try:
            model = read_model(path)
        except (CheckpointError, ConfigError) as error:
            unreadable[lies_under(path)] = str(error)
            continue
        _enter(models, model)
    for suffix, read in ((ENSEMBLE_SUFFIX, read_ensemble), (VARIANT_SUFFIX, read_variant)):
        for path in _files(folders, f"*{suffix}"):
            try:
                described = read(path, models)
            except (CheckpointError, ConfigError) as error:
                unreadable[path.name.removesuffix(suffix)] = str(error)
                continue
            _enter(models, described)
    return [_with_saved(models[name]) for name in sorted(models)], dict(sorted(unreadable.items()))


def _with_saved(model: Model) -> Model:
    """The handle with the points that a user saved for these weights before those it came with."""
    if not model.weights_sha256:
        return model
    try:
        saved = read_points(model.weights_sha256, model.fed_sha256)
    except (CheckpointError, ConfigError) as error:
        return replace(model, notes=(*model.notes, str(error)))
    return replace(model, operating_points=(*saved, *model.operating_points)) if saved else model


def _enter(models: dict[str, Model], found: Model) -> None:
    model = under_policy(found)  # before an ensemble asks for it: what is refused is no usable member
    first = models.setdefault(model.id, model)
    if first is not model and first.file_sha256 != model.file_sha256 and first.problem is None:
        models[model.id] = replace(first, notes=(*first.notes, "Another file carries the same id and is not used."))


def _files(folders: Sequence[Path], pattern: str) -> Iterator[Path]:
    """Files of a pattern in each folder and one level below it, in a fixed order; temporary ones left out."""
    for folder in folders:
        found = {*folder.glob(pattern), *folder.glob(f"*/{pattern}")}
        yield from sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _known(path: Path) -> _Known:
    """Read and hashed, and remembered while the file stays what it was."""
    state = path.stat()
    key = (str(path), state.st_size, state.st_mtime_ns, state.st_ino)
    if key not in _memo:
        header = read_header(path)
        if not is_ours(header.metadata):
            raise CheckpointError(
                found="The checkpoint is a safetensors file without a configuration of ours.",
                why="Weights alone do not say how a picture has to be prepared.",
                do="Import it with python -m core import FILE.",
            )
        facts = read_facts(header.metadata)
        sealed = seal(header.metadata) == header.metadata.get("facts_sha256")
        intact = sealed and stored_weights_sha256(path, header) == facts.weights_sha256
        _memo[key] = _Known(facts, file_sha256(path), intact)
    return _memo[key]


def _with_assumption(facts: Facts) -> Card:
    said = f"All preprocessing: the file states none, {default_preset(facts.config)} was taken."
    return facts.card.model_copy(update={"assumed": (*facts.card.assumed, said)})


def _sidecar_problem(path: Path, facts: Facts) -> str | None:
    """What a model_config.json beside the checkpoint says against the header; only where it can be no other model's."""
    beside = path.parent / CONFIG_NAME
    if not beside.exists() or len(list(path.parent.glob("*.safetensors"))) != 1:
        return None
    try:
        same = ModelConfig.load(beside) == facts.config
    except ConfigError as error:
        return f"{CONFIG_NAME} beside the checkpoint cannot be read: {error.found}"
    return (
        None
        if same
        else f"{CONFIG_NAME} beside the checkpoint differs from the one inside. Restore both from a backup."
    )
