"""Whether a printed percentage can come from a whole number of cases at all.

Owns exact arithmetic on printed figures, alone and several of one table together. No figure is estimated here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

Verdict = Literal["possible", "only_if_truncated", "impossible"]


@dataclass(frozen=True, slots=True)
class Printed:
    """A percentage as printed. percent : its exact value. half : half a unit of its last decimal."""

    text: str
    percent: Fraction
    half: Fraction

    @classmethod
    def of(cls, text: str) -> Printed:
        """Parse "97.18".

        Raises
        ------
        ValueError : not a plain decimal number, or outside 0 to 100.
        """
        whole, _, decimals = text.strip().partition(".")
        if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or not whole:
            raise ValueError(f'"{text}" is not a percentage written like 97.18')
        percent = Fraction(int(whole + decimals), 10 ** len(decimals))
        if percent > 100:
            raise ValueError(f'"{text}" is above 100 %')
        return cls(text.strip(), percent, Fraction(1, 2 * 10 ** len(decimals)))

    def fits(self, share: Fraction) -> bool:
        """Whether a share rounds to what is printed; at a tie either way."""
        return abs(100 * share - self.percent) <= self.half

    def counts(self, n: int) -> range:
        """Every count of n that rounds to it."""
        low = math.ceil((self.percent - self.half) * n / 100)
        high = math.floor((self.percent + self.half) * n / 100)
        return range(max(low, 0), min(high, n) + 1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer about one printed figure of n cases."""

    printed: str
    n: int
    counts: tuple[int, ...]
    counts_if_truncated: tuple[int, ...]
    verdict: Verdict


def claim(printed: str, n: int) -> Claim:
    """Which counts of n the printed percentage can stand for, by rounding and, failing that, by cutting off.

    Raises
    ------
    ValueError : n is below 1, or as `Printed.of`.

    References
    ----------
    The evaluation page, section 10; the idea is the GRIM test, Brown and Heathers 2017.
    """
    if n < 1:
        raise ValueError("a percentage needs at least one case")
    figure = Printed.of(printed)
    counts = tuple(figure.counts(n))
    if counts:
        return Claim(figure.text, n, counts, (), "possible")
    first = math.ceil(figure.percent * n / 100)
    below = (figure.percent + 2 * figure.half) * n / 100
    cut = tuple(c for c in range(first, min(math.ceil(below), n + 1)) if c < below)
    return Claim(figure.text, n, (), cut, "only_if_truncated" if cut else "impossible")


@dataclass(frozen=True, slots=True)
class Solution:
    """Class sizes and correct counts that give every printed figure of one table."""

    total: int
    positive_class: int
    positive_correct: int
    other_class: int
    other_correct: int


UP_TO = 4000
"""The largest test set that a joint search looks at."""


def joint_two_classes(
    positives: int, recall: str, accuracy: str, macro_recall: str, *, up_to: int = UP_TO
) -> list[Solution]:
    """Every test set of two classes on which the recall, the accuracy and the macro recall hold together.

    Parameters
    ----------
    positives : size of the class whose recall is printed. up_to : the largest total searched.
    """
    one, whole, macro = (Printed.of(text) for text in (recall, accuracy, macro_recall))
    solutions = []
    for total in range(positives + 1, up_to + 1):
        other = total - positives
        for right in whole.counts(total):
            for hit in one.counts(positives):
                rest = right - hit
                if 0 <= rest <= other and macro.fits((Fraction(hit, positives) + Fraction(rest, other)) / 2):
                    solutions.append(Solution(total, positives, hit, other, rest))
    return solutions


def three_class_sizes(
    positives: int, recall: str, accuracy: str, macro_recall: str, total: int
) -> frozenset[tuple[int, int]]:
    """Sizes (smaller, larger) of the two other classes of a test set of `total` that allow all three figures.

    Whole numbers throughout: with a and b cases and x right among a, macro recall asks for
    low <= hit/positives + x/a + (rest - x)/b <= high, which for each x is a comparison of products.
    """
    one, whole, macro = (Printed.of(text) for text in (recall, accuracy, macro_recall))
    others, found = total - positives, set()
    low, high = (3 * (macro.percent + sign * macro.half) / 100 for sign in (-1, 1))
    for hit in one.counts(positives):
        for right in whole.counts(total):
            rest = right - hit
            if 0 <= rest <= others:
                found |= _splits(others, rest, low - Fraction(hit, positives), high - Fraction(hit, positives))
    return frozenset(found)


def _splits(others: int, rest: int, low: Fraction, high: Fraction) -> set[tuple[int, int]]:
    """Sizes a <= b of `others` cases with `rest` right, for which the sum of both recalls lies in low..high."""
    scale = math.lcm(low.denominator, high.denominator)
    least, most = int(low * scale), int(high * scale)
    found = set()
    for a in range(1, others // 2 + 1):
        b = others - a
        x = np.arange(max(0, rest - b), min(a, rest) + 1)
        if len(x):
            # x/a + (rest - x)/b over the common denominator a b; 64 bits hold it up to test sets of some 100,000.
            top = (x * b + (rest - x) * a) * scale
            if bool(((top >= least * a * b) & (top <= most * a * b)).any()):
                found.add((a, b))
    return found
