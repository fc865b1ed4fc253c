"""The threshold instrument beside one case of the Predict page: whose scores stand behind it, and what it draws.

Owns which test set speaks for a model's score: one that these very weights have scored. The instrument itself is
`instrument`'s, the words of promises `promises`'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.errors import TableError
from core.metrics.cohort import Missing
from core.metrics.guarantees import GUARANTEE_TARGETS
from core.metrics.operating_points import OperatingPoint
from core.metrics.rules import Chosen, choose_guarantee
from core.models.model import Model
from core.workflows.cohort_file import CohortFile
from core.workflows.cohorts import read_scores
from core.workflows.documents import Method
from core.workflows.instrument import Instrument, exact_text, instrument
from core.workflows.promises import promise_sentence
from core.workspace.cohort_record import CohortKind, KeptCohort


@dataclass(frozen=True, slots=True)
class Behind:
    """A test set that a model has scored, read for one finding. column : its scores."""

    kept: KeptCohort
    file: CohortFile
    column: str


def find_behind(model: Model, finding: str, held: Iterable[KeptCohort]) -> Behind | None:
    """The first of these test sets that these weights, fed as now, have scored for this finding; None where none has.

    A set with cases of one kind alone says nothing of a cut-off, and neither does one whose positive label is unknown.
    """
    for kept in held:
        scored = kept.scored_by(model.id)
        if kept.kind is not CohortKind.IMAGES or scored is None or not kept.scores_csv.is_file():
            continue
        if (scored.weights_sha256, scored.fed) != (model.weights_sha256, model.fed_sha256):
            continue
        column = next((name for name, found in scored.columns.items() if found == finding), None)
        file = None if column is None else _read(kept, column, finding)
        if column is not None and file is not None:
            return Behind(kept, file, column)
    return None


def _read(kept: KeptCohort, column: str, finding: str) -> CohortFile | None:
    # Where the set has no positive label of its own, its labels are written as the models spell their classes.
    positive = None if kept.positive else finding
    try:
        file = read_scores(kept, models=(column,), positive=positive, missing=Missing.DROP)
    except TableError:  # told on the pages that show the set; here it only has nothing to say
        return None
    return file if file.cohort.positives and file.cohort.negatives else None


def case_instrument(behind: Behind, points: Iterable[OperatingPoint]) -> Instrument:
    """What the instrument draws of the set; it stops at these saved points too, and there says what each promises."""
    file, column, method = behind.file, behind.column, Method()
    saved = tuple(points)
    made = instrument(file, column, method, chosen=(_guarantee(behind),), stops=[point.threshold for point in saved])
    told = [
        {"threshold": exact_text(point.threshold), "text": promise_sentence(point)}
        for point in saved
        if point.guaranteed
    ]
    return replace(made, data={**made.data, "promises": [*told, *made.data["promises"]]})


def beside(behind: Behind, finding: str, score: float, point: OperatingPoint | None) -> dict[str, str]:
    """What the instrument must know of the case: its score, and where its result was called."""
    return {
        "score": exact_text(score),
        "finding": finding,
        "own": "" if point is None else exact_text(point.threshold),
        "own_name": "" if point is None else point.name,
        "cohort": behind.kept.name,
    }


def behind_sentences(behind: Behind) -> tuple[str, ...]:
    """Whose cases the instrument counts, and that they are too few for a promise where they are."""
    cohort, made = behind.file.cohort, _guarantee(behind)
    said = (
        f"Counts and limits are of {behind.kept.name}: {cohort.n:,} cases scored by this model, "
        f"{cohort.positives:,} with the finding. They carry over only to cases from the same source."
    )
    return (said,) if made.threshold is not None else (said, made.text)


def _guarantee(behind: Behind) -> Chosen:
    cohort, clusters = behind.file.cohort, Method().clusters(behind.file.cohort)
    target = GUARANTEE_TARGETS[0]
    return choose_guarantee(cohort.scores[behind.column], cohort.labels, "sensitivity", target, clusters=clusters)
