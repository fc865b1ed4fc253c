"""The threshold instrument: one cut-off linked through curves, scores and counts, drawn in the browser.

Owns the way from Python to the browser and back: the table of `core.workflows.instrument` travels once, where
the cut-off stands comes back when it is let go. The drawing is in the JavaScript modules beside this file
(`threshold.js` is their door); the numbers come from `core`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

ASSETS = Path(__file__).parent

CELLS = ("tp", "fn", "fp", "tn")

__all__ = ["Moved", "threshold_instrument"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What the reader did: where the cut-off was let go since `turn`, the prevalence that was asked about, and in the
    one run that follows a click on a count, which of 'tp', 'fn', 'fp', 'tn' to open.
    """

    threshold: float | None
    prevalence: float | None
    cell: str | None


def threshold_instrument(table: Mapping[str, Any], *, threshold: float, turn: int, key: str) -> Moved:
    """Draw the instrument and report where its cut-off was let go.

    Parameters
    ----------
    table : what `core.workflows.instrument` made. threshold : where the cut-off stands when `turn` changes or another
    table comes; otherwise it stays where the reader left it.

    Returns
    -------
    None for what the reader has not touched in this turn of this table.
    """
    result = _component()(
        key=key,
        data={**table, "key": key, "goto": {"turn": turn, "threshold": _text(threshold)}},
        default={"move": None, "prevalence": None},
        on_move_change=_heard,
        on_prevalence_change=_heard,
        on_cell_change=_heard,
    )
    move, prevalence = result.get("move"), result.get("prevalence")
    here = isinstance(move, Mapping) and move.get("rev") == table["rev"] and move.get("turn") == turn
    cell = result.get("cell")
    return Moved(
        threshold=_number(move["threshold"]) if here else None,
        prevalence=_share(prevalence),
        cell=cell if cell in CELLS else None,
    )


def _heard() -> None:
    """Streamlit returns only the values that have a callback; the run that follows reads them."""


def _text(threshold: float) -> str:
    """JSON has no infinity; the shortest text reads back to the same number."""
    return repr(threshold) if math.isfinite(threshold) else ("inf" if threshold > 0 else "-inf")


def _number(text: object) -> float | None:
    """What the browser sent, or None: whoever holds the page can send anything."""
    try:
        number = float(str(text))
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _share(given: object) -> float | None:
    number = _number(given) if given is not None else None
    return number if number is not None and 0 < number < 1 else None


def _component() -> Any:
    """The component on this runtime, served as files of a package; the viewer's door says why like this."""
    name = f"threshold-{_assets_hash()}"
    manager = get_bidi_component_manager()
    full_name = f"readroom.{name}"
    if manager.get_component_asset_root(full_name) is None:
        manifest = ComponentManifest("readroom", "0", [ComponentConfig(name, asset_dir=".")])
        manager.register_from_manifest(manifest, ASSETS)
    return st.components.v2.component(full_name, js="threshold.js", css="threshold.css")


def _assets_hash() -> str:
    digest = hashlib.sha256()
    for file in sorted([*ASSETS.glob("*.js"), *ASSETS.glob("*.css")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
