"""The frame around every page: settings of the browser tab, our styles, and what is shown when something fails."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from core import NOTICE
from core.errors import NotInstalled, ReadroomError
from pages._ui import words
from pages._ui.state import State

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent


def begin() -> None:
    """Name the tab and lay out our styles for the theme that the browser shows."""
    st.set_page_config(
        page_title="Readroom",
        page_icon=str(HERE / "icon.png"),
        layout="wide",
        menu_items={"About": f"**Readroom**, a reading room for medical imaging models. {NOTICE}"},
    )
    theme = "light" if st.context.theme.type == "light" else "dark"
    st.html(f"<style>{(HERE / f'theme-{theme}.css').read_text()}{(HERE / 'style.css').read_text()}</style>")


def tell(now: State) -> None:
    """Say once what happened before this run."""
    for message in now.messages:
        words.fact(message)
    now.messages.clear()


@contextmanager
def guarded() -> Iterator[None]:
    """Show a refusal in its three sentences; for anything else a reference, with the traceback in the log."""
    try:
        yield
    except ReadroomError as refusal:
        words.refusal((refusal.found, refusal.why, refusal.do))
    except Exception as fault:  # the page's own frame: nobody above could tell the user in words
        absent = NotInstalled.told_by(fault)
        if absent is not None:
            words.refusal((absent.found, absent.why, absent.do))
            return
        reference = secrets.token_hex(4)
        log.exception("page failed, reference %s", reference)
        words.refusal(
            (
                "This page stopped because of a fault of ours.",
                "Your images are unchanged.",
                f"Reload the page; if it happens again, report it with reference {reference}.",
            )
        )
