"""The list of models: a table of the browser's own, with links that can be copied and columns that can be ordered.

Owns the way from Python to the browser and back. Rows are made by `core.workflows.shelf_view`; every text is set as
text. A click opens a model without loading the page anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from core.workflows.shelf_view import Row
from pages._ui.components.serving import component

ASSETS = Path(__file__).parent

__all__ = ["shelf_list"]


def shelf_list(rows: Sequence[Row], *, chosen: str | None, key: str, opened: Callable[[str], None]) -> None:
    """Draw the rows, `chosen` marked; `opened` hears the id of a model before the run that answers a click."""
    known = {row.id for row in rows if row.readable}

    def heard() -> None:
        asked = (st.session_state.get(key) or {}).get("open")
        if asked in known:  # whoever holds the page can send anything
            opened(str(asked))

    component(ASSETS, "shelf", script="shelf.js", style="shelf.css")(
        key=key,
        data={"rows": [_plain(row) for row in rows], "chosen": chosen},
        on_open_change=heard,
    )


def _plain(row: Row) -> dict[str, object]:
    plain = asdict(row)
    del plain["said"]
    return plain
