"""Whether slices make a box: sorted along their normal, one step, one direction, nothing missing.

Owns the tolerances and the sentences with the numbers. SliceThickness and SpacingBetweenSlices are never
used: only positions tell where slices lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.errors import GeometryError
from core.studies.geometry import LPS_TO_RAS, MAX_SHEAR_DEG, Affine
from core.studies.slices import Slice

MAX_SLICE_JITTER_MM: Final = 0.05
"""Largest error of one step that still counts as even: twenty steps then drift by at most 1 mm."""

SAME_PLACE_MM: Final = 0.01
"""Two slices closer than this along the normal lie at one place: headers give at least two decimals."""

MAX_TURN_DEG: Final = 0.1
"""Slices whose directions differ by more than this are not parallel; below, it is rounding of the cosines."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices of one volume in order along the normal, and the affine of (column, row, slice) to RAS+ mm."""

    slices: tuple[Slice, ...]
    affine: Affine


def split_volumes(name: str, slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices as volumes, each sorted along the normal.

    Where each place holds the same number of slices there are that many volumes: told apart by what they are
    (magnitude before phase, as they first come), then by acquisition and instance number.

    Raises
    ------
    GeometryError : mixed sizes, spacings or directions; places with different numbers of slices.
    """
    _require_alike(name, slices)
    normal = slices[0].normal
    # Measured from the first slice: far from the origin a long lever would turn rounded cosines into distance.
    along = np.array([float((one.position - slices[0].position) @ normal) for one in slices])
    order = np.argsort(along, kind="stable")
    places: list[list[Slice]] = []
    last = -np.inf
    for index in order:
        if along[index] - last > SAME_PLACE_MM:
            places.append([])
        places[-1].append(slices[index])
        last = along[index]
    counts = {len(place) for place in places}
    if len(counts) > 1:
        raise _unequal_places(name, places)
    kinds = _rank_of_kinds(slices, places)
    sorted_places = [sorted(place, key=lambda one: (kinds.get(one.kind, 0), one.order)) for place in places]
    return [[place[number] for place in sorted_places] for number in range(counts.pop())]


def _rank_of_kinds(slices: Sequence[Slice], places: Sequence[Sequence[Slice]]) -> dict[tuple[str, ...], int]:
    """Kinds in the order of their first slice; none where they do not repeat at every place, so cannot tell volumes."""
    first = Counter(one.kind for one in places[0])
    if any(Counter(one.kind for one in place) != first for place in places):
        return {}
    earliest = sorted(slices, key=lambda one: one.order)
    return {kind: rank for rank, kind in enumerate(dict.fromkeys(one.kind for one in earliest))}


def _require_alike(name: str, slices: Sequence[Slice]) -> None:
    shapes = Counter(one.shape for one in slices)
    if len(shapes) > 1:
        found = " and ".join(f"{n} of {columns} x {rows}" for (rows, columns), n in shapes.most_common(2))
        raise GeometryError(
            found=f"The slices of {name} have different sizes: {found} pixels.",
            why="They cannot lie on one grid.",
            do="Bring the slices of one volume only.",
        )
    first = slices[0]
    for one in slices:
        turn = max(_angle_deg(first.row, one.row), _angle_deg(first.column, one.column))
        if turn > MAX_TURN_DEG:
            raise GeometryError(
                found=f"The slices of {name} are turned against each other by up to {turn:.1f} degrees "
                f"(at most {MAX_TURN_DEG} is rounding).",
                why="They are not one stack: a scout or several planes are mixed in.",
                do="Bring the slices of one direction only.",
            )
        if not np.allclose(one.spacing_mm, first.spacing_mm, rtol=1e-3):
            raise GeometryError(
                found=f"The pixel spacing in {name} changes from {_mm(first)} to {_mm(one)} mm.",
                why="Slices of different scale are not one volume.",
                do="Bring the slices of one volume only.",
            )


def _angle_deg(first: np.ndarray, second: np.ndarray) -> float:
    # By the sine of the half angle: the arc cosine has no digits left near zero.
    return float(np.degrees(2 * np.arcsin(min(1.0, float(np.linalg.norm(first - second)) / 2))))


def _mm(one: Slice) -> str:
    return f"{one.spacing_mm[0]:.4g} x {one.spacing_mm[1]:.4g}"


def _unequal_places(name: str, places: Sequence[Sequence[Slice]]) -> GeometryError:
    usual = Counter(len(place) for place in places).most_common(1)[0][0]
    odd = next(place for place in places if len(place) != usual)
    x, y, z = odd[0].position
    return GeometryError(
        found=f"{name} has {len(odd)} different slices at the position {x:.2f} {y:.2f} {z:.2f} mm, "
        f"and {usual} at most of its {len(places)} positions.",
        why="Which of them belongs to the volume is unknown.",
        do="Export the series again, one slice for each position.",
    )


def stack_of(name: str, slices: Sequence[Slice]) -> Stack:
    """The slices as a box.

    slices : of one volume, sorted along the normal.

    Raises
    ------
    GeometryError : one slice only, a missing one, uneven steps, or a stack that leans.
    """
    if len(slices) < 2:
        raise GeometryError(
            found=f"{name} is a single slice.",
            why="One slice is not a volume, and a CT, MR or PET slice is not an X-ray film.",
            do="Bring the whole series.",
        )
    positions = np.array([one.position for one in slices])
    normal = slices[0].normal
    along = (positions - positions[0]) @ normal
    _require_even(name, slices, along)
    lean = (positions - positions[0]) - np.outer(along, normal)
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(lean, axis=1), np.maximum(along, 1e-9))[1:].max()))
    drift = float(np.linalg.norm(lean, axis=1).max())
    if tilt > MAX_SHEAR_DEG and drift > MAX_SLICE_JITTER_MM:
        raise GeometryError(
            found=f"The slices of {name} shift sideways by up to {drift:.2f} mm: "
            f"the stack leans by {tilt:.1f} degrees.",
            why="A leaning stack, as a tilted gantry makes it, is not a box and would be measured wrongly.",
            do="Resample it to a straight stack, or bring the untilted series.",
        )
    return Stack(tuple(slices), _affine(slices, positions))


def _require_even(name: str, slices: Sequence[Slice], along: np.ndarray) -> None:
    steps = np.diff(along)
    usual = float(np.median(steps))
    wide = int(np.argmax(steps))
    missing = round(float(steps[wide]) / usual) - 1
    if missing >= 1 and abs(steps[wide] - (missing + 1) * usual) <= 2 * MAX_SLICE_JITTER_MM:
        below, above = slices[wide].position[2], slices[wide + 1].position[2]
        gone = f"Slice {wide + 2} is" if missing == 1 else f"Slices {wide + 2} to {wide + 1 + missing} are"
        raise GeometryError(
            found=f"{gone} missing in {name}: a step of {steps[wide]:.2f} mm between z = {below:.2f} mm "
            f"and z = {above:.2f} mm, where the others are {usual:.2f} mm.",
            why="A volume with a gap would shift every measurement.",
            do=f"Export the series again with all its slices ({len(slices)} came).",
        )
    if np.abs(steps - usual).max() > MAX_SLICE_JITTER_MM:
        raise GeometryError(
            found=f"The steps between the slices of {name} vary from {steps.min():.2f} to {steps.max():.2f} mm "
            f"(at most {MAX_SLICE_JITTER_MM} mm is rounding).",
            why="A volume built from them would measure lengths wrongly.",
            do="Export the series with even steps.",
        )


def _affine(slices: Sequence[Slice], positions: np.ndarray) -> Affine:
    """(column, row, slice) to RAS+ mm: PS3.3 equation C.7.6.2.1-1, with the mean step from first to last slice."""
    first = slices[0]
    lps = np.eye(4)
    lps[:3, 0] = first.row * first.spacing_mm[1]  # a step to the next column goes along the row
    lps[:3, 1] = first.column * first.spacing_mm[0]
    lps[:3, 2] = (positions[-1] - positions[0]) / (len(slices) - 1)
    lps[:3, 3] = positions[0]
    ras = lps.copy()
    ras[:3] = LPS_TO_RAS @ lps[:3]
    return ras
