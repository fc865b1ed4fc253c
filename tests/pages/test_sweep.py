"""The threshold sweep page: faults with their controls, figures with their cases, and no stale cut-off."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.cohorts import add_scores
from core.workspace import Workspace
from tests.browser.threshold_harness.cohorts import scores_csv
from tests.pages.conftest import texts

OpenApp = Callable[..., AppTest]
BAD = Path(__file__).resolve().parents[1] / "oracles" / "bad_files"


def _add(workspace: Workspace, content: bytes) -> str:
    return add_scores(workspace, io.BytesIO(content)).id


def test_without_a_test_set_the_page_says_what_to_bring(open_app: OpenApp) -> None:
    """A deep link may be the first thing a user opens."""
    assert "No test set yet." in texts(open_app("sweep"))


def test_scores_are_shown_with_k_of_n_at_the_promised_cutoff(open_app: OpenApp, workspace: Workspace) -> None:
    """The first cut-off is one that may be used, and every share carries its counts and interval."""
    app = open_app("sweep", set=_add(workspace, scores_csv(cases=600)))

    shown = texts(app)

    assert "600 cases" in shown
    assert "Sensitivity" in shown
    assert " of " in shown
    assert "chosen here by a rule that promises" in shown
    assert app.query_params["column"] == "net_a"
    assert 0 < float(app.query_params["t"]) < 1


def test_a_links_cutoff_is_taken_exactly(open_app: OpenApp, workspace: Workspace) -> None:
    """A colleague must stand at the very same number."""
    app = open_app("sweep", set=_add(workspace, scores_csv(cases=200)), column="net_b", t="0.30000000000000004")

    assert app.query_params["t"] == "0.30000000000000004"
    assert app.query_params["column"] == "net_b"
    assert "chosen and reported on the same cases" in texts(app)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"t": "7"}, "The link asked for threshold 7, which is not between 0 and 1. Showing"),
        ({"column": "net_z"}, "net_z"),
        ({"finding": "tumour"}, "tumour"),
        ({"subset": "elsewhere"}, "elsewhere"),
    ],
)
def test_what_a_link_asks_in_vain_is_said(
    open_app: OpenApp, workspace: Workspace, address: dict[str, str], said: str
) -> None:
    """Silently showing something else is how a wrong number gets into a paper."""
    app = open_app("sweep", set=_add(workspace, scores_csv(cases=200)), **address)

    assert said in texts(app)
    assert app.query_params["column"] == "net_a"


def test_another_owners_set_is_not_here(open_app: OpenApp, workspace: Workspace) -> None:
    """A link carries the name of a test set, not the set."""
    other = Workspace("B" * 43)
    taken = _add(other, scores_csv(cases=50))

    app = open_app("sweep", set=taken)

    assert "is not here" in texts(app)
    assert "50 cases" not in texts(app)


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.csv")))
def test_every_fault_of_a_cohort_file_is_a_sentence_without_a_flag(
    open_app: OpenApp, workspace: Workspace, name: str
) -> None:
    """On a page the control answers, not the command line's flag; and no file, however bad, breaks the page."""
    from core.errors import TableError

    try:
        held = _add(workspace, (BAD / name).read_bytes())
    except TableError:
        return  # refused at the door, in its sentences
    app = open_app("sweep", set=held)

    assert not app.exception
    assert "--" not in texts(app).replace("--rr", "")
    assert "fault of ours" not in texts(app)


def test_text_labels_are_answered_by_naming_the_positive_one(open_app: OpenApp, workspace: Workspace) -> None:
    """The message and the control that answers it stand on one page."""
    app = open_app("sweep", set=_add(workspace, (BAD / "text_labels.csv").read_bytes()))
    assert "Name the positive one above." in texts(app)

    app.selectbox(key="finding").select("yes").run()

    assert "Name the positive one" not in texts(app)
    assert "with the finding" in texts(app)


def test_missing_scores_are_refused_until_somebody_says_what_they_mean(open_app: OpenApp, workspace: Workspace) -> None:
    """Nothing is imputed and nobody is dropped unasked."""
    app = open_app("sweep", set=_add(workspace, (BAD / "missing_score.csv").read_bytes()), column="model_b")
    assert "no score." in texts(app)

    app.radio(key="missing").set_value("drop").run()

    assert "left out for want of a score" in texts(app)


def test_a_rule_that_cannot_promise_says_what_it_would_need(open_app: OpenApp, workspace: Workspace) -> None:
    """Too few cases is an answer, not an error."""
    app = open_app("sweep", set=_add(workspace, scores_csv(cases=60)))

    app.number_input(key="target").set_value(99.0)
    app.button(key="go").click().run()

    assert "No threshold of this cohort can promise 99 % sensitivity" in texts(app)


def test_a_locked_cutoff_is_pre_specified_on_the_next_set(open_app: OpenApp, workspace: Workspace) -> None:
    """Choose on one set, judge on another: the badge says which of the two this is."""
    second = _add(workspace, scores_csv(cases=300, seed=8))
    first = _add(workspace, scores_csv(cases=400, seed=7))
    app = open_app("sweep", set=first)
    app.button(key="lock").click().run()
    locked = app.query_params["t"]

    app.selectbox(key="set").select(second).run()

    assert app.query_params["t"] == locked
    assert "pre-specified on cohort-" in texts(app)
    assert "300 cases" in texts(app)


def test_subgroups_and_whole_curve_are_views_of_the_same_cases(open_app: OpenApp, workspace: Workspace) -> None:
    """Every view is about the cut-off and the cases above it."""
    app = open_app("sweep", set=_add(workspace, scores_csv(cases=300)))

    app.button_group(key="view").set_value("Subgroups").run()
    assert "site: north" in texts(app)
    app.button_group(key="view").set_value("Whole curve").run()
    assert "Average precision" in texts(app)
    app.button_group(key="view").set_value("History").run()
    assert "guaranteed sensitivity" in texts(app)


def test_names_from_a_file_are_text(open_app: OpenApp, workspace: Workspace) -> None:
    """A subgroup called <script> is a subgroup."""
    content = scores_csv(cases=120).replace(b"north", b"<script>alert(1)</script>")
    app = open_app("sweep", set=_add(workspace, content))

    app.button_group(key="view").set_value("Subgroups").run()

    assert "<script>" not in texts(app)
    assert "&lt;script&gt;" in texts(app)
