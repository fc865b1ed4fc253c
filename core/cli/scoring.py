"""`score`: labelled images through one or several models, and the images that other commands score first (`--data`).

Owns the way from what was typed to a kept cohort. The loop is `workflows.score`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import statistics as asked
from core.cli.arguments import known_model
from core.cli.frame import Exit
from core.cli.say import answer, answer_json, complain, progress_bar

if TYPE_CHECKING:
    from core.models.model import Model
    from core.workflows.class_file import ClassFile
    from core.workflows.cohort_file import CohortFile
    from core.workflows.mask_file import MaskFile
    from core.workspace.cohort_record import KeptCohort, ScoredBy

LISTED = 20
"""Unread cases told one by one."""

JOINT = "__"
"""Between a model's id and a class in the name of a column."""


def score(
    data: Annotated[
        Path, typer.Argument(metavar="DIR|ZIP", help="Class folders, labels.csv, or images/ with labels/.")
    ],
    models: Annotated[list[str], typer.Option("--model", metavar="ID", help="As `models` lists it. Repeat it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", dir_okay=False, help="scores.csv to write.")],
    split: asked.Split = None,
    positive: asked.Positive = None,
    case_map: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", dir_okay=False, help="Write which case came from which file, as CSV."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped; FILE may be there.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Score every case again, and replace FILE.")] = False,
    as_json: asked.Json = False,
) -> None:
    """Score labelled images with one or several models, case by case."""
    for path in (out, case_map):
        asked.require_room(path, force=force or resume)
    handles = [known_model(model) for model in dict.fromkeys(models)]
    with asked.refusals(as_json=as_json):
        kept = scored(data, handles, split=split, positive=positive, again=force)
        written = _write(kept, out, case_map)
    if as_json:
        answer_json(_document(kept, data, [model.id for model in handles], written))
    else:
        _tell(kept, data, [model.id for model in handles], written)
    if not any(one.scored for one in kept.models if one.model_id in {model.id for model in handles}):
        raise typer.Exit(Exit.REFUSED)


def scored(
    data: Path,
    models: Sequence[Model],
    *,
    split: str | None,
    positive: str | None,
    again: bool = False,
) -> KeptCohort:
    """The images of a folder or zip, scored with these models; answers that are kept are not made again."""
    from core.workflows.cohorts import keep_path
    from core.workflows.score import score

    try:
        with progress_bar("score") as report:
            kept = keep_path(data, split=split, positive=positive, models=[m.id for m in models], progress=report)
        with progress_bar("score") as report:
            return score(kept, models, again=again, progress=report)
    except KeyboardInterrupt:
        complain("What was scored until now is kept: the same command goes on from there.")
        raise


def scored_file(cases: asked.Cases, typed: Sequence[str]) -> CohortFile:
    """A folder's scores as the cohort that `sweep`, `compare` and `evaluate` ask about.

    typed : ids of models, or columns `ID__CLASS` where a model has several findings.
    """
    from core.metrics.cohort import Missing
    from core.workflows.cohorts import read_scores

    kept, data = _scored(cases, list(dict.fromkeys(name.partition(JOINT)[0] for name in typed)))
    _require_kind(kept, masks=False)
    own = cases.positive if not kept.positive else None
    columns = [_column(kept, name, cases.positive) for name in typed]
    return read_scores(kept, models=columns, positive=own, missing=Missing(cases.missing), name=_called(cases, data))


def scored_classes(cases: asked.Cases, models: Sequence[str]) -> ClassFile:
    """The same for several classes."""
    from core.metrics.cohort import Missing
    from core.workflows.class_file import read_classes

    kept, data = _scored(cases, models)
    _require_kind(kept, masks=False)
    return read_classes(kept.scores_csv, models=models, missing=Missing(cases.missing), name=_called(cases, data))


def scored_masks(cases: asked.Cases, model: str | None) -> MaskFile:
    """The same for masks."""
    from core.workflows.score_masks import mask_file

    kept, (found,), name = segmented(cases, [model] if model else [])
    return mask_file(kept, found, name=name)


def segmented(cases: asked.Cases, models: Sequence[str]) -> tuple[KeptCohort, list[ScoredBy], str]:
    """A folder of images and masks with the models that have segmented it, and what an answer calls it."""
    kept, data = _scored(cases, models)
    _require_kind(kept, masks=True)
    found = [one for name in models if (one := kept.scored_by(name)) is not None]
    if len(found) < len(models):
        raise AssertionError("a cohort that a model has scored names it")
    return kept, found, _called(cases, data)


