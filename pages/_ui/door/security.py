"""Which hosts we answer and what a browser may do with our pages.

The content policy allows our own scripts and the inline scripts of the installed Streamlit page, by
hash: no evaluation, no foreign host.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ["127.0.0.1", "localhost"]

CLOSED = "/_stcore/metrics"
"""Streamlit's own statistics, open to everyone: how many sessions, how many uploaded bytes."""

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def allowed_hosts() -> list[str]:
    """The host names we answer: one list for Streamlit's websocket and for everything else."""
    return list(st.get_option("server.allowedHosts") or LOOPBACK)


def is_single_use() -> bool:
    """Whether this server answers this machine alone: it listens on loopback, and under loopback's names only.

    One behind a proxy listens on loopback too, but under the name that others know it by.
    """
    return st.get_option("server.address") in LOOPBACK and set(allowed_hosts()) <= set(LOOPBACK)


def script_hashes(page: str) -> str:
    """The inline scripts of an HTML page as the sources of a content policy."""
    found = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found)


class SecurityHeaders:
    """Adds the content policy and its relatives to every HTTP response, and keeps `CLOSED` shut."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        index = Path(st.__file__).parent / "static" / "index.html"
        self._hashes = script_hashes(index.read_text(encoding="utf-8"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add headers to the start of each response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # The host was checked before us, so it cannot carry a policy of its own.
        policy = _POLICY.format(hashes=self._hashes, host=Headers(scope=scope).get("host", ""))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = policy
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["path"].endswith(CLOSED):
            await PlainTextResponse("Not found.", status_code=404)(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)
