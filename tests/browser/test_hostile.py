"""Files and words that were made to hurt, in a real browser: each row says why, and everything foreign is text."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.studies.synthetic import synthetic_film
from tests.browser.conftest import Server
from tests.browser.steps import (
    FILES,
    READY_MS,
    choose,
    open_page,
    result,
    run_model,
    to_predict,
    upload,
    wait_for_cases,
)
from tests.hostile import traps
from tests.hostile.sound import studies
from tests.pages.tiny_shelf import EVIL, EVIL_CHANNELS, make_evil

LONG_MS = 4 * READY_MS


def _nifti(values: np.ndarray) -> bytes:
    return nib.Nifti1Image(values, np.eye(4)).to_bytes()


def _trap(trap: traps.Trap) -> bytes:
    return trap(random.Random(1), "escaped")  # noqa: S311


AWKWARD: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("asks.nii", lambda: _trap(traps.nifti_that_asks_for_18_gb), "claims 1650 x 1650 x 1650 voxels"),
    ("cut.png", lambda: studies()["png"][:-60], "is a PNG picture, but its content ends early"),
    ("cut.nii.gz", lambda: studies()["nii.gz"][:-40], "is a NIfTI file, but its content ends early"),
    ("bomb.zip", lambda: traps._zip_of_zeros(2), "unpacks to more bytes than an archive of its size may"),
    ("many.zip", lambda: traps._zip_of_small(20_001), "unpacks to 20001 files"),
    ("nested.zip", lambda: _trap(traps.archive_in_archive), "holds an archive inside an archive"),
    ("links.zip", lambda: _trap(traps.zip_with_links), "holds links"),
    ("deflate.dcm", lambda: _trap(traps.dicom_deflate_bomb), "is a deflated DICOM file that grows"),
    ("wide.png", lambda: _trap(traps.png_that_lies), "has more pixels than any film"),
    ("layers.gz", lambda: _trap(traps.gzip_in_gzip), "is a gzip file without a NIfTI volume in it"),
    ("empty.dcm", lambda: b"", "is empty"),
    ("notes.dcm", lambda: b"These are notes and no image.", "is a text file"),
    ("letter.png", lambda: b"%PDF-1.7\n%\xff\xfe\n", "is a PDF document"),
    ("model.png", lambda: b"\x80\x04\x95\x10\0\0\0", "is a pickle"),
    ("colour.nii", lambda: _nifti(np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])), "holds colours"),
    ("complex.nii", lambda: _nifti(np.zeros((4, 4, 4), np.complex64)), "holds complex numbers"),
    ("tensor.nii", lambda: _nifti(np.zeros((4, 4, 4, 1, 3), np.int16)), "has 5 dimensions"),
    ("analyze.hdr", lambda: b"\x5c\x01\0\0" + bytes(344), "does not tell left from right"),
    ("slice.dcm", lambda: studies()["slice.dcm"], "is a single MR picture"),
    ("noise.bin", lambda: bytes([3, 200, 7, 255]) * 80, "is of a kind we do not know"),
)


def test_twenty_awkward_files_at_once_each_say_what_and_why(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """One drop of everything that goes wrong, and one film in it: twenty sentences and one case."""
    paths = [tmp_path / name for name, _, _ in AWKWARD]
    for path, (_, make, _) in zip(paths, AWKWARD, strict=True):
        path.write_bytes(make())
    synthetic_film(tmp_path / "film.png", 3)
    open_page(page, tiny_server.url)
    expect(page.locator(FILES)).to_have_count(1, timeout=READY_MS)

    page.locator(FILES).set_input_files([str(path) for path in [*paths, tmp_path / "film.png"]])
    expect(page.get_by_role("alert")).to_have_count(len(AWKWARD), timeout=LONG_MS)
    wait_for_cases(page, 1)

    told = page.get_by_role("alert").all_inner_texts()
    # The browser sends several files at once, so rows come in the order in which they arrived.
    missing = [name for name, _, words in AWKWARD if not any(re.search(words, text) for text in told)]
    assert missing == []
    for text in told:
        assert len(re.findall(r"[.](?= |$)", text)) >= 3, text
        assert "Traceback" not in text
        assert not re.search(r"Error|\.py\b|/tmp", text), text
    assert not any(name in page.content() for name, _, _ in AWKWARD)


def test_foreign_words_are_text_in_every_field(
    serve: Callable[..., Server], page: Page, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Tags, Markdown, formulas and Streamlit's own signs in a model's names, a card, a file name and a table."""
    server = serve(READROOM_SHELF=str(make_evil(tmp_path_factory.mktemp("shelf"))))
    film = tmp_path / "<img src=x onerror='window.harm=1'> **bold** $x^2$.png"
    synthetic_film(film, 4)
    open_page(page, server.url)
    upload(page, film, cases=1)
    page.get_by_text("Show my file names").click()
    expect(page.get_by_text(film.name)).to_be_visible(timeout=READY_MS)
    _is_all_text(page)

    to_predict(page)
    run_model(page, EVIL)
    page.get_by_text("How this was made").click()
    for shown in (EVIL, "<b>one</b>", "=1+1 [link](http://evil.invalid)", "![](http://evil.invalid/a.png)"):
        assert shown in page.locator("body").inner_text(), shown
    expect(result(page)).to_be_visible()
    _is_all_text(page)

    choose(page, "Model", EVIL_CHANNELS)
    _is_all_text(page)


def test_foreign_words_of_a_table_are_text(tiny_server: Server, page: Page, tmp_path: Path) -> None:
    """Names of cases, sites, models and labels of somebody's scores.csv, through sweep and comparison."""
    rng = np.random.default_rng(1)
    out = io.StringIO()
    out.write('case_id,label,"<b>a</b> $x^2$","**c** [l](http://evil.invalid)",slice_site\n')
    for number in range(80):
        label = number % 2
        out.write(f"\"<img src=x onerror='window.harm=1'>{number}\",{label},")
        out.write(f'{rng.beta(1 + label, 2):.4f},{rng.beta(1 + label, 2):.4f},"=1+{number % 2} :red[x]"\n')
    (tmp_path / "scores.csv").write_text(out.getvalue())
    open_page(page, f"{tiny_server.url}/sweep")

    page.locator(FILES).first.set_input_files(str(tmp_path / "scores.csv"))

    expect(page.get_by_text("<b>a</b> $x^2$").first).to_be_visible(timeout=LONG_MS)
    for view in ("Cases", "Subgroups"):
        page.get_by_role("radio", name=re.compile(view)).or_(page.get_by_role("button", name=view)).first.click()
        page.wait_for_timeout(1500)
        _is_all_text(page)
    assert "=1+1 :red[x]" in page.locator("body").inner_text()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile("ompar")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ompar", timeout=READY_MS)
    page.wait_for_timeout(2500)
    _is_all_text(page)


def _is_all_text(page: Page) -> None:
    """Nothing foreign has become an element, a formula, a link or a call."""
    found = page.evaluate(
        """() => [window.harm, document.querySelectorAll(
            '.katex, img[src="x"], a[href*="evil"], img[src*="evil"], a[href^="javascript"], iframe[src*="evil"]'
        ).length, [...document.querySelectorAll('b, strong, em, h1, span[style*="color"]')].filter(
            e => /bold|^one$|^a$|^c$|^x$/.test(e.textContent.trim())).map(e => e.outerHTML)]"""
    )
    assert found == [None, 0, []], found
