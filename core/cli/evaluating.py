"""`evaluate`: one model at one threshold, of several classes, or masks. The objects' form is `workflows.evaluate`'s."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import statistics as asked
from core.cli.arguments import id_or_column
from core.cli.say import answer, answer_json, progress_bar
from core.cli.sweeping import show_bounds, show_slices
from core.cli.tables import FIGURE_COLUMNS, figure_row, number, short, show, show_head, threshold

if TYPE_CHECKING:
    from core.metrics.operating_points import OperatingPoint
    from core.workflows.cohort_file import CohortFile
    from core.workflows.documents import Method
    from core.workflows.mask_file import MaskFile
    from core.workflows.thresholds import RuleAsked

FIGURES = (
    *("sensitivity", "specificity", "ppv", "npv", "accuracy", "balanced_accuracy", "f1", "mcc", "youden_j"),
    *("lr_positive", "lr_negative", "auc", "average_precision", "brier"),
)

CLASS_FIGURES = ("accuracy", "macro_recall", "macro_f1", "mcc", "macro_auc", "micro_auc", "hand_till")


class Task(StrEnum):
    """What the file is about."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    SEGMENTATION = "segmentation"


def evaluate(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="scores.csv; for masks: case_id, reference, prediction.")
    ] = None,
    data: asked.Data = None,
    split: asked.Split = None,
    task: Annotated[Task, typer.Option("--task", help="What the file is about.")] = Task.BINARY,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", callback=id_or_column, help="The score column, or what its columns begin with."
        ),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="T",
            callback=asked.number,
            help="Left out: a rule, or the operating point saved with the model.",
        ),
    ] = None,
    rule: asked.Rule = None,
    target: asked.Target = None,
    confidence: asked.Confidence = 0.95,
    cost_missed: asked.CostMissed = None,
    cost_false_alarm: asked.CostFalse = None,
    chosen_on: asked.ChosenOn = None,
    chosen_split: asked.ChosenSplit = None,
    positive: asked.Positive = None,
    missing: asked.Missing = asked.MissingRule.REFUSE,
    cluster: asked.Cluster = asked.Unit.PATIENT,
    auc_interval: asked.Area = asked.AucInterval.LOGIT,
    level: asked.Level = asked.LEVEL,
    resamples: asked.Resamples = 2000,
    seed: asked.Seed = 0,
    min_lesion: asked.MinLesion = 0.0,
    empty: asked.EmptyMasks = asked.Empty.PENALISE,
    union: Annotated[
        list[str] | None,
        typer.Option("--union", metavar="NAME=L+L", help="Masks: labels told together under a name. Repeat it."),
    ] = None,
    as_json: asked.Json = False,
) -> None:
    """Say how good a model is at its threshold, over several classes, or with masks."""
    method = asked.method(seed=seed, resamples=resamples, cluster=cluster, auc_interval=auc_interval)
    wanted = asked.rule_asked(rule, target, confidence, (cost_missed, cost_false_alarm))
    cases = asked.Cases(file, data, split, positive, missing)
    if task is not Task.BINARY and (at is not None or wanted is not None or positive is not None):
        raise typer.BadParameter(f"Thresholds, rules and --positive are not for {task}.", param_hint="'--task'")
    if at is not None and wanted is not None:
        raise typer.BadParameter("Name a threshold, or a rule that chooses it, not both.", param_hint="'--threshold'")
    if union and task is not Task.SEGMENTATION:
        raise typer.BadParameter("Unions are of the labels of masks.", param_hint="'--union'")
    with asked.answering(level=level, as_json=as_json):
        if task is Task.SEGMENTATION:
            document = _masks(cases, model, method, empty, min_lesion, union or [])
        elif task is Task.MULTICLASS:
            document = _classes(cases, model, method)
        else:
            held = cases.cohort([model] if model else [])
            other = cases.chosen_on(chosen_on, chosen_split, held.models)
            document = _binary(held, asked.only_model(held), at, wanted, other, method)
    if as_json:
        answer_json(document)
        return
    asked.tell_warnings(document)
    {Task.BINARY: _tell_binary, Task.MULTICLASS: _tell_classes, Task.SEGMENTATION: _tell_masks}[task](document)


def _binary(
    held: CohortFile,
    model: str,
    at: float | None,
    wanted: RuleAsked | None,
    other: CohortFile | None,
    method: Method,
) -> dict[str, Any]:
    from core.workflows.evaluate import evaluate_document

    place = "same_cases" if other is None else other.file
    if wanted is not None:
        at = _chosen(held if other is None else other, model, wanted, method)
    if at is not None:
        return evaluate_document(held, model, at, method, chosen_on=place)
    point = _saved(model)
    return evaluate_document(held, model, point.threshold, method, chosen_on=point.cohort, point=point)


def _chosen(cohort: CohortFile, model: str, wanted: RuleAsked, method: Method) -> float:
    """The rule's threshold; a cohort that is too small to give one is refused in the rule's own words."""
    from core.errors import TableError, TableFault
    from core.workflows.thresholds import choose

    (answered,) = choose(cohort.cohort, model, wanted, method)
    if answered.threshold is None:
        raise TableError((TableFault(None, None, f"{cohort.file}: {answered.text}"),))
    return answered.threshold


