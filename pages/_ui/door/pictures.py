"""`/pictures/{token}/{name}`: picture bytes for the viewer, to their owner only, until the study is deleted."""

from __future__ import annotations

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.workspace import picture_tokens
from pages._ui.door.owner_cookie import owner_in

_FRESH = {
    # The address is new for every picture and dies with the study; a shared cache must never hold it.
    "cache-control": "private, max-age=3600, immutable",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_NEVER_KEPT = {"cache-control": "no-store"}


def picture(request: Request) -> Response:
    """The bytes that `token` was given for; 404 to anyone but the owner, 410 once they are deleted."""
    owner = owner_in(request.headers)
    token, name = request.path_params["token"], request.path_params["name"]
    found = picture_tokens.find(token, owner=owner, name=name) if owner else None
    if found is not None:
        return FileResponse(found, media_type="application/gzip", headers=_FRESH)
    if owner and picture_tokens.is_gone(token, owner=owner):
        return PlainTextResponse("This picture was deleted.", status_code=410, headers=_NEVER_KEPT)
    return PlainTextResponse("Not found.", status_code=404, headers=_NEVER_KEPT)


def routes() -> list[Route]:
    """The route, below the path that the pages lie under: a page asks for its pictures relative to itself."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return [Route(f"{f'/{base}' if base else ''}/pictures/{{token}}/{{name}}", picture, methods=["GET"])]
