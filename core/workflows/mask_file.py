"""`MASKS.csv`: for each case the file of its reference mask and of its predicted mask, opened and held together.

Owns the table and what makes two masks comparable: whole numbers, one grid. Reading is the isolated worker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ReadroomError, StudyError
from core.studies.study import Study
from core.workflows._table_columns import CaseIds, Column, Texts
from core.workflows._table_faults import Faults, echo
from core.workflows._table_rows import open_table, table_sha256
from core.workflows.cohort_file import CASE, PATIENT, Dropped
from core.workflows.find_files import find_files
from core.workflows.open_study import open_study

REFERENCE, PREDICTION = "reference", "prediction"

GRID_TOLERANCE_MM = 1e-3
"""How far two affines may differ at the end of any axis: headers hold 32-bit numbers, and writers round them."""

MOST_LABELS = 255
"""The largest label: masks are whole numbers of 8 bits."""


@dataclass(frozen=True, slots=True)
class MaskFile:
    """The table, its paths resolved beside it.

    rows : of each case in the file. reference, prediction : paths. dropped : cases without a prediction. predicted :
    what the column of the predictions is called.
    """

    file: str
    sha256: str
    cases: tuple[str, ...]
    rows: tuple[int, ...]
    patients: tuple[str, ...] | None
    reference: tuple[Path, ...]
    prediction: tuple[Path, ...]
    ignored: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()
    predicted: str = PREDICTION


@dataclass(frozen=True, slots=True, eq=False)
class MaskPair:
    """Two label maps on one grid, uint8, of two or three axes. spacing_mm : in axis order."""

    case: str
    reference: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    spacing_mm: tuple[float, ...]


def read_mask_file(path: Path, *, prediction: str = PREDICTION) -> MaskFile:
    """The table of a segmentation cohort; no mask is opened. prediction : the column of the predicted masks.

    Raises
    ------
    TableError : with every fault of the table.
    """
    faults = Faults(path.name)
    with open_table(path, faults) as table:
        for needed in (CASE, REFERENCE, prediction):
            if needed not in table.columns:
                listed = ", ".join(echo(name) for name in table.columns if name)
                faults.of_table(f'there is no column "{needed}". The columns are: {listed}.', column=needed)
        faults.require_none()
        place = {name: table.columns.index(name) for name in dict.fromkeys(table.columns)}
        cases = CaseIds(CASE, place[CASE], path.name)
        masks = [
            Texts(name, place[name], path.name, f"empty. Every case needs the file of its {name}.")
            for name in (REFERENCE, prediction)
        ]
        patients = (
            Texts(PATIENT, place[PATIENT], path.name, "empty. Fill it for every case or remove the column.")
            if PATIENT in place
            else None
        )
        held: list[Column] = [cases, *masks, *([patients] if patients else [])]
        for numbers, cells in table.chunks():
            for column in held:
                column.take(numbers, cells[column.position])
    cases.check_repeats()
    if patients is not None and not patients.values:
        held.remove(patients)
        patients = None
    faults.joined([column.faults for column in held]).require_none()
    real, drawn = (tuple(path.parent / text for text in column.texts) for column in masks)
    known = {column.name for column in held}
    return MaskFile(
        file=path.name,
        sha256=table_sha256(path),
        cases=tuple(cases.names),
        rows=tuple(cases.rows),
        patients=patients.texts if patients else None,
        reference=real,
        prediction=drawn,
        ignored=tuple(name for name in place if name and name not in known and name != PATIENT),
        predicted=prediction,
    )


def open_pairs(file: MaskFile) -> Iterator[MaskPair | None]:
    """Each case's two masks, one case in memory at a time; None for a case at fault.

    Raises
    ------
    TableError : after the last case, with every fault.
    """
    faults = Faults(file.file)
    for case, row, reference, prediction in zip(file.cases, file.rows, file.reference, file.prediction, strict=True):
        before = faults.count
        studies = [
            _opened(path, row, place, column, faults)
            for place, (column, path) in enumerate(((REFERENCE, reference), (file.predicted, prediction)), start=1)
        ]
        first, second = studies
        if first is not None and second is not None and (why := _differs(first, second)):
            faults.of_cells(row, 1, (REFERENCE, file.predicted), why)
        if faults.count > before or first is None or second is None:
            yield None
        else:
            reference_map, prediction_map = (study.pixels[0].astype(np.uint8) for study in (first, second))
            yield MaskPair(case, reference_map, prediction_map, _spacing(first))
    faults.require_none()


def require_reference(study: Study, mask: Path) -> None:
    """Make sure that a reference mask can be compared with what a model says of a study.

    Raises
    ------
    StudyError : it is no mask, or lies on another grid.
    """
    found = _read_mask(mask)
    why = found if isinstance(found, str) else _differs(study, found)
    if why is not None:
        raise StudyError(
            found=f"Its reference mask: {why}",
            why="Masks are compared voxel by voxel.",
            do="Bring a mask on the image's own grid.",
        )


def read_reference(mask: Path) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """A reference mask's labels and its spacing in mm.

    Raises
    ------
    StudyError : it is no mask.
    """
    found = _read_mask(mask)
    if isinstance(found, str):
        raise StudyError(found=f"The reference mask: {found}", why="It cannot be compared.", do="Mend it.")
    return found.pixels[0].astype(np.uint8), _spacing(found)


def _opened(path: Path, row: int, place: int, column: str, faults: Faults) -> Study | None:
    """The study of one mask; what stands against it is told."""
    found = _read_mask(path)
    if isinstance(found, str):
        faults.of_cell(row, place, column, found)
        return None
    return found


def _read_mask(path: Path) -> Study | str:
    """The study of a mask, or why it is none."""
    try:
        study = open_study(find_files(path))
    except ReadroomError as refusal:
        return str(refusal)
    pixels = study.pixels[0]
    if len(study.channels) > 1 or study.geometry.spacing_mm is None:
        return "not a mask with a spacing in mm. Masks are NIfTI files of one channel."
    if not ((pixels >= 0) & (pixels <= MOST_LABELS) & (pixels == np.rint(pixels))).all():
        return f"not a mask: its values are not whole numbers from 0 to {MOST_LABELS}."
    return study


def _differs(first: Study, second: Study) -> str | None:
    """Why two masks do not lie on one grid, with both printed; None where they do."""
    if first.shape != second.shape:
        return f"the shapes differ, {_times(first.shape)} and {_times(second.shape)}."
    a, b = first.geometry, second.geometry
    if not np.allclose(_spacing(first), _spacing(second), rtol=0, atol=GRID_TOLERANCE_MM / max(first.shape)):
        return f"the spacings differ, {_times(_spacing(first))} and {_times(_spacing(second))} mm."
    if a.affine is None or b.affine is None:
        return None
    origins = [affine[:3, 3] for affine in (a.affine, b.affine)]
    if not _near(origins[0], origins[1]):
        return f"the origins differ, {_listed(origins[0])} and {_listed(origins[1])} mm."
    reach = np.array(first.shape) - 1  # each axis to its end: whole grids are compared, not single steps
    if not _near(a.affine[:3, :3] * reach, b.affine[:3, :3] * reach):
        axes = [_listed((affine[:3, :3] / _spacing(first)).ravel()) for affine in (a.affine, b.affine)]
        return f"the directions differ, {axes[0]} and {axes[1]}."
    return None


def _near(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool(np.allclose(a, b, rtol=0, atol=GRID_TOLERANCE_MM))


def _spacing(study: Study) -> tuple[float, ...]:
    if study.geometry.spacing_mm is None:
        raise AssertionError("a mask without spacing was refused")
    return study.geometry.spacing_mm


def _times(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)


def _listed(numbers: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{number:.4g}' for number in numbers)})"
