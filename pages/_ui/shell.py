"""The UI script: every run starts here. Page list, sidebar and notice; then the page itself."""

from __future__ import annotations

import time

import streamlit as st

from pages._ui import frame, sidebar
from pages._ui.case_picker import settle_case
from pages._ui.navigation import all_pages
from pages._ui.state import adopt_address, state

frame.begin()
now = state()
now.workspace.touch()
try:
    chosen = st.navigation(list(all_pages().values()))
    adopt_address(now, chosen.url_path)
    settle_case(now)
    sidebar.draw(now)
    with frame.guarded():
        chosen.run()
finally:
    now.ended = time.monotonic()
