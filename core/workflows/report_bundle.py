"""A report to take away: scores, settings, figures, an HTML page and what reproduces them, as one zip.

Owns what is in the bundle and its hashes. Figures are `core.metrics`', rows and sentences `sweep_view`'s, so that the
report says what the page says.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import NOTICE, __version__
from core.metrics.cohort import Missing
from core.metrics.counts import Counts
from core.metrics.curves import auc
from core.metrics.decision import net_benefit
from core.metrics.rules import Chosen
from core.metrics.sweep import sweep
from core.models.model import Model
from core.workflows import report_figures, report_page
from core.workflows.cases import FORMULA_STARTS
from core.workflows.cohort_file import CohortFile
from core.workflows.compare_view import ModelCurves, model_curves
from core.workflows.documents import Document, Method, plain
from core.workflows.instrument import decimals
from core.workflows.sweep import MOST_ROWS, sweep_document, table_rows
from core.workflows.sweep_point import origin, rule_name
from core.workflows.sweep_view import Row, count_sentence, curve_rows, figure_rows, more_rows, subgroup_table

NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
"""A score below zero is no formula."""

SUSPECT = re.compile(
    rb'(?:\A|[,"\r\n]|\xef\xbb\xbf)(?:[=+@\t]|-(?!(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:[,"\r\n]|\Z)))'
)
"""What a cell that a spreadsheet would compute begins with, among the bytes of a table."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file in the zip: the same bundle twice is the same bytes."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report is about.

    scores : the file that the cohort was read from. chosen : the cut-off with its figures here. model : None where
    the column's model is not on the shelf. split : the named subset, or None. name : the test set's.
    """

    file: CohortFile
    column: str
    chosen: Chosen
    scores: Path
    name: str
    model: Model | None = None
    split: str | None = None

    @property
    def counts(self) -> Counts:
        """At the cut-off.

        Raises
        ------
        ValueError : there is no cut-off to report.
        """
        if self.chosen.counts is None or self.chosen.threshold is None:
            raise ValueError("a report is about a threshold")
        return self.chosen.counts


def report_bundle(about: Reported, method: Method) -> bytes:
    """The zip: report.html, figures, scores.csv, sweep.csv, sweep.json, settings.json and SHA256SUMS.

    Of more than `MOST_ROWS` distinct scores sweep.csv is left out; the command in the report writes it.

    Raises
    ------
    ValueError : there is no cut-off to report.
    """
    document = sweep_document(about.file, about.column, method, threshold=about.chosen.threshold)
    figures = _figures(about, method, document)
    settings = settings_document(about, method, document)
    rows = curve_rows(about.file, about.column, method)
    files: dict[str, bytes] = {
        "report.html": report_page.html(_content(about, method, settings, rows, figures)).encode(),
        **{f"figures/{name}.svg": picture.encode() for name, picture in figures.items()},
        "scores.csv": _scores(about),
        **({} if _is_large(about) else {"sweep.csv": table_rows(about.file, about.column, method)}),
        "sweep.json": json.dumps(document, allow_nan=False, ensure_ascii=False).encode(),
        "settings.json": json.dumps(settings, indent=2, allow_nan=False, ensure_ascii=False).encode(),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return _zipped({**files, "SHA256SUMS": sums.encode()})


def settings_document(about: Reported, method: Method, document: Document) -> dict[str, Any]:
    """Everything that the figures depend on, and the commands that make them again."""
    chosen, model = about.chosen, about.model
    return {
        "schema": "core.report/1",
        "version": __version__,
        "notice": NOTICE,
        "input": document["input"],
        "settings": document["settings"],
        "test_set": about.name,
        "split": about.split,
        "column": about.column,
        "operating_point": {
            "threshold": plain(chosen.threshold),
            "rule": str(chosen.rule),
            "target": chosen.target,
            "confidence": chosen.confidence,
            "guaranteed": chosen.guaranteed,
            "chosen_on": chosen.chosen_on,
            "unit": chosen.unit,
            **plain(about.counts),
        },
        "model": None if model is None else {
            "id": model.id, "weights_sha256": model.weights_sha256, "file_sha256": model.file_sha256,
            "architecture": model.architecture, "input": model.input.model_dump(mode="json"),
        },
        "commands": commands(about, method),
    }  # fmt: skip


def commands(about: Reported, method: Method) -> list[str]:
    """What to type beside the unpacked bundle for the same figures."""
    words = ["--model", _harmless(about.column), "--positive", _harmless(about.file.positive)]
    if about.file.missing is not Missing.REFUSE:
        words += ["--missing", str(about.file.missing)]
    if about.split is not None:
        words += ["--split", _harmless(about.split)]
    if not method.by_patient:
        words += ["--cluster", "none"]
    words += ["--seed", str(method.seed), "--resamples", str(method.resamples)]
    at = repr(about.chosen.threshold)
    whole = ["--table", "sweep.csv"] if _is_large(about) else []
    return [
        shlex.join(["python", "-m", "core", "sweep", "scores.csv", *words, "--threshold", at, *whole, "--json"]),
        shlex.join(["python", "-m", "core", "evaluate", "scores.csv", *words, "--threshold", at, "--json"]),
    ]


def _is_large(about: Reported) -> bool:
    """Whether every threshold as CSV would fill the memory."""
    return len(np.unique(about.file.cohort.scores[about.column])) > MOST_ROWS


def _content(
    about: Reported, method: Method, settings: dict[str, Any], rows: list[Row], figures: dict[str, str]
) -> report_page.Content:
    subgroups = subgroup_table(about.file, about.column, about.chosen.threshold or 0.0, method)
    word, _ = origin(about.chosen, None)
    return report_page.Content(
        title=f"{about.column} on {about.name}",
        notice=NOTICE,
        cases=count_sentence(about.file),
        cutoff=f"Cut-off {about.chosen.threshold!r} ({rule_name(about.chosen)}): {word}. {about.chosen.text}",
        counts=about.counts,
        figures=[*figure_rows(about.file, about.chosen), *more_rows(about.chosen)],
        curve=rows,
        subgroups=subgroups,
        pictures=figures,
        answers=_answers(about, method, settings, rows, bool(subgroups)),
        hashes=_hashes(about, settings),
        commands=settings["commands"],
    )


def _answers(
    about: Reported, method: Method, settings: dict[str, Any], rows: list[Row], subgroups: bool
) -> dict[str, str]:
    """The guideline items that these cases answer; the rest stays with the authors."""
    file, model = about.file, about.model
    dropped = f"{len(file.dropped)} cases without a score were left out" if file.dropped else "No case was left out"
    answers = {
        "cutoff": f"{about.chosen.threshold!r}, {rule_name(about.chosen)}, {origin(about.chosen, None)[0]}.",
        "methods": "See the tables and settings.json; definitions are in the evaluation page of the software.",
        "uncertainty": f"95 % intervals with their methods; {method.resamples:,} resamples, seed {method.seed}.",
        "indeterminate": "Every case with a score is called positive or negative; none is indeterminate.",
        "missing": f"Rule for missing scores: {file.missing}. {dropped}.",
        "flow": f"{file.rows:,} cases in the file. {count_sentence(file)}",
        "table": "See the four counts below.",
        "accuracy": "See the tables below.",
        "failures": "The cases behind each count are listed by the page; scores.csv holds every score.",
        "limits": "Labels are taken as given. Figures hold for cases drawn like these.",
        "hashes": "See hashes and commands below.",
        "software": f"readroom {settings['version']}.",
    }
    if subgroups:
        answers["subgroups"] = "At the cut-off of the whole, see the subgroup table. Differences are not tested."
    if any(row[0] == "Calibration slope" for row in rows):
        answers["calibration"] = "Slope, intercept, expected error and the calibration picture."
        answers["utility"] = "Net benefit over probabilities, see the decision curve."
    if model is not None:
        answers["model"] = f"{model.id}, {model.architecture}; weights SHA-256 {model.weights_sha256}."
        answers["input"] = model.input.sentence()
        answers["blind"] = "This model is given pixels alone, never the reference."
    return answers


def _hashes(about: Reported, settings: dict[str, Any]) -> list[tuple[str, str]]:
    found = [("Scores as read", about.file.sha256)]
    if about.model is not None:
        found += [("Weights", about.model.weights_sha256), ("Model file", about.model.file_sha256)]
    return [*found, ("Software", f"readroom {settings['version']}")]


def _figures(about: Reported, method: Method, document: Document) -> dict[str, str]:
    """By file name; pictures that these cases cannot give are left out."""
    cohort, counts = about.file.cohort, about.counts
    if not cohort.positives or not cohort.negatives:
        return {}
    curve: ModelCurves = model_curves(about.file, about.column, method)
    scores, labels = cohort.scores[about.column], cohort.labels
    hit, false = counts.tp / counts.positives, counts.fp / counts.negatives
    called = counts.tp + counts.fp
    area = auc(scores, labels, clusters=method.clusters(cohort), interval=method.auc_interval)
    made = {
        "roc": report_figures.roc_svg(curve, (false, hit), decimals(area)),
        "precision-recall": report_figures.precision_svg(
            curve, (hit, counts.tp / called) if called else None, cohort.prevalence or 0.0
        ),
    }
    if about.column not in about.file.calibrated:
        return made
    made["rates"] = report_figures.rates_svg(sweep(scores, labels), about.chosen.threshold or 0.0)
    made["calibration"] = report_figures.calibration_svg(curve)
    worth = net_benefit(scores, labels)
    if worth is not None:
        ends = zip(document["net_benefit"]["model_lo"], document["net_benefit"]["model_hi"], strict=True)
        interval = [(low, high) for low, high in ends if low is not None and high is not None]
        made["decision"] = report_figures.decision_svg(worth, interval)
    return made


def _scores(about: Reported) -> bytes:
    """The file as it was read; cells that a spreadsheet would compute are led by an apostrophe."""
    content = about.scores.read_bytes()
    if not SUSPECT.search(content):  # as good as every file; taken apart, two million rows fill ten times their size
        return content
    out = io.StringIO()
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    csv.writer(out).writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def _harmless(cell: str) -> str:
    """A cell as a spreadsheet may have it: what it would compute is led by an apostrophe, a number is left alone."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell) else cell


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
