"""Upload in a real browser: bytes leave the server's memory, names stay where they belong."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

import psutil
import pydicom
import pytest
from playwright.sync_api import Page, expect

from core.studies.synthetic import synthetic_film, synthetic_volume
from tests.browser.conftest import Server
from tests.browser.steps import FILES, FOLDER, READY_MS, choose, download, open_page, to_predict, upload, wait_for_cases

PATIENT = "Mustermann_Erika_1950"


def test_files_become_rows_and_a_bad_one_says_why(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """Usable and unusable rows together; each error for itself."""
    synthetic_film(tmp_path / "film.png", 3)
    synthetic_volume(tmp_path / "volume.nii.gz", 3)
    (tmp_path / "notes.dcm").write_text("These are notes and no image.")
    open_page(page, tiny_server.url)

    upload(page, tmp_path / "film.png", tmp_path / "volume.nii.gz", tmp_path / "notes.dcm", cases=2)

    expect(page.get_by_text("560 × 640 pixels")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_names_are_nowhere_unless_asked_for(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """Not in the page, the address, the log or a path on disk; on screen only behind the switch."""
    file = tmp_path / f"{PATIENT}.png"
    synthetic_film(file, 4)
    open_page(page, tiny_server.url)
    upload(page, file, cases=1)
    before = page.content()

    page.get_by_text("Show my file names").click()
    expect(page.get_by_text(PATIENT)).to_be_visible()
    cases, names = download(page, "cases.csv"), download(page, "Case map (.csv)")
    to_predict(page)

    assert PATIENT not in before
    assert PATIENT not in page.content()
    assert PATIENT not in page.url
    assert PATIENT not in cases.read_text()
    assert PATIENT in names.read_text()
    assert PATIENT not in tiny_server.log.read_text()
    kept = [p for p in tiny_server.home.rglob("*") if p.is_file() and PATIENT.encode() in p.read_bytes()]
    assert [p.name for p in kept] == ["names.json"]
    assert not any(PATIENT in str(p) for p in tiny_server.home.rglob("*"))


def test_a_folder_of_files_is_read_as_a_whole(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """The second uploader takes a folder; names in it come as paths and are never used as such."""
    for number in range(3):
        (tmp_path / "folder" / f"sub{number}").mkdir(parents=True)
        synthetic_film(tmp_path / "folder" / f"sub{number}" / "film.png", number)
    open_page(page, tiny_server.url)

    page.locator(FOLDER).set_input_files(str(tmp_path / "folder"))

    wait_for_cases(page, 3)


def test_the_servers_copy_of_an_upload_goes_at_once(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """Twenty uploads one after another must leave the server's memory flat."""
    ballast = tmp_path / "big.bin"
    ballast.write_bytes(bytes(60 * 1024 * 1024))
    server = psutil.Process(tiny_server.process.pid)
    open_page(page, tiny_server.url)
    sizes = []

    for _ in range(5):
        page.locator(FILES).set_input_files(str(ballast))
        expect(page.get_by_role("button", name="Dismiss")).to_be_visible(timeout=READY_MS)
        page.get_by_role("button", name="Dismiss").click()
        expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
        time.sleep(0.5)
        sizes.append(server.memory_info().rss / 2**20)

    assert sizes[-1] - sizes[1] < 60, f"MiB after each upload: {sizes}"


@pytest.mark.realdata
def test_a_real_zip_of_two_series_asks_which(tiny_server: Server, page: Page, shared_data: Path) -> None:
    """Only the owner knows which series is meant; the others stay on offer."""
    open_page(page, tiny_server.url)
    page.locator(FILES).set_input_files(str(shared_data / "mri" / "dicom" / "made_two_series.zip"))
    expect(page.get_by_text(re.compile("This upload holds 2 studies"))).to_be_visible(timeout=READY_MS)

    page.get_by_role("button", name="Read this one").click()

    wait_for_cases(page, 1)
    expect(page.get_by_text(re.compile("This upload holds 1 more study"))).to_be_visible()


@pytest.mark.realdata
def test_a_real_series_of_three_volumes_beside_another_is_asked_about_twice(
    tiny_server: Server, page: Page, shared_data: Path, tmp_path: Path
) -> None:
    """Which series, then which volume of it: both answers on the page, and the rest stays on offer."""
    exam = _exam(shared_data / "mri" / "dicom", tmp_path / "exam.zip")
    open_page(page, tiny_server.url)
    page.locator(FILES).set_input_files(str(exam))
    expect(page.get_by_text("This upload holds 2 studies.")).to_be_visible(timeout=READY_MS)

    choose(page, "This upload holds", "MR series 4, 45 slices of 64 x 64")
    page.get_by_role("button", name="Read this one").click()
    expect(page.get_by_text("This upload holds 4 studies, several of them volumes")).to_be_visible(timeout=READY_MS)
    choose(page, "This upload holds", "MR series 4, 45 slices of 64 x 64: volume 2 of 3")
    page.get_by_role("button", name="Read this one").click()

    wait_for_cases(page, 1)
    expect(page.get_by_text("64 × 64 × 15 voxels")).to_be_visible()
    expect(page.get_by_text("This upload holds 3 studies")).to_be_visible()


def _exam(folder: Path, target: Path) -> Path:
    """Two series of one patient in one archive: one volume of 15 slices, and three volumes of 15."""
    with zipfile.ZipFile(target, "w") as exam:
        with zipfile.ZipFile(folder / "ge_epi_4d.zip") as three:
            for member in three.namelist():
                exam.writestr(member, three.read(member))
        with zipfile.ZipFile(folder / "made_two_series.zip") as two:
            for member in two.namelist():
                if pydicom.dcmread(io.BytesIO(two.read(member)), specific_tags=["SeriesNumber"]).SeriesNumber == 6:
                    exam.writestr(member, two.read(member))
    return target


@pytest.mark.realdata
def test_a_real_series_comes_as_loose_files_too(
    tiny_server: Server, page: Page, shared_data: Path, tmp_path: Path
) -> None:
    """Slices dropped one by one are one study."""
    with zipfile.ZipFile(shared_data / "mri" / "dicom" / "hippocrop_32.zip") as archive:
        archive.extractall(tmp_path)
    files = sorted(p for p in tmp_path.rglob("*") if p.is_file())
    open_page(page, tiny_server.url)

    upload(page, *files, cases=1)

    expect(page.get_by_text("MRI", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("identifying tags? removed"))).to_be_visible()
