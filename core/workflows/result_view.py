"""A result as the page shows it: rows, verdicts, sentences with k, n and interval, files to take away.

Owns the words and the order of rows. Every figure comes from the prediction, its operating points or the
model's card; whether a score is above a threshold is `core.metrics.is_positive`'s answer alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.inference.gate import Familiarity
from core.inference.prediction import Prediction
from core.metrics.counts import is_positive
from core.metrics.intervals import Estimate, wilson
from core.metrics.operating_points import OperatingPoint
from core.models.card import Metric
from core.models.model import Model
from core.render.palette import label_colour
from core.studies.pseudonyms import KEPT_UIDS
from core.workflows.cases import table_csv
from core.workflows.outputs import Made, Output, outputs_for
from core.workflows.pictures import has_foreground
from core.workflows.promises import expected_sentence, promise_sentence
from core.workflows.run_prediction import find_figures, find_result, key_of
from core.workspace import Case, Workspace

FEW_CASES = 10
"""Fewer positive or negative cases than this: intervals are too wide to choose by."""

BESIDE_A_RESULT = ("auc", "dice", "Dice", "lesion sensitivity", "slice auc")
"""How the names of the figures begin that stand beside a result; the card has them all."""

ABOVE, BELOW = "above", "below"

VERDICT = " verdict"
"""Ending of a verdict's column."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of a classifier's result. `verdict` is 'above', 'below' or '' without a threshold."""

    name: str
    score: float
    verdict: str
    point: OperatingPoint | None


@dataclass(frozen=True, slots=True)
class Label:
    """One row of a segmentation's result."""

    name: str
    colour: str
    volume_ml: float | None
    voxels: int


def point_names(model: Model) -> tuple[str, ...]:
    """Names of the operating points that may be used: those bound to these very weights."""
    return tuple(dict.fromkeys(p.name for p in model.operating_points if p.weights_sha256 == model.weights_sha256))


def points_of(model: Model, finding: str) -> tuple[OperatingPoint, ...]:
    """The operating points of a finding that may be used."""
    return tuple(
        point
        for point in model.operating_points
        if point.finding == finding and point.weights_sha256 == model.weights_sha256
    )


def spoken_for(prediction: Prediction, model: Model) -> str | None:
    """The finding whose cut-off is moved beside a result: the first with a threshold in force, else the only one."""
    rows = [row.name for row in findings(prediction) if row.point is not None]
    return rows[0] if rows else model.findings[0] if len(model.findings) == 1 else None


def at_point(prediction: Prediction, model: Model, name: str | None) -> Prediction:
    """The prediction with the operating points of that name in force; findings without one keep theirs."""
    chosen = {
        p.finding: p
        for p in model.operating_points
        if p.name == name and p.weights_sha256 == prediction.weights_sha256 and p.finding in prediction.scores
    }
    return replace(prediction, thresholds={**prediction.thresholds, **chosen})


def findings(prediction: Prediction) -> tuple[Finding, ...]:
    """Scores with their thresholds, by score less threshold; those without a threshold last."""
    rows = [_finding(name, score, prediction.thresholds.get(name)) for name, score in prediction.scores.items()]
    return tuple(sorted(rows, key=lambda r: (r.point is None, (r.point.threshold if r.point else 0.0) - r.score)))


def labels(prediction: Prediction) -> tuple[Label, ...]:
    """Label names with colour, volume and voxels, in the order of their values."""
    return tuple(
        Label(name, label_colour(value), prediction.volumes_ml.get(name), prediction.voxels.get(name, 0))
        for value, name in enumerate(prediction.labels, start=1)
    )


