"""S4's services: a class names a model, and the model is found, loaded when it is needed, and told about.

Owns the base class, the list of its subclasses and their health. Finding models is `core.models.catalog`'s, weights
are kept by `core.models.loading` alone, running is `core.inference`'s.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.engines.choose import engines_for
from core.errors import ConfigError, ModelNotFound, ReadroomError
from core.inference.prediction import Prediction
from core.models.catalog import list_models
from core.models.claimed_name import ENDINGS, parse_name, version_numbers
from core.models.importing import open_checkpoint
from core.models.loading import loaded_mib
from core.models.model import Model
from core.models.model_info import require_described
from core.settings import settings
from core.studies.arrays import study_from_array
from core.studies.study import Study

Data = Study | str | Path | Sequence[str | Path] | NDArray[Any]
"""A study, the file, folder or files that hold one, or its grey values: see `study_from_array`."""


class ServiceState(StrEnum):
    """Whether a service could answer now."""

    LOADED = "loaded"
    """Its weights are in memory."""
    IDLE = "idle"
    """Its model is there; weights are loaded with the first question."""
    BROKEN = "broken"
    """It cannot answer; `why` says what is in the way."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is. load_s : the last loading of its weights by this service; None before it.
    memory_mib : of weights that are loaded now.
    """

    service: str
    state: ServiceState
    why: str
    model_id: str | None
    load_s: float | None
    memory_mib: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "state": str(self.state)}


class ServedModel:
    """What a service has as `self.model`: a model of the shelf with its weights at hand."""

    def __init__(self, handle: Model) -> None:
        self.handle = handle

    def predict(self, data: Data, **how: Any) -> Prediction:  # what `Predictor.predict` takes beside the study
        """The prediction for a study; errors are those of `Predictor.predict` and of reading the files."""
        from core.inference.predictor import Predictor

        return Predictor(self.handle).predict(_study(data, self.handle), **how)


class BaseMLService:
    """Inherit, name a model, and use it as `self.model`.

    model_name : of the shelf without its version, or a key of READROOM_MODEL_PATHS. model_version : '1.0.0', or as much
    of it as matters ('v1'); empty takes the highest.
    """

    model_name: ClassVar[str] = ""
    model_version: ClassVar[str] = ""

    def __init__(self) -> None:
        self._load_s: float | None = None
        self._opened: tuple[tuple[Any, ...], Model] | None = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.model_name:
            _enter(cls)

    @property
    def model(self) -> ServedModel:
        """The model with its weights loaded; found anew each time, so that a changed shelf is noticed.

        Raises
        ------
        ModelNotFound : nothing of that name and version is there. CheckpointError : it cannot be used.
        """
        handle = self._handle()
        missing = [one for one in _weighted(handle) if not _mib(one)]
        if missing:
            began = time.perf_counter()
            for one in missing:
                next(engines_for(one)).load()
            self._load_s = time.perf_counter() - began
        return ServedModel(handle)

    def predict(self, data: Data) -> Any:  # a subclass may answer with anything
        """The model's prediction; a subclass may make something else of it."""
        return self.model.predict(data)

    def health(self) -> Health:
        """Whether the service could answer, without loading weights."""
        name = service_name(type(self))
        try:
            handle = self._handle()
        except ReadroomError as refusal:
            return Health(name, ServiceState.BROKEN, str(refusal), None, self._load_s, 0.0)
        if handle.problem:
            return Health(name, ServiceState.BROKEN, handle.problem, handle.id, self._load_s, 0.0)
        memory = [_mib(one) for one in _weighted(handle)]
        state = ServiceState.LOADED if all(memory) else ServiceState.IDLE
        return Health(name, state, "", handle.id, self._load_s, sum(memory))

    def _handle(self) -> Model:
        place = _named_place(self.model_name, self.model_version)
        if place is None:
            return _on_shelf(self.model_name, self.model_version)
        file = _in_folder(place, self.model_name, self.model_version) if place.is_dir() else place
        stamp = _stamp(file)
        if self._opened is None or self._opened[0] != stamp:
            require_described(file)
            self._opened = (stamp, open_checkpoint(file))
        return self._opened[1]


_services: dict[str, type[BaseMLService]] = {}


def services() -> Mapping[str, type[BaseMLService]]:
    """Every service that was defined, by `service_name`."""
    return dict(sorted(_services.items()))


def service_name(service: type[BaseMLService]) -> str:
    """`fraud_detector:v1`, or the name alone where no version is asked for."""
    return ":".join(part for part in (service.model_name, service.model_version) if part)


