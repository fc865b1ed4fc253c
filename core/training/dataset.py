"""From a data folder to arrays in memory: through the app's own reader and its own preprocessing.

Owns the tables of a data folder and the cases they list. Files may lie in the folder as the zips unpack, or
still inside the zips; nothing is written but one file at a time in a temporary folder, which the reader needs.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, DamagedFile, StudyError
from core.inference.preprocess import Prepared, preprocess
from core.models.architectures import Task
from core.models.hashing import file_sha256
from core.models.input_spec import InputSpec
from core.studies import read_study
from core.studies.study import Study
from core.training.recipe import Data, Table, TrainConfig

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a table: its file, what it shows (a class name, or the file of a label map), split and patient."""

    image: str
    label: str
    group: str
    patient: str


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Prepared cases in memory.

    images : each (channels, *spatial) float32, as serving would feed it, before grey is repeated and neighbouring
    slices join; of a network that reads slices spatial is (slices, rows, columns). targets : (n,) class indexes,
    or one (*spatial) uint8 label map each. patients : (n,) names.
    """

    images: tuple[NDArray[np.float32], ...]
    targets: NDArray[np.int64] | tuple[NDArray[np.uint8], ...]
    patients: tuple[str, ...]


class Folder:
    """The files of a data folder by their names in its tables, loose or inside its zips."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise StudyError(
                found="The data folder is not there.",
                why="Training reads its tables and files from it.",
                do="Name the folder that holds the CSV tables with --data.",
            )
        self.root = root
        self._inside: dict[str, Path] = {}
        for archive in sorted(root.glob("*.zip")):
            with zipfile.ZipFile(archive) as opened:
                self._inside.update(dict.fromkeys(opened.namelist(), archive))
        self._opened: dict[Path, zipfile.ZipFile] = {}

    def close(self) -> None:
        """Close the zips."""
        for archive in self._opened.values():
            archive.close()
        self._opened.clear()

    def rows(self, tables: Sequence[Table]) -> tuple[Row, ...]:
        """Every case of the tables, in their order.

        Raises
        ------
        DamagedFile : a table or one of its columns is missing.
        """
        return tuple(row for table in tables for row in self._table(table))

    def _table(self, table: Table) -> Iterator[Row]:
        path = self.root / table.csv
        wanted = (table.image, table.label, table.group, table.patient)
        if not path.is_file():
            raise DamagedFile(
                found=f"There is no {table.csv} in the data folder.",
                why="It says which cases there are and which patient each belongs to.",
                do="Name the folder that holds it with --data.",
            )
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in wanted if name not in (reader.fieldnames or ())]
            if missing:
                raise DamagedFile(
                    found=f"{table.csv} has no column {', '.join(missing)}.",
                    why="A case without it cannot be used.",
                    do="Correct the table, or name the column in the recipe.",
                )
            for row in reader:
                yield Row(*(row[name] for name in wanted))

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A path to that file, for as long as the context lasts.

        Raises
        ------
        DamagedFile : it is neither in the folder nor in one of its zips.
        """
        if name in self._inside:
            archive = self._inside[name]
            if archive not in self._opened:
                self._opened[archive] = zipfile.ZipFile(archive)
            with TemporaryDirectory() as scratch:
                path = Path(scratch) / f"file{''.join(PurePosixPath(name).suffixes)}"
                path.write_bytes(self._opened[archive].read(name))
                yield path
            return
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            raise DamagedFile(
                found="A file that a table lists is not in the data folder.",
                why="Training on the rest would be another run than the recipe's.",
                do="Complete the folder, or take the row out of the table.",
            )
        yield path

    def sha256(self, name: str) -> str:
        """The hash of that file's bytes: what a study of it carries too."""
        with self.file(name) as path:
            return file_sha256(path)

    def study(self, name: str) -> Study:
        """That file as a study, read as the app reads an upload."""
        with self.file(name) as path:
            return read_study([path])


def in_groups(rows: Iterable[Row], groups: Sequence[str]) -> tuple[Row, ...]:
    """The rows of these splits, in their order."""
    return tuple(row for row in rows if row.group in groups)


def check_patients(rows: Sequence[Row], data: Data) -> None:
    """Refuse a table in which a patient both teaches and is reported or chooses.

    Raises
    ------
    DamagedFile : the number of such patients is named, no patient is.
    """
    taught = {row.patient for row in in_groups(rows, data.train)}
    others = (*data.report, *data.external, *([data.chosen_on] if data.chosen_on else []))
    both = taught & {row.patient for row in in_groups(rows, others)}
    if both:
        raise DamagedFile(
            found=f"{len(both)} patients are in a training split and in one that is reported.",
            why="A network knows the patients that it was taught; figures from them mean nothing.",
            do="Draw the splits by patient.",
        )


