"""`compare`: several models on the same cases. The object's form is `workflows.compare`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import statistics as asked
from core.cli.arguments import id_or_column
from core.cli.say import answer, answer_json, complain, progress_bar
from core.cli.tables import of, short, show, show_head, threshold

if TYPE_CHECKING:
    from core.workflows.cohort_file import CohortFile
    from core.workflows.documents import Method
    from core.workflows.evaluate_masks import MaskMethod
    from core.workflows.mask_comparison import MaskQuestion
    from core.workflows.thresholds import RuleAsked


def compare(
    file: asked.File = None,
    data: asked.Data = None,
    split: asked.Split = None,
    task: asked.About = asked.Task.BINARY,
    models: Annotated[
        str | None, typer.Option("--models", metavar="A,B[,C]", help="The score columns; left out: every numeric one.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--threshold", metavar="T[,T]", help="One for all models, or one for each in order.")
    ] = None,
    rule: asked.Rule = None,
    target: asked.Target = None,
    confidence: asked.Confidence = 0.95,
    cost_missed: asked.CostMissed = None,
    cost_false_alarm: asked.CostFalse = None,
    chosen_on: asked.ChosenOn = None,
    chosen_split: asked.ChosenSplit = None,
    primary: Annotated[
        str | None,
        typer.Option("--primary", metavar="FIGURE", help="The figure that is tested; left out: auc, of masks dice."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", metavar="D", help="Non-inferiority of the first of a pair to the second."),
    ] = None,
    positive: asked.Positive = None,
    missing: asked.Missing = asked.MissingRule.REFUSE,
    cluster: asked.Cluster = asked.Unit.PATIENT,
    auc_interval: asked.Area = asked.AucInterval.LOGIT,
    level: asked.Level = asked.LEVEL,
    resamples: asked.Resamples = 2000,
    seed: asked.Seed = 0,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="N", help="Masks: the label that is tested; left out: all together."),
    ] = None,
    min_lesion: asked.MinLesion = 0.0,
    empty: asked.EmptyMasks = asked.Empty.PENALISE,
    mean: Annotated[
        bool, typer.Option("--mean", help="Masks: the mean of the models' probabilities as one more.")
    ] = False,
    as_json: asked.Json = False,
) -> None:
    """Say how models differ on the same cases, pair by pair."""
    method = asked.method(seed=seed, resamples=resamples, cluster=cluster, auc_interval=auc_interval)
    wanted = asked.rule_asked(rule, target, confidence, (cost_missed, cost_false_alarm))
    cases = asked.Cases(file, data, split, positive, missing)
    if at is not None and wanted is not None:
        raise typer.BadParameter("Name thresholds, or a rule that chooses them, not both.", param_hint="'--threshold'")
    named = [id_or_column(name.strip()) or "" for name in models.split(",")] if models else []
    if models is not None and (not all(named) or len(set(named)) < 2):
        raise typer.BadParameter("Name two models or more, with a comma between them.", param_hint="'--models'")
    asked.require_binary(
        task, threshold=at, rule=wanted, chosen_on=chosen_on, chosen_split=chosen_split, positive=positive
    )
    asked.require_masks(task, label=label, mean=mean)
    if task is asked.Task.SEGMENTATION:
        with asked.answering(level=level, as_json=as_json), asked.usage():
            from core.metrics.segmentation import EmptyPolicy
            from core.workflows.evaluate_masks import MaskMethod
            from core.workflows.mask_comparison import MaskQuestion

            question = MaskQuestion(primary or "dice", label, margin)
            how = MaskMethod(EmptyPolicy(empty), min_lesion)
            document = _masks(cases, named, method, question, how, mean=mean)
        _answer_masks(document, as_json=as_json)
        return
    from core.workflows.compare import compare_document

    with asked.answering(level=level, as_json=as_json):
        held = cases.cohort(named)
        if len(held.models) < 2:
            raise typer.BadParameter(f"{held.file} has one model: {held.models[0]}.", param_hint="'--models'")
        other = None if wanted is None else cases.chosen_on(chosen_on, chosen_split, held.models)
        thresholds = _thresholds(held, at, wanted, other, method)
        with asked.usage():
            document = compare_document(
                held,
                method,
                thresholds=thresholds,
                chosen_on=_place(chosen_on, other),
                primary=primary or "auc",
                margin=margin,
            )
    if as_json:
        answer_json(document)
        return
    asked.tell_warnings(document)
    _tell(document)


def _masks(
    cases: asked.Cases, named: Sequence[str], method: Method, question: MaskQuestion, how: MaskMethod, *, mean: bool
) -> dict[str, Any]:
    """Several segmentations of the same cases."""
    from core.workflows.compare import MEAN
    from core.workflows.mask_comparison import compare_kept_masks, compare_mask_table, mean_of
    from core.workflows.mask_measures import alone

    if not named:
        raise typer.BadParameter("Name the models, or the columns of their masks.", param_hint="'--models'")
    if cases.file is not None:
        if mean or cases.split is not None:
            raise typer.BadParameter("A table of masks has no probabilities and no splits.", param_hint="FILE")
        with progress_bar("compare") as report:
            return compare_mask_table(cases.file, named, method, question, how=how, progress=report)
    from core.cli.scoring import segmented

    kept, found, name = segmented(cases, named)
    contenders = [alone(one) for one in found]
    if mean:
        contenders.append(mean_of(contenders, MEAN))
    with progress_bar("compare") as report:
        return compare_kept_masks(kept, contenders, method, question, how=how, name=name, progress=report)


def _answer_masks(document: dict[str, Any], *, as_json: bool) -> None:
    from core.workflows.mask_comparison_view import (
        AGREEMENT_HEADER,
        MASK_MODEL_HEADER,
        MASK_PAIR_HEADER,
        agreement_rows,
        mask_model_rows,
        mask_pair_rows,
        mask_sentences,
    )

    if as_json:
        answer_json(document)
        return
    for warning in document["warnings"]:
        complain(warning["text"])
    show_head(document)
    for label in document["labels"]:
        show(f"Label {label}", MASK_MODEL_HEADER, mask_model_rows(document, label, {}))
    show("Pairs: a less b, case by case", MASK_PAIR_HEADER, mask_pair_rows(document))
    show("Volumes, mL: agreement (Bland and Altman)", AGREEMENT_HEADER, agreement_rows(document))
    answer("Intervals are not adjusted for several pairs; p Holm is. Exploratory figures are not tested as claims.")
    for sentence in mask_sentences(document):
        answer(sentence)


def _place(named: Path | None, other: CohortFile | None) -> str:
    """Where the thresholds were chosen: by a rule there, or by hand on a file that was named."""
    return other.file if other is not None else "same_cases" if named is None else named.name


def _thresholds(
    held: CohortFile, at: str | None, wanted: RuleAsked | None, other: CohortFile | None, method: Method
) -> dict[str, float | None]:
    from core.workflows.compare import thresholds_for

    if wanted is not None:
        return thresholds_for(held, method, wanted, other)
    if at is None:
        return dict.fromkeys(held.models)
    with asked.usage("'--threshold'"):
        numbers = [float(text) for text in at.split(",")]
        if len(numbers) == 1:
            numbers *= len(held.models)
        if len(numbers) != len(held.models) or any(n != n for n in numbers):
            raise ValueError(f"Give one number, or one for each of {', '.join(held.models)}.")
    return dict(zip(held.models, numbers, strict=True))


def _tell(document: Mapping[str, Any]) -> None:
    from core.workflows.compare import sentences

    show_head(document)
    show(
        "Models",
        ("model", "AUC", "average precision", "Brier", "threshold", "sensitivity", "specificity"),
        [_model(made) for made in document["models"]],
    )
    if document["chosen_on"]:
        answer(f"Thresholds chosen on: {document['chosen_on']}.")
    show(
        "Pairs: a less b",
        ("a", "b", "figure", "difference", "of", "only a right", "only b right", "p", "p Holm", "test", ""),
        [_pair(pair) for pair in document["pairs"]],
    )
    answer("Intervals are not adjusted for several pairs; p Holm is. Exploratory figures are not tested as claims.")
    for sentence in sentences(document["pairs"]):
        answer(sentence)


def _model(made: Mapping[str, Any]) -> tuple[str, ...]:
    figures = (short(made[name]) for name in ("auc", "average_precision", "brier"))
    rates = (short(made[name]) if made[name] else "" for name in ("sensitivity", "specificity"))
    return made["model"], *figures, threshold(made["threshold"]), *rates


def _pair(pair: Mapping[str, Any]) -> tuple[str, ...]:
    def told(value: float | None) -> str:
        return "" if value is None else f"{value:.3g}"

    right = (("" if pair[name] is None else str(pair[name])) for name in ("only_a_right", "only_b_right"))
    return (
        pair["a"], pair["b"], pair["metric"].replace("_", " "), short(pair["difference"]), of(pair["difference"]),
        *right, told(pair["p"]), told(pair["p_holm"]), pair["test"] or "", "" if pair["primary"] else "exploratory",
    )  # fmt: skip
