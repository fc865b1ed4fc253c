"""Slices: named subsets that must exist, and never change."""

from __future__ import annotations

import pytest

from core.errors import RegistryError
from core.registry import SliceService


@pytest.mark.seeds(46)
def test_slice_comes_back_as_it_was_created() -> None:
    """Its id is its name, as far as an id can hold it."""
    made = SliceService("ada").create_slice("d", "training, 2025", ["case-02", "case-01"])

    assert made.id == "training_2025"
    assert made.case_ids == ("case-02", "case-01")
    assert SliceService().get_slice("d", "training_2025") == made
    assert SliceService().get_slices("d") == [made]


def test_slice_cannot_be_made_twice() -> None:
    """Models name it as what taught them."""
    service = SliceService()
    service.create_slice("d", "train", ["case-01"])

    with pytest.raises(RegistryError, match="never changes"):
        service.create_slice("d", "train", ["case-02"])
    assert service.create_slice("other", "train", ["case-02"]).dataset_id == "other"


@pytest.mark.parametrize(("cases", "said"), [([], "at least 1 item"), (["a", "a"], "named twice")])
def test_slice_without_cases_or_with_one_twice_is_refused(cases: list[str], said: str) -> None:
    """Counts of cases are made of it."""
    with pytest.raises(RegistryError, match=said):
        SliceService().create_slice("d", "train", cases)


def test_missing_slice_is_refused_naming_those_there_are() -> None:
    """The reader of the refusal chooses one."""
    SliceService().create_slice("d", "train", ["case-01"])

    with pytest.raises(RegistryError, match=r"no slice val\. .* There are: train"):
        SliceService().get_slice("d", "val")