def as_taught(study: Study, spec: InputSpec) -> Prepared:
    """The study as serving prepares it, before grey is repeated for the network (which the loop does last)."""
    return preprocess(study, spec.model_copy(update={"network_channels": len(spec.channels)}))


def prepare(folder: Folder, rows: Sequence[Row], config: TrainConfig, progress: Progress | None = None) -> Cases:
    """The rows' cases, decoded and preprocessed once.

    Raises
    ------
    StudyError : a file cannot be read, or a label is not one of the model's.
    """
    segmentation = config.model.task is not Task.CLASSIFICATION
    images, maps, numbers = [], [], []
    for done, row in enumerate(rows):
        prepared = as_taught(folder.study(row.image), config.input)
        images.append(prepared.array)
        if segmentation:
            maps.append(_label_map(folder.study(row.label), prepared, len(config.model.labels)))
        else:
            numbers.append(class_index(row, config))
        if progress is not None:
            progress((done + 1) / len(rows), f"Read {done + 1} of {len(rows)} cases")
    return Cases(
        tuple(images), tuple(maps) if segmentation else np.array(numbers, np.int64), tuple(r.patient for r in rows)
    )


def class_index(row: Row, config: TrainConfig) -> int:
    """Where the row's class stands among the model's; raises DamagedFile when it does not."""
    if row.label not in config.model.classes:
        raise DamagedFile(
            found="A row's label is not one of the model's classes.",
            why=f"The recipe knows {', '.join(config.model.classes)}.",
            do="Correct the table or the recipe.",
        )
    return config.model.classes.index(row.label)


def _label_map(labels: Study, prepared: Prepared, count: int) -> NDArray[np.uint8]:
    values = np.rint(prepared.to_network_grid(labels.pixels[0], order=0))
    if values.min() < 0 or values.max() > count:
        raise DamagedFile(
            found=f"A label map holds values from {values.min():g} to {values.max():g}.",
            why=f"The recipe names the labels 1 to {count}.",
            do="Correct the label map or the recipe.",
        )
    return values.astype(np.uint8)


def inner_fold(patients: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """Which cases are set aside, (n,): whole patients, about `share` of them, the same ones for the same seed."""
    draws = [hashlib.sha256(f"{seed}:{patient}".encode()).digest() for patient in patients]
    return np.array([int.from_bytes(draw[:8], "big") < share * 2**64 for draw in draws], bool)


@dataclass(frozen=True, slots=True)
class Fold:
    """Part `number` of `of`, from 1: the training patients that one run of a cross-validation is not taught."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of or self.of < 2:
            raise ConfigError(
                found=f"The fold is {self.number}/{self.of}.",
                why="Of k folds, at least 2, one is left out: 1/k to k/k.",
                do="Give it like --fold 1/4.",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fold that '2/4' means; raises ConfigError."""
        number, _, of = text.partition("/")
        return cls(*(int(part) if part.isdigit() else 0 for part in (number, of)))

    def holds(self, patients: Sequence[str]) -> NDArray[np.bool_]:
        """Which cases are set aside, (n,): whole patients; the same for every recipe, so that recipes compare."""
        draws = [hashlib.sha256(f"fold:{patient}".encode()).digest() for patient in patients]
        return np.array([int.from_bytes(draw[:8], "big") * self.of >> 64 == self.number - 1 for draw in draws], bool)


def split_facts(rows: Sequence[Row], hashes: Sequence[str]) -> str:
    """How many files of how many patients a split has, and its hash."""
    patients = len({row.patient for row in rows})
    return f"{len(rows)} files, {patients} patients, sha256 {rows_sha256(rows, hashes)}"


def taught_facts(folder: Folder, rows: Sequence[Row], config: TrainConfig) -> dict[str, str]:
    """The facts of the training splits."""
    found = {}
    for split in config.data.train:
        part = in_groups(rows, [split])
        found[split] = split_facts(part, [folder.sha256(row.image) for row in part])
    return found


def rows_sha256(rows: Sequence[Row], hashes: Sequence[str]) -> str:
    """The hash of a split: over its sorted lines of file hash, label and patient, so that order does not matter."""
    lines = sorted(f"{held} {row.label} {row.patient}" for row, held in zip(rows, hashes, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