def _saved(column: str) -> OperatingPoint:
    """The operating point of the model that a column names; without one, a threshold is needed: wrong usage."""
    from core.workflows.save_point import owner_of
    from core.workflows.thresholds import saved_point

    hint = "Give --threshold, or a --rule that chooses it."
    owner = owner_of(column, None)
    if owner.model is None:
        raise typer.BadParameter(f"No model {column} has a saved operating point. {hint}")
    point = saved_point(owner.model, owner.finding)
    if point is None:
        raise typer.BadParameter(f"{column} has no saved operating point. {hint}", param_hint="'--threshold'")
    return point


def _classes(cases: asked.Cases, model: str | None, method: Method) -> dict[str, Any]:
    from core.metrics.cohort import Missing
    from core.workflows.class_file import read_classes
    from core.workflows.evaluate import multiclass_document

    models = [model] if model else []
    with asked.usage("'--missing'"):
        if cases.file is not None:
            held = read_classes(cases.file, models=models, missing=Missing(cases.missing), split=cases.split)
        else:
            from core.cli.scoring import scored_classes

            held = scored_classes(cases, models)
    if len(held.classes) > 1:
        listed = ", ".join(held.classes)
        raise typer.BadParameter(f"{held.file} has several: {listed}. Name one.", param_hint="'--model'")
    return multiclass_document(held, next(iter(held.classes)), method)


def _masks(
    cases: asked.Cases, model: str | None, method: Method, empty: asked.Empty, min_lesion_mm3: float, unions: list[str]
) -> dict[str, Any]:
    from core.metrics.segmentation import EmptyPolicy
    from core.workflows.evaluate_masks import MaskMethod, masks_document, union_of

    with asked.usage("'--union'"):
        named = dict(union_of(text) for text in unions)
    if cases.file is not None and cases.split is not None:
        raise typer.BadParameter("A table of masks has no splits.", param_hint="'--split'")
    source: Path | MaskFile | None = cases.file
    if source is None:
        from core.cli.scoring import scored_masks

        source = scored_masks(cases, model)
    with progress_bar("evaluate") as report:
        return masks_document(source, method, MaskMethod(EmptyPolicy(empty), min_lesion_mm3, named), report)


def _tell_binary(document: Mapping[str, Any]) -> None:
    show_head(document)
    point = document["operating_point"]
    saved = f", saved with the model as {point['name']!r} for {point['finding']}" if point else ""
    answer(f"Threshold {threshold(document['threshold'])}, chosen on {document['chosen_on']}{saved}.")
    counts = document["confusion"]
    answer(f"TP {counts['tp']}, FP {counts['fp']}, FN {counts['fn']}, TN {counts['tn']}.")
    show(document["model"], FIGURE_COLUMNS, [figure_row(name, document[name]) for name in FIGURES])
    show_slices(document["slices"])
    show_bounds(document["missing_bounds"])


def _tell_classes(document: Mapping[str, Any]) -> None:
    show_head(document)
    show(document["model"], FIGURE_COLUMNS, [figure_row(name, document[name]) for name in CLASS_FIGURES])
    classes = document["classes"]
    rows = zip(classes, document["confusion"], strict=True)
    show("Cases: true class, and called", ("", *classes), [(name, *(str(n) for n in row)) for name, row in rows])
    answer(f"Ties for the largest probability, where the first column is called: {document['tied_argmax']}.")
    show(
        "One class against the rest",
        ("class", "recall", "AUC", "average precision"),
        [
            (each["class"], *(short(each[name]) for name in ("recall", "auc", "average_precision")))
            for each in document["per_class"]
        ],
    )


def _tell_masks(document: Mapping[str, Any]) -> None:
    show_head(document)
    for summary in document["summaries"]:
        presence = summary["presence"]
        rows = [(f"{name} {kind}", summary[name][kind]) for name in ("dice", "iou") for kind in ("mean", "median")]
        rows += [(f"HD95 mm {kind}", summary["hd95_mm"][kind]) for kind in ("median", "mean")]
        rows += [(f"NSD at {tau} mm mean", held["mean"]) for tau, held in summary["nsd"].items()]
        rows += [("volume error mL mean", summary["volume_error_ml"]["mean"])]
        rows += [(name, summary[name]) for name in ("lesion_sensitivity", "false_positives_per_scan")]
        show(f"Label {summary['label']}", FIGURE_COLUMNS, [figure_row(name, made) for name, made in rows])
        answer(
            f"Present in both {presence['both']}, reference only {presence['reference_only']}, prediction only "
            f"{presence['prediction_only']}, neither {presence['neither']}."
        )
        agreement = summary["bland_altman"]
        if agreement:
            low, bias, high = (number(agreement[k]["value"]) for k in ("lower_limit", "bias", "upper_limit"))
            answer(f"Volumes: bias {bias} mL, limits of agreement {low} to {high} mL.")
