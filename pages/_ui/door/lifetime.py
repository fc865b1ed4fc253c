"""What the server does beside its pages: a warm start, and every few minutes what idle owners left is deleted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st

from core.workflows.warm_up import warm_up
from core.workspace import sweep_expired

SWEEP_EVERY_S = 600.0


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Sweep for as long as the server lives."""
    sweeping = asyncio.create_task(_sweep())
    # A thread of its own, so that no page waits for it.
    threading.Thread(target=warm_up, name="warm-start", daemon=True).start()
    yield
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping


async def _sweep() -> None:
    while True:
        await asyncio.to_thread(sweep_expired)
        await asyncio.sleep(SWEEP_EVERY_S)
