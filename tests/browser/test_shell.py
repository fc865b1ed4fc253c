"""The frame around the pages: deep links, hosts, owners side by side, deletion, and nothing said outside."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.studies.study import Kind
from tests.browser.conftest import SMALL, Server
from tests.browser.steps import (
    HARMLESS,
    READY_MS,
    bring,
    choose,
    download,
    open_page,
    result,
    run_model,
    to_predict,
    violations,
    wait_for_picture,
)

NewPage = Callable[..., Page]
Serve = Callable[..., Server]


def test_every_page_has_an_address_of_its_own(tiny_server: Server, page: Page) -> None:
    """A bookmark of the first page must not be an unknown address."""
    open_page(page, tiny_server.url)
    expect(page).to_have_url(re.compile(r"/upload\?"))

    open_page(page, f"{tiny_server.url}/upload")

    expect(page.get_by_role("heading", name="Upload", level=1)).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_a_deep_link_is_the_first_thing_a_fresh_server_is_asked(serve: Serve, page: Page) -> None:
    """Streamlit would run the page's file alone, without sidebar, guard and notice."""
    fresh = serve()
    problems: list[str] = []
    page.on("response", lambda r: problems.append(r.url) if r.status >= 400 and not HARMLESS.search(r.url) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    open_page(page, f"{fresh.url}/predict")

    expect(page.get_by_text("Choose a case, or upload one.")).to_be_visible()
    expect(page.get_by_text("Research use only.").first).to_be_visible()
    for name in ("Upload", "Predict"):
        expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name=re.compile(name))).to_be_visible()
    assert problems == []


def test_a_foreign_host_is_refused_everywhere(tiny_server: Server) -> None:
    """A name that points here from outside must reach neither the pages nor the pictures."""
    for path in ("/", "/predict", "/pictures/abc/image", "/_stcore/health"):
        asked = urllib.request.Request(tiny_server.url + path, headers={"Host": "evil.example"})  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)  # noqa: S310 - our own loopback
        assert refused.value.code == 400
        refused.value.close()


def test_nothing_breaks_the_content_policy(tiny_server: Server, page: Page) -> None:
    """Uploader, tables, viewer and downloads must work under it, or somebody will switch it off."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    open_page(page, tiny_server.url)
    bring(page, Kind.FILM, cases=1)
    page.get_by_text("How each case was read").click()
    to_predict(page)
    wait_for_picture(page, "case-01")
    run_model(page, "tiny chest mobilenet")

    assert download(page, "Report (.json)").stat().st_size > 1000
    assert [s for s in said if "Content Security Policy" in s or "Refused" in s] == []


def test_two_browsers_share_nothing(tiny_server: Server, new_page: NewPage) -> None:
    """One owner's case, job and picture addresses are worthless in another's browser."""
    one, two = new_page(), new_page()
    open_page(one, tiny_server.url)
    bring(one, Kind.FILM, cases=1)
    fetched: list[str] = []
    one.on("request", lambda r: fetched.append(r.url) if "/pictures/" in r.url else None)
    to_predict(one)
    wait_for_picture(one, "case-01")
    run_model(one, "tiny chest mobilenet")

    open_page(two, one.url)

    expect(two.get_by_text("case-01 is not here")).to_be_visible()
    expect(two.get_by_text("Choose a case, or upload one.")).to_be_visible()
    assert result(two).count() == 0
    assert {two.request.get(url).status for url in fetched} == {404}
    assert {one.request.get(url).status for url in fetched} == {200}


def test_delete_my_images_kills_the_addresses(tiny_server: Server, page: Page) -> None:
    """One click; the page says what went, and the links die."""
    open_page(page, tiny_server.url)
    bring(page, Kind.VOLUME, cases=1)
    fetched: list[str] = []
    page.on("request", lambda r: fetched.append(r.url) if "/pictures/" in r.url else None)
    to_predict(page)
    wait_for_picture(page, "case-01")

    page.get_by_role("button", name=re.compile("Delete my images")).click()

    expect(page.get_by_text("Deleted: 1 case")).to_be_visible()
    assert {page.request.get(url).status for url in fetched} == {410}


def test_cases_and_results_survive_a_killed_server(serve: Serve, page: Page, tmp_path_factory, shelf_folder) -> None:
    """What was acknowledged is there afterwards: kill -9, start again, reload."""
    folder = tmp_path_factory.mktemp("killed")
    first = serve(folder=folder, READROOM_SHELF=str(shelf_folder))
    open_page(page, first.url)
    bring(page, Kind.FILM, cases=1)
    to_predict(page)
    run_model(page, "tiny chest mobilenet")
    port = int(first.url.rpartition(":")[2])
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()

    serve(folder=folder, port=port, READROOM_SHELF=str(shelf_folder))
    page.reload()

    expect(result(page)).to_be_visible(timeout=READY_MS)
    assert "case=case-01" in page.url


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, SMALL], ids=["desk", "small"])
def test_both_pages_are_clean_to_axe(tiny_server: Server, new_page: NewPage, scheme: str, size: dict[str, int]) -> None:
    """Contrast, names and structure, in both themes and sizes, empty and with a result."""
    page = new_page(viewport=size, color_scheme=scheme)
    open_page(page, tiny_server.url)
    found = violations(page)
    bring(page, Kind.FILM, cases=1)
    bring(page, Kind.VOLUME, cases=2)
    found += violations(page)
    to_predict(page)
    wait_for_picture(page, "case-01")
    found += violations(page)
    run_model(page, "tiny chest mobilenet")
    found += violations(page)
    choose(page, "Case", "case-02")
    wait_for_picture(page, "case-02")
    choose(page, "Model", "tiny hippocampus") if page.get_by_role(
        "button", name="Run tiny hippocampus"
    ).count() == 0 else None
    run_model(page, "tiny hippocampus")
    page.get_by_text("How this was made").click()
    found += violations(page)

    assert found == []


def test_the_notice_is_on_screen_at_768_pixels(tiny_server: Server, new_page: NewPage) -> None:
    """It must not scroll away on a small screen."""
    page = new_page(viewport=SMALL)
    open_page(page, f"{tiny_server.url}/predict")

    notice = page.get_by_test_id("stSidebar").get_by_text("Research use only.")

    expect(notice).to_be_in_viewport()
