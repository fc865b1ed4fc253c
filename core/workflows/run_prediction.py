"""Running the chosen model on an owner's cases as a job, and finding what was run before.

Owns which result belongs to which case and model now: a result is found under the hash of the input, the
hash of the weights and the settings, so a stale one cannot be shown. One run is `core.workflows.predict`.

`engine` is everywhere what was named to run the model, in the place of the setting: its results are its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from core.engines.choose import AUTO, named_engine
from core.errors import Cancelled, InferenceError, ReadroomError
from core.inference.admission import Admission, Verdict, check_admission
from core.inference.prediction import Prediction, request_settings, result_key
from core.models.model import Model
from core.workflows.libraries import require_libraries
from core.workflows.pictures import prepare_overlays
from core.workspace import Case, Workspace, jobs
from core.workspace.results import get_figures, get_result, put_result


def key_of(case: Case, model: Model, engine: str | None = None) -> str:
    """The key under which this case's result by this model lies, or would lie."""
    asked = request_settings(explain=_explains(model), engine=named_engine(engine))
    settings = {**asked, "input": model.fed_sha256}
    return result_key(case.sha256, model.weights_sha256, settings)


def find_figures(workspace: Workspace, case: Case, model: Model, engine: str | None = None) -> Prediction | None:
    """The result of this case by this model without its arrays, or None where it was not run."""
    return get_figures(workspace, case.id, key_of(case, model, engine))


def find_result(workspace: Workspace, case: Case, model: Model, engine: str | None = None) -> Prediction | None:
    """The same with label map and heat map."""
    return get_result(workspace, case.id, key_of(case, model, engine))


def admission_of(workspace: Workspace, case: Case, model: Model) -> Admission:
    """Whether the model admits the case; the study is read the first time alone."""

    def compare() -> bytes:
        found = check_admission(workspace.study(case.id), model)
        return json.dumps({"verdict": found.verdict.value, "reasons": found.reasons}).encode()

    return _read_admission(workspace.file(case.id, _admission_name(model), compare))


def is_outside_range(case: Case, admission: Admission) -> bool:
    """Whether something of the case lies outside what the model was made for; a header that is silent does not."""
    silent = case.report.modality is None
    return admission.verdict is Verdict.WARNED and len(admission.reasons) > silent


def fits(case: Case, model: Model) -> bool:
    """Whether the model could read a case of this kind; the full comparison is `admission_of`."""
    modality, accepted = case.report.modality, model.input.modalities
    named = modality is None or not accepted or modality in accepted or case.kind.value == "film"
    enough = len(model.channels) == 1 or set(model.channels) <= set(case.channels)
    return model.input.kind is case.kind and named and enough


def start_run(workspace: Workspace, cases: Sequence[Case], model: Model, engine: str | None = None) -> str:
    """Start the model on these cases, one after another; the job's id."""
    subject = {
        "model": model.id, "weights": model.weights_sha256, "engine": named_engine(engine),
        "cases": " ".join(case.id for case in cases),
    }  # fmt: skip

    def work(report: jobs.Report, stop: jobs.Stop) -> None:
        _run(workspace, cases, model, engine, report, stop)

    return jobs.start(workspace, work, subject=subject)


def cases_to_run(workspace: Workspace, model: Model, engine: str | None = None) -> list[Case]:
    """The owner's cases of the model's kind without a result of it, less those that it is known to refuse."""
    if model.problem is not None:
        return []
    return [
        case
        for case in workspace.cases()
        if fits(case, model)
        and find_figures(workspace, case, model, engine) is None
        and not _is_known_to_be_refused(workspace, case, model)
    ]


def find_running(workspace: Workspace, case: Case | None, model: Model, engine: str | None = None) -> jobs.Job | None:
    """The owner's run of this model that has this case in it, for whoever lost its address."""
    return next((job for job in jobs.running(workspace) if is_about(job, case, model, engine)), None)


def is_about(job: jobs.Job, case: Case | None, model: Model, engine: str | None = None) -> bool:
    """Whether a job is a run of this model, in this engine, that has this case in it. case : None for any."""
    wanted = {"weights": model.weights_sha256, "engine": named_engine(engine)}
    held = {"engine": AUTO, **job.subject}
    named = all(held[name] == value for name, value in wanted.items())
    return named and (case is None or case.id in held["cases"].split())


def _admission_name(model: Model) -> str:
    """By what the comparison depends on: the model's words and its input, not its weights."""
    asked = f"{model.display_name} {model.input.model_dump_json()}"
    return f"admission-{hashlib.sha256(asked.encode()).hexdigest()}.json"


def _read_admission(kept: Path) -> Admission:
    plain = json.loads(kept.read_bytes())
    return Admission(Verdict(plain["verdict"]), tuple(plain["reasons"]))


def _is_known_to_be_refused(workspace: Workspace, case: Case, model: Model) -> bool:
    # Known only: to find out, every study would have to be read before the page is drawn.
    kept = workspace.find_file(case.id, _admission_name(model))
    return kept is not None and _read_admission(kept).verdict is Verdict.REFUSED


def _run(
    workspace: Workspace,
    cases: Sequence[Case],
    model: Model,
    engine: str | None,
    report: jobs.Report,
    stop: Callable[[], bool],
) -> None:
    refused: list[tuple[str, ReadroomError]] = []
    for number, case in enumerate(cases):
        if stop():
            raise Cancelled

        def tell(share: float, stage: str, number: int = number, case: Case = case) -> None:
            which = "" if len(cases) == 1 else f"{case.id}, {number + 1} of {len(cases)}: "
            report((number + share) / len(cases), which + stage)

        try:
            _run_one(workspace, case, model, engine, tell, stop)
        except Cancelled:
            raise
        except ReadroomError as refusal:
            refused.append((case.id, refusal))
    if refused:
        raise _summary(refused, len(cases))


def _run_one(
    workspace: Workspace, case: Case, model: Model, engine: str | None, tell: jobs.Report, stop: Callable[[], bool]
) -> None:
    key = key_of(case, model, engine)
    if get_figures(workspace, case.id, key) is not None:
        return
    tell(0.0, "Opening the study")
    admission_of(workspace, case, model)  # kept, so that the page knows it without opening the study
    study = workspace.study(case.id)
    # Here and not above: looking at results needs none of what a run needs.
    tell(0.0, "Loading the libraries")
    require_libraries([model], engine)
    from core.workflows.predict import predict

    made = predict(study, model, explain=_explains(model), progress=tell, cancelled=stop, engine=engine)
    tell(1.0, "Drawing the overlay")
    prepare_overlays(workspace, case.id, study, made, key)
    put_result(workspace, case.id, key, made)


def _summary(refused: Sequence[tuple[str, ReadroomError]], of: int) -> ReadroomError:
    case_id, first = refused[0]
    if of == 1:
        return first
    others = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
    return InferenceError(
        found=f"{len(refused)} of {of} cases gave no result: {case_id}{others}. {first.found}",
        why=first.why,
        do=f"The other {of - len(refused)} are done. {first.do}",
    )


def _explains(model: Model) -> bool:
    """A heat map is made with every run that gives scores: the page shows both or neither."""
    return bool(model.classes)
