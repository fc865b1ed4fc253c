"""Predict in a real browser: from a real file to overlay and numbers, and never a stale result."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.studies.study import Kind
from core.studies.synthetic import synthetic_film, synthetic_volume
from tests.browser.conftest import Server
from tests.browser.steps import (
    READY_MS,
    bring,
    choose,
    download,
    open_page,
    result,
    run_model,
    to_predict,
    upload,
    wait_for_picture,
)

NewPage = Callable[..., Page]
CHEST, CHEST_TWO, HIPPOCAMPUS = "tiny chest mobilenet", "tiny chest resnet", "tiny hippocampus"


WATCH = """() => {
  window.stale = false;
  const look = () => {
    const told = [...document.querySelectorAll('.rr-caution')].some(e => e.textContent.includes('case-02 is'));
    window.stale ||= told && document.querySelector('[aria-label="Scores"]') !== null;
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
"""Looks at every change of the page, since a stale result may be there for one frame alone."""


@pytest.fixture
def two_cases(tiny_server: Server, page: Page) -> Page:
    """The Predict page with a sample film (case-01) and a sample volume (case-02)."""
    open_page(page, tiny_server.url)
    bring(page, Kind.FILM, cases=1)
    bring(page, Kind.VOLUME, cases=2)
    to_predict(page)
    wait_for_picture(page, "case-01")
    return page


@pytest.mark.seeds(50)
def test_a_stale_result_is_never_shown(two_cases: Page) -> None:
    """Switched both ways: another model, another case, and back again without a new run."""
    page = two_cases
    run_model(page, CHEST)
    score = result(page).inner_text()

    choose(page, "Model", CHEST_TWO)
    expect(page.get_by_role("button", name=f"Run {CHEST_TWO}")).to_be_visible()
    assert result(page).count() == 0
    choose(page, "Model", CHEST)
    expect(result(page)).to_be_visible()
    assert result(page).inner_text() == score

    page.evaluate(WATCH)
    page.get_by_role("button", name="Next case").click()
    expect(page.get_by_text("reads X-rays. case-02 is")).to_be_visible()
    assert result(page).count() == 0
    assert not page.evaluate("window.stale"), "for a moment the old result stood beside the new case"
    page.get_by_role("button", name=f"Choose {HIPPOCAMPUS}").click()
    run_model(page, HIPPOCAMPUS)
    expect(page.get_by_role("region", name="Volumes")).to_be_visible()
    page.get_by_role("button", name="Previous case").click()
    expect(page.get_by_text("reads MRI volumes. case-01 is")).to_be_visible()
    assert result(page).count() == 0


STILL = """() => {
  window.redrawn = [];
  new MutationObserver(seen => seen.forEach(({target}) => {
    if (target.dataset.stale === 'true' && target.innerText && !target.closest('.st-key-viewer'))
      window.redrawn.push(target.innerText.slice(0, 40));
  })).observe(document.body, {subtree: true, attributeFilter: ['data-stale']});
}"""
"""Notes what is drawn again beside the viewer: Streamlit marks it as stale while its run lasts."""


def test_a_crosshair_that_rests_draws_nothing_but_the_viewer_again(two_cases: Page) -> None:
    """Somebody who reads slices all day must not see tables and buttons flicker beside them."""
    page = two_cases
    choose(page, "Case", "case-02")
    wait_for_picture(page, "case-02")
    run_model(page, HIPPOCAMPUS)
    page.wait_for_timeout(1000)
    page.evaluate(STILL)

    stage = page.get_by_role("application").first
    for key in ("ArrowUp", "PageUp", "[", "i"):
        stage.press(key)
        page.wait_for_timeout(600)
    beside_the_viewer = page.evaluate("window.redrawn")
    page.get_by_text("How this was made").click()
    page.get_by_role("button", name="Previous case").click()
    wait_for_picture(page, "case-01")

    assert beside_the_viewer == []
    assert page.evaluate("window.redrawn") != []  # the watch sees a run of the whole page


def test_numbers_on_screen_are_those_of_json_mask_and_csv(two_cases: Page) -> None:
    """One result object: what is read on screen is what is taken home."""
    page = two_cases
    choose(page, "Case", "case-02")
    wait_for_picture(page, "case-02")
    run_model(page, HIPPOCAMPUS)
    shown = page.get_by_role("region", name="Volumes").locator("td").all_inner_texts()

    report = json.loads(download(page, "Report (.json)").read_text())
    image = download(page, "Labels (.nii.gz)")
    image = image.rename(image.with_suffix(".nii.gz"))
    mask = np.asarray(nib.load(image).dataobj)
    row = next(iter(csv.DictReader(download(page, "All results (.csv)").read_text().splitlines())))

    for value, name in enumerate(("anterior", "posterior"), start=1):
        place = shown.index(name)
        assert int(shown[place + 2].replace(",", "")) == report["voxels"][name] == int((mask == value).sum())
        assert float(row[f"{name} mL"]) == report["volumes_ml"][name]
        assert shown[place + 1] == f"{report['volumes_ml'][name]:.2f} mL"
    assert report["case"] == row["case"] == "case-02"
    assert report["model"]["weights_sha256"] == row["weights_sha256"]
    assert "Research use only" in report["notice"]
    assert "python -m core predict --model" in report["command"]


def test_next_and_previous_by_key(two_cases: Page) -> None:
    """All day long: N and P, hands on the keyboard, window and overlay choice kept."""
    page = two_cases
    viewer = page.get_by_role("application").first
    viewer.focus()

    page.keyboard.press("n")
    wait_for_picture(page, "case-02")
    expect(page).to_have_url(re.compile("case=case-02"))
    page.get_by_role("application").first.focus()
    page.keyboard.press("p")

    expect(page).to_have_url(re.compile("case=case-01"))


def test_a_reload_in_the_middle_of_a_run_finds_it_again(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """A run of minutes must survive an impatient reader; cancel then works on the one that was found."""
    volume = tmp_path / "large.nii.gz"
    values = np.random.default_rng(6).integers(0, 400, (160, 160, 128)).astype(np.int16)
    nib.save(nib.Nifti1Image(values, np.eye(4)), volume)
    open_page(page, tiny_server.url)
    upload(page, volume, cases=1)
    to_predict(page)
    wait_for_picture(page, "case-01")
    page.get_by_role("button", name=f"Run {HIPPOCAMPUS}").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=READY_MS)
    expect(page).to_have_url(re.compile("job=[0-9a-f]{16}"))

    page.reload()

    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=READY_MS)
    wait_for_picture(page, "case-01")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The run was cancelled.")).to_be_visible(timeout=READY_MS)
    expect(page.get_by_role("button", name=f"Run {HIPPOCAMPUS}")).to_be_visible()


def test_the_address_carries_page_model_and_case_and_opens_the_same_view(two_cases: Page) -> None:
    """A reload keeps everything; a step back goes back."""
    page = two_cases
    run_model(page, CHEST)
    choose(page, "Operating point", "Youden")

    page.reload()

    expect(result(page)).to_be_visible(timeout=READY_MS)
    assert "model=tiny_chest_mobilenet_v1.0.0" in page.url
    assert "case=case-01" in page.url


def test_a_step_back_goes_back(two_cases: Page) -> None:
    """One press of the browser's button a case, however much of the address a case changes; then the page before."""
    page = two_cases
    choose(page, "Case", "case-02")
    wait_for_picture(page, "case-02")
    run_model(page, HIPPOCAMPUS)
    expect(page).to_have_url(re.compile("job="))
    page.wait_for_timeout(1500)  # longer than `pages._ui.state.LAG_S`

    page.go_back()
    expect(page).not_to_have_url(re.compile("job="))
    page.wait_for_timeout(1500)
    page.go_back()

    wait_for_picture(page, "case-01")
    assert "case=case-01" in page.url
    expect(page.get_by_role("button", name=f"Run {CHEST}")).to_be_visible()


def test_fast_keys_leave_page_and_address_agreed(tiny_server: Server, page: Page) -> None:
    """Faster than the server: no press is lost, none leads back, and what is shown is what is named."""
    open_page(page, tiny_server.url)
    for count in range(1, 6):
        bring(page, Kind.FILM, cases=count)
    to_predict(page)
    wait_for_picture(page, "case-01")
    viewer = page.get_by_role("application").first

    for pause in (0, 60, 150, 0):
        viewer.press("n")
        page.wait_for_timeout(pause)

    expect(page.get_by_role("combobox", name="Case")).to_have_value("case-05", timeout=READY_MS)
    wait_for_picture(page, "case-05")
    expect(page).to_have_url(re.compile("case=case-05"))
    page.wait_for_timeout(1500)  # longer than `pages._ui.state.LAG_S`
    choose(page, "Case", "case-01")
    wait_for_picture(page, "case-01")


def test_a_film_and_a_volume_that_nobody_saw_before(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """The shortest whole way: two files, two models, overlay and numbers."""
    synthetic_film(tmp_path / "film.png", 21)
    synthetic_volume(tmp_path / "volume.nii.gz", 21)
    open_page(page, tiny_server.url)
    upload(page, tmp_path / "film.png", tmp_path / "volume.nii.gz", cases=2)
    to_predict(page)

    for case, model in (("case-01", CHEST), ("case-02", HIPPOCAMPUS)):
        choose(page, "Case", case)
        wait_for_picture(page, case)
        run_model(page, model)
        expect(page.get_by_role("button", name="Picture (.png)")).to_be_visible()


@pytest.mark.realdata
@pytest.mark.seeds(50)
def test_real_films_and_volumes_from_file_to_overlay(
    tiny_server: Server, page: Page, shared_data: Path, tmp_path: Path
) -> None:
    """JPEG film, DICOM film, NIfTI volume, DICOM series: each read, shown, run, with its result."""
    xray, mri = shared_data / "xray", shared_data / "mri"
    with zipfile.ZipFile(mri / "hippocampus.zip") as archive:
        name = next(n for n in sorted(archive.namelist()) if n.endswith(".nii.gz") and "label" not in n.lower())
        volume = Path(archive.extract(name, tmp_path))
    jpeg = sorted((xray / "originals").glob("*.jpeg"))[0]
    open_page(page, tiny_server.url)

    for number, file in enumerate(
        (jpeg, xray / "dicom" / "nih_chest_no_finding.dcm", volume, mri / "dicom" / "hippocrop_32.zip"), start=1
    ):
        upload(page, file, cases=number)
    to_predict(page)

    for case, models in {
        "case-01": (CHEST, CHEST_TWO),
        "case-02": (CHEST, CHEST_TWO),
        "case-03": (HIPPOCAMPUS,),
        "case-04": (HIPPOCAMPUS,),
    }.items():
        choose(page, "Case", case)
        wait_for_picture(page, case)
        for model in models:
            choose(page, "Model", model)
            run_model(page, model)
