"""The viewer component: one film or volume on a canvas of our own, and what the reader does with it.

Owns the way from Python to the browser: URLs and display settings, never pixels. The drawing is in
the JavaScript modules beside this file (`viewer.js` is their door); the bytes behind the URLs come
from `core.render` by a route of the app.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.workflows.cut_off import CutOff
from pages._ui.components.serving import component

ASSETS = Path(__file__).parent

__all__ = ["CutMoved", "ViewerCut", "ViewerEvents", "ViewerPicture", "viewer"]


@dataclass(frozen=True, slots=True)
class ViewerPicture:
    """What to show.

    image_url, labels_url, heat_url : relative URLs of `core.render.display_*` bytes. A URL names its
        bytes for good: the browser fetches each once, and only a new URL is new bytes.
    meta : `DisplayImage.meta` of the image.
    labels : (value, name, colour) of each label, as `core.render.palette.viewer_labels` makes them.
    case : the case's neutral name.
    overlay : what lies over the first picture; afterwards the reader's own choice is kept.
    heat_for : the finding that the heat map explains.
    foreground_url, cut : the probability of any label, and what must be known to cut it elsewhere; both or neither.
    """

    image_url: str
    meta: Mapping[str, Any]
    case: str
    labels_url: str | None = None
    heat_url: str | None = None
    labels: Sequence[tuple[int, str, str]] = ()
    overlay: Literal["off", "fill", "outline", "contour", "heat"] = "contour"
    heat_for: str | None = None
    foreground_url: str | None = None
    cut: ViewerCut | None = None


@dataclass(frozen=True, slots=True)
class ViewerCut:
    """A segmentation's cut-off, as `core.workflows.cut_off` describes it.

    at : the step to show, None for the result's own labels. turn : the browser goes there when this changes;
    otherwise the cut-off stays where the reader left it.
    """

    facts: CutOff
    at: int | None
    turn: int


@dataclass(frozen=True, slots=True)
class CutMoved:
    """Where the cut-off was let go: a step, or None at the result's own labels."""

    step: int | None


@dataclass(frozen=True, slots=True)
class ViewerEvents:
    """What the reader did: the crosshair as picture index (x, y[, z]) once it rests, cases to go on by (negative:
    back) since the last run, and where the cut-off was let go, which stays until it is moved again.
    """

    crosshair: tuple[int, ...] | None
    steps: int = 0
    cut: CutMoved | None = None


def viewer(picture: ViewerPicture, *, key: str) -> ViewerEvents:
    """Draw a picture and report what was done in it.

    Window, slice, overlay choice and zoom live in the browser under `key` and survive a change of case.
    `steps` counts every press of the keys N and P, however many came within one run; `crosshair` stays until it is
    moved again.
    """
    cut = picture.cut
    result = component(ASSETS, "viewer", script="viewer.js", style="viewer.css")(
        key=key,
        data={
            "key": key,
            "case": picture.case,
            "image_url": picture.image_url,
            "labels_url": picture.labels_url,
            "heat_url": picture.heat_url,
            "heat_for": picture.heat_for,
            "labels": [list(label) for label in picture.labels],
            "overlay": picture.overlay,
            "foreground_url": picture.foreground_url,
            "cut": None if cut is None else {**asdict(cut.facts), "at": cut.at, "turn": cut.turn},
            "meta": dict(picture.meta),
        },
        default={"crosshair": None, "steps": None, "cut": None},
        on_crosshair_change=_heard,
        on_steps_change=_heard,
        on_cut_change=_heard,
    )
    crosshair = result.get("crosshair")
    return ViewerEvents(
        crosshair=tuple(int(value) for value in crosshair) if crosshair else None,
        steps=_steps(key, result.get("steps")),
        cut=None if cut is None else _moved(result.get("cut"), cut),
    )


def _steps(key: str, told: object) -> int:
    """What was added to a viewer's sum of steps since the last run.

    The first run of a session takes over the sum as it is: after a lost connection the browser sends the one that
    another session has answered.
    """
    mount, total = (told.get("mount"), told.get("sum")) if isinstance(told, Mapping) else (None, 0)
    if not isinstance(total, int):
        return 0
    known: tuple[object, int] | None = st.session_state.get(f"{key}-steps")
    st.session_state[f"{key}-steps"] = (mount, total)
    if known is None:
        return 0
    return total - known[1] if mount == known[0] else total


def _moved(told: object, cut: ViewerCut) -> CutMoved | None:
    """Where the cut-off was let go, or None: whoever holds the page can send anything."""
    if not isinstance(told, Mapping) or told.get("turn") != cut.turn:
        return None
    step = told.get("step")
    if step is not None and not (isinstance(step, int) and 0 < step <= cut.facts.steps):
        return None
    return CutMoved(step)


def _heard() -> None:
    """Streamlit returns only the events that have a callback; the run that follows reads them."""
