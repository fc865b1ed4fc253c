"""Cases through a model for `predict`: each answer is told, and written, before the next case begins.

Owns the form of the answer and of the CSV. The numbers are `workflows.predict`'s, unrounded.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cli.frame import Exit, told_of
from core.cli.say import answer, answer_json, complain, printable, progress_bar
from core.cli.wanted import Wanted
from core.errors import Cancelled, ChoiceNeeded, ReadroomError
from core.inference.admission import said_once
from core.inference.prediction import Prediction, ood_to_plain
from core.models.atomic import write_atomically
from core.models.model import Model
from core.settings import settings
from core.studies.pseudonyms import CopyTo, Pseudonyms
from core.studies.study import Study
from core.workflows.cases import table_csv
from core.workflows.outputs import DICOM_SEG, Made, write_outputs
from core.workflows.predict import predict
from core.workflows.result_view import findings
from core.workspace.owner import kept_key


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of every case. command : as it was typed, for the result files."""

    model: Model
    out: Path
    command: str
    threshold: float | None
    explain: bool
    series: str | None
    volume: int | None
    seg: bool = False
    keep_uids: bool = False


def run_cases(request: Request, cases: Sequence[Wanted], csv: Path | None, *, as_json: bool) -> Exit:
    """Run all cases, one failing or not; the worst exit code of them."""
    code, rows = Exit.DONE, []
    for wanted in cases:
        found, exit_code = _answered(request, wanted)
        code = max(code, exit_code)
        if as_json:
            answer_json(found)
        else:
            _tell(found)
        if csv is not None:
            # Whole, after each case: whatever stops the run, the cases told so far are in it.
            rows.append(_row(found, request.model))
            write_atomically(csv, table_csv(_header(request.model), rows))
    return code


def _answered(request: Request, wanted: Wanted) -> tuple[dict[str, Any], Exit]:
    try:
        return _predicted(request, wanted), Exit.DONE
    except Cancelled:
        raise
    except ReadroomError as refusal:
        choices = refusal.choices if isinstance(refusal, ChoiceNeeded) else ()
        found = _unanswered(request, wanted, str(refusal))
        found["verdict"] = "choose" if choices else "refuse"
        found["choices"] = [{"id": choice.id, "what": choice.what} for choice in choices]
        return found, Exit.REFUSED
    except Exception as fault:  # noqa: BLE001 - part of the frame: one case's fault must not take the others' answers
        said, code = told_of(fault)
        return _unanswered(request, wanted, said), code


def _predicted(request: Request, wanted: Wanted) -> dict[str, Any]:
    model, started = request.model, time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readroom-") as folder:
        copy = _copy_to(Path(folder), request)
        study = wanted.open(request.series, request.volume, copy)
        opened = time.perf_counter()
        with progress_bar(wanted.case) as report:
            made = predict(study, model, threshold=request.threshold, explain=request.explain, progress=report)
        predicted = time.perf_counter()
        source = tuple(sorted(Path(folder).glob("*.dcm")))
        files = write_outputs(Made(made, study, model, wanted.case, request.command, source), request.out)
    if request.seg and not any(path.name.endswith(DICOM_SEG.end) for path in files):
        complain(f"{wanted.case} has no DICOM SEG: that needs a DICOM series and a model that draws labels.")
    timings = {"read": opened - started, **made.provenance.timings_s, "write": time.perf_counter() - predicted}
    return _answer(wanted, model, study, made, files, timings)


def _copy_to(folder: Path, request: Request) -> CopyTo | None:
    """Where the series is copied to for a DICOM SEG; one key for this user, so that UIDs agree between runs."""
    if not request.seg:
        return None
    return CopyTo(folder, Pseudonyms(kept_key(settings().home), request.keep_uids))


def _answer(
    wanted: Wanted,
    model: Model,
    study: Study,
    made: Prediction,
    files: Sequence[Path],
    timings: Mapping[str, float],
) -> dict[str, Any]:
    warnings = list(said_once(study.report.warnings, made.warnings))
    said: dict[str, Any] = {
        "path": wanted.typed,
        "case": wanted.case,
        "model": model.id,
        "accepted": True,
        "verdict": "warn" if warnings else "open",
        "error": None,
        "warnings": warnings,
        "choices": [],
        "task": made.task,
        "input_sha256": made.input_sha256,
        "weights_sha256": made.weights_sha256,
        "ood": ood_to_plain(made.familiarity),
    }
    if model.classes:
        said["scores"] = dict(made.scores)
        said["thresholds"] = {name: point.threshold for name, point in made.thresholds.items()}
        said["verdicts"] = {row.name: row.verdict for row in findings(made) if row.verdict}
        said["heat_for"] = made.heat_for
    if model.labels:
        said["volumes_ml"] = dict(made.volumes_ml)
        said["voxels"] = dict(made.voxels)
    said["outputs"] = [str(path) for path in files]
    said["timings"] = dict(timings)
    said["device"] = made.provenance.device
    said["precision"] = made.provenance.precision
    said["notes"] = list(made.provenance.notes)
    return said


def _unanswered(request: Request, wanted: Wanted, error: str) -> dict[str, Any]:
    return {
        "path": wanted.typed,
        "case": wanted.case,
        "model": request.model.id,
        "accepted": False,
        "verdict": "refuse",
        "error": error,
        "warnings": [],
        "choices": [],
        "outputs": [],
        "timings": {},
    }


def _tell(found: Mapping[str, Any]) -> None:
    answer(f"{found['case']} ({found['path']}): {found['verdict']}")
    for name, score in found.get("scores", {}).items():
        verdict = found["verdicts"].get(name)
        against = f", {verdict} {found['thresholds'][name]:.3g}" if verdict else ""
        answer(f"  {name:<24} {score:.4f}{against}")
    for name, volume in found.get("volumes_ml", {}).items():
        size = "volume unknown" if volume is None else f"{volume:.3f} mL"
        answer(f"  {name:<24} {size}, {found['voxels'][name]} voxels")
    for word in ("warnings", "notes"):
        for line in found.get(word, ()):
            answer(f"  {word[:-1]}: {line}")
    for choice in found["choices"]:
        answer(f"  choice {choice['id']}: {choice['what']}")
    for path in found["outputs"]:
        answer(f"  wrote {path}")
    if found["error"]:
        complain(f"{found['case']} ({found['path']}): {found['error']}")


def _header(model: Model) -> list[str]:
    return [
        *("case", "path", "model", "weights_sha256", "check", "input"),
        *(cell for name in model.classes for cell in (name, f"{name} verdict")),
        *(f"{name} mL" for name in model.labels),
        "error",
    ]


def _row(found: Mapping[str, Any], model: Model) -> list[str]:
    """One case as cells: numbers in full, empty where there is no answer, 'unknown' where the spacing is."""
    scores, verdicts, volumes = (found.get(key, {}) for key in ("scores", "verdicts", "volumes_ml"))
    return [
        *(found["case"], printable(found["path"]), model.id, model.weights_sha256, found["verdict"]),
        _familiar(found.get("ood")),
        *(
            cell
            for name in model.classes
            for cell in (repr(scores[name]) if name in scores else "", verdicts.get(name, ""))
        ),
        *(_volume(volumes[name]) if name in volumes else "" for name in model.labels),
        found["error"] or "",
    ]


def _familiar(ood: Mapping[str, Any] | None) -> str:
    """How the input stands to what the model was trained on; empty where it cannot be told."""
    return "" if ood is None else "unfamiliar" if ood["flagged"] else "familiar"


def _volume(millilitres: float | None) -> str:
    return "unknown" if millilitres is None else repr(millilitres)
