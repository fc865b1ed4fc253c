"""Both statistics pages with images and masks: what is to be done, how it goes on, and what is then shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models.catalog import get_model
from core.studies.synthetic import synthetic_volume
from core.workflows import mask_measures
from core.workflows.cohorts import add_images
from core.workflows.score import score
from core.workspace import Workspace, jobs
from core.workspace.cohort_record import KeptCohort
from tests.pages.conftest import START_S, ended, texts
from tests.pages.tiny_shelf import HIPPOCAMPUS, HIPPOCAMPUS_WIDE

OpenApp = Callable[..., AppTest]


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small volumes with two boxes as their mask; the last one has nothing to draw."""
    folder = tmp_path_factory.mktemp("volumes")
    for seed in range(3):
        image = folder / "images" / f"v{seed}.nii.gz"
        image.parent.mkdir(exist_ok=True)
        synthetic_volume(image, seed)
        held = nibabel.load(image)
        mask = np.zeros(held.shape, np.uint8)
        if seed < 2:
            mask[5:12, 8:20, 6:15], mask[12:18, 8:20, 6:15] = 1, 2
        (folder / "labels").mkdir(exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(mask, held.affine), folder / "labels" / f"v{seed}.nii.gz")
    return folder


@pytest.fixture
def kept(workspace: Workspace, volumes: Path) -> KeptCohort:
    """The owner's test set, segmented by both models."""
    paths = sorted(volumes.rglob("*.nii.gz"))
    files = [(str(path.relative_to(volumes)), path.open("rb")) for path in paths]
    cohort = add_images(workspace, files)
    for _, file in files:
        file.close()
    return score(cohort, [get_model(HIPPOCAMPUS), get_model(HIPPOCAMPUS_WIDE)])


def measured(app: AppTest, workspace: Workspace) -> AppTest:
    """Press Measure, wait for the job and look again."""
    app.button(key="measure").click().run()
    ended(workspace)
    return app.run()


def test_a_segmentations_sweep_is_measured_once_and_lists_its_cases(
    open_app: OpenApp, workspace: Workspace, kept: KeptCohort
) -> None:
    """The worst Dice first; an empty case is told and not called zero."""
    app = open_app("sweep", set=kept.id, t="0.33", smallest="30")
    assert "The masks of 3 answers are to be compared" in texts(app)

    measured(app, workspace)
    app.segmented_control(key="mask-view").set_value("Table of cases").run()

    shown = texts(app)
    assert "3 of 3 cases." in shown
    assert "The link asked for the cut-off 0.33. Showing 0.35." not in shown  # it was said once, and has been read
    assert "3 cases at the cut-off 0.35, worst Dice first." in shown
    assert [app.query_params[name] for name in ("t", "smallest")] == ["0.35", "30"]
    again = open_app("sweep", set=kept.id)
    assert not [button for button in again.button if button.key == "measure"]


def test_segmentations_are_compared_with_their_mean(open_app: OpenApp, workspace: Workspace, kept: KeptCohort) -> None:
    """A row for each and for the mean, a sentence for each pair, limits of agreement, and the guide."""
    app = measured(open_app("compare", set=kept.id), workspace)
    app.toggle(key="mask-ensemble").set_value(True).run()
    measured(app, workspace)

    shown = texts(app)
    assert not app.exception
    assert f"{HIPPOCAMPUS} less {HIPPOCAMPUS_WIDE}: mean Dice" in shown
    assert f"{HIPPOCAMPUS} less mean of these: mean Dice" in shown
    assert "no interval (fewer than ten patients)" in shown
    assert "1 cases have nothing to draw" in shown
    assert "mean of these − reference" in shown
    assert "Selection guide" in shown
    assert "Where they disagree most" in shown


def test_one_label_alone_is_compared_by_its_name(open_app: OpenApp, workspace: Workspace, kept: KeptCohort) -> None:
    """Labels are chosen by the names that the shelf gives them."""
    app = measured(open_app("compare", set=kept.id), workspace)

    app.selectbox(key="mask-label").set_value("2").run()

    assert app.selectbox(key="mask-label").options == ["all together", "anterior", "posterior"]
    assert "cases; label 2." in texts(app)


def test_measuring_that_was_cancelled_says_so_and_goes_on(
    open_app: OpenApp, workspace: Workspace, kept: KeptCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes of work are not lost to a second thought."""
    real = mask_measures.case_figures

    def slow(*given: object) -> object:
        if given[1].id != "case-0001":
            deadline = time.monotonic() + START_S
            while not any(live.cancel.is_set() for live in jobs._live.values()) and time.monotonic() < deadline:
                time.sleep(0.02)
        return real(*given)

    monkeypatch.setattr(mask_measures, "case_figures", slow)
    app = open_app("sweep", set=kept.id)
    app.button(key="measure").click().run()
    app.button(key="cancel-measuring").click().run()
    ended(workspace)
    monkeypatch.undo()

    app.run()

    assert "Measuring was cancelled. What was measured until then is kept." in texts(app)
    assert app.button(key="measure").label == "Go on measuring"
