"""The Upload page: real files through Streamlit's harness, each row for itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.samples import Group
from core.settings import SHELF, settings
from core.workflows.samples import FITTED
from core.workspace import Uploads, UploadState, Workspace
from core.workspace.cohorts import owners_cohorts
from tests.pages.conftest import texts

PATIENT = "Mustermann^Erika_1950.png"

OpenApp = Callable[..., AppTest]


def _drop(app: AppTest, *files: tuple[str, bytes]) -> None:
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    app.run()
    assert not app.exception


def test_an_empty_page_says_what_to_do(open_app: OpenApp) -> None:
    """The first visit must not look broken."""
    app = open_app()

    assert "No images yet. Add an X-ray" in texts(app)
    assert "Research use only. Not a medical device." in texts(app)


@pytest.mark.seeds(50)
def test_a_film_and_a_volume_become_cases_and_the_uploader_is_empty_again(
    open_app: OpenApp, workspace: Workspace, film: Path, volume: Path
) -> None:
    """Two kinds in one drop, told apart by content; a second run must not take them in twice."""
    app = open_app()

    _drop(app, ("a", film.read_bytes()), ("b", volume.read_bytes()))
    app.run()

    assert [(case.id, case.kind.value) for case in workspace.cases()] == [("case-01", "film"), ("case-02", "volume")]
    assert Uploads(workspace).all() == []
    assert app.file_uploader[0].value == []
    assert "560 × 640 pixels" in texts(app)


def test_a_bad_file_is_refused_in_its_own_row_and_the_good_one_stays(
    open_app: OpenApp, workspace: Workspace, film: Path
) -> None:
    """One red box for all would hide which file is meant."""
    app = open_app()

    _drop(app, ("good.png", film.read_bytes()), ("bad.png", b"PK\x03\x04 this is no picture"))

    assert len(workspace.cases()) == 1
    (refused,) = Uploads(workspace).all()
    assert refused.state is UploadState.REFUSED
    assert refused.refusal is not None
    assert all(part in texts(app).replace("&#x27;", "'").replace("&quot;", '"') for part in refused.refusal)
    app.button(key=f"dismiss-{refused.id}").click().run()
    assert Uploads(workspace).all() == []


def test_file_names_are_on_screen_only_with_the_switch(open_app: OpenApp, film: Path) -> None:
    """A file's name often is the patient's; the switch is for this page alone."""
    app = open_app()
    _drop(app, (PATIENT, film.read_bytes()))
    before = texts(app)

    app.toggle(key="show-names").set_value(True).run()

    assert "Mustermann" not in before
    assert "Mustermann" in texts(app)
    app.switch_page("../predict.py").run()
    assert "Mustermann" not in texts(app)
    assert "Mustermann" not in str(dict(app.query_params))


def test_a_file_name_with_markup_is_shown_as_text(open_app: OpenApp, film: Path) -> None:
    """A name is foreign text like any other."""
    app = open_app()
    _drop(app, ("<img src=x onerror=alert(1)>.png", film.read_bytes()))

    app.toggle(key="show-names").set_value(True).run()

    assert "&lt;img src=x" in texts(app)
    assert "<img src=x" not in texts(app)


def test_the_samples_are_cases_like_any_other(open_app: OpenApp, workspace: Workspace) -> None:
    """One click must lead to a picture that a model can be tried on."""
    app = open_app()

    for group in Group:
        app.button(key=f"sample-{group}").click().run()

    kinds = [case.kind.value for case in workspace.cases()]
    assert kinds == ["film"] * 7 + ["volume"] * 4
    assert not app.exception


def test_a_sample_opens_with_the_model_that_it_is_for_and_keeps_a_choice_that_fits(
    workspace: Workspace, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FLAIR head in a hippocampus model is a result that means nothing, one click after the start."""
    monkeypatch.setenv("READROOM_SHELF", str(SHELF))
    settings.cache_clear()
    app = open_app()
    for group in (Group.HIPPOCAMPUS, Group.FLAIR, Group.FILMS):
        app.button(key=f"sample-{group}").click().run()
        assert app.selectbox(key="model").value.startswith(FITTED[group])

    quick = next(name for name in app.selectbox(key="model").options if name == "Chest quick")
    app.selectbox(key="model").select(quick).run()
    app.button(key=f"sample-{Group.FILMS}").click().run()

    assert "mobilenet" in app.selectbox(key="model").value
    app.switch_page("../predict.py").run()
    assert app.selectbox(key="case").value == workspace.cases()[-7].id


