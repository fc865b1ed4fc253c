"""`labels.csv` beside images: file, label or mask, and what else is known of each case.

Owns the columns and the way from a cell to files. Rows are named in messages, files never: their names can be
people's. What a table must be like otherwise is told in `_table_rows` and `_table_columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from core.workflows._table_columns import Column, Texts, is_missing
from core.workflows._table_faults import Faults, echo
from core.workflows._table_rows import Cells, open_table
from core.workflows.cohort_file import LABEL, PATIENT, SLICE
from core.workflows.labelled_folder_files import LABELS_CSV, FoundCase, Labelled, NamedFile
from core.workspace.cohort_record import CohortKind

FILE, MASK, SPLIT = "file", "mask", "split"


class Paths(Column):
    """Paths below the table's folder. values : one for every row, normal form. unique : each may appear once."""

    def __init__(self, name: str, position: int, file: str, *, unique: bool) -> None:
        super().__init__(name, position, file)
        self.values: list[str] = []
        self.rows: list[int] = []
        self._first: dict[str, int] | None = {} if unique else None

    def take(self, rows: Sequence[int], cells: Cells) -> None:
        """Remember paths and tell which are empty, lead elsewhere, or come twice."""
        for row, cell in zip(rows, cells, strict=True):
            path = PurePosixPath(cell.strip().replace("\\", "/"))
            if is_missing(cell.strip()):
                self.fault(row, f"empty. Every case needs a {self.name}.")
            elif path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                self.fault(row, "leads out of the folder. Write paths from the folder that labels.csv lies in.")
            elif self._first is not None and (first := self._first.setdefault(str(path), row)) != row:
                self.fault(row, f"the same file as in row {first}. Each case may appear once.")
            self.rows.append(row)
            self.values.append(str(path))


def read_label_table(table: NamedFile, files: Sequence[NamedFile]) -> Labelled:
    """The cases of the table, in the order of its rows. files : those that lie beside it.

    Raises
    ------
    TableError : with every fault of the table; a file that is not there is a fault of its case alone.
    """
    faults = Faults(LABELS_CSV)
    with open_table(table.place, faults) as rows:
        columns = rows.columns
        kind = CohortKind.MASKS if MASK in columns and LABEL not in columns else CohortKind.IMAGES
        told = MASK if kind is CohortKind.MASKS else LABEL
        _check_header(columns, told, faults)
        at = {name: place for place, name in reversed(list(enumerate(columns))) if name}
        named = Paths(FILE, at[FILE], LABELS_CSV, unique=True)
        masks = Paths(MASK, at[MASK], LABELS_CSV, unique=False) if told == MASK else None
        texts = {name: Texts(name, place, LABELS_CSV, _EMPTY.get(name)) for name, place in at.items() if _is_kept(name)}
        held: list[Column] = [named, *([masks] if masks else []), *texts.values()]
        for numbers, cells in rows.chunks():
            for column in held:
                column.take(numbers, cells[column.position])
    if PATIENT in texts and not texts[PATIENT].values:
        held.remove(texts.pop(PATIENT))
    faults.joined([column.faults for column in held]).require_none()
    return _labelled(kind, named, masks, texts, files)


_EMPTY = {
    LABEL: "empty. Every case needs a label.",
    PATIENT: "empty. Fill it for every case or remove the column.",
}


def _is_kept(name: str) -> bool:
    return name in (LABEL, PATIENT, SPLIT) or name.startswith(SLICE)


def _check_header(columns: Sequence[str], told: str, faults: Faults) -> None:
    listed = ", ".join(echo(name) for name in columns if name)
    for needed in (FILE, told):
        if needed not in columns:
            faults.of_table(f'there is no column "{needed}". The columns are: {listed}.', column=needed)
    for name in dict.fromkeys(columns):
        if name and columns.count(name) > 1:
            faults.of_table(f'the column "{echo(name)}" appears more than once.', column=name)
    faults.require_none()


def _labelled(
    kind: CohortKind, named: Paths, masks: Paths | None, texts: dict[str, Texts], files: Sequence[NamedFile]
) -> Labelled:
    below = _by_path(files)
    columns = {name: column.texts for name, column in texts.items()}
    cases = []
    for number, (row, path) in enumerate(zip(named.rows, named.values, strict=True)):
        mask = below.get(masks.values[number]) if masks else None
        fault = "" if path in below else f"{LABELS_CSV}, row {row}: there is no such file in the folder."
        if masks and not fault and (mask is None or len(mask) != 1):
            fault = f"{LABELS_CSV}, row {row}: there is no such mask in the folder."
        cases.append(
            FoundCase(
                files=below.get(path, ()),
                label=columns[LABEL][number] if LABEL in columns else "",
                mask=mask[0] if mask and len(mask) == 1 else None,
                patient=columns[PATIENT][number] if PATIENT in columns else "",
                split=columns[SPLIT][number] if SPLIT in columns else "",
                slices={name[len(SLICE) :]: held[number] for name, held in columns.items() if name.startswith(SLICE)},
                fault=fault,
            )
        )
    return Labelled(kind, tuple(cases), has_patients=PATIENT in columns)


def _by_path(files: Sequence[NamedFile]) -> dict[str, tuple[NamedFile, ...]]:
    """Files by their name; a folder stands for all below it, and half a NIfTI pair for both halves."""
    below: dict[str, list[NamedFile]] = {}
    for file in files:
        path = PurePosixPath(file.name)
        for folder in path.parents[:-1]:
            below.setdefault(str(folder), []).append(file)
    alone: dict[str, tuple[NamedFile, ...]] = {file.name: (file,) for file in files}
    for header in [file for file in files if file.name.lower().endswith(".hdr")]:
        image = header.name[:-4] + (".img" if header.name.endswith(".hdr") else ".IMG")
        if image in alone:
            alone[header.name] = alone[image] = (header, *alone[image])
    return {**{folder: tuple(held) for folder, held in below.items()}, **alone}
