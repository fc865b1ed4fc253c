"""Claims in names: taken apart, kept as claims, and never more than that."""

from __future__ import annotations

import pytest

from core.models.claimed_name import ClaimedName, parse_name, semantic

NAMES = {
    "best_overall_val98.80_test97.30.pt": ClaimedName("best_overall", figures={"val": 98.8, "test": 97.3}),
    "best_sensitivity_pneumonia99.06.pt": ClaimedName("best_sensitivity", figures={"pneumonia": 99.06}),
    "production_densenet121_98.45.pt": ClaimedName("production_densenet121", figures={"": 98.45}),
    "tumor_detection_v1.pth": ClaimedName("tumor_detection", "v1", "1.0.0"),
    "tumor_detection_v1.1.0": ClaimedName("tumor_detection", "v1.1.0", "1.1.0"),
    "fraud_detector_v1_20240101.pkl": ClaimedName("fraud_detector", "v1", "1.0.0", "2024-01-01"),
    "sentiment_classifier_v2_20240115.joblib": ClaimedName("sentiment_classifier", "v2", "2.0.0", "2024-01-15"),
    "recommendation_engine_v3_20240201.pth": ClaimedName("recommendation_engine", "v3", "3.0.0", "2024-02-01"),
    "model.safetensors": ClaimedName("model"),
    "epoch_50.pth": ClaimedName("epoch_50"),
    "scan_v1_20241399.pth": ClaimedName("scan_v1_20241399"),
    "good_val998.80.pt": ClaimedName("good"),
}


@pytest.mark.seeds(15, 34)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_documents_is_taken_apart(name: str) -> None:
    """S1's with figures, S2's with three numbers, S4's with a date; a date that is none and a rate over 100 are not."""
    assert parse_name(name) == NAMES[name]


@pytest.mark.parametrize(
    ("written", "meant"), [("v1", "1.0.0"), ("1.0", "1.0.0"), ("V2.3.4", "2.3.4"), ("newest", None), ("", None)]
)
def test_all_three_forms_of_a_version_are_one(written: str, meant: str | None) -> None:
    """Conflict 6 of the seeds: S2 writes three numbers, S3 '1.0', S4 'v1'; the original is kept beside."""
    assert semantic(written) == meant


@pytest.mark.seeds(34)
def test_what_a_name_says_begins_with_claimed() -> None:
    """Nobody may take it for a measurement."""
    claims = parse_name("best_overall_val98.80_v1_20240101.pt").claims()

    assert claims == {
        "claimed_by_name_version": "1.0.0",
        "claimed_by_name_written_version": "v1",
        "claimed_by_name_date": "2024-01-01",
        "claimed_by_name_val": "98.8",
    }
