"""The Predict page: what is shown belongs to the case and the model now chosen, or nothing is shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.inference.gate import Familiarity
from core.inference.prediction import NO_PEAK
from core.models.catalog import get_model
from core.studies.study import Kind
from core.studies.synthetic import synthetic_film
from core.workflows import cohorts
from core.workflows.run_prediction import find_result, key_of
from core.workflows.score import score
from core.workspace import Workspace, jobs
from core.workspace.results import put_result
from pages._ui.result_panel import HEAT
from tests.pages.conftest import ended, texts
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS
from tests.phantoms import add_phantom

OpenApp = Callable[..., AppTest]


@pytest.fixture
def two_cases(workspace: Workspace) -> Workspace:
    """case-01 is a film, case-02 a volume."""
    add_phantom(workspace, Kind.FILM)
    add_phantom(workspace, Kind.VOLUME)
    return workspace


def _run(app: AppTest, workspace: Workspace) -> None:
    app.button(key="run").click().run()
    ended(workspace)
    app.run()
    assert not app.exception


def _shows_scores(app: AppTest) -> bool:
    return "score | threshold" in texts(app)


def _shows_labels(app: AppTest) -> bool:
    return "rr-swatch" in texts(app)


def test_without_a_case_the_page_leads_to_upload(open_app: OpenApp) -> None:
    """A deep link may be the first thing a user opens."""
    app = open_app("predict")

    assert "Choose a case, or upload one." in texts(app)


@pytest.mark.seeds(7, 10)
def test_nothing_runs_until_asked_and_then_scores_come_with_their_threshold(
    open_app: OpenApp, two_cases: Workspace
) -> None:
    """Every score shows its threshold and where that came from, with k, n and interval."""
    app = open_app("predict", model=CHEST, case="case-01")
    assert not _shows_scores(app)
    assert jobs.running(two_cases) == []

    _run(app, two_cases)

    shown = texts(app)
    assert _shows_scores(app)
    assert "pneumonia was found in 90 of 100 (90.0 %, 95 % interval 82.6–94.5)" in shown
    assert "called wrongly in 40 of 200 (20.0 %, 95 % interval 15.0–26.1)" in shown
    assert "A score is the model output, not the chance of disease." in shown


def test_a_result_is_gone_with_another_model_and_back_with_its_own(open_app: OpenApp, two_cases: Workspace) -> None:
    """The danger of the whole page: one model's figures under another's name."""
    app = open_app("predict", model=CHEST, case="case-01")
    _run(app, two_cases)

    app.selectbox(key="model").select(CHEST_TWO).run()
    other = _shows_scores(app)
    app.selectbox(key="model").select(CHEST).run()

    assert not other
    assert _shows_scores(app)


def test_a_result_is_gone_with_another_case_and_back_with_its_own(open_app: OpenApp, two_cases: Workspace) -> None:
    """The same the other way: one patient's figures beside another's picture."""
    add_phantom(two_cases, Kind.VOLUME)
    app = open_app("predict", model=HIPPOCAMPUS, case="case-02")
    _run(app, two_cases)
    assert _shows_labels(app)

    app.selectbox(key="case").select("case-01").run()
    film = (_shows_labels(app), _shows_scores(app), texts(app))
    app.button(key="next").click().run()

    assert film[:2] == (False, False)
    assert "reads MRI volumes. case-01 is" in film[2]
    assert _shows_labels(app)


def test_the_operating_point_can_be_chosen_and_the_verdict_follows(open_app: OpenApp, two_cases: Workspace) -> None:
    """The threshold on screen is the one whose counts stand below it."""
    app = open_app("predict", model=CHEST, case="case-01")
    _run(app, two_cases)
    first = texts(app)

    app.selectbox(key="point").select("Youden").run()

    assert "Sensitivity is at least 90 % with 95 % confidence, from 100 cases with pneumonia of val" in first
    assert "Sensitivity is at least" not in texts(app)
    assert "Found by looking: for new cases from the same source, sensitivity at least" in texts(app)


def test_models_that_fit_the_case_come_first(open_app: OpenApp, two_cases: Workspace) -> None:
    """With twenty models on the shelf nobody should look for the one that reads this case."""
    film = open_app("predict", case="case-01").selectbox(key="model")
    volume = open_app("predict", case="case-02").selectbox(key="model")

    assert film.options[0] == "tiny chest mobilenet"
    assert volume.options[0] == "tiny hippocampus"
    assert volume.value == HIPPOCAMPUS


def test_the_chosen_model_survives_pages_and_stands_in_the_address(open_app: OpenApp, two_cases: Workspace) -> None:
    """Going back to add a file must not change the model."""
    app = open_app("predict", case="case-01")
    app.selectbox(key="model").select(CHEST_TWO).run()

    app.switch_page("../upload.py").run()
    upload = dict(app.query_params)
    app.switch_page("../predict.py").run()

    assert upload == {"model": CHEST_TWO}
    assert app.selectbox(key="model").value == CHEST_TWO


def test_a_link_to_what_is_not_here_says_so(open_app: OpenApp, two_cases: Workspace) -> None:
    """A wrong link must neither fail nor silently show something else."""
    app = open_app("predict", model="<b>no-such-model</b>", case="case-99")

    shown = texts(app)
    assert "which is not here" in shown
    assert "case-99 is not here" in shown
    assert "<b>no-such" not in shown


def test_running_all_gives_one_table(open_app: OpenApp, two_cases: Workspace) -> None:
    """A folder of films is one click, and refuses what the model cannot read."""
    two_cases.remove_case("case-01")
    for _ in range(2):
        add_phantom(two_cases, Kind.FILM)
    app = open_app("predict", model=CHEST, case="case-03")

    app.button(key="run-all").click().run()
    ended(two_cases)
    app.run()

    shown = texts(app)
    assert "All cases run with tiny chest mobilenet" in shown
    table = shown[shown.index('aria-label="All cases run"') :]
    assert [table.count(f"<td>{case}</td>") for case in ("case-02", "case-03", "case-04")] == [0, 1, 1]


def test_a_run_that_was_deleted_is_said_to_be_gone(open_app: OpenApp, two_cases: Workspace) -> None:
    """An old address in the browser's history."""
    app = open_app("predict", model=CHEST, case="case-01", job="0123456789abcdef")

    assert "That run is no longer here." in texts(app)


