"""The gate of a shipped model: fitted on what was taught, its cut-off set elsewhere, and tried on strange files.

Owns which cases are looked at. The distance and its fit are `core.inference.gate`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import ReadroomError
from core.inference.admission import Verdict, check_admission
from core.inference.gate import CASES_PER_COMPONENT, Look, familiarity, fit_gate, look_at
from core.inference.preprocess import preprocess
from core.metrics.intervals import wilson
from core.models.card import Metric
from core.models.gate import Gate
from core.models.input_spec import InputSpec
from core.models.model import Model
from core.training.dataset import Folder, Row, in_groups
from core.training.evaluate import FLAGGED
from core.training.figures import Where, metric
from core.training.recipe import Data, Strange
from core.training.strange import StrangeFile, strange_files

Progress = Callable[[float, str], None]

TOO_FEW = 2 * CASES_PER_COMPONENT
"""Training cases below which there is no gate: a spread cannot be known."""


def make_gate(
    spec: InputSpec, data: Data, folder: Folder, rows: Sequence[Row], progress: Progress | None = None
) -> Gate | None:
    """The gate of a recipe's training cases; None where no split sets its cut-off, or too few cases were taught."""
    taught = in_groups(rows, data.train)
    if data.gate_split is None or len(taught) < TOO_FEW:
        return None
    held = in_groups(rows, [data.gate_split])
    looks = _looks(spec, folder, (*taught, *held), progress)
    patients = len({row.patient for row in held})
    words = f"{data.title}, {data.gate_split}: {len(held)} files, {patients} patients"
    return fit_gate(looks[: len(taught)], looks[len(taught) :], spec.kind, words)


def _looks(spec: InputSpec, folder: Folder, rows: Sequence[Row], progress: Progress | None) -> list[Look]:
    looks = []
    for done, row in enumerate(rows, start=1):
        study = folder.study(row.image)
        looks.append(look_at(study, preprocess(study, spec), spec))
        if progress is not None:
            progress(done / len(rows), f"Looked at {done} of {len(rows)} cases for the gate")
    return looks


@dataclass(frozen=True, slots=True)
class Noticed:
    """What happens to a strange file before any score: refused by reader or admission, flagged by the gate."""

    kind: str
    refused: bool
    flagged: bool


def notice_strange(
    model: Model, folder: Folder, table: Strange, progress: Progress | None = None
) -> tuple[Metric, ...]:
    """How many files of a table are refused or flagged, in all and by kind; nothing where the model has no gate.

    The gate is asked about whatever can be prepared for the model, refused or not.
    """
    if not _has_gate(model):
        return ()
    files = strange_files(folder.root, table)
    found = []
    for done, file in enumerate(files, start=1):
        found.append(_noticed(model, folder, file))
        if progress is not None:
            progress(done / len(files), f"Showed {done} of {len(files)} strange files")
    return _figures(found, table.csv.removesuffix(".csv"))


def _has_gate(model: Model) -> bool:
    return any(one.gate is not None for one in _networks(model))


def _networks(model: Model) -> tuple[Model, ...]:
    return tuple(member.model for member in model.members) or (model,)


def _noticed(model: Model, folder: Folder, file: StrangeFile) -> Noticed:
    try:
        study = folder.study(file.image)
        refused = check_admission(study, model).verdict is Verdict.REFUSED
    except ReadroomError:
        return Noticed(file.kind, refused=True, flagged=False)
    flagged = False
    for one in _networks(model):
        if one.gate is None:
            continue
        try:
            look = look_at(study, preprocess(study, one.input), one.input)
        except ReadroomError:  # a study of another kind or channel: admission has refused it
            continue
        flagged = flagged or familiarity(one.gate, look).flagged
    return Noticed(file.kind, refused, flagged)


def _figures(found: Sequence[Noticed], split: str) -> tuple[Metric, ...]:
    where = Where(split, "file")
    stopped = [one.refused or one.flagged for one in found]
    made = metric("refused or flagged as unfamiliar", wilson(sum(stopped), len(found)), where)
    made += metric(FLAGGED, wilson(sum(one.flagged for one in found), len(found)), where)
    for kind in sorted({one.kind for one in found} - {""}):
        part = [held for one, held in zip(found, stopped, strict=True) if one.kind == kind]
        inside = Where(split, "file", kind.replace("_", " "))
        made += metric("refused or flagged as unfamiliar", wilson(sum(part), len(part)), inside)
    return tuple(made)
