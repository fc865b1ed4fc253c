"""What travels to the browser's instrument: packed, and still exactly what core says."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest

from core.metrics.band import band_at, simultaneous_band
from core.metrics.clustered import clustered_rate_table
from core.metrics.intervals import Estimate
from core.metrics.sweep import rate_table, sweep
from core.workflows import instrument as module
from core.workflows.documents import Method
from core.workflows.instrument import UNDEFINED, decision_interval, exact_text, instrument, interval_text, percent_text
from core.workflows.sweep import sweep_document
from core.workflows.thresholds import choose
from tests.workflows.made_up import cohort_file

METHOD = Method()


def unpacked(data: dict, name: str) -> np.ndarray:
    """A column of the packed table."""
    kinds = {"thresholds": "<f8", "tp": "<i4", "fp": "<i4"}
    text = data["table"][name] if name in kinds else data["table"]["rates"][name]
    return np.frombuffer(base64.b64decode(text), kinds.get(name, "<u2"))


def test_every_threshold_travels_exactly_with_its_counts() -> None:
    """The value that is acted on must be the score itself, not a rounded one."""
    file = cohort_file()
    table = sweep(file.cohort.scores["net_a"], file.cohort.labels)

    made = instrument(file, "net_a", METHOD)

    assert made.complete
    np.testing.assert_array_equal(unpacked(made.data, "thresholds"), table.thresholds)
    np.testing.assert_array_equal(unpacked(made.data, "tp"), table.tp)
    np.testing.assert_array_equal(unpacked(made.data, "fp"), table.fp)


@pytest.mark.parametrize("patients", [False, True])
def test_rates_and_limits_are_cores_in_tenths_of_a_percent(patients: bool) -> None:
    """With repeated patients the plain formula would be too narrow: the browser must get the other one."""
    file = cohort_file(patients=patients)
    scores, labels = file.cohort.scores["net_a"], file.cohort.labels
    table = sweep(scores, labels)
    rates = clustered_rate_table(scores, labels, file.cohort.clusters) if patients else rate_table(table)

    data = instrument(file, "net_a", METHOD).data

    for name in ("sensitivity", "specificity_lo", "ppv_hi", "npv_lo"):
        sent = unpacked(data, name).astype(float)
        np.testing.assert_array_equal(sent == UNDEFINED, np.isnan(rates[name]))
        defined = sent != UNDEFINED
        np.testing.assert_array_equal(sent[defined], np.round(1000 * rates[name][defined]))


def test_the_bands_lower_limit_is_rounded_down_never_up() -> None:
    """A promise of 85.3 % must not come from 85.26 %."""
    file = cohort_file()
    table = sweep(file.cohort.scores["net_a"], file.cohort.labels)
    band = simultaneous_band(file.cohort.positives, file.cohort.negatives)

    data = instrument(file, "net_a", METHOD).data

    for row in range(0, len(table.thresholds), 13):
        limits = band_at(table.counts(row), band)
        assert unpacked(data, "band_sensitivity_lo")[row] == math.floor(1000 * limits.sensitivity_lo + 1e-9)
        assert unpacked(data, "band_specificity_hi")[row] == math.ceil(1000 * limits.specificity_hi - 1e-9)


def test_repeated_patients_have_no_band_and_it_is_said() -> None:
    """A pointwise interval must not pass for a band."""
    data = instrument(cohort_file(patients=True), "net_a", METHOD).data

    assert data["band"] is False
    assert "band_sensitivity_lo" not in data["table"]["rates"]
    assert "pointwise" in " ".join(data["legends"]["roc"])
    assert "Patients repeat" in data["no_band"]


def test_a_million_scores_are_thinned_but_a_rules_threshold_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slider may stop at some scores only; where a rule put the cut-off it must be able to stand."""
    monkeypatch.setattr(module, "WHOLE_TABLE", 100)
    monkeypatch.setattr(module, "THINNED_ROWS", 20)
    file = cohort_file(cases=500)
    chosen = choose(file.cohort, "net_a", None, METHOD)

    made = instrument(file, "net_a", METHOD, chosen=chosen)

    sent = unpacked(made.data, "thresholds")
    assert not made.complete
    assert made.distinct == 500
    assert len(sent) <= 20 + len(chosen)
    assert {c.threshold for c in chosen if c.threshold is not None} <= set(sent.tolist())
    assert sent[0] == math.inf
    assert sent[-1] == file.cohort.scores["net_a"].min()


