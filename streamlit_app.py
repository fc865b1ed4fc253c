"""The door: `streamlit run streamlit_app.py`. Pages are in `pages/`, everything they ask is in `core/`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pages._ui.door import KeptFiles, OwnerCookie, SecurityHeaders, allowed_hosts, lifespan, routes

app = st.App(
    Path(__file__).parent / "pages" / "_ui" / "shell.py",
    routes=routes(),
    middleware=[
        Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts()),
        Middleware(SecurityHeaders),
        Middleware(OwnerCookie),
        Middleware(KeptFiles),
    ],
    lifespan=lifespan,
)
