"""`sweep`: one model at every threshold. The object's form is `workflows.sweep`'s."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import statistics as asked
from core.cli.arguments import id_or_column
from core.cli.say import answer, answer_json, progress_bar
from core.cli.tables import FIGURE_COLUMNS, figure_row, number, short, show, show_head, threshold

if TYPE_CHECKING:
    from core.workflows.documents import Method


def sweep(
    file: asked.File = None,
    data: asked.Data = None,
    split: asked.Split = None,
    task: asked.About = asked.Task.BINARY,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="COLUMN",
            callback=id_or_column,
            help="The score column; may be left out if it is alone. Of images: the model.",
        ),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option("--threshold", metavar="T", callback=asked.number, help="One more point, named by hand."),
    ] = None,
    rule: asked.Rule = None,
    target: asked.Target = None,
    confidence: asked.Confidence = 0.95,
    cost_missed: asked.CostMissed = None,
    cost_false_alarm: asked.CostFalse = None,
    two_targets: asked.TwoTargets = None,
    abstain: asked.Abstain = None,
    chosen_on: asked.ChosenOn = None,
    chosen_split: asked.ChosenSplit = None,
    prevalence: asked.Prevalence = None,
    positive: asked.Positive = None,
    missing: asked.Missing = asked.MissingRule.REFUSE,
    cluster: asked.Cluster = asked.Unit.PATIENT,
    auc_interval: asked.Area = asked.AucInterval.LOGIT,
    level: asked.Level = asked.LEVEL,
    resamples: asked.Resamples = 2000,
    seed: asked.Seed = 0,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", dir_okay=False, help="Write the figures at every threshold as CSV."),
    ] = None,
    force: asked.Force = False,
    as_json: asked.Json = False,
) -> None:
    """Say what a model does at every threshold, and which threshold can promise what."""
    method = asked.method(
        seed=seed, resamples=resamples, cluster=cluster, auc_interval=auc_interval, prevalence=prevalence
    )
    wanted = asked.rule_asked(rule, target, confidence, (cost_missed, cost_false_alarm))
    both = asked.targets_asked(two_targets, confidence, "'--two-targets'")
    apart = asked.targets_asked(abstain, confidence, "'--abstain'")
    cases = asked.Cases(file, data, split, positive, missing)
    asked.require_room(table, force=force)
    asked.require_binary(
        task, file=file, threshold=at, rule=wanted, two_targets=both, abstain=apart, chosen_on=chosen_on,
        chosen_split=chosen_split, prevalence=prevalence, positive=positive,
    )  # fmt: skip
    if task is asked.Task.SEGMENTATION:
        with asked.answering(level=level, as_json=as_json):
            _masks(cases, model, method, table, as_json=as_json)
        return
    from core.workflows.sweep import sweep_document, table_parts

    with asked.answering(level=level, as_json=as_json):
        held = cases.cohort([model] if model else [])
        name = asked.only_model(held)
        other = cases.chosen_on(chosen_on, chosen_split, [name])
        document = sweep_document(
            held, name, method, asked=wanted, threshold=at, chosen_on=other, both=both, abstain=apart
        )
        if table is not None:
            from core.models.atomic import write_atomically

            write_atomically(table, lambda out: out.writelines(table_parts(held, name, method)))
    if as_json:
        answer_json(document)
        return
    asked.tell_warnings(document)
    _tell(document)
    if table is not None:
        answer(f"Wrote {table}.")


def _masks(cases: asked.Cases, model: str | None, method: Method, table: Path | None, *, as_json: bool) -> None:
    """The cut-off of a segmentation, and its smallest lesion."""
    from core.cli.scoring import segmented
    from core.workflows.mask_measures import alone
    from core.workflows.mask_sweep import mask_sweep_document
    from core.workflows.mask_sweep_view import CUTS_HEADER, cut_rows, mask_sweep_csv

    kept, (found,), name = segmented(cases, [model] if model else [])
    with progress_bar("sweep") as report:
        document = mask_sweep_document(kept, alone(found), method, name=name, progress=report)
    if table is not None:
        from core.models.atomic import write_atomically

        write_atomically(table, mask_sweep_csv(document))
    if as_json:
        answer_json(document)
        return
    asked.tell_warnings(document)
    show_head(document)
    for place, smallest in enumerate(document["smallest_mm3"]):
        counted = "all lesions" if not smallest else f"lesions of {smallest:g} mm3 or more"
        show(f"{document['model']}, {counted}", CUTS_HEADER, cut_rows(document, place))
    if table is not None:
        answer(f"Wrote {table}.")


def _tell(document: Mapping[str, Any]) -> None:
    show_head(document)
    rows = [figure_row(name, document[name]) for name in ("auc", "average_precision", "brier")]
    rows += [figure_row(f"partial auc, specificity from {p['specificity_from']:g}", p) for p in document["partial_auc"]]
    show(f"{document['model']}", FIGURE_COLUMNS, rows)
    show(
        "Operating points",
        ("rule", "target", "threshold", "sensitivity", "specificity", "PPV", "NPV", "TP FP FN TN", "chosen on"),
        [_point(point) for point in document["operating_points"]],
    )
    for point in document["operating_points"]:
        answer(f"{_rule(point)}: {point['text']}")
        if point["optimism"]:
            made = point["optimism"]
            answer(
                f"  On these very cases {made['figure']} {made['printed']:.3f} is too good by about "
                f"{made['optimism']:.3f}: expect {made['corrected']:.3f}."
            )
    _tell_targets(document)
    _tell_band(document["band"])
    _tell_calibration(document["calibration"])
    show(
        "Another prevalence. This assumes that sensitivity and specificity carry over to that population.",
        ("prevalence", "threshold", "PPV", "NPV", "per 1,000: found", "missed", "false alarms", "cleared"),
        [_shift(row) for row in document["prevalence_shift"]],
    )
    show_slices(document["slices"])
    show_bounds(document["missing_bounds"])


def _rule(point: Mapping[str, Any]) -> str:
    name = point["rule"].replace("_", " ")
    return name if point["target"] is None else f"{name} {100 * point['target']:g} %"


def _point(point: Mapping[str, Any]) -> tuple[str, ...]:
    counts = " ".join(str(point[name]) for name in ("tp", "fp", "fn", "tn")) if point["tp"] is not None else ""
    answered = point["threshold"] is not None
    shares = (short(point[name]) if answered else "" for name in ("sensitivity", "specificity", "ppv", "npv"))
    target = "" if point["target"] is None else f"{point['target']:g}"
    return (
        point["rule"].replace("_", " "), target, threshold(point["threshold"]), *shares, counts, point["chosen_on"],
    )  # fmt: skip


def _tell_targets(document: Mapping[str, Any]) -> None:
    for key, title in (("two_targets", "One threshold for two targets"), ("abstain_band", "Abstain band")):
        made = document[key]
        if made is None:
            continue
        low, high = threshold(made["low"]), threshold(made["high"])
        answer(f"{title}: low {low}, high {high}, chosen on {made['chosen_on']}. {made['text']}")
        names = ("sensitivity", "specificity", "ppv", "npv")
        share = [figure_row("referred", made["referred_share"])] if key == "abstain_band" else []
        among = "Among the decided" if key == "abstain_band" else "At that threshold"
        show(among, FIGURE_COLUMNS, [*share, *(figure_row(name, made[name]) for name in names)])


def _tell_band(band: Mapping[str, Any]) -> None:
    parts = [
        f"{name} within {band[f'{name}_distance']:.3f}"
        for name in ("sensitivity", "specificity")
        if band[f"{name}_distance"] is not None
    ]
    if parts:
        answer(f"At every threshold at once, with {band['level']:.0%} confidence: {', '.join(parts)}.")
    elif band["reason"]:
        answer(f"No band holds at every threshold at once ({band['reason']}).")


def _tell_calibration(made: Mapping[str, Any] | None) -> None:
    if made is None:
        return
    rows = [figure_row(name, made[name]) for name in ("slope", "intercept", "temperature")]
    show("Calibration", FIGURE_COLUMNS, rows)
    answer(
        f"Expected calibration error {made['ece']:.3f} ({made['ece_bins']} equal-mass bins; biased upward in small "
        f"cohorts), largest gap {made['largest_gap']:.3f}."
    )


def _shift(row: Mapping[str, Any]) -> tuple[str, ...]:
    people = row["per_1000"] or {}
    names = ("true_positives", "false_negatives", "false_positives", "true_negatives")
    return (
        f"{row['prevalence']:g}", threshold(row["threshold"]), short(row["ppv"]), short(row["npv"]),
        *(number(people.get(name)) for name in names),
    )  # fmt: skip


def show_slices(rows: list[Mapping[str, Any]]) -> None:
    """The subgroup table."""
    show(
        "Subgroups, at the threshold of the whole",
        ("column", "value", "cases", "positives", "negatives", "sensitivity", "specificity", "AUC", "threshold", ""),
        [
            (
                row["column"], row["value"], *(str(row[name]) for name in ("cases", "positives", "negatives")),
                *(short(row[name]) for name in ("sensitivity", "specificity", "auc")), threshold(row["threshold"]),
                "few cases" if row["few_cases"] else "",
            )
            for row in rows
        ],
    )  # fmt: skip


def show_bounds(bounds: Mapping[str, Any] | None) -> None:
    """Every figure if all missing scores were wrong, and if all were right."""
    if bounds is None:
        return
    rows = [
        (name.replace("_", " "), short(bounds["worst"][name]), short(bounds["best"][name])) for name in bounds["worst"]
    ]
    show("Bounds for the missing scores", ("figure", "all wrong", "all right"), rows)
