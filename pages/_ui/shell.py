"""The UI script: every run starts here. Page list, sidebar and notice; then the page itself."""

from __future__ import annotations

import streamlit as st

from pages._ui import frame, sidebar
from pages._ui.case_picker import settle_case
from pages._ui.navigation import all_pages
from pages._ui.state import adopt_address, state

frame.begin()
now = state()
now.workspace.touch()
adopt_address(now)
settle_case(now)
chosen = st.navigation(list(all_pages().values()))
sidebar.draw(now)
with frame.guarded():
    chosen.run()
