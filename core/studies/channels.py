"""Several studies on one grid as the channels of one study (T1, T2, FLAIR).

Owns the check that they share the grid. Which channel a file is, is told by the model's names and the user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from core.errors import GeometryError
from core.studies.study import Study

MAX_GRID_SHIFT_MM: Final = 0.1
"""Largest distance between the places of one corner in two channels that is still rounding of headers."""


def combine_channels(studies: Mapping[str, Study]) -> Study:
    """One study whose channels are the given ones, in the mapping's order.

    Raises
    ------
    GeometryError : no study, one that has several channels, or grids that differ.
    """
    if not studies or any(len(study.channels) != 1 for study in studies.values()):
        raise GeometryError(
            found="A channel must be one study with one channel of its own.",
            why="Otherwise it is unknown which picture is meant.",
            do="Give one file for each channel.",
        )
    names = tuple(studies)
    first = studies[names[0]]
    for name in names[1:]:
        _require_same_grid(names[0], first, name, studies[name])
    lines = sorted(f"{name}:{study.sha256}" for name, study in studies.items())
    reports = {name: study.report for name, study in studies.items()}
    report = replace(
        first.report,
        recognised=f"{len(names)} channels: " + ", ".join(f"{name}, {one.recognised}" for name, one in reports.items()),
        files=sum(one.files for one in reports.values()),
        sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        pixel_sha256=hashlib.sha256(
            "\n".join(sorted(f"{n}:{r.pixel_sha256}" for n, r in reports.items())).encode()
        ).hexdigest(),
        volumes=1,
        changed=tuple(f"{name}: {note}" for name, one in reports.items() for note in one.changed),
        warnings=tuple(f"{name}: {note}" for name, one in reports.items() for note in one.warnings),
        identifiers_removed=tuple(sorted({word for one in reports.values() for word in one.identifiers_removed})),
    )
    return Study(
        kind=first.kind,
        pixels=np.concatenate([study.pixels for study in studies.values()], axis=0),
        channels=names,
        windows=tuple(study.windows[0] for study in studies.values()),
        geometry=first.geometry,
        report=report,
    )


def _require_same_grid(name: str, first: Study, other_name: str, other: Study) -> None:
    if first.kind is not other.kind or first.shape != other.shape:
        sizes = [" x ".join(map(str, study.shape)) for study in (first, other)]
        raise GeometryError(
            found=f"Channel {name} has {sizes[0]} {_cells(first)}, "
            f"channel {other_name} has {sizes[1]} {_cells(other)}.",
            why="Channels are compared cell by cell, so they must lie on one grid.",
            do="Resample them to one grid, or choose files of one examination.",
        )
    shift = _shift_mm(first, other)
    known = (first.geometry.orientation is None) == (other.geometry.orientation is None)
    if shift > MAX_GRID_SHIFT_MM or not known:
        raise GeometryError(
            found=f"Channels {name} and {other_name} lie up to {shift:.1f} mm apart"
            + ("." if known else ", and only one of them says how it lies."),
            why="Channels are compared cell by cell, so they must lie on one grid.",
            do="Register and resample them to one grid, or choose files of one examination.",
        )


def _cells(study: Study) -> str:
    return "pixels" if study.geometry.affine is None else "voxels"


def _shift_mm(first: Study, other: Study) -> float:
    """Largest distance between the places of one corner of the grid; 0 for films, which have no place."""
    if first.geometry.affine is None or other.geometry.affine is None:
        return 0.0
    ends = [size - 1 for size in first.shape]
    corners = np.array([[i, j, k, 1] for i in (0, ends[0]) for j in (0, ends[1]) for k in (0, ends[2])])
    gaps = corners @ (first.geometry.affine - other.geometry.affine).T
    return float(np.linalg.norm(gaps[:, :3], axis=1).max())
