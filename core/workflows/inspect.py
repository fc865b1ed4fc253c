"""What a path holds and whether it can be used, as one JSON-ready object: `python -m core inspect`.

Owns the object's form. Reading is done by `open_study`, the model's verdict by `core.inference.admission`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.errors import Choice, ChoiceNeeded, ReadroomError
from core.studies.study import Study
from core.workflows.find_files import find_files
from core.workflows.open_study import open_study

if TYPE_CHECKING:
    from core.models.model import Model

PROPERTIES: Final = (
    "recognised",
    "files",
    "shape",
    "spacing_mm",
    "orientation",
    "oblique_deg",
    "affine",
    "edges",
    "volumes",
    "modality",
    "body_part",
    "view",
    "transfer_syntax",
    "photometric",
    "bits_stored",
    "pixel_sha256",
    "sha256",
    "changed",
    "identifiers_removed",
)
"""Every key is always there; null where it does not apply or the study could not be read."""


@dataclass(slots=True)
class _Finding:
    """What is known so far; the verdict follows from it."""

    study: Study | None = None
    error: ReadroomError | None = None
    refusals: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    choices: tuple[Choice, ...] = ()

    @property
    def verdict(self) -> str:
        if self.choices:
            return "choose"
        if self.error is not None or self.refusals:
            return "refuse"
        return "warn" if self.warnings else "open"


def inspect(
    path: str | Path, *, model: Model | None = None, series: str | None = None, volume: int | None = None
) -> dict[str, Any]:
    """The verdict on a file, folder or archive, with what is known of it; never raises for a bad input.

    Parameters
    ----------
    path : as typed; it is repeated in the answer. model : its input specification joins the verdict.
    series, volume : answers to a choice.

    Returns
    -------
    JSON-ready: path, kind ('film', 'volume' or null), verdict ('open', 'warn', 'choose' or 'refuse'), accepted,
    error (three sentences or null), warnings, choices ([{id, what}]), properties (PROPERTIES).
    """
    finding = _read(Path(path), series, volume)
    if finding.study is not None and model is not None and not finding.choices:
        _ask(model, finding)
    words = [str(finding.error)] if finding.error is not None else finding.refusals
    verdict = finding.verdict
    return {
        "path": str(path),
        "kind": None if finding.study is None else finding.study.kind.value,
        "verdict": verdict,
        "accepted": verdict in {"open", "warn"},
        "error": " ".join(words) or None,
        "warnings": finding.warnings,
        "choices": [{"id": choice.id, "what": choice.what} for choice in finding.choices],
        "properties": _properties(finding),
    }


def _read(path: Path, series: str | None, volume: int | None) -> _Finding:
    try:
        files = find_files(path)
        study = open_study(files, series=series, volume=volume)
    except ChoiceNeeded as choice:
        return _Finding(study=_first_volume(files, series, choice), error=choice, choices=choice.choices)
    except ReadroomError as error:
        return _Finding(error=error)
    return _Finding(study=study, warnings=list(study.report.warnings))


def _first_volume(files: Sequence[Path], series: str | None, choice: ChoiceNeeded) -> Study | None:
    """Of several volumes the first: they share the grid that is told before one is chosen."""
    if not choice.choices or not all(one.id.isdigit() for one in choice.choices):
        return None
    try:
        return open_study(files, series=series, volume=0)
    except ReadroomError:
        return None  # the choice stands; why a volume cannot be read is told when it is chosen


def _ask(model: Model, finding: _Finding) -> None:
    # Imported here: inspecting without a model needs nothing of the networks' rooms.
    from core.inference.admission import check_admission, said_once

    study = finding.study
    if study is None:
        return
    admission = check_admission(study, model)
    if admission.verdict == "refused":
        finding.refusals.extend(admission.reasons)
    else:
        finding.warnings = list(said_once(finding.warnings, admission.reasons))


def _properties(finding: _Finding) -> dict[str, Any]:
    study = finding.study
    if study is None:
        return dict.fromkeys(PROPERTIES)
    facts = study.report.to_dict()
    affine = study.geometry.affine
    facts |= {
        "oblique_deg": study.geometry.oblique_deg,
        "affine": None if affine is None else affine.tolist(),
        "edges": study.geometry.edges,
        # The pixels' hash is that of one volume, and none has been chosen yet.
        "pixel_sha256": None if finding.choices else study.report.pixel_sha256,
    }
    return {key: facts[key] for key in PROPERTIES}