def test_both_ends_of_a_band_carry_its_promise_and_can_be_stood_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a rule's own threshold its promise is shown, not what holds at a cut-off found by looking."""
    monkeypatch.setattr(module, "WHOLE_TABLE", 100)
    monkeypatch.setattr(module, "THINNED_ROWS", 20)
    file = cohort_file(cases=500)
    ends = tuple(sorted(file.cohort.scores["net_a"])[at] for at in (77, 333))

    data = instrument(file, "net_a", METHOD, referred=ends, referred_text="promised").data

    assert data["promises"] == [{"threshold": exact_text(end), "text": "promised"} for end in ends]
    assert set(ends) <= set(unpacked(data, "thresholds").tolist())


def test_pictures_that_cannot_be_drawn_have_a_reason() -> None:
    """An empty box makes people look for a fault."""
    logits = instrument(cohort_file(logits=True), "net_a", METHOD).data
    one_class = instrument(cohort_file(prevalence=1.0), "net_a", METHOD).data

    assert set(logits["missing"]) == {"calibration", "decision"}
    assert set(one_class["missing"]) == {"roc", "pr", "decision"}
    assert instrument(cohort_file(), "net_a", METHOD).data["missing"] == {}


def test_the_decision_curve_has_the_documents_interval_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Screen and file are one resampling; a curve without an interval looks surer than it is."""
    file, few, method = cohort_file(), cohort_file(cases=20, prevalence=0.2), Method(resamples=200)
    made = instrument(file, "net_a", method, decision=decision_interval(file, "net_a", method)).data
    document = sweep_document(file, "net_a", method)["net_benefit"]
    left_out = instrument(few, "net_a", method, decision=decision_interval(few, "net_a", method)).data
    monkeypatch.setattr(module, "DECISION_CASES", 299)

    assert (made["decision"]["lo"], made["decision"]["hi"]) == (document["model_lo"], document["model_hi"])
    assert "Shaded: 95 %, pointwise (bootstrap)." in made["legends"]["decision"]
    assert "lo" not in left_out["decision"]
    assert "No interval: fewer than ten of a class." in left_out["legends"]["decision"]
    assert decision_interval(file, "net_a", method) is None
    assert "sweep.json" in " ".join(instrument(file, "net_a", method).data["legends"]["decision"])
    assert decision_interval(cohort_file(logits=True, cases=50), "net_a", method) is None


def test_the_histogram_holds_every_case_as_shares_of_its_class() -> None:
    """A class of fifty must be seen beside one of five thousand."""
    data = instrument(cohort_file(logits=True, prevalence=0.05), "net_a", METHOD).data["histogram"]

    assert sum(data["positives"]) == pytest.approx(1, abs=1e-4)
    assert sum(data["negatives"]) == pytest.approx(1, abs=1e-4)
    assert len(data["edges"]) == len(data["positives"]) + 1


def test_the_same_cases_have_the_same_revision_and_others_another() -> None:
    """The browser rebuilds on another revision alone; a reader's place must not be lost for nothing."""
    first, again = (instrument(cohort_file(), "net_a", METHOD).data for _ in range(2))
    other = instrument(cohort_file(), "net_b", METHOD).data
    chosen = instrument(cohort_file(), "net_a", METHOD, chosen=choose(cohort_file().cohort, "net_a", None, METHOD)).data

    assert first["rev"] == again["rev"] == chosen["rev"]
    assert other["rev"] != first["rev"]
    json.dumps(first, allow_nan=False)


def test_texts_round_as_the_packed_table_does() -> None:
    """The table below the instrument and the cards above it show one number."""
    assert percent_text(0.0625) == "6.2 %"
    assert percent_text(None) == "–"
    assert interval_text(Estimate(0.5, 0.1234, 0.5678, "wilson")) == "12.3–56.8"
    assert [exact_text(value) for value in (0.1, math.inf, -math.inf, None)] == ["0.1", "inf", "-inf", ""]
    assert float(exact_text(0.1 + 0.2)) == 0.1 + 0.2
