"""What stands before the pages: hosts, headers, the owner cookie and the picture route."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from pathlib import Path

import anyio
import httpx
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from core.workspace import picture_tokens
from pages._ui.door import OWNER_COOKIE, KeptFiles, OwnerCookie, SecurityHeaders, routes
from pages._ui.door.security import script_hashes

ONE, TWO = "A" * 43, "B" * 43


class Client:
    """Asks an ASGI app, without remembering cookies."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """One GET."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get(path, headers=headers)

        return anyio.run(ask)


@pytest.fixture
def client() -> Client:
    """Our door before a page that says nothing."""

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse("page", status_code=404 if request.url.path.endswith("gone.js") else 200)

    app = Starlette(
        routes=[*routes(), Route("/{path:path}", page)],
        middleware=[Middleware(SecurityHeaders), Middleware(OwnerCookie), Middleware(KeptFiles)],
    )
    return Client(app)


def _cookie(client: Client, path: str, **headers: str) -> str | None:
    given = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    cookie = SimpleCookie(given.headers.get("set-cookie", ""))
    return cookie[OWNER_COOKIE].value if OWNER_COOKIE in cookie else None


def test_a_new_browser_gets_a_cookie_that_scripts_and_other_sites_cannot_use(client: Client) -> None:
    """It is all that stands between two owners' studies."""
    header = client.get("/predict").headers["set-cookie"]

    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert re.match(rf"{OWNER_COOKIE}=[A-Za-z0-9_-]{{43}};", header)


def test_a_known_browser_keeps_its_cookie(client: Client) -> None:
    """A new one with every page would lose the studies."""
    assert _cookie(client, "/", cookie=f"{OWNER_COOKIE}={ONE}") is None


@pytest.mark.parametrize("value", ["short", "A" * 44, "A" * 42 + ";", "../" + "A" * 40])
def test_a_cookie_that_we_never_gave_is_replaced(client: Client, value: str) -> None:
    """Only values of our own making name an owner."""
    assert _cookie(client, "/", cookie=f"{OWNER_COOKIE}={value}") not in (None, value)


def test_a_link_from_another_site_does_not_replace_the_owner(client: Client) -> None:
    """The browser holds a Strict cookie back there; giving a new one would throw the studies away."""
    assert _cookie(client, "/predict", sec_fetch_site="cross-site") is None
    assert _cookie(client, "/_stcore/host-config", sec_fetch_site="same-origin") is not None
    assert _cookie(client, "/_stcore/host-config", sec_fetch_site="same-origin", cookie=f"{OWNER_COOKIE}={ONE}") is None


@pytest.mark.parametrize("path", ["/static/js/a.js", "/media/a.png", "/_stcore/health", "/pictures/x/image"])
def test_only_pages_name_an_owner(client: Client, path: str) -> None:
    """Parallel requests for parts of a page would each bring another cookie."""
    assert _cookie(client, path) is None


def test_the_policy_names_every_inline_script_of_the_installed_page_and_no_evaluation(client: Client) -> None:
    """A new Streamlit brings another page; its hash is computed, never written down."""
    index = (Path(st.__file__).parent / "static" / "index.html").read_text()

    policy = client.get("/").headers["content-security-policy"]

    assert script_hashes(index) in policy
    assert "unsafe-eval" not in policy
    assert "object-src 'none'" in policy
    assert "ws://127.0.0.1 " in policy


def test_the_hash_is_that_of_the_standard() -> None:
    """Example of the CSP specification's own kind: SHA-256 of the text between the tags, as base64."""
    assert script_hashes("<script>alert('Hello, world.');</script>") == (
        "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    )


def test_statistics_of_the_server_are_closed(client: Client) -> None:
    """How many sessions and uploads there are is nobody's business."""
    assert client.get("/_stcore/metrics").status_code == 404


def test_files_named_by_their_hash_stay_in_the_browser_and_nothing_else_does(client: Client) -> None:
    """A page kept for a year would show yesterday's program; a file that is missing now may be there tomorrow."""
    ours = "/_stcore/bidi-components/readroom.viewer-aa563561bc37"

    def kept(path: str) -> bool:
        return "immutable" in client.get(path).headers.get("cache-control", "")

    assert kept(f"{ours}/viewer.js")
    assert kept(f"/readroom{ours}/viewer.css")
    others = (
        "/",
        f"{ours}/gone.js",
        "/_stcore/bidi-components/other.table/main.js",
        "/pictures/x/image",
        "/_stcore/health",
    )
    assert not any(kept(path) for path in others)


def test_a_picture_is_served_to_its_owner_and_is_gone_after_deletion(client: Client, tmp_path: Path) -> None:
    """404 to another browser, 410 to its owner once the study is deleted, and never in a shared cache."""
    file = tmp_path / "image.gz"
    file.write_bytes(b"bytes")
    token = picture_tokens.issue(ONE, "case-01", "image", file)

    def status(owner: str | None, name: str = "image") -> int:
        headers = {"cookie": f"{OWNER_COOKIE}={owner}"} if owner else {}
        return client.get(f"/pictures/{token}/{name}", headers=headers).status_code

    answer = client.get(f"/pictures/{token}/image", headers={"cookie": f"{OWNER_COOKIE}={ONE}"})
    assert answer.content == b"bytes"
    assert "content-encoding" not in answer.headers
    assert "private" in answer.headers["cache-control"]
    assert (status(TWO), status(None), status(ONE, "labels")) == (404, 404, 404)
    picture_tokens.revoke(ONE)
    assert (status(ONE), status(TWO)) == (410, 404)
