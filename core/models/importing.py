"""Foreign checkpoints, brought in once: opened in an isolated process, kept as files of our own format.

Owns the way in on this side: asking the worker, checking what it wrote, and putting it into the store. This
process never unpickles anything; see `_foreign` for the other side.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import CheckpointError, ConfigError
from core.isolation import Limits, Worker
from core.models._bundle import is_bundle
from core.models._resolve import EMBEDDED
from core.models.catalog import list_models, read_model
from core.models.config import CONFIG_NAME, S3_FIELDS, ModelConfig, read_config_file
from core.models.diagnosis import Diagnosis, from_answer
from core.models.facts import is_ours, read_facts, sealed
from core.models.matching import require_config_matches
from core.models.model import Model
from core.models.naming import require_id
from core.models.policy import under_policy
from core.models.store import CHECKPOINT_NAME, keep, staging
from core.models.tensor_file import read_arrays, read_header
from core.settings import settings

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

TABLE = "core.models._import_tasks:TABLE"

PREFERRED = (CHECKPOINT_NAME, "best_model.pth", "best_model.pt", "model.pth", "model.pt", "last_model.pth")
"""Which file of a folder is meant: ours before others, the best before the last."""

ENDINGS = (".safetensors", ".pth", ".pt")

_lock = threading.Lock()
_workers: dict[tuple[int, ...], Worker] = {}


def import_checkpoint(
    path: str | Path,
    *,
    config: str | Path | Mapping[str, Any] | None = None,
    id: str | None = None,  # the word of the command line's --id
    assumed: str | None = None,
) -> Model:
    """Bring a checkpoint into the store and return its handle. The same file twice is kept once.

    Parameters
    ----------
    config : what is stated beside the file, as a JSON file or as values; a part of the keys will do
        (`{"classes": […], "input": {"size": [384, 384]}}`). It goes before what the file says.
    id : the model's id; none: one made from its architecture and content.
    assumed : the named default for preprocessing that nobody states. None takes the architecture's
        own; 'ask' takes none and refuses. Whatever was taken stands in `card.assumed`.

    Raises
    ------
    CheckpointError : the file is of another kind, asks for code, is damaged, over a limit, holds NaN,
        or its tensors are of no known architecture.
    ConfigError : a statement contradicts the tensors or breaks the schema, preprocessing must be
        stated, or the id is taken.
    WorkerBreach : opening it ran past the limits of an import.
    """
    source = _one_file(Path(path).absolute())
    if id is not None:
        require_id(id)
    asked = read_config_file(Path(config)) if isinstance(config, str | Path) else dict(config) if config else None
    with staging() as folder:
        if (ours := _own(source)) is not None:
            _stage_own(ours, folder, changed=asked is not None or id not in (None, ours.id))
        else:
            request = {"path": str(source), "staging": str(folder), "asked": asked, "assumed": assumed, "id": id}
            _worker().call("convert", request)
        staged = read_model(folder / CHECKPOINT_NAME)
        if staged.problem:
            raise CheckpointError(found=f"{staged.problem}", why="It cannot be trusted.", do="Bring an intact copy.")
        if (twin := _held_already(staged)) is not None:
            return twin
        _require_free(staged)
        kept = keep(folder)
    return under_policy(read_model(kept))


def open_checkpoint(
    path: str | Path, *, assumed: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Model:
    """The handle of a checkpoint anywhere on disk: of ours as it lies, any other one imported first.

    path : a file, or a folder that holds one. overrides : sizes that the caller believes in, such as
    base_filters and depth.

    Raises
    ------
    ConfigError : an override contradicts the tensors, or the folder leaves the choice open.
    CheckpointError, WorkerBreach : see `import_checkpoint`.
    """
    file = _one_file(Path(path))
    model = under_policy(read_model(file) if _own(file) is not None else import_checkpoint(file, assumed=assumed))
    if overrides:
        stated = {name: value for name, value in overrides.items() if value is not None}
        require_config_matches({"model_type": model.config.model_type, **stated}, read_header(model.path).shapes)
    return model


def describe_checkpoint(path: Path, asked: Mapping[str, Any] | None = None) -> ModelConfig:
    """The configuration of a checkpoint of any kind: what is asked, what it embeds and what its tensors tell.

    Nothing is assumed: the input specification is there only where it is asked for, or where the file is ours.

    Raises
    ------
    CheckpointError, ConfigError, WorkerBreach : see `import_checkpoint`.
    """
    if (ours := _own(path)) is not None:
        return ours.config
    answer, _ = _worker().call("describe", {"path": str(path.absolute()), "asked": dict(asked) if asked else None})
    spec = (asked or {}).get("input")
    return ModelConfig.checked({**answer["config"], **({"input": spec} if spec else {})})


def diagnose_checkpoint(path: str | Path) -> Diagnosis:
    """What a file is, and why an import takes it or not; nothing is kept.

    Raises
    ------
    CheckpointError : there is nothing at that place. WorkerBreach : opening it ran past the limits of an import.
    """
    source = _one_file(Path(path).absolute())
    if not source.exists():
        raise CheckpointError(
            found="There is nothing at that place.",
            why="A checkpoint is a file, or a folder that holds one.",
            do="Check the path.",
        )
    answer, _ = _worker().call("diagnose", {"path": str(source)})
    found = from_answer(answer)
    if (ours := _own(source)) is None:
        return found
    refusal = None if ours.problem is None else (ours.problem, "It cannot be trusted.", "Bring an intact copy.")
    return replace(found, kind="a checkpoint of our own", loads=refusal is None, refusal=refusal)


@dataclass(frozen=True, slots=True)
class Content:
    """A checkpoint, opened: weights by name, configuration and where that comes from, and everything it holds."""

    state: dict[str, Tensor]
    config: ModelConfig
    origin: str
    checkpoint: dict[str, Any]


def read_checkpoint(path: Path) -> Content:
    """The content of a checkpoint of S3's shape or of ours, for training to go on from.

    The configuration is the embedded one, else `model_config.json` beside it, else what the tensors
    tell; only where they are of no known architecture S3's defaults are taken, with a warning.

    Raises
    ------
    CheckpointError, ConfigError, WorkerBreach : see `import_checkpoint`.
    """
    if _own(path) is not None:
        return _read_own(path)
    from core.models._tree import decode

    answer, arrays = _worker().call("read", {"path": str(path.absolute())})
    checkpoint = decode(answer["content"], arrays)
    state = checkpoint if answer["state_key"] is None else checkpoint[answer["state_key"]]
    if answer["config"] is None:
        config = ModelConfig()
        log.warning(
            "Model config not found (%s). Using default configuration (base_filters=%d, depth=%d)",
            CONFIG_NAME, config.base_filters, config.depth,
        )  # fmt: skip
    else:
        config = ModelConfig.parse(answer["config"])
        require_config_matches(config, {name: tuple(tensor.shape) for name, tensor in state.items()})
        log.info("Model config: %s. %s", answer["origin"], ", ".join(f"{f}={getattr(config, f)}" for f in S3_FIELDS))
    return Content(state, config, str(answer["origin"]), checkpoint)


def _read_own(path: Path) -> Content:
    import torch

    model = read_model(path)
    if model.problem:
        raise CheckpointError(found=model.problem, why="It cannot be trusted.", do="Bring an intact copy.")
    header = read_header(path)
    facts = read_facts(header.metadata)
    state = {name: torch.from_numpy(array) for name, array in read_arrays(path, header).items()}
    checkpoint = {"model_state_dict": state, **facts.training, "config": model.config.model_dump(mode="json")}
    return Content(state, model.config, EMBEDDED, checkpoint)


def _own(path: Path) -> Model | None:
    """The handle where the file is a checkpoint of our own format, else None; judged by its content."""
    try:
        ours = is_ours(read_header(path).metadata)
    except CheckpointError:
        return None  # the import says what it is and what is wrong with it
    return read_model(path) if ours else None


def _stage_own(model: Model, folder: Path, *, changed: bool) -> None:
    if changed:
        raise sealed(model.id)
    shutil.copyfile(model.path, folder / CHECKPOINT_NAME)
    model.config.save(folder / CONFIG_NAME)


def _held_already(staged: Model) -> Model | None:
    """The model that was made of the same file before, brought under another name: other claims, and nothing else."""
    source = staged.card.provenance.get("source_sha256")
    for model in list_models():
        same = (model.id, model.weights_sha256, model.config) == (staged.id, staged.weights_sha256, staged.config)
        if same and source is not None and model.card.provenance.get("source_sha256") == source:
            return under_policy(read_model(model.path))
    return None


def _require_free(staged: Model) -> None:
    for model in list_models():
        if model.id != staged.id or model.file_sha256 == staged.file_sha256:
            continue
        if model.weights_sha256 == staged.weights_sha256:
            raise ConfigError(
                found=f"These weights are here already, from another file, as {model.id}.",
                why="The same model twice would divide its results between two entries.",
                do="Use the one that is here, or import this file under another name with --id.",
            )
        raise ConfigError(
            found=f"The id {staged.id} belongs to another model.",
            why="Results name their model by its id.",
            do="Choose another one with --id.",
        )


def _one_file(path: Path) -> Path:
    if not path.is_dir() or is_bundle(path):
        return path
    for name in PREFERRED:
        if (path / name).is_file():
            return path / name
    found = [file for file in sorted(path.iterdir()) if file.suffix in ENDINGS and not file.name.startswith(".")]
    if len(found) != 1:
        raise ConfigError(
            found=f"The folder holds {len(found)} checkpoints.",
            why="One model is needed.",
            do="Name the file itself.",
        )
    return found[0]


@atexit.register
def _close_workers() -> None:
    for worker in _workers.values():
        worker.close()
    _workers.clear()


def _worker() -> Worker:
    """The warm import process under the limits of now; a changed setting starts another one."""
    limits = settings()
    key = (limits.checkpoint_mib, limits.checkpoint_tensors, limits.config_kib,
           limits.import_memory_mib, limits.import_wall_s)  # fmt: skip
    with _lock:
        if key not in _workers:
            _close_workers()
            _workers[key] = Worker(
                TABLE,
                Limits(
                    memory_mib=limits.import_memory_mib,
                    cpu_s=limits.import_wall_s,
                    wall_s=limits.import_wall_s,
                    # Half-precision weights become float32, so the file may grow to twice its size.
                    file_mib=2 * limits.checkpoint_mib + 64,
                ),
            )
        return _workers[key]
