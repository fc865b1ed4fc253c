"""Signing in through a provider, as docs/deploy.md sets it up: who may change, under which name, and who may read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import REPOSITORY, Server, free_port, running
from tests.browser.sign_in_provider import Provider, provider
from tests.browser.steps import READY_MS, open_page
from tests.pages.tiny_shelf import CHEST, make_shelf


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Provider]]:
    """An app with a provider and one editor."""
    port, folder = free_port(), tmp_path_factory.mktemp("lab")
    with provider() as known:
        (folder / "secrets.toml").write_text(known.secrets_toml(port))
        with running(
            REPOSITORY / "streamlit_app.py", folder, port, READROOM_SHELF=str(make_shelf(folder / "shelf")),
            READROOM_EDITORS="ana@lab.example", STREAMLIT_SECRETS_FILES=str(folder / "secrets.toml"),
            NO_PROXY="127.0.0.1", no_proxy="127.0.0.1",
        ) as server:  # fmt: skip
            yield server, known


def sign_in(page: Page, server: Server, known: Provider, **claims: object) -> None:
    """Press the button, come back signed in, and open the page again."""
    known.claims = claims
    open_page(page, f"{server.url}/models?model={CHEST}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Upload", level=1)).to_be_visible(timeout=2 * READY_MS)
    open_page(page, f"{server.url}/models?model={CHEST}")


@pytest.mark.seeds(40)
def test_reading_is_open_and_changing_asks_for_a_sign_in(lab: tuple[Server, Provider], page: Page) -> None:
    """Nobody has to sign in to look."""
    open_page(page, f"{lab[0].url}/models?model={CHEST}")

    expect(page.get_by_text("Sign in to change the shelf.").first).to_be_visible(timeout=READY_MS)
    expect(page.get_by_text(f"{CHEST} · version 1.0.0")).to_be_visible(timeout=READY_MS)
    expect(page.get_by_role("button", name="Pin")).to_have_count(0)


@pytest.mark.seeds(40)
def test_an_editor_changes_under_her_own_name_until_she_signs_out(lab: tuple[Server, Provider], page: Page) -> None:
    """The history names a person."""
    sign_in(page, *lab, email="ana@lab.example", email_verified=True)
    expect(page.get_by_text("Changes are noted as made by ana@lab.example.")).to_be_visible(timeout=READY_MS)

    page.get_by_role("radio", name="Stage and history").click()
    page.get_by_label("Reason").first.fill("by Ana")
    page.get_by_role("button", name="Register").click()
    told = page.locator('[role=region][aria-label="History"]')
    expect(told).to_contain_text("ana@lab.example", timeout=READY_MS)

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Upload", level=1)).to_be_visible(timeout=2 * READY_MS)
    open_page(page, f"{lab[0].url}/models?model={CHEST}")
    expect(page.get_by_text("Sign in to change the shelf.").first).to_be_visible(timeout=READY_MS)


@pytest.mark.seeds(40)
def test_whoever_is_no_editor_reads_and_is_told_who_may_change(lab: tuple[Server, Provider], page: Page) -> None:
    """Signed in is not the same as allowed."""
    sign_in(page, *lab, email="eve@lab.example", email_verified=True)

    expect(page.get_by_text("eve@lab.example may read.").first).to_be_visible(timeout=READY_MS)
    expect(page.get_by_role("button", name="Pin")).to_have_count(0)
