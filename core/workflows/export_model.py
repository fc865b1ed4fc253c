"""A model of the shelf as a file for other programs, with the proof that it answers alike: `python -m core export`.

Owns the order of things: write beside, measure, and only then put the file where it was asked for. Writing a format
is `core.models.exporting`'s, measuring `core.inference.parity`'s.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core import NOTICE
from core.errors import CheckpointError, InferenceError
from core.inference.admission import Verdict, check_admission
from core.inference.gate import familiarity, look_at
from core.inference.parity import Parity, measure_parity
from core.inference.preprocess import preprocess
from core.models.atomic import write_atomically
from core.models.exporting import OPSET, export_model
from core.models.formats import ExportFormat
from core.models.hashing import file_sha256
from core.models.model import Model
from core.models.versions import installed_versions
from core.samples import SAMPLES, Group, write_sample
from core.studies.study import Study

Progress = Callable[[float, str], None]

SCHEMA = "core.export/1"

PARITY_SUFFIX = ".parity.json"
"""Added to the exported file's whole name."""

SAMPLES_A_GROUP = 2
"""Synthetic studies of each group that the model is asked about, where they are of its kind."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported file and how near its answers are."""

    model: Model
    form: ExportFormat
    path: Path
    sha256: str
    size_bytes: int
    seconds: float
    parity: Parity

    @property
    def report_path(self) -> Path:
        """Where the parity report lies."""
        return self.path.with_name(self.path.name + PARITY_SUFFIX)

    def to_plain(self) -> dict[str, Any]:
        """The parity report as JSON values."""
        return {
            "schema": SCHEMA,
            "notice": NOTICE,
            "model": self.model.id,
            "weights_sha256": self.model.weights_sha256,
            "format": str(self.form),
            "opset": OPSET if self.form is ExportFormat.ONNX else None,
            "file": self.path.name,
            "file_sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "seconds": round(self.seconds, 2),
            "versions": installed_versions(),
            "cases": [asdict(case) | {"holds": case.holds} for case in self.parity.cases],
            "holds": self.parity.holds,
        }


def export(model: Model, form: ExportFormat, out: Path, progress: Progress | None = None) -> Exported:
    """Write the model to `out` and the parity report beside it; folders are made, what lies there is replaced.

    Raises
    ------
    CheckpointError : it cannot be written in that format, or the written file does not answer like the model; then
        nothing is left at `out`.
    """
    from core.engines.exported import ExportedEngine  # torch, which `--help` must not wait for
    from core.engines.torch_engine import TorchEngine

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"model.{form}"
        _tell(progress, 0.0, f"Writing {form}")
        export_model(model, form, made)
        _tell(progress, 0.5, "Comparing answers")
        one, other = TorchEngine(model, "cpu"), ExportedEngine(model, form, made)
        try:
            parity = measure_parity(model, one, other, sample_studies(model, Path(folder)))
        except InferenceError as error:
            raise _not_alike(form, str(error.found)) from error
        if not parity.holds:
            case = parity.worst
            raise _not_alike(
                form, f"On {case.name} the outputs differ by {case.logits:.2g}, decisions by {case.changed}."
            )
        content = made.read_bytes()
    write_atomically(out, content)
    seconds = time.perf_counter() - begun
    done = Exported(model, form, out, file_sha256(out), len(content), seconds, parity)
    write_atomically(done.report_path, (json.dumps(done.to_plain(), indent=2) + "\n").encode())
    return done


def _tell(progress: Progress | None, share: float, text: str) -> None:
    if progress is not None:
        progress(share, text)


def sample_studies(model: Model, folder: Path) -> list[tuple[str, Study]]:
    """Synthetic studies that the model admits, drawn now, each named as its sample: of the group nearest to it."""
    from core.studies import read_study

    groups: dict[Group, list[tuple[str, Study]]] = {}
    for sample in SAMPLES:
        held = groups.setdefault(sample.group, [])
        if len(held) < SAMPLES_A_GROUP and sample.group.kind is model.input.kind:
            study = read_study([write_sample(sample, folder)[0]])
            if check_admission(study, model).verdict is not Verdict.REFUSED:
                held.append((f"sample {sample.name}", study))
    found = [held for held in groups.values() if held]
    if (gate := model.gate) is None:
        return [named for held in found for named in held]

    def distance(held: list[tuple[str, Study]]) -> float:
        study = held[0][1]
        return familiarity(gate, look_at(study, preprocess(study, model.input), model.input)).score

    return min(found, key=distance, default=[])


def _not_alike(form: ExportFormat, found: str) -> CheckpointError:
    return CheckpointError(
        found=f"The {form} file does not answer like the model. {found}",
        why="It would be another model under the same name, so nothing was written.",
        do="Export it as safetensors or pth, which hold the weights alone.",
    )
