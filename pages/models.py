"""The shelf: which models there are, what each is for, whether it is intact, and what became of it."""

from __future__ import annotations

import streamlit as st

from core.workflows.choose_model import find_model, models_for
from core.workflows.may_change import may_change
from core.workflows.shelf_view import shelf_rows
from pages._ui import words
from pages._ui.frame import tell
from pages._ui.models.asking import asker, show_asker
from pages._ui.models.bringing import show_bringing
from pages._ui.models.listing import show_list
from pages._ui.models.one import show_model
from pages._ui.models.shelf import show_shelf
from pages._ui.models.state import look
from pages._ui.models.why import show_why
from pages._ui.state import EVERYWHERE, state, write_address

now, held, asking = state(), look(), asker()
write_address(now, *EVERYWHERE)

head, who = st.columns([1, 2.2], vertical_alignment="center")
head.title("Models")
with who:
    show_asker(asking)
tell(now)
rows = shelf_rows()
if rows:
    show_list(now, held, rows)
else:
    words.empty("No models found. Put a checkpoint into the models folder, or import one below.")
model = find_model(now.model)
if model is not None:
    pinned = any(row.pinned for row in rows if row.id == model.id)
    show_model(now, held, model, pinned=pinned, may_pin=may_change(asking).allowed)
show_shelf(held, models_for(None))
show_why(held)
show_bringing(now, asking)