def test_on_a_shelf_without_that_model_the_choice_is_left_alone(open_app: OpenApp) -> None:
    """The tiny shelf of these tests holds none of ours."""
    app = open_app()
    before = app.selectbox(key="model").value

    app.button(key=f"sample-{Group.FILMS}").click().run()

    assert app.selectbox(key="model").value == before


def test_the_sample_scores_are_a_test_set_and_lead_to_the_sweep(open_app: OpenApp, workspace: Workspace) -> None:
    """One click must lead to curves, too."""
    app = open_app()

    app.button(key="sample-scores").click().run()

    assert not app.exception
    assert [(one.cases, one.labels) for one in owners_cohorts(workspace).all()] == [(200, {"0": 120, "1": 80})]
    assert app.title[0].value == "Threshold sweep"


def test_several_images_become_one_study_with_the_models_channel_names(
    open_app: OpenApp, workspace: Workspace, volume: Path, tmp_path: Path
) -> None:
    """T1 and FLAIR of one patient come as two files; the model says what each is called."""
    image = nib.load(volume)
    other = tmp_path / "second.nii"
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj)[::-1].copy(), image.affine), other)
    app = open_app()
    _drop(app, ("a", volume.read_bytes()), ("b", other.read_bytes()))

    app.checkbox(key="tick-case-01").check()
    app.checkbox(key="tick-case-02").check().run()
    app.selectbox(key="channel-T1").select("case-02")
    app.selectbox(key="channel-FLAIR").select("case-01").run()
    app.button(key="make-one-study").click().run()

    joined = workspace.get_case("case-03")
    assert joined.channels == ("T1", "FLAIR")
    assert joined.made_of == ("case-02", "case-01")
    assert "channels T1, FLAIR from case-02, case-01" in texts(app)


def test_a_choice_is_asked_in_the_row_and_the_rest_stays_on_offer(
    open_app: OpenApp, workspace: Workspace, tmp_path: Path
) -> None:
    """A 4-D file holds several volumes: only the owner knows which is meant."""
    path = tmp_path / "four.nii"
    values = np.random.default_rng(5).integers(0, 500, (12, 12, 12, 3)).astype(np.int16)
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    app = open_app()
    _drop(app, ("four.nii", path.read_bytes()))
    (upload,) = Uploads(workspace).all()

    app.selectbox(key=f"choice-{upload.id}").select_index(1)
    app.button(key=f"read-{upload.id}").click().run()

    assert len(workspace.cases()) == 1
    np.testing.assert_array_equal(workspace.study("case-01").pixels[0], values[..., 1])
    assert len(Uploads(workspace).get(upload.id).choices) == 2


def test_deleting_says_what_went(open_app: OpenApp, workspace: Workspace, film: Path) -> None:
    """One click, and the page says so."""
    app = open_app()
    _drop(app, ("a", film.read_bytes()))

    app.button(key="delete").click().run()

    assert "Deleted: 1 case with results and pictures." in texts(app)
    assert not workspace.folder.exists()
    assert "No images yet" in texts(app)


def test_an_upload_that_was_cut_off_is_read_at_the_next_visit(
    open_app: OpenApp, workspace: Workspace, film: Path
) -> None:
    """Leaving the page in the middle of reading must lose nothing."""
    with film.open("rb") as file:
        Uploads(workspace).receive([("film.png", file)])

    open_app()

    assert [case.id for case in workspace.cases()] == ["case-01"]
