"""The report bundle: what it says is what the page says, its commands make it again, and its gaps are named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shlex
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from core.workflows import report_figures
from core.workflows.cohort_file import read_cohort
from core.workflows.documents import Method
from core.workflows.report_bundle import Reported, commands, report_bundle
from core.workflows.report_items import ITEMS, filled
from core.workflows.sweep_point import standing
from core.workflows.sweep_view import curve_rows, figure_rows
from tests.browser.threshold_harness.cohorts import scores_csv

METHOD = Method(resamples=100)


@pytest.fixture(scope="module")
def about(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """150 cases of two models, at a cut-off named by hand."""
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    path.write_bytes(scores_csv(cases=150))
    file = read_cohort(path)
    chosen = standing(file, "net_a", 0.4, METHOD, answer=None, locked=None)
    return Reported(file, "net_a", chosen, path, "cohort-01")


@pytest.fixture(scope="module")
def bundle(about: Reported) -> dict[str, bytes]:
    """The files of the bundle."""
    with zipfile.ZipFile(io.BytesIO(report_bundle(about, METHOD))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_report_says_the_pages_numbers(about: Reported, bundle: dict[str, bytes]) -> None:
    """Two roundings of one figure are two figures to a reader."""
    page = bundle["report.html"].decode()

    for row in (*figure_rows(about.file, about.chosen), *curve_rows(about.file, "net_a", METHOD)):
        assert f"<td>{row[0]}</td><td>{row[1]}</td><td>{row[2]}</td><td>{row[3]}</td>" in page
    point = json.loads(bundle["settings.json"])["operating_point"]
    assert f"{point['tp']} found" in page
    assert f"{point['fp']} false alarms" in page
    assert "Research use only" in page


def test_every_file_has_its_hash_and_the_scores_are_those_that_were_read(
    about: Reported, bundle: dict[str, bytes]
) -> None:
    """A bundle that cannot be checked proves nothing."""
    sums = dict(reversed(line.split("  ")) for line in bundle["SHA256SUMS"].decode().splitlines())

    assert set(sums) == set(bundle) - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256(bundle[name]).hexdigest() == digest
    assert sums["scores.csv"] == about.file.sha256


def test_the_commands_make_the_same_document_again(
    about: Reported, bundle: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact commands are exact: typed beside the unpacked files they give the bundle's own sweep.json."""
    (tmp_path / "scores.csv").write_bytes(bundle["scores.csv"])
    monkeypatch.chdir(tmp_path)
    sweep_words = shlex.split(commands(about, METHOD)[0])

    done = CliRunner().invoke(app, sweep_words[3:])

    assert done.exit_code == 0, done.output
    again, kept = json.loads(done.stdout), json.loads(bundle["sweep.json"])
    assert again["operating_points"] == kept["operating_points"]
    assert again["auc"] == kept["auc"]
    assert again["average_precision"] == kept["average_precision"]


def test_pictures_are_whole_and_the_page_needs_nothing_beside_it(bundle: dict[str, bytes]) -> None:
    """A report is mailed, printed and kept; a missing figure is noticed years later."""
    names = [name for name in bundle if name.startswith("figures/")]

    assert {Path(name).stem for name in names} == {"roc", "precision-recall", "rates", "calibration", "decision"}
    for name in names:
        ElementTree.fromstring(bundle[name])  # noqa: S314 - written by ourselves a moment ago
    page = bundle["report.html"].decode()
    assert page.count("data:image/svg+xml;base64,") == len(names)
    assert not re.search(r"(src|href)=[\"'](?!data:)", page)


def test_the_decision_curve_is_drawn_with_the_documents_interval(about: Reported, bundle: dict[str, bytes]) -> None:
    """A curve without an interval looks surer than it is."""
    drawn = bundle["figures/decision.svg"].decode()
    ends = json.loads(bundle["sweep.json"])["net_benefit"]

    assert "shaded: 95 % at each probability (bootstrap)" in drawn
    assert f' fill="{report_figures.PALE}"' in drawn
    assert all(low < high for low, high in zip(ends["model_lo"][20:40], ends["model_hi"][20:40], strict=True))


def test_items_that_the_cases_cannot_answer_are_listed_for_the_authors(bundle: dict[str, bytes]) -> None:
    """A filled-in checklist that was never read is worse than an empty one."""
    page = bundle["report.html"].decode()
    done, left = filled({"table": "below"})

    answered, missing = page.split("Reporting items that the authors must answer")
    assert "Cross tabulation of index test by reference" in answered
    assert "Eligibility criteria" in missing
    assert "Funding" in missing
    assert len(done) + len(left) == len(ITEMS)


def test_texts_of_the_file_are_text_in_report_and_csv(tmp_path: Path) -> None:
    """A case named =HYPERLINK or a site named <script> came from somewhere."""
    path = tmp_path / "scores.csv"
    held = scores_csv(cases=60, logits=True).replace(b"c00001", b"=1+1").replace(b"north", b"<b>north</b>")
    path.write_bytes(held.replace(b"south", b"@SUM(A1)").replace(b"net_b", b"=net"))
    file = read_cohort(path, models=["net_a"])
    chosen = standing(file, "net_a", 0.4, METHOD, answer=None, locked=None)

    made = report_bundle(Reported(file, "net_a", chosen, path, "cohort-01"), METHOD)

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        scores = archive.read("scores.csv")
        assert b"\n'=1+1," in scores
        assert b",'@SUM(A1)," in scores
        assert b",'=net," in scores.splitlines()[0]
        assert b",-" in scores
        assert b"'-" not in scores
        assert b"<b>north</b>" not in archive.read("report.html")


@pytest.mark.parametrize(
    ("cell", "kept"), [("-1+1", "'-1+1"), ("-", "'-"), ("-2.5e-3", "-2.5e-3"), ("\t1", "'\t1"), ("a-b=c", "a-b=c")]
)
def test_a_score_below_zero_is_no_formula(tmp_path: Path, cell: str, kept: str) -> None:
    """Only what a spreadsheet would compute is changed; else the file is the one that was read, byte for byte."""
    path = tmp_path / "scores.csv"
    path.write_text(f"case_id,label,net_a,comment\nc1,1,-0.5,{cell}\nc2,0,-1.5,plain\n")
    file = read_cohort(path, models=["net_a"])
    chosen = standing(file, "net_a", -1.0, METHOD, answer=None, locked=None)

    made = report_bundle(Reported(file, "net_a", chosen, path, "cohort-01"), METHOD)

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        scores = archive.read("scores.csv")
    assert list(csv.reader(io.StringIO(scores.decode())))[1] == ["c1", "1", "-0.5", kept]
    assert (scores == path.read_bytes()) is (cell == kept)


def test_a_table_too_long_for_memory_is_left_to_the_command(about: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two million thresholds as text are near a gigabyte; nobody opens them in a report."""
    monkeypatch.setattr("core.workflows.report_bundle.MOST_ROWS", 100)

    with zipfile.ZipFile(io.BytesIO(report_bundle(about, METHOD))) as archive:
        assert "sweep.csv" not in archive.namelist()
        assert "--table sweep.csv" in archive.read("report.html").decode()


def test_the_same_question_gives_the_same_bytes(about: Reported) -> None:
    """A bundle made twice must compare equal."""
    assert report_bundle(about, METHOD) == report_bundle(about, METHOD)