def point_sentences(point: OperatingPoint) -> tuple[str, ...]:
    """What a threshold did on the cases that chose it, with k, n and interval; what it means for 1,000; its promise."""
    if point.is_claimed:
        return (f"The threshold {point.threshold:.3g} is claimed: no cohort and no count stand behind it.",)
    if not point.positives and not point.negatives:
        return (f"The threshold {point.threshold:.3g} comes with no test cases.",)
    false_alarms = wilson(point.fp, point.negatives)
    said = [
        f"At this threshold, in {point.cohort or 'the cases that chose it'}: {point.finding} was found in "
        f"{_of(point.sensitivity)} and called wrongly in {_of(false_alarms)}."
    ]
    said += [sentence for sentence in (expected_sentence(point), promise_sentence(point)) if sentence]
    if point.chosen_on == "same_cases":
        said.append("Chosen and judged on the same cases, so it looks better than it is.")
    if min(point.positives, point.negatives) < FEW_CASES:
        few, kind = min((point.positives, "positive"), (point.negatives, "negative"))
        said.append(f"Only {few} {kind} cases. Intervals are wide.")
    return tuple(said)


def metric_sentences(model: Model) -> tuple[str, ...]:
    """The card's key figures, of the split kept for reporting, in one sentence."""
    measured = [m for m in model.card.key_figures if m.name.startswith(BESIDE_A_RESULT)]
    if not measured:
        return ()
    figures = "; ".join(f"{m.name} {m.value:.2f} ({_interval(m)}, {_count(m)})" for m in measured)
    return (f"In {measured[0].split or 'its own test'}: {figures}. More on the model's card.",)


def tested_on(model: Model) -> str:
    """One line for the sidebar: on how many cases it was tested, of which how many with the finding."""
    counted = [m for m in model.card.key_figures if m.n] or [m for m in model.card.metrics if m.n]
    point = next((p for p in model.operating_points if p.positives), None)
    if counted:
        first = counted[0]
        where = f", {first.split}" if first.split else ""
        return f"Tested on {first.n:,} {first.unit}{'' if first.n == 1 else 's'}{where}."
    if point is not None:
        return (
            f"Tested on {point.positives + point.negatives:,} {point.unit}s, {point.positives:,} with {point.finding}."
        )
    return "Not tested: no figures with this model."


def command_of(case: Case, model: Model, prediction: Prediction) -> str:
    """What to type for the same numbers; the files are the owner's own, so they stand as placeholders."""
    engine = prediction.provenance.settings.get("engine")
    named = [f"READROOM_ENGINE={engine}"] if engine else []
    words = [*named, "python", "-m", "core", "predict", "--model", model.id, "--out", "results"]
    if prediction.provenance.settings.get("explain"):
        words.append("--explain")
    channels = [f"--channel {shlex.quote(f'{name}=FILE')}" for name in case.channels] if case.made_of else []
    return " ".join([shlex.join(words), *(channels or [f"{case.id.upper()}_FILE"])])


def provenance_rows(case: Case, model: Model, prediction: Prediction) -> list[tuple[str, str]]:
    """Everything that made the numbers, as (fact, value)."""
    made = prediction.provenance
    return [
        ("Case", case.id),
        ("Image SHA-256", prediction.input_sha256),
        ("Model", f"{model.display_name} ({model.id}), {model.architecture}, {model.card.maturity}"),
        ("Weights SHA-256", prediction.weights_sha256),
        ("File SHA-256", model.file_sha256),
        ("Input", model.input.sentence()),
        ("Device", f"{made.device}, {made.precision}"),
        ("Versions", ", ".join(f"{name} {value}" for name, value in made.versions.items())),
        ("Time", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in made.timings_s.items())),
        ("Notes", " ".join(made.notes) or "none"),
        *(
            (f"Threshold, {p.finding}", f"{p.threshold!r}, {p.name}, {p.cohort}")
            for p in prediction.thresholds.values()
        ),
        ("Trained on", model.card.trained_on or "not stated"),
        ("Licence", model.card.licence or "not stated"),
        *(("Known limit", limit) for limit in model.card.limits),
    ]


def downloads(
    workspace: Workspace, case: Case, model: Model, found: Prediction, engine: str | None = None
) -> tuple[Output, ...]:
    """The files that a result on screen can be taken away as."""
    kept = has_foreground(workspace, case.id, key_of(case, model, engine))
    return outputs_for(case.kind, found.labels, probability=kept, dicom=bool(workspace.source_files(case.id)))


