"""`core.compare/1` against other people's answers, and complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.metrics.cohort import Missing
from core.metrics.operating_points import Rule
from core.workflows.cohort_file import read_cohort
from core.workflows.compare import compare_document, sentences, thresholds_for
from core.workflows.documents import Method
from core.workflows.thresholds import RuleAsked

from .answers import ESTIMATE, ORACLES, answers, as_json, near, require_common

QUICK = Method(resamples=100)

MODEL = {"model", "auc", "average_precision", "brier", "threshold"}
PAIR = {
    *("a", "b", "metric", "difference", "p", "p_holm", "test", "only_a_right", "only_b_right"),
    *("margin", "non_inferior", "primary"),
}


def _compare(
    name: str, models: tuple[str, ...], method: Method = QUICK, threshold: float | None = None, **asked: Any
) -> dict[str, Any]:
    file = read_cohort(ORACLES / name, models=models, missing=asked.pop("missing", Missing.REFUSE))
    return as_json(compare_document(file, method, thresholds=dict.fromkeys(models, threshold), **asked))


def _pairs(document: dict[str, Any], metric: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(pair["a"], pair["b"]): pair for pair in document["pairs"] if pair["metric"] == metric}


THREE = ("model_a", "model_b", "model_c")


@pytest.mark.seeds(39)
def test_differences_of_areas_are_procs_and_holm_runs_over_all_pairs() -> None:
    """Two versions on the same cases are a paired question; R answers it with roc.test."""
    known = answers("auc_delong.json")["two_models"]

    pairs = _pairs(_compare("two_models.csv", THREE), "auc")

    assert len(pairs) == 3
    for expected, holm in zip(known["pairs"], known["p_holm"], strict=True):
        pair = pairs[expected["a"], expected["b"]]
        assert pair["difference"]["value"] == near(expected["difference"], 1e-9)
        assert pair["difference"]["se"] == near(expected["se_difference"], 1e-9)
        assert pair["difference"]["lo"] == near(expected["lo"], 1e-8)
        assert pair["difference"]["hi"] == near(expected["hi"], 1e-8)
        assert (pair["p"], pair["p_holm"]) == (near(expected["p"], 1e-9), near(holm, 1e-9))
        assert (pair["primary"], pair["test"]) == (True, "delong")


@pytest.mark.parametrize("known", answers("paired.json")["two_models_at_0.5"], ids=lambda k: f"{k['b']}-{k['metric']}")
def test_rates_at_stated_thresholds_are_mcnemars_and_tangos(known: dict[str, Any]) -> None:
    """statsmodels has the test, and the interval was maximised directly."""
    pair = _pairs(_compare("two_models.csv", (known["a"], known["b"]), threshold=0.5), known["metric"])[
        known["a"], known["b"]
    ]

    assert (pair["only_a_right"], pair["only_b_right"]) == (known["only_a_right"], known["only_b_right"])
    assert pair["difference"]["n"] == known["cases"]
    assert pair["difference"]["value"] == near(known["difference"])
    assert pair["difference"]["lo"] == near(known["tango_lo"], 2e-6)
    assert pair["difference"]["hi"] == near(known["tango_hi"], 2e-6)
    assert (pair["p"], pair["p_exact"]) == (near(known["p_mid"]), near(known["p_exact"]))
    assert (pair["primary"], pair["p_holm"]) == (False, None)


@pytest.mark.parametrize(
    "known", answers("paired.json")["non_inferiority"], ids=lambda k: f"{k['new']}-{k['reference']}-{k['margin']}"
)
def test_non_inferiority_is_declared_by_the_lower_end_alone(known: dict[str, Any]) -> None:
    """The first model is the new one, the second the reference, and the margin is never guessed."""
    document = _compare("two_models.csv", (known["new"], known["reference"]), margin=known["margin"])

    (pair,) = _pairs(document, "auc").values()
    assert pair["difference"]["lo"] == near(known["difference_lo"], 1e-8)
    assert (pair["margin"], pair["reference"]) == (known["margin"], known["reference"])
    assert pair["non_inferior"] is known["non_inferior"]
    assert all(p["non_inferior"] is None for p in document["pairs"] if not p["primary"])
    (said,) = sentences(document["pairs"])
    assert ("is not inferior" in said) is known["non_inferior"]


def test_average_precision_is_compared_over_the_same_resamples() -> None:
    """Resampling the models apart would lose the pairing and widen the interval."""
    known = next(a for a in answers("bootstrap.json")["answers"] if a["metric"] == "average_precision_difference")

    document = _compare("two_models.csv", ("model_a", "model_b"), Method(), primary="average_precision")

    pair = _pairs(document, "average_precision")["model_a", "model_b"]
    assert pair["difference"]["value"] == near(known["value"])
    assert pair["difference"]["lo"] == near(known["percentile_lo"], known["tolerance"])
    assert pair["difference"]["hi"] == near(known["percentile_hi"], known["tolerance"])
    assert (pair["primary"], pair["test"]) == (True, "bootstrap_stratified")
    assert 0 < pair["p"] == pair["p_holm"] < 0.05
    assert not _pairs(document, "auc")["model_a", "model_b"]["primary"]


def test_repeated_patients_get_obuchowski_and_resampled_patients_and_no_mcnemar() -> None:
    """McNemar counts the images of a patient as independent trials."""
    known = answers("clustered.json")

    document = _compare("clustered.csv", ("model_a", "model_b"), threshold=0.5)

    area = _pairs(document, "auc")["model_a", "model_b"]
    assert area["difference"]["value"] == near(known["difference"])
    assert area["difference"]["se"] == near(known["se_difference"])
    assert area["p"] == near(known["p"])
    for metric in ("sensitivity", "specificity", "accuracy"):
        assert _pairs(document, metric)["model_a", "model_b"]["test"] == "bootstrap_cluster"
    assert document["settings"]["cluster"] == "patient_id"


def test_all_models_see_the_same_cases_when_scores_are_missing() -> None:
    """Otherwise the model that fails on hard cases wins."""
    known = answers("missing.json")["drop"]

    document = _compare("missing.csv", ("model_a", "model_b"), missing=Missing.DROP)

    assert document["input"]["used"] == known["used"]
    assert [case["row"] for case in document["input"]["dropped"]] == known["dropped_rows"]
    assert [m["auc"]["value"] for m in document["models"]] == near([known[m]["auc"] for m in ("model_a", "model_b")])


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_no_key_is_ever_missing(threshold: float | None) -> None:
    """A script that reads a key must not meet a comparison without it."""
    document = _compare("two_models.csv", THREE, threshold=threshold)

    require_common(document)
    assert document["schema"] == "core.compare/1"
    assert document["chosen_on"] == (None if threshold is None else "same_cases")
    assert all(set(model) >= MODEL for model in document["models"])
    assert all(set(pair) >= PAIR for pair in document["pairs"])
    assert all(set(pair["difference"]) == ESTIMATE for pair in document["pairs"])
    assert len(document["pairs"]) == 3 * (3 if threshold is None else 6)


def test_models_with_an_area_of_one_are_not_tested(tmp_path: Path) -> None:
    """A variance of zero is no certainty."""
    path = tmp_path / "scores.csv"
    path.write_text("case_id,label,a,b\n" + "\n".join(f"c{i},{i % 2},{i % 2},{i % 5}" for i in range(40)))

    document = as_json(compare_document(read_cohort(path), QUICK, thresholds={"a": None, "b": None}))

    (pair,) = _pairs(document, "auc").values()
    assert (pair["p"], pair["p_holm"], pair["difference"]["reason"]) == (None, None, "zero_variance")
    assert "auc_at_boundary" in [warning["code"] for warning in document["warnings"]]
    (brier,) = _pairs(document, "brier").values()
    assert (brier["difference"]["value"], brier["difference"]["reason"]) == (None, "outside_0_1")
    assert sentences(document["pairs"]) == ["a and b cannot be compared by auc (zero_variance)."]


def test_each_model_gets_its_own_threshold_by_the_same_rule(tmp_path: Path) -> None:
    """One cut-off for two scales of scores would compare nothing."""
    file = read_cohort(ORACLES / "two_models.csv", models=["model_a", "model_c"])
    asked = RuleAsked(Rule.SENSITIVITY_GUARANTEE, 0.5)
    other = tmp_path / "tuning.csv"
    other.write_text(
        "case_id,label,model_a,model_c\n" + "\n".join(f"t{i},{i % 2},{i % 2 / 2},{i % 2}" for i in range(60))
    )

    here = thresholds_for(file, QUICK, asked, None)
    elsewhere = thresholds_for(file, QUICK, asked, read_cohort(other))

    assert here == {"model_a": 0.6, "model_c": 0.642}
    assert elsewhere == {"model_a": 0.5, "model_c": 1.0}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"primary": "beauty"}, "no figure beauty"),
        ({"primary": "sensitivity"}, "needs thresholds"),
        ({"margin": 0.0}, "above 0"),
        ({"margin": 0.1, "primary": "brier"}, "better when higher"),
    ],
)
def test_question_that_cannot_be_answered_is_refused_in_words(asked: dict[str, Any], said: str) -> None:
    """A margin has no default and no meaning for a figure that should be small."""
    with pytest.raises(ValueError, match=said):
        _compare("two_models.csv", ("model_a", "model_b"), **asked)
