"""What a saved threshold promises: the rule's own guarantee at its threshold, elsewhere what the band leaves."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy.stats import kstwo

from core.metrics.operating_points import OperatingPoint, Rule
from core.workflows.promises import NOT_ENOUGH, expected_sentence, promise_sentence
from tests.pages.tiny_shelf import point


def test_a_guarantee_names_its_cases_and_where_it_stops() -> None:
    """A promise without the cases that carry it and the source it is bound to is an advertisement."""
    assert promise_sentence(point("sensitivity 90%", 0.2)) == (
        "Sensitivity is at least 90 % with 95 % confidence, from 100 cases with pneumonia of val, "
        "if new cases come from the same source."
    )
    other = replace(point("specificity 90%", 0.2), rule=Rule.SPECIFICITY_GUARANTEE, chosen_on="same_cases")
    assert "Specificity is at least 90 %" in promise_sentence(other)
    assert "from 200 cases without pneumonia of 300 made-up films" in promise_sentence(other)


def test_a_threshold_found_by_looking_is_promised_the_band_alone() -> None:
    """The limits are those of Kolmogorov's distribution, rounded down; the observed rates would promise too much."""
    reach = {n: float(kstwo.ppf(math.sqrt(0.95), n)) for n in (100, 200)}

    said = promise_sentence(point("Youden", 0.5))

    low = [math.floor(1000 * (rate - reach[n])) / 10 for rate, n in ((0.9, 100), (0.8, 200))]
    assert f"sensitivity at least {low[0]:.1f} % and specificity at least {low[1]:.1f} %" in said
    assert "for every cut-off at once" in said


@pytest.mark.parametrize(("found", "of", "few"), [(38, 40, True), (60, 60, False)])
def test_too_few_cases_for_a_promise_are_said_to_be_too_few(found: int, of: int, few: bool) -> None:
    """59 positives are the fewest that can carry 95 % at 95 % confidence."""
    made = replace(point("Youden", 0.5), positives=of, tp=found, fn=of - found)

    assert ("A sensitivity of 95 % cannot be promised with 40 cases." in promise_sentence(made)) is few


def test_next_to_no_cases_promise_nothing() -> None:
    """A limit of nought is no promise and is not printed as one."""
    made = _counts(tp=1, fn=1, fp=1, tn=1)

    assert promise_sentence(made).endswith(NOT_ENOUGH)


def test_a_thousand_like_the_cases_that_chose_it() -> None:
    """10 of 100 were missed and 40 of 200 called wrongly; the limits are SciPy's for the two shares."""
    assert expected_sentence(point("Youden", 0.5)) == (
        "Of 1,000 cases like these, 333 of them with pneumonia: "
        "33.3 (18.4–58.1) missed, 133.3 (100.3–173.9) false alarms (95 % intervals)."
    )
    assert expected_sentence(_counts(tp=3, fn=1, fp=0, tn=0)) == ""


def _counts(*, tp: int, fn: int, fp: int, tn: int) -> OperatingPoint:
    made = point("Youden", 0.5)
    return replace(made, positives=tp + fn, negatives=fp + tn, tp=tp, fn=fn, fp=fp, tn=tn)
