"""The models that ship, on real films and volumes in a real browser: what a newcomer does in the first minutes."""

from __future__ import annotations

import re
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.inference.prediction import NO_PEAK
from core.models.catalog import list_models
from core.models.model import Model
from core.settings import SHELF
from core.studies.study import Kind
from tests.browser.conftest import Server
from tests.browser.steps import choose, open_page, painted, result, run_model, to_predict, upload, wait_for_picture

LEAST_PIXELS = 200
"""An overlay of fewer is nothing that anybody would see."""

SETTLED_S = 20.0
"""What is on the page this long after a choice is its answer, also on a busy machine."""

Runs = dict[tuple[str, str], str]
"""The result's text by case and model."""


def _shipped(kind: Kind, **wanted: tuple[str, ...]) -> list[str]:
    """Names in the sidebar of the usable models of that kind with one channel; two of one kind are enough here."""
    fitting = (
        model
        for model in list_models([SHELF])
        if model.problem is None
        and model.input.kind is kind
        and not (model.members or model.variant)
        and len(model.channels) == 1
        and _has(model, wanted)
    )
    return [model.display_name[:24] for model in fitting][:2]


def _has(model: Model, wanted: dict[str, tuple[str, ...]]) -> bool:
    return all(set(names) <= set(getattr(model, field)) for field, names in wanted.items())


def _run_all(page: Page, cases: list[str], models: list[str]) -> Runs:
    seen: Runs = {}
    for case in cases:
        choose(page, "Case", case)
        wait_for_picture(page, case)
        for model in models:
            choose(page, "Model", model)
            expect(page.get_by_role("button", name=f"Run {model}")).to_be_visible()
            assert result(page).count() == 0, f"{case}: a result of another model or case under {model}"
            run_model(page, model)
            seen[case, model] = result(page).inner_text()
            page.get_by_role("application").first.press("g")  # a volume: to where the first label is largest
            empty = page.get_by_text(NO_PEAK).first.is_visible()
            assert (painted(page) < LEAST_PIXELS) is empty, f"{model} on {case}: the overlay and its caution differ"
    return seen


def _expect_again(page: Page, seen: Runs) -> None:
    """Backwards through everything: each result comes back by itself under its own case and model alone."""
    for (case, model), text in reversed(seen.items()):
        choose(page, "Case", case)
        choose(page, "Model", model)
        wait_for_picture(page, case)
        expect(result(page)).to_be_visible()
        # The dropdown shows the choice at once, the page answers after the server's turn.
        until = time.monotonic() + SETTLED_S
        while result(page).inner_text() != text and time.monotonic() < until:
            page.wait_for_timeout(100)
        assert result(page).inner_text() == text, f"{case} under {model}"


@pytest.mark.realdata
@pytest.mark.seeds(50, 51)
def test_shipped_classifiers_score_a_real_jpeg_and_a_real_dicom_film(
    server: Server, page: Page, shared_data: Path
) -> None:
    """Score rows with verdicts and a heat map, for each model and film its own, switched both ways."""
    models = _shipped(Kind.FILM, classes=("pneumonia",))
    jpeg = sorted((shared_data / "xray" / "originals").glob("person*.jpeg"))[0]  # a child with pneumonia
    open_page(page, server.url)
    upload(page, jpeg, shared_data / "xray" / "dicom" / "nih_chest_no_finding.dcm", cases=2)
    to_predict(page)

    seen = _run_all(page, ["case-01", "case-02"], models)

    assert len(models) == 2
    assert len(set(seen.values())) > 1, "every model says the same of every film"
    for text in seen.values():
        assert re.search(r"pneumonia\s+[01]\.\d\d\s+(above|below)", text), text
    _expect_again(page, seen)
    expect(page.get_by_text(NO_PEAK)).to_have_count(0)  # back at the film with pneumonia: there must be lines


@pytest.mark.realdata
@pytest.mark.seeds(50, 51)
def test_shipped_hippocampus_model_measures_real_volumes(
    server: Server, page: Page, shared_data: Path, tmp_path: Path
) -> None:
    """Millilitres that a hippocampus can have, from a NIfTI file and from DICOM series stored in other axes."""
    mri = shared_data / "mri"
    with zipfile.ZipFile(mri / "hippocampus.zip") as archive:
        name = next(n for n in sorted(archive.namelist()) if n.endswith(".nii.gz") and "label" not in n.lower())
        nifti = Path(archive.extract(name, tmp_path))
    models = _shipped(Kind.VOLUME, labels=("anterior", "posterior"))
    open_page(page, server.url)
    upload(page, nifti, mri / "dicom" / "hippocrop_32.zip", mri / "dicom" / "hippocrop_40.zip", cases=3)
    to_predict(page)

    seen = _run_all(page, ["case-01", "case-02", "case-03"], models)

    assert models
    for (case, _), text in seen.items():
        millilitres = [float(found) for found in re.findall(r"([\d.]+) mL", text)]
        assert len(millilitres) == 2
        assert all(0.3 < volume < 4 for volume in millilitres), f"{case}: {text}"
    _expect_again(page, seen)
