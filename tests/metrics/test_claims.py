"""Printed percentages in exact fractions, alone and together, against exhaustive search."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.claims import claim, joint_two_classes, three_class_sizes
from core.metrics.counts import Counts, figures


def test_single_figures_agree_with_exhaustive_search(oracles: Any) -> None:
    """Counts, counts if cut off, and the verdict."""
    for row in oracles.answers("claims.json")["single"]:
        made = claim(row["printed"], row["n"])

        assert list(made.counts) == row["counts"]
        assert list(made.counts_if_truncated) == row["counts_if_truncated"]
        assert made.verdict == row["verdict"]


def test_figures_of_one_table_agree_with_exhaustive_search(oracles: Any) -> None:
    """Model A fits one test set only; model B's three figures fit none."""
    for row in oracles.answers("claims.json")["joint_two_classes"]:
        found = joint_two_classes(
            row["positives"], row["recall"], row["accuracy"], row["macro_recall"], up_to=row["total_searched_up_to"]
        )

        assert [{name: getattr(s, name) for name in s.__dataclass_fields__} for s in found] == row["solutions"]


def test_the_only_test_set_that_fits_one_model_does_not_fit_the_others_printed_macro(oracles: Any) -> None:
    """On those 296 cases the second model's figures are these, and 98.00 is none of them."""
    row = oracles.answers("claims.json")["model_B_on_the_only_test_set_that_fits_A"]
    sick, well = row["pneumonia"], row["other"]
    found, clear = row["pneumonia_correct"], row["other_correct"]
    made = figures(Counts(found, well - clear, sick - found, clear))
    turned = figures(Counts(clear, sick - found, well - clear, found))

    def macro(name: str) -> float:
        return 50 * (made[name].value + turned[name].value)

    assert 100 * made["accuracy"].value == pytest.approx(row["accuracy"], rel=1e-9)
    assert macro("sensitivity") == pytest.approx(row["macro_recall"], rel=1e-9)
    assert macro("ppv") == pytest.approx(row["macro_precision"], rel=1e-9)
    assert macro("f1") == pytest.approx(row["macro_f1"], rel=1e-9)
    for name in ("sensitivity", "ppv", "f1"):
        assert f"{macro(name):.2f}" != row["printed_macro"]


def test_three_classes_agree_with_exhaustive_search(oracles: Any) -> None:
    """The first test set that fits both models has 890 cases, and no smaller one."""
    figures = {"A": ("97.18", "97.30", "97.39"), "B": ("99.06", "98.31", "98.00")}
    rows = oracles.answers("claims.json")["joint_three_classes_same_test_set_up_to_1000"]
    sampled = [row for row in rows if row["total"] in (259, 296, 445, 592, 888, 889, 890)]
    assert len(sampled) == 7
    for row in sampled:
        a, b = (three_class_sizes(213, *figures[model], row["total"]) for model in "AB")

        assert (len(a), len(b)) == (row["compositions_for_A"], row["compositions_for_B"])
        assert bool(a & b) is bool(row["common"]), row


@given(st.integers(1, 400), st.data(), st.integers(0, 3))
def test_what_was_rounded_from_a_count_is_possible_with_that_count(n: int, data: Any, decimals: int) -> None:
    """No true figure may be called impossible."""
    count = data.draw(st.integers(0, n))
    exact = Fraction(100 * count, n) * 10**decimals
    for whole in {int(exact + Fraction(1, 2)), -int(-(exact - Fraction(1, 2)) // 1)}:
        digits = f"{whole:0{decimals + 1}d}"
        text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
        assert count in claim(text, n).counts


@pytest.mark.parametrize("text", ["97,18", "-3", "1e1", "", "abc", ".5", "100.1", "٣"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """A guess at what was meant would answer another question."""
    with pytest.raises(ValueError, match=r"percentage|100 %"):
        claim(text, 10)


def test_a_figure_of_no_case_is_refused() -> None:
    """A share of nothing has no count."""
    with pytest.raises(ValueError, match="at least one case"):
        claim("50", 0)