@pytest.mark.parametrize(("peak", "told", "not_told"), [(1, HEAT, NO_PEAK), (0, NO_PEAK, HEAT)])
def test_a_heat_map_comes_with_its_caution_and_an_empty_one_is_said(
    open_app: OpenApp, two_cases: Workspace, monkeypatch: pytest.MonkeyPatch, peak: int, told: str, not_told: str
) -> None:
    """A reader who sees no lines must know that there are none, and not look for a fault."""
    monkeypatch.setattr("core.inference.explain._weigh", lambda scores, features: peak * (features[:, :1].abs() + 1))
    app = open_app("predict", model=CHEST, case="case-01")

    _run(app, two_cases)

    assert told in texts(app)
    assert f'role="note">{not_told}' not in texts(app)


def test_strange_study_is_told_above_its_scores(open_app: OpenApp, two_cases: Workspace) -> None:
    """Who reads from the top must not meet a score first that nobody may read."""
    app = open_app("predict", model=CHEST, case="case-01")
    _run(app, two_cases)
    case, model = two_cases.get_case("case-01"), get_model(CHEST)
    found = find_result(two_cases, case, model)
    assert found is not None
    strange = Familiarity(True, 2.25, 1.5)
    warned = replace(found, familiarity=strange, warnings=(strange.sentence(), *found.warnings))
    put_result(two_cases, case.id, key_of(case, model), warned)

    app.run()

    shown = texts(app)
    assert shown.count("does not look like what the model was trained on") == 1
    assert shown.index("2.25, and 1.50 is the largest that is familiar") < shown.index("score | threshold")


def test_a_look_at_another_cut_off_ends_with_its_case(open_app: OpenApp, two_cases: Workspace) -> None:
    """Another patient must not be met at a cut-off that somebody moved for the one before."""
    add_phantom(two_cases, Kind.VOLUME)
    app = open_app("predict", model=HIPPOCAMPUS, case="case-02", cut="0.35")
    kept = dict(app.query_params)

    app.button(key="next").click().run()

    assert "0.35" in kept["cut"]
    assert "cut" not in app.query_params


def test_without_a_scored_test_set_the_way_to_one_is_shown(open_app: OpenApp, two_cases: Workspace) -> None:
    """Between saved points nothing is known, and nothing is drawn as if it were."""
    app = open_app("predict", model=CHEST, case="case-01")

    _run(app, two_cases)

    assert "Between the saved operating points nothing is known: no test set here was scored" in texts(app)
    assert "At another cut-off" not in texts(app)


def test_a_scored_test_set_stands_behind_the_cut_off(open_app: OpenApp, two_cases: Workspace, tmp_path: Path) -> None:
    """Whose cases are counted is named beside the control."""
    given = []
    for number in range(6):
        synthetic_film(tmp_path / f"{number}.png", number)
        name = f"set/{'pneumonia' if number % 2 else 'normal'}/{number}.png"
        given.append((name, io.BytesIO((tmp_path / f"{number}.png").read_bytes())))
    score(cohorts.add_images(two_cases, given), [get_model(CHEST)])
    app = open_app("predict", model=CHEST, case="case-01")

    _run(app, two_cases)

    assert "6 cases scored by this model, 3 with the finding" in texts(app)
    assert "No threshold of this cohort can promise 95 % sensitivity" in texts(app)
