"""The model comparison page: who is compared, what a link may ask, and what is said where nothing can be compared."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.cohorts import add_scores
from core.workspace import Workspace
from tests.browser.threshold_harness.cohorts import scores_csv
from tests.pages.conftest import texts

OpenApp = Callable[..., AppTest]


def _add(workspace: Workspace, content: bytes) -> str:
    return add_scores(workspace, io.BytesIO(content)).id


def test_without_a_test_set_the_page_says_what_to_bring(open_app: OpenApp) -> None:
    """A deep link may be the first thing a user opens."""
    assert "No test set yet." in texts(open_app("compare"))


@pytest.mark.seeds(39, 53)
def test_models_of_one_set_are_compared_in_a_sentence_with_its_test(open_app: OpenApp, workspace: Workspace) -> None:
    """The difference, its interval, p and p after Holm: one line that may be quoted."""
    shown = texts(open_app("compare", set=_add(workspace, scores_csv(cases=300))))

    assert "net_a less net_b: AUC" in shown
    assert "after Holm" in shown
    assert "on the same 300 cases" in shown


def test_one_model_has_nothing_to_be_compared_with(open_app: OpenApp, workspace: Workspace) -> None:
    """An empty page needs a reason."""
    lines = scores_csv(cases=80).decode().splitlines()
    single = "\n".join(",".join(line.split(",")[:3]) for line in lines).encode()

    assert "Comparing needs two" in texts(open_app("compare", set=_add(workspace, single)))


def test_a_links_model_that_is_not_there_is_said(open_app: OpenApp, workspace: Workspace) -> None:
    """Silently comparing others than asked is a wrong answer."""
    app = open_app("compare", set=_add(workspace, scores_csv(cases=80)), models="net_z")

    assert "net_z" in texts(app)
    assert "which this test set does not have" in texts(app)


def test_too_few_cases_for_the_rule_are_told_for_each_model(open_app: OpenApp, workspace: Workspace) -> None:
    """A table without cut-offs says why."""
    shown = texts(open_app("compare", set=_add(workspace, scores_csv(cases=120))))

    assert "net_a: No threshold of this cohort can promise 95 % sensitivity" in shown
    assert "No cut-off was chosen." in shown


def test_the_mean_is_one_more_row(open_app: OpenApp, workspace: Workspace) -> None:
    """An ensemble made on the spot stands in the same table and the same pairs."""
    app = open_app("compare", set=_add(workspace, scores_csv(cases=300)))

    app.toggle(key="compare-ensemble").set_value(True).run()

    assert "mean of these" in texts(app)
    assert "net_a less mean of these: AUC" in texts(app)
