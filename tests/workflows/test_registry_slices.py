"""Data sets are cohorts: a cohort's split becomes a slice that a model record can name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import RegistryError
from core.registry import ModelService
from core.workflows.registry_slices import slice_of_cohort
from core.workspace.cohort_record import CohortCase, CohortKind, KeptCohort
from core.workspace.cohorts import machines_cohorts


@pytest.fixture
def cohort() -> KeptCohort:
    """Two cases of one split, one of another, and one that nobody could read."""
    splits = ("train", "train", "val", "val")
    cases = [
        CohortCase(f"case-000{n}", f"{n}" * 64, (f"{n}.png",), split=split, fault="Broken." if n == 3 else "")
        for n, split in enumerate(splits)
    ]
    draft = KeptCohort(
        id="", name="", kind=CohortKind.IMAGES, sha256="a" * 64, created="", cases=4, labels={}, positive="",
        patients=None, splits=("train", "val"), slices=(), models=(), unread=(), notes=(), source="/data",
        of_machine=True, folder=Path(),
    )  # fmt: skip
    return machines_cohorts().keep(draft, cases, {}, None)


@pytest.mark.seeds(46)
def test_split_of_a_cohort_teaches_a_model_record(cohort: KeptCohort) -> None:
    """The counts of the record are those of the cohort."""
    taught = slice_of_cohort(cohort.name, "train", "train", "Ada")
    measured = slice_of_cohort(cohort.id, "val", "val", "Ada")

    made = ModelService().create_model(
        cohort.id, "m", training_slice_ids=[taught.id], validation_slice_ids=[measured.id]
    )

    assert (made.training_data_count, made.validation_data_count) == (2, 1)
    assert slice_of_cohort(cohort.name, "everything", None).case_ids == ("case-0000", "case-0001", "case-0002")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: slice_of_cohort("cohort-09", "x", None), "There are: cohort-01"),
        (lambda: slice_of_cohort("cohort-01", "x", "test"), "Its splits are: train, val"),
    ],
)
def test_unknown_cohort_or_split_is_refused_naming_the_known_ones(
    cohort: KeptCohort, ask: Callable[[], object], said: str
) -> None:
    """Nothing is made of a typing mistake."""
    with pytest.raises(RegistryError, match=said):
        ask()