def _scored(cases: asked.Cases, models: Sequence[str]) -> tuple[KeptCohort, Path]:
    if cases.data is None or not models:
        raise typer.BadParameter("--data needs the models to score with.", param_hint="'--model'")
    kept = scored(cases.data, [known_model(name) for name in models], split=cases.split, positive=cases.positive)
    tell_unread(kept)
    return kept, cases.data


def _called(cases: asked.Cases, data: Path) -> str:
    """What an answer calls the cases: what was typed, without its folders."""
    return data.name if cases.split is None else f"{data.name}, split {cases.split}"


def _require_kind(kept: KeptCohort, *, masks: bool) -> None:
    from core.workspace.cohort_record import CohortKind

    if (kept.kind is CohortKind.MASKS) is not masks:
        said = "masks: --task segmentation is for them" if not masks else "labels and no masks"
        raise typer.BadParameter(f"These images have {said}.", param_hint="'--task'")


def _column(kept: KeptCohort, typed: str, positive: str | None) -> str:
    """The column that a model's id stands for: its only one, or that of the positive label."""
    found = kept.scored_by(typed.partition(JOINT)[0])
    columns = {} if found is None else found.columns
    if typed in columns:
        return typed
    wanted = (kept.positive or positive or "").casefold()
    fitting = [column for column, name in columns.items() if len(columns) == 1 or name.casefold() == wanted]
    if len(fitting) == 1:
        return fitting[0]
    raise typer.BadParameter(
        f"{typed} has several findings. Name one of: {', '.join(columns)}.", param_hint="'--model'"
    )


def tell_unread(kept: KeptCohort) -> None:
    """The cases without an answer, one a line, beside the result."""
    if not kept.unread:
        return
    complain(f"{len({one.case for one in kept.unread})} of {kept.cases} cases have no score from every model:")
    for one in kept.unread[:LISTED]:
        complain(f"  {one.case}{f', {one.model_id}' if one.model_id else ''}: {one.text}")
    if len(kept.unread) > LISTED:
        complain(f"  and {len(kept.unread) - LISTED} more; score --json lists all")


def _write(kept: KeptCohort, out: Path, case_map: Path | None) -> list[Path]:
    from core.models.atomic import write_atomically
    from core.workflows.cohorts import case_map_csv
    from core.workflows.score_masks import figures_csv
    from core.workspace.cohort_record import CohortKind

    written = []
    if kept.kind is CohortKind.MASKS:
        with progress_bar("compare masks") as report:
            write_atomically(out, figures_csv(kept, report))
        written.append(out)
    elif kept.scores_csv.exists():  # where no model answered there are no scores to write
        write_atomically(out, kept.scores_csv.read_bytes())
        written.append(out)
    if case_map is not None:
        write_atomically(case_map, case_map_csv(kept))
        written.append(case_map)
    return written


def _document(kept: KeptCohort, data: Path, models: Sequence[str], written: Sequence[Path]) -> dict[str, Any]:
    from core import __version__

    found = [one for name in models if (one := kept.scored_by(name)) is not None]
    return {
        "schema": "core.score/1",
        "version": __version__,
        "input": {
            "path": str(data),
            "sha256": kept.sha256,
            "cases": kept.cases,
            "labels": dict(kept.labels),
            "positive": kept.positive or None,
            "patients": kept.patients,
            "splits": list(kept.splits),
        },
        "cohort": {"id": kept.id, "name": kept.name},
        "models": [
            {
                "model": one.model_id,
                "weights_sha256": one.weights_sha256,
                "columns": dict(one.columns),
                "scored": one.scored,
                "seconds_per_case": one.seconds,
            }
            for one in found
        ],
        "unread": [{"case_id": one.case, "model": one.model_id, "text": one.text} for one in kept.unread],
        "warnings": [{"code": code, "text": text} for code, text in kept.notes],
        "outputs": [str(path) for path in written],
    }


def _tell(kept: KeptCohort, data: Path, models: Sequence[str], written: Sequence[Path]) -> None:
    labels = ", ".join(f"{count} {label}" for label, count in kept.labels.items())
    positive = f"; {kept.positive} is positive" if kept.positive else ""
    answer(f"{data}: {kept.cases} cases ({labels}{positive}), kept as {kept.name}.")
    for _, text in kept.notes:
        complain(text)
    tell_unread(kept)
    for name in models:
        if (one := kept.scored_by(name)) is not None:
            pace = "" if one.seconds is None else f", {one.seconds:.3f} s a case"
            answer(f"{one.model_id}: {one.scored} of {kept.cases} scored{pace}.")
    for path in written:
        answer(f"Wrote {path}.")
