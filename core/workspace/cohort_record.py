"""What is known of a kept cohort without its scores: the record, its cases, who scored it, what could not be read.

Owns the records and their JSON. Where cohorts lie is `cohorts`' matter, what their scores say the workflows'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class CohortKind(StrEnum):
    """What a cohort was made of."""

    SCORES = "scores"
    """A `scores.csv` that somebody brought: scores without images."""
    IMAGES = "images"
    """Labelled images, scored here."""
    MASKS = "masks"
    """Images with reference masks, segmented here."""


@dataclass(frozen=True, slots=True)
class CohortCase:
    """One case of a folder: its files, and what is known of it.

    id : neutral, 'case-0001'. sha256 : over the hashes of its files; "" where they are not there. files, mask : below
    the cohort's `root`. patient : neutral too, 'patient-0001', or "". slices : text by column, without the
    `slice_`. fault : why it cannot be scored, or "".
    """

    id: str
    sha256: str
    files: tuple[str, ...]
    label: str = ""
    mask: str | None = None
    mask_sha256: str | None = None
    patient: str = ""
    split: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "files": list(self.files), "slices": dict(self.slices)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CohortCase:
        """The case that `to_dict` wrote down."""
        return cls(**{**plain, "files": tuple(plain["files"])})


@dataclass(frozen=True, slots=True)
class Given:
    """What the owner calls a case: its files' names and its patient's id. Both can be a person's name."""

    files: tuple[str, ...]
    patient: str = ""


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """A model whose answers the cohort holds.

    fed : hash of what decides an answer beside image and weights. columns : of `scores.csv`, each with its class; none
    for a segmentation. scored : cases with an answer. seconds : median of a case's run; None where there is none.
    """

    model_id: str
    weights_sha256: str
    fed: str
    columns: Mapping[str, str]
    scored: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A case without an answer, and why. model_id : None where nobody could read the case itself."""

    case: str
    model_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class KeptCohort:
    """A cohort in the data folder.

    id : the first digits of `sha256`, which is over the content: the same cases brought again are the same cohort.
    name : neutral, 'cohort-01'. labels : cases by label as the owner wrote it. positive : the label that counts as
    positive in `scores.csv`, where it holds 0 and 1; "" where its labels are the owner's texts. patients : None
    where one image a patient is assumed. splits, slices : named subsets and subgroup columns. source : folder or
    zip on this machine that images are read from; None where the folder holds them itself. of_machine : scored on
    the command line, by this machine's user, and in no browser's folder. notes : (code, sentence).
    """

    id: str
    name: str
    kind: CohortKind
    sha256: str
    created: str
    cases: int
    labels: Mapping[str, int]
    positive: str
    patients: int | None
    splits: tuple[str, ...]
    slices: tuple[str, ...]
    models: tuple[ScoredBy, ...]
    unread: tuple[Unread, ...]
    notes: tuple[tuple[str, str], ...]
    source: str | None
    of_machine: bool
    folder: Path

    @property
    def root(self) -> Path:
        """What the paths of its cases begin from."""
        return self.folder / "source" if self.source is None else Path(self.source)

    @property
    def scores_csv(self) -> Path:
        """The scores in the evaluation page's format; not there before a model has scored."""
        return self.folder / "scores.csv"

    def scored_by(self, model_id: str) -> ScoredBy | None:
        """What this model has left here, or None."""
        return next((one for one in self.models if one.model_id == model_id), None)

    def column_model(self, column: str) -> ScoredBy | None:
        """The model that made a column of `scores.csv`; None where nobody here did."""
        return next((one for one in self.models if column in one.columns), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values, without the place, which is where the record lies."""
        plain = asdict(self)
        plain["kind"] = self.kind.value
        del plain["folder"], plain["of_machine"]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], folder: Path, *, of_machine: bool) -> KeptCohort:
        """The record that `to_dict` wrote down."""
        return cls(
            **{
                **plain,
                "kind": CohortKind(plain["kind"]),
                "splits": tuple(plain["splits"]),
                "slices": tuple(plain["slices"]),
                "models": tuple(ScoredBy(**one) for one in plain["models"]),
                "unread": tuple(Unread(**one) for one in plain["unread"]),
                "notes": tuple((code, text) for code, text in plain["notes"]),
            },
            folder=folder,
            of_machine=of_machine,
        )