def discover(package: str) -> Mapping[str, type[BaseMLService]]:
    """Import a module, or a package with all its modules, so that the services in it are known; all services then.

    Raises
    ------
    ConfigError : there is no such module, or one that a file of it needs is missing.
    """
    try:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), prefix=f"{package}."):
            importlib.import_module(found.name)
    except ImportError as error:
        raise ConfigError(
            found=f"The module {package[:100]} cannot be imported: {error.msg[:160]}.",
            why="Services are Python classes in modules of yours.",
            do="Name a module as in `import my_services`, and start where Python finds it.",
        ) from error
    return services()


def health_of(packages: Sequence[str], *, load: bool = False) -> list[Health]:
    """The health of every service that is defined once these modules are imported. load : their weights first.

    Raises
    ------
    ConfigError : as `discover`.
    """
    for package in packages:
        discover(package)
    return [_health(service(), load=load) for service in services().values()]


def _health(service: BaseMLService, *, load: bool) -> Health:
    if load and service.health().state is ServiceState.IDLE:
        try:
            _ = service.model
        except ReadroomError as refusal:  # what only loading finds: a self-test that fails, too little memory
            return replace(service.health(), state=ServiceState.BROKEN, why=str(refusal))
    return service.health()


def _enter(service: type[BaseMLService]) -> None:
    name = service_name(service)
    held = _services.get(name)
    if held is not None and _origin(held) != _origin(service):
        raise ConfigError(
            found=f"Two services answer for {name}: {held.__qualname__} and {service.__qualname__}.",
            why="Which of them was meant would depend on the order of imports.",
            do="Give one of them another model or version.",
        )
    _services[name] = service


def _origin(service: type[BaseMLService]) -> tuple[str, str]:
    """The same class defined again (a cell of a notebook that runs twice) is the same service."""
    return service.__module__, service.__qualname__


def _named_place(name: str, version: str) -> Path | None:
    paths = settings().model_paths
    return paths.get(f"{name}_{version}", paths.get(name))


def _on_shelf(name: str, version: str) -> Model:
    wanted = _wanted(version)
    models = list_models()
    fitting: dict[tuple[int, ...], Model] = {}
    for model in models:
        claimed = parse_name(model.id)
        numbers = version_numbers(claimed.version or "0")
        if claimed.name == name and numbers is not None and numbers[: len(wanted)] == wanted:
            fitting[numbers] = model
    if not fitting:
        raise ModelNotFound(
            found=f"There is no model {name[:80]} {version[:20]}".rstrip() + " on the shelf.",
            why="A service answers with the model that it names, or not at all.",
            do=f"Import it, put its place into READROOM_MODEL_PATHS, or name one of: {_few(models)}.",
        )
    return fitting[max(fitting)]


def _in_folder(folder: Path, name: str, version: str) -> Path:
    """The newest file of that name and version at or below a folder; the folder itself where none is named so."""
    wanted = _wanted(version)
    fitting = []
    for path in folder.rglob("*"):
        claimed = parse_name(path.name)
        numbers = version_numbers(claimed.version or "0") or ()
        if path.suffix in ENDINGS and claimed.name == name and numbers[: len(wanted)] == wanted and path.is_file():
            fitting.append((numbers, claimed.dated or "", path))
    return max(fitting)[-1] if fitting else folder


def _wanted(version: str) -> tuple[int, ...]:
    numbers = version_numbers(version) if version else ()
    if numbers is None:
        raise ConfigError(
            found=f"The version {version[:40]!r} is none.",
            why="Versions are compared by their numbers.",
            do="Write v1, 1.0 or 1.0.0.",
        )
    return numbers


def _study(data: Data, model: Model) -> Study:
    if isinstance(data, np.ndarray):
        return study_from_array(data, model.input.kind, model.channels)
    from core.inference.from_checkpoint import open_brought  # here: it brings the network library along

    return open_brought(data)


def _weighted(model: Model) -> list[Model]:
    """The models whose weights answer: of an ensemble its members."""
    return [member.model for member in model.members] or [model]


def _mib(model: Model) -> float:
    short = model.weights_sha256[:12]
    return sum((mib for name, mib in loaded_mib().items() if name.split(" ")[0] == short), 0.0)


def _stamp(file: Path) -> tuple[Any, ...]:
    """What changes with the file; of a folder that stands for itself, its own."""
    try:
        held = file.stat()
    except OSError:
        return (str(file), None)
    return (str(file), held.st_size, held.st_mtime_ns, held.st_ctime_ns, held.st_ino)


def _few(models: Sequence[Model]) -> str:
    return ", ".join(model.id for model in models[:8]) or "none"
