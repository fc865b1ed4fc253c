"""From what was typed to cases."""

from __future__ import annotations

import pytest
import typer

from core.cli.wanted import wanted_cases


def test_cases_are_numbered_in_the_order_typed() -> None:
    """The name of a case is its place, so results can be joined to the list."""
    cases = wanted_cases(["b.png", "a.png"], [])

    assert [(case.case, case.typed) for case in cases] == [("case-01", "b.png"), ("case-02", "a.png")]


def test_channels_make_one_case_and_a_path_may_hold_an_equals_sign() -> None:
    """Only the first equals sign belongs to us."""
    (case,) = wanted_cases([], ["FLAIR=a=b.nii", "T1=c.nii"])

    assert case.channels == (("FLAIR", "a=b.nii"), ("T1", "c.nii"))
    assert case.typed == "FLAIR=a=b.nii T1=c.nii"


@pytest.mark.parametrize(
    ("paths", "channels", "said"),
    [
        ([], [], "Give either"),
        (["a.nii"], ["T1=b.nii"], "Give either"),
        ([], ["T1"], "is not NAME=PATH"),
        ([], ["=a.nii"], "is not NAME=PATH"),
        ([], ["T1="], "is not NAME=PATH"),
        ([], ["T1=a.nii", "T1=b.nii"], "T1 is given twice"),
    ],
)
def test_what_cannot_be_told_apart_is_wrong_usage(paths: list[str], channels: list[str], said: str) -> None:
    """Guessing which file is which channel gives a wrong answer that looks right."""
    with pytest.raises(typer.BadParameter, match=said):
        wanted_cases(paths, channels)