def seg_sentence(case: Case) -> str:
    """What the DICOM SEG of a case refers to."""
    if any(line.endswith(KEPT_UIDS) for line in case.report.changed):
        return "The DICOM SEG refers to the original UIDs, as you asked, and fits the hospital's own copy."
    return (
        "The DICOM SEG comes with the de-identified series that it refers to. For one that fits the hospital's own "
        "copy, switch on 'Keep original UIDs' on Upload and bring the series again."
    )


def download(
    workspace: Workspace, case: Case, model: Model, point: str | None, output: Output, engine: str | None = None
) -> bytes:
    """One of these files, at the operating point on screen."""
    found = at_point(_require(workspace, case, model, engine), model, point)
    source = tuple(workspace.source_files(case.id))
    return output.make(Made(found, workspace.study(case.id), model, case.id, command_of(case, model, found), source))


@dataclass(frozen=True, slots=True)
class Table:
    """All cases that the model was run on: the case's name, then a score, a volume (None: unknown) or a verdict."""

    header: tuple[str, ...]
    rows: tuple[tuple[float | str | None, ...], ...]

    @property
    def numbers(self) -> list[int]:
        """Places of the columns that hold numbers."""
        return [place for place, name in enumerate(self.header) if place and not name.endswith(VERDICT)]

    def on_screen(self) -> list[list[str]]:
        """Cells as text, rounded to what the eye can use."""
        return [
            ["unknown" if c is None else f"{c:.3f}" if isinstance(c, float) else c for c in row] for row in self.rows
        ]


def results_table(
    workspace: Workspace, cases: Sequence[Case], model: Model, point: str | None, engine: str | None = None
) -> Table:
    """One row for each case with a result of this model: scores and verdicts, volumes."""
    judged = {p.finding for p in model.operating_points if p.weights_sha256 == model.weights_sha256}
    scores = (column for name in model.classes for column in (name, name + VERDICT)[: 1 + (name in judged)])
    familiar = ("input" + VERDICT,) * (model.gate is not None)
    header = ("case", *familiar, *scores, *(f"{name} mL" for name in model.labels))
    rows = []
    for case in cases:
        found = find_figures(workspace, case, model, engine)
        if found is not None:
            by_name = {row.name: row for row in findings(at_point(found, model, point))}
            shown = (by_name[name] for name in model.classes)
            cells = (cell for row in shown for cell in (row.score, row.verdict)[: 1 + (row.name in judged)])
            near = (_familiar(found.familiarity),) * len(familiar)
            rows.append((case.id, *near, *cells, *(found.volumes_ml.get(name) for name in model.labels)))
    return Table(header, tuple(rows))


def results_csv(table: Table, model: Model) -> bytes:
    """The table with the model that made it in each row; numbers unrounded, unknown ones empty."""
    made_by = (model.id, model.weights_sha256)
    exact = [["" if cell is None else str(cell) for cell in row] for row in table.rows]
    return table_csv((*table.header, "model", "weights_sha256"), [(*row, *made_by) for row in exact])


def _finding(name: str, score: float, point: OperatingPoint | None) -> Finding:
    if point is None:
        return Finding(name, score, "", None)
    return Finding(name, score, ABOVE if bool(is_positive(score, point.threshold)) else BELOW, point)


def _familiar(found: Familiarity | None) -> str:
    return "" if found is None else "unfamiliar" if found.flagged else "familiar"


def _interval(metric: Metric) -> str:
    return f"95 % interval {metric.lo:.2f} to {metric.hi:.2f}"


def _count(metric: Metric) -> str:
    return f"n = {metric.n}" if metric.k is None else f"{metric.k} of {metric.n}"


def _of(estimate: Estimate) -> str:
    if estimate.value is None or estimate.lo is None or estimate.hi is None:
        return f"{estimate.k} of {estimate.n}"
    low, high = 100 * estimate.lo, 100 * estimate.hi
    return f"{estimate.k} of {estimate.n} ({100 * estimate.value:.1f} %, 95 % interval {low:.1f}–{high:.1f})"


def _require(workspace: Workspace, case: Case, model: Model, engine: str | None) -> Prediction:
    found = find_result(workspace, case, model, engine)
    if found is None:
        raise FileNotFoundError(f"{case.id} has no result of {model.id}")
    return found
