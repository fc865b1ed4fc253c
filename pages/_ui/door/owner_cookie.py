"""A random cookie names the owner: one browser. Studies, jobs and picture addresses are bound to it.

Pure ASGI, so that websockets pass through untouched. What an owner has is kept by `core.workspace`.
"""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWNER_COOKIE = "readroom_owner"

_VALID = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes as base64: what `secrets.token_urlsafe(32)` gives."""

MAX_AGE_S = 30 * 24 * 3600
"""Longer than any idle time after which the studies go; the name itself tells nothing."""

_NOT_PAGES = ("/_stcore/", "/static/", "/media/", "/component/", "/pictures/")

HOST_CONFIG = "/_stcore/host-config"
"""Streamlit's page asks for this once, from our own origin, before it opens the websocket."""


def valid_owner(value: str) -> str | None:
    """The cookie's value where it is one that we could have given, else None."""
    return value if _VALID.fullmatch(value) else None


def owner_in(headers: Headers) -> str | None:
    """The owner that a request names, or None."""
    return valid_owner(cookie_parser(headers.get("cookie", "")).get(OWNER_COOKIE, ""))


class OwnerCookie:
    """Gives a browser without an owner cookie a new one, with the page itself.

    A page opened from a link on another site comes without a SameSite=Strict cookie even where one
    exists; a new one would then replace it and lose the studies. Such a page gets none; its first
    request from our own origin (`HOST_CONFIG`) brings the old one, or is given a new one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add one header to the response that starts a page."""
        if scope["type"] != "http" or not _may_name_an_owner(scope):
            await self.app(scope, receive, send)
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{OWNER_COOKIE}={secrets.token_urlsafe(32)}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Strict"

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie + secure)
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def _may_name_an_owner(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] != "GET" or owner_in(headers) is not None:
        return False
    path, site = scope["path"], headers.get("sec-fetch-site", "none")
    if path.endswith(HOST_CONFIG):
        return site in ("none", "same-origin")
    return site != "cross-site" and not any(part in path for part in _NOT_PAGES)
