"""A comparison in pictures and words: what is drawn is what was counted, and nobody wins by chance."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics.counts import is_positive
from core.metrics.curves import auc
from core.metrics.operating_points import Rule
from core.metrics.sweep import sweep
from core.workflows.compare import compare_document
from core.workflows.compare_view import (
    comparison_csv,
    disagreements,
    margin_sentence,
    model_curves,
    model_rows,
    pair_rows,
    pair_sentence,
    with_mean,
    without_cutoff,
)
from core.workflows.documents import Method
from core.workflows.thresholds import RuleAsked
from tests.workflows.made_up import cohort_file

METHOD = Method(resamples=50)


def document(**options: object) -> dict:
    """A comparison at cut-offs of one half."""
    return compare_document(cohort_file(), METHOD, thresholds={"net_a": 0.5, "net_b": 0.5}, **options)


def test_the_roc_line_has_the_area_that_is_printed() -> None:
    """Points left out lie on straight lines, so the area under what is drawn is the AUC."""
    file = cohort_file(digits=2)
    curve = model_curves(file, "net_a", METHOD)
    x, y = np.array(curve.roc).T

    assert np.trapezoid(y, x) == pytest.approx(auc(file.cohort.scores["net_a"], file.cohort.labels).value, abs=1e-12)
    assert len(curve.roc) <= len(sweep(file.cohort.scores["net_a"], file.cohort.labels).thresholds)


@pytest.mark.parametrize("patients", [False, True])
def test_bands_enclose_their_curves(patients: bool) -> None:
    """A band that the curve leaves is a fault of drawing."""
    curve = model_curves(cohort_file(patients=patients), "net_a", METHOD)
    outline = np.array(curve.roc_band)

    for x, y in curve.roc[1:-1]:
        assert _inside(outline, x, y), (x, y)
    assert outline.min() >= 0
    assert outline.max() <= 1


def _inside(outline: np.ndarray, x: float, y: float) -> bool:
    """By crossings of a ray upward, and true on the edge within a pixel."""
    (x1, y1), (x2, y2) = outline.T, np.roll(outline, -1, axis=0).T
    if np.min(np.hypot(x1 - x, y1 - y)) < 0.01:
        return True
    crosses = (x1 <= x) != (x2 <= x)
    with np.errstate(invalid="ignore", divide="ignore"):
        height = y1 + (x - x1) / (x2 - x1) * (y2 - y1)
    return bool(np.sum(crosses & (height > y)) % 2)


def test_logits_have_curves_and_no_calibration() -> None:
    """A score without the scale of a probability is not calibrated or uncalibrated."""
    curve = model_curves(cohort_file(logits=True), "net_a", METHOD)

    assert curve.calibration is None
    assert curve.roc


def test_rows_carry_counts_beside_every_share() -> None:
    """Found k of n, called wrongly k of n, at the cut-off named."""
    file = cohort_file()
    row = model_rows(document(), {"net_a": ("1.0 MiB", "20 ms")})[0]
    called = is_positive(file.cohort.scores["net_a"], 0.5)

    assert row[0] == "net_a"
    assert row[5] == f"{int((called & file.cohort.labels).sum())} of {file.cohort.positives}"
    assert row[7] == f"{int((called & ~file.cohort.labels).sum())} of {file.cohort.negatives}"
    assert row[-2:] == ["1.0 MiB", "20 ms"]


def test_an_interval_that_holds_zero_is_no_clear_difference() -> None:
    """The higher number is not the better model."""
    pair = {
        "a": "one", "b": "two", "metric": "auc", "p": 0.2, "p_holm": 0.2, "margin": None,
        "difference": {"value": 0.01, "lo": -0.01, "hi": 0.03, "reason": None},
    }  # fmt: skip

    assert pair_sentence(pair).endswith("no clear difference.")
    sure = {**pair, "difference": {"value": 0.05, "lo": 0.01, "hi": 0.09, "reason": None}}
    assert pair_sentence({**sure, "p": 0.03, "p_holm": 0.18}).endswith(
        "no clear difference once every pair is counted."
    )
    assert pair_sentence({**sure, "p": 0.001, "p_holm": 0.004}).endswith("one is higher.")
    assert pair_sentence({**sure, "metric": "brier", "p": 0.001, "p_holm": None}).endswith("two is lower.")
    none = {**pair, "difference": {"value": None, "lo": None, "hi": None, "reason": "single_class"}}
    assert "cannot be compared" in pair_sentence(none)


def test_the_margin_is_told_with_its_reference() -> None:
    """Non-inferior to whom, and by how much, is half the claim."""
    pairs = [pair for pair in document(margin=0.05)["pairs"] if pair["primary"]]

    assert margin_sentence(pairs[0]) == "net_a is not inferior to the reference net_b by a margin of 0.05."
    assert margin_sentence(document()["pairs"][0]) == ""


def test_the_tested_figure_comes_first_and_the_rest_is_exploratory() -> None:
    """Six figures tested would find something by chance."""
    rows = pair_rows(document(primary="specificity"))

    assert rows[0][1] == "specificity"
    assert [row[-1] for row in rows] == ["tested", *["exploratory"] * 5]


def test_disagreements_are_the_discordant_pairs_of_the_test() -> None:
    """The gallery and McNemar count the same cases."""
    file = cohort_file()
    found = disagreements(file.cohort, "net_a", "net_b", (0.5, 0.5))
    pair = next(p for p in document()["pairs"] if p["metric"] == "accuracy")

    assert sum(case.a_right for case in found) == pair["only_a_right"]
    assert sum(not case.a_right for case in found) == pair["only_b_right"]


def test_the_mean_of_two_models_is_a_column_like_any_other() -> None:
    """An ensemble made on the spot is compared by the same rules."""
    file = with_mean(cohort_file(), ["net_a", "net_b"], "both")

    mean = (file.cohort.scores["net_a"] + file.cohort.scores["net_b"]) / 2
    np.testing.assert_array_equal(file.cohort.scores["both"], mean)
    assert "both" in file.calibrated
    with pytest.raises(ValueError, match="probabilities"):
        with_mean(cohort_file(logits=True), ["net_a", "net_b"], "both")


def test_the_csv_holds_models_and_pairs_and_no_formula() -> None:
    """A column named =cmd is text in every spreadsheet."""
    file = document()
    file["models"][0]["model"] = "=cmd"

    text = comparison_csv(file, {}).decode()

    assert "'=cmd" in text
    assert "net_a − net_b" in text


def test_a_rule_that_cannot_promise_says_so_for_each_model() -> None:
    """An empty column needs a reason."""
    asked = RuleAsked(Rule.SENSITIVITY_GUARANTEE, 0.99)

    said = without_cutoff(cohort_file(cases=60), METHOD, asked)

    assert [line.split(":")[0] for line in said] == ["net_a", "net_b"]
    assert "needs at least 299 positives" in said[0]
    assert without_cutoff(cohort_file(), METHOD, RuleAsked(Rule.YOUDEN)) == []
