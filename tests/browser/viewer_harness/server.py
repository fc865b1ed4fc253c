"""The harness as an app: the page above, and the bytes of its pictures by URL."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.browser.viewer_harness.pictures import FILES


async def picture(request: Request) -> Response:
    """Bytes of one picture, or 410 when they were deleted."""
    data = FILES.get((request.path_params["case"], request.path_params["kind"]))
    if data is None:
        return Response(status_code=410)
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "private, max-age=3600"})


app = st.App(str(Path(__file__).parent / "app.py"), routes=[Route("/pictures/{case}/{kind}", picture)])
