"""The files of our components stay in the browser: their address carries a hash of what they hold.

Streamlit says neither how long they are good for nor when they last changed, so a browser would fetch all of them
again with each page, one level of imports after the other.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OURS = re.compile(r"/_stcore/bidi-components/readroom\.[a-z]+-[0-9a-f]{12}/")
"""As `pages._ui.components.serving` names them."""

_FOR_A_YEAR = "public, max-age=31536000, immutable"


class KeptFiles:
    """Says so with each of these files that is there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; change one header of such a file's response."""
        if scope["type"] != "http" or not _OURS.search(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def send_kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["cache-control"] = _FOR_A_YEAR
            await send(message)

        await self.app(scope, receive, send_kept)
