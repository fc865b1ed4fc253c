"""A study as JSON and arrays, and back: what crosses a process and what lies on disk.

Owns the format; nothing is lost on the way. Both sides of a process boundary and the workspace use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from core.studies.study import Geometry, IngestReport, Kind, Study, Window

Arrays = dict[str, NDArray[Any]]

_REPORT = TypeAdapter(IngestReport)
_WINDOWS = TypeAdapter(tuple[Window, ...])


def study_to_parts(study: Study) -> tuple[dict[str, Any], Arrays]:
    """JSON-ready facts, and C-contiguous arrays.

    A volume in its file's own order has the first axis fastest; then the array is handed over with its axes
    reversed, which copies nothing.
    """
    pixels = study.pixels
    reversed_axes = not pixels.flags.c_contiguous and pixels.flags.f_contiguous
    arrays: Arrays = {"pixels": pixels.T if reversed_axes else np.ascontiguousarray(pixels)}
    if study.geometry.affine is not None:
        arrays["affine"] = np.ascontiguousarray(study.geometry.affine)
    facts = {
        "kind": study.kind.value,
        "axes_reversed": reversed_axes,
        "channels": list(study.channels),
        "windows": [asdict(window) for window in study.windows],
        "spacing_mm": study.geometry.spacing_mm,
        "orientation": study.geometry.orientation,
        "edges": study.geometry.edges,
        "oblique_deg": study.geometry.oblique_deg,
        "report": study.report.to_dict(),
    }
    return facts, arrays


def study_from_parts(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Study:
    """The study again; each field is checked against its type.

    Raises
    ------
    pydantic.ValidationError, KeyError, ValueError : the parts are not those of a study.
    """
    pixels = arrays["pixels"]
    spacing, edges = facts["spacing_mm"], facts["edges"]
    return Study(
        kind=Kind(facts["kind"]),
        pixels=pixels.T if facts["axes_reversed"] else pixels,
        channels=tuple(facts["channels"]),
        windows=_WINDOWS.validate_python(facts["windows"]),
        geometry=Geometry(
            spacing_mm=None if spacing is None else tuple(spacing),
            affine=arrays.get("affine"),
            orientation=facts["orientation"],
            edges=None if edges is None else (edges[0], edges[1]),
            oblique_deg=facts["oblique_deg"],
        ),
        report=_REPORT.validate_python(facts["report"]),
    )
