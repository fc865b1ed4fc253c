"""`core.sweep/1` against other people's answers, and complete."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.metrics.cohort import Missing
from core.metrics.operating_points import Rule
from core.workflows.cohort_file import read_cohort
from core.workflows.documents import Method
from core.workflows.sweep import sweep_document, table_rows
from core.workflows.thresholds import RuleAsked

from .answers import ESTIMATE, ORACLES, answers, as_json, near, require_common

QUICK = Method(resamples=100)

TABLE = (
    *("threshold", "tp", "fp", "fn", "tn"),
    *(name + end for name in ("sensitivity", "specificity", "ppv", "npv") for end in ("", "_lo", "_hi")),
    *("lr_positive", "lr_negative", "f1", "balanced_accuracy", "accuracy", "mcc", "youden_j"),
)

KEYS = {
    *("model", "table", "table_complete", "auc", "average_precision", "brier", "partial_auc", "band"),
    *("operating_points", "calibration", "net_benefit", "prevalence_shift", "slices"),
}

POINT = {
    *("rule", "target", "confidence", "threshold", "tp", "fp", "fn", "tn", "sensitivity", "specificity", "ppv", "npv"),
    *("lower_bound", "guaranteed", "chosen_on", "optimism", "tied_thresholds", "unit", "patients", "reason", "text"),
}


def _sweep(name: str, model: str = "model_a", method: Method = QUICK, **asked: Any) -> dict[str, Any]:
    missing = asked.pop("missing", Missing.REFUSE)
    return as_json(sweep_document(read_cohort(ORACLES / name, models=[model], missing=missing), model, method, **asked))


def _require_keys(document: dict[str, Any]) -> None:
    """Section 11's keys, whatever the cases are like."""
    require_common(document)
    assert document["schema"] == "core.sweep/1"
    assert set(document) >= KEYS
    assert set(document["table"]) >= set(TABLE)
    for name in ("auc", "average_precision", "brier"):
        assert set(document[name]) == ESTIMATE
    assert all(set(part) == ESTIMATE | {"specificity_from", "standardised"} for part in document["partial_auc"])
    assert set(document["band"]) >= {"level", "sensitivity_distance", "specificity_distance"}
    for point in document["operating_points"]:
        assert set(point) == POINT
        assert all(set(point[name]) == ESTIMATE for name in ("sensitivity", "specificity", "ppv", "npv"))


@pytest.mark.seeds(6)
@pytest.mark.parametrize("case", [name for name, known in answers("sweep.json")["cases"].items() if "table" in known])
def test_every_cell_of_the_table_is_scikit_learns(case: str) -> None:
    """The table is the source of every curve, so each of its cells is compared."""
    known = answers("sweep.json")["cases"][case]
    name, model = case.split(":")

    document = _sweep(name, model)

    for column in TABLE:
        assert document["table"][column] == near(known["table"][column]), column
    assert document["table_complete"] is True
    assert document["auc"]["value"] == near(known["curves"]["auc"])
    assert document["average_precision"]["value"] == near(known["curves"]["average_precision"])
    first = document["partial_auc"][0]
    assert first["specificity_from"] == 0.9
    assert first["standardised"] == near(known["curves"]["partial_auc_mcclish_fpr_0_to_0_10"])


@pytest.mark.parametrize("model", ["model_a", "model_b", "model_c"])
def test_brier_score_is_scikit_learns(model: str) -> None:
    """It is printed beside the area of every model whose scores are probabilities."""
    known = answers("sweep.json")["cases"][f"two_models.csv:{model}"]

    assert _sweep("two_models.csv", model)["brier"]["value"] == near(known["brier"])


@pytest.mark.parametrize("model", ["model_a", "model_b", "model_c"])
@pytest.mark.parametrize("interval", ["logit", "wald"])
def test_areas_are_procs(model: str, interval: str) -> None:
    """R's pROC is what a statistician checks us with."""
    known = answers("auc_delong.json")["two_models"]["models"][model]
    method = Method(resamples=100, auc_interval="wald" if interval == "wald" else "logit")

    document = _sweep("two_models.csv", model, method)

    area = document["auc"]
    assert (area["value"], area["se"]) == (near(known["auc"], 1e-9), near(known["delong_se"], 1e-9))
    assert (area["lo"], area["hi"]) == (near(known[f"{interval}_lo"], 1e-8), near(known[f"{interval}_hi"], 1e-8))
    assert area["method"] == f"delong_{interval}"
    for part, name in zip(document["partial_auc"], ("0.90", "0.80"), strict=True):
        assert part["value"] == near(known[f"partial_auc_spec_{name}_to_1"], 1e-9)
        assert part["standardised"] == near(known[f"partial_auc_spec_{name}_to_1_mcclish"], 1e-9)


def test_worked_example_of_the_evaluation_page() -> None:
    """The page prints these numbers; a reader will try it first."""
    document = _sweep("two_models.csv", method=Method())

    assert document["auc"] == near(
        {
            "value": 0.8613662760, "lo": 0.8000441454, "hi": 0.9060897307, "method": "delong_logit", "k": None,
            "n": None, "se": 0.0268147651, "reason": None,
        }, 1e-9,
    )  # fmt: skip
    precision = document["average_precision"]
    assert precision["value"] == near(0.8218417713, 1e-9)
    assert [precision["lo"], precision["hi"]] == near([0.7462, 0.8768], 0.0121)
    assert precision["method"] == "bca_stratified"
    assert document["band"]["sensitivity_distance"] == near(0.1660050190, 1e-8)
    assert document["band"]["specificity_distance"] == near(0.1317823904, 1e-8)
    point = document["operating_points"][1]
    assert {name: point[name] for name in ("rule", "target", "confidence", "threshold", "tp", "fp", "fn", "tn")} == {
        "rule": "sensitivity_guarantee", "target": 0.9, "confidence": 0.95, "threshold": 0.19,
        "tp": 74, "fp": 83, "fn": 3, "tn": 40,
    }  # fmt: skip
    assert point["lower_bound"] == near(0.9023740360, 1e-9)
    assert (point["guaranteed"], point["chosen_on"]) == (True, "same_cases")
    assert point["sensitivity"]["lo"] == near(0.8916001813, 1e-9)
    assert document["input"]["prevalence"] == 0.385
    assert document["table"]["threshold"][:3] == ["inf", 0.97, 0.96]
    assert document["warnings"] == []


RULES = [
    rule
    for rule in answers("operating_points.json")["rules"]
    if rule["rule"] != "abstain_band" and rule.get("prevalence") is None
]
RULE_OF = {
    "sensitivity_at_specificity": Rule.OBSERVED_SPECIFICITY,
    "specificity_at_sensitivity": Rule.OBSERVED_SENSITIVITY,
}


@pytest.mark.seeds(9)
@pytest.mark.parametrize("known", RULES, ids=lambda r: f"{r['input']}-{r['model']}-{r['rule']}-{r.get('target')}")
def test_operating_points_are_those_of_brute_force(known: dict[str, Any]) -> None:
    """A promise is made at this threshold; the next one would break it."""
    rule = RULE_OF.get(known["rule"]) or Rule(known["rule"])
    costs = (known["cost_false_negative"], known["cost_false_positive"]) if rule is Rule.COST else None
    asked = RuleAsked(rule, known.get("target"), known.get("confidence", 0.95), costs)

    (point,) = _sweep(known["input"], known["model"], asked=asked)["operating_points"]

    assert point["threshold"] == known["threshold"]
    if "tied_thresholds" in known:
        assert point["tied_thresholds"] == known["tied_thresholds"]
    for name in ("tp", "fp", "fn", "tn"):
        if name in known:
            assert point[name] == known[name]
    for name in ("sensitivity", "specificity"):
        if name in known:
            assert point[name]["value"] == near(known[name])
    if known["threshold"] is not None and rule in (Rule.SENSITIVITY_GUARANTEE, Rule.SPECIFICITY_GUARANTEE):
        side = "sensitivity" if rule is Rule.SENSITIVITY_GUARANTEE else "specificity"
        assert point["lower_bound"] == near(known[f"{side}_lower_95"])
        assert point["guaranteed"] is True
    if known["threshold"] is None:
        assert (point["guaranteed"], point["reason"]) == (False, "too_few_cases")
        assert point["tp"] is None
        assert point["text"].startswith("No threshold of this cohort can promise")


def test_youden_on_the_same_cases_tells_its_optimism() -> None:
    """A figure read where its threshold was chosen is too good, and says by how much."""
    known = answers("bootstrap.json")["youden_optimism"]

    (point,) = _sweep("two_models.csv", method=Method(), asked=RuleAsked(Rule.YOUDEN))["operating_points"]

    assert point["optimism"]["printed"] == near(known["apparent_j"])
    assert point["optimism"]["optimism"] == near(known["optimism"], known["tolerance"])
    assert point["optimism"]["corrected"] == near(known["corrected_j"], known["tolerance"])


def test_rule_on_another_file_keeps_its_threshold_and_counts_here(tmp_path: Path) -> None:
    """Choosing on one file and reading on another is the clean way."""
    other = tmp_path / "tuning.csv"
    other.write_text("case_id,label,model_a\n" + "\n".join(f"t{i},{i % 2},{0.4 + 0.3 * (i % 2)}" for i in range(200)))

    document = _sweep("two_models.csv", asked=RuleAsked(Rule.YOUDEN), chosen_on=read_cohort(other))

    (point,) = document["operating_points"]
    assert (point["threshold"], point["chosen_on"]) == (0.7, "tuning.csv")
    assert (point["tp"] + point["fn"], point["fp"] + point["tn"]) == (77, 123)
    assert point["optimism"] is None


def test_slices_keep_the_threshold_of_the_whole() -> None:
    """A threshold chosen again in each subgroup would hide what one threshold does to them."""
    known = answers("slices.json")

    document = _sweep("slices.csv", threshold=known["threshold"])

    assert len(document["slices"]) == len(known["slices"])
    for row, expected in zip(document["slices"], known["slices"], strict=True):
        for name in ("column", "value", "cases", "positives", "negatives", "few_cases"):
            assert row[name] == expected[name]
        for name in ("sensitivity", "specificity"):
            assert row[name]["value"] == near(expected[name], 1e-9)
            assert row[name]["lo"] == near(expected[f"{name}_lo"], 1e-9)
            assert row[name]["hi"] == near(expected[f"{name}_hi"], 1e-9)
        assert row["auc"]["value"] == near(expected["auc"], 1e-9)
        assert row["threshold"] == 0.5


def test_case_without_a_subgroup_is_in_none(tmp_path: Path) -> None:
    """An empty cell is not a site of its own."""
    path = tmp_path / "scores.csv"
    path.write_text("case_id,label,a,slice_site\nc1,1,0.9,north\nc2,0,0.1,\nc3,0,0.2,north\n")

    rows = as_json(sweep_document(read_cohort(path), "a", QUICK))["slices"]

    assert [(row["value"], row["cases"]) for row in rows] == [("north", 2)]


def test_patients_are_the_unit_where_they_repeat() -> None:
    """Images of one patient are not independent: ignoring that narrows every interval."""
    known = answers("clustered.json")

    document = _sweep("clustered.csv", asked=RuleAsked(Rule.YOUDEN), threshold=0.5)

    area = document["auc"]
    assert area["value"] == near(known["auc"]["model_a"])
    assert area["se"] == near(known["se"]["model_a"])
    assert area["method"] == "obuchowski_logit"
    assert document["settings"]["cluster"] == "patient_id"
    assert document["input"]["patients"] == known["clusters"]
    assert document["band"]["reason"] == "repeated_patients"
    assert document["table"]["interval"] == "wilson_cluster"
    named, chosen = document["operating_points"]
    assert (named["unit"], chosen["unit"]) == ("patient", "patient")
    assert sum(named["patients"].values()) == known["clusters"]
    for expected in known["proportions_at_0_5_model_a"]:
        found = named[expected["metric"]]
        assert found["value"] == near(expected["value"])
        assert (found["lo"], found["hi"]) == (near(expected["lo"]), near(expected["hi"]))


def test_patients_can_be_put_aside_but_must_be_asked_to() -> None:
    """`--cluster none` gives the plain figures, and the settings say so."""
    known = answers("clustered.json")

    document = _sweep("clustered.csv", method=Method(resamples=100, by_patient=False))

    assert document["auc"]["se"] == near(known["if_clustering_were_ignored"]["se_model_a"])
    assert document["settings"]["cluster"] is None


def test_calibration_is_rs() -> None:
    """Slope and intercept are R's glm, bins and distances written out."""
    known = answers("calibration.json")
    fits = known["fits_by_R_glm"]

    document = _sweep("calibration.csv", "probability")

    made = document["calibration"]
    expected = [{name: b[name] for name in ("bin", "cases", "mean_score", "observed")} for b in known["bins"]]
    assert [{name: b[name] for name in ("bin", "cases", "mean_score", "observed")} for b in made["bins"]] == near(
        expected, 1e-9
    )
    assert [(b["lo"], b["hi"]) for b in made["bins"]] == [
        (near(b["observed_lo"], 1e-9), near(b["observed_hi"], 1e-9)) for b in known["bins"]
    ]
    assert made["ece"] == near(known["ece_10_equal_mass"], 1e-9)
    assert made["ece_bins"] == 10
    assert made["murphy"] == near(known["murphy"], 1e-9)
    assert made["bin_free"] == near(known["corp"], 1e-9)
    assert made["slope"]["value"] == near(fits["slope"], 1e-6)
    assert (made["slope"]["lo"], made["slope"]["hi"]) == (near(fits["slope_lo"], 1e-6), near(fits["slope_hi"], 1e-6))
    assert made["intercept"]["value"] == near(fits["intercept_in_the_large"], 1e-6)
    assert made["temperature"]["value"] == near(fits["temperature"], 1e-6)
    assert document["brier"]["value"] == near(known["brier"], 1e-9)
    benefit = document["net_benefit"]
    assert set(benefit) >= {"probability", "model", "treat_all"}
    for row in (row for row in known["net_benefit"] if row["prevalence"] is None):
        at = benefit["probability"].index(pytest.approx(row["probability_threshold"]))
        assert benefit["model"][at] == near(row["net_benefit"], 1e-9)
        assert benefit["treat_all"][at] == near(row["treat_all"], 1e-9)


def test_shift_to_another_prevalence_follows_every_operating_point() -> None:
    """PPV at 1 % is what a screening reader needs, and the four numbers per 1,000 add up."""
    document = _sweep("two_models.csv", method=Method(resamples=100, prevalence=0.01))

    assert len(document["prevalence_shift"]) == 5
    for row, point in zip(document["prevalence_shift"], document["operating_points"], strict=True):
        assert set(row) >= {"prevalence", "ppv", "npv", "per_1000"}
        assert row["threshold"] == point["threshold"]
        assert sum(row["per_1000"].values()) == pytest.approx(1000)
        assert row["per_1000"]["true_positives"] == pytest.approx(10 * point["sensitivity"]["value"])
    assert document["settings"]["prevalence"] == 0.01


@pytest.mark.parametrize("known", answers("proportions.json")["prevalence_shift"], ids=lambda k: str(k["prevalence"]))
def test_shift_is_that_of_the_likelihood_ratios(known: dict[str, Any], tmp_path: Path) -> None:
    """The worked example of the evaluation page: 211 of 213 and 80 of 83 at 1 %."""
    p, n = known["positives"], known["negatives"]
    calls = [*(int(i < known["tp"]) for i in range(p)), *(int(i < known["fp"]) for i in range(n))]
    path = tmp_path / "scores.csv"
    path.write_text("case_id,label,a\n" + "\n".join(f"c{i},{int(i < p)},{call}" for i, call in enumerate(calls)))
    method = Method(resamples=100, prevalence=known["prevalence"])

    row = as_json(sweep_document(read_cohort(path), "a", method, threshold=0.5))["prevalence_shift"][0]

    for name in ("ppv", "npv"):
        assert row[name]["value"] == near(known[name], 1e-9)
        assert [row[name]["lo"], row[name]["hi"]] == near([known[f"{name}_lo"], known[f"{name}_hi"]], 2e-6)
    assert row["per_1000"] == near(known["per_1000"], 1e-9)


@pytest.mark.parametrize("known", answers("band.json")["critical_distance"], ids=lambda k: str(k["n"]))
def test_band_is_kolmogorovs(known: dict[str, Any], tmp_path: Path) -> None:
    """One band for every threshold at once is the only promise while a threshold is moved."""
    path = tmp_path / "scores.csv"
    path.write_text("case_id,label,a\n" + "\n".join(f"c{i},{i % 2},{i % 7}" for i in range(2 * known["n"])))

    band = as_json(sweep_document(read_cohort(path), "a", QUICK))["band"]

    assert band["level"] == known["joint_level"]
    assert [band["sensitivity_distance"], band["specificity_distance"]] == near([known["d"]] * 2, 1e-8)


@pytest.mark.parametrize("rule", [Missing.DROP, Missing.WORST, Missing.BEST])
@pytest.mark.parametrize("model", ["model_a", "model_b"])
def test_missing_scores_are_dropped_or_bounded_and_never_imputed(rule: Missing, model: str) -> None:
    """A model that fails on hard cases must not gain by it unseen."""
    known = answers("missing.json")[str(rule)][model]
    file = read_cohort(ORACLES / "missing.csv", missing=rule)

    document = as_json(sweep_document(file, model, QUICK, threshold=0.5))

    assert document["auc"]["value"] == near(known["auc"])
    assert document["operating_points"][0]["tp"] == known["tp_at_0_5"]
    if rule is Missing.DROP:
        assert document["missing_bounds"] is None
        assert document["calibration"] is not None
    else:
        assert document["operating_points"][0]["tn"] == known["tn_at_0_5"]
        bounds = answers("missing.json")
        for name in ("worst", "best"):
            assert document["missing_bounds"][name]["auc"]["value"] == near(bounds[name][model]["auc"])
        assert (document["calibration"], document["net_benefit"]) == (None, None)
        assert document["brier"]["reason"] == "missing_scores"


@pytest.mark.parametrize("edge", ["separated", "constant", "single_class", "few"])
def test_edges_are_answered_with_null_and_a_reason(edge: str) -> None:
    """Undefined is said; a 0 or a 1 in its place would be believed."""
    known = answers("edge.json")[edge]

    document = _sweep(known["input"])

    _require_keys(document)
    assert document["auc"]["value"] == near(known["auc"])
    assert known["warning"] in [warning["code"] for warning in document["warnings"]]
    if "average_precision" in known:
        assert document["average_precision"]["value"] == near(known["average_precision"])
    if edge in ("separated", "few"):
        assert (document["auc"]["lo"], document["auc"]["hi"]) == (near(known["lo"]), near(known["hi"]))
        assert document["auc"]["method"] == known["method"]
    else:
        assert (document["auc"]["lo"], document["auc"]["hi"]) == (None, None)
        assert document["auc"]["reason"] == edge.replace("constant", "constant_score")
    if edge == "constant":
        assert document["table"]["threshold"] == known["thresholds"]
    if edge == "single_class":
        assert document["brier"]["value"] == near(known["brier"])


@pytest.mark.parametrize(
    "name", ["two_models.csv", "clustered.csv", "slices.csv", "bad_files/all_positive.csv", "bad_files/outside_0_1.csv"]
)
def test_no_key_is_ever_missing(name: str) -> None:
    """A script that reads a key must not meet a cohort without it."""
    document = _sweep(name)

    _require_keys(document)
    if name == "bad_files/outside_0_1.csv":
        assert (document["calibration"], document["net_benefit"]) == (None, None)
        assert document["brier"]["reason"] == "outside_0_1"


def test_no_case_left_is_still_an_answer(tmp_path: Path) -> None:
    """A model without any score among these cases has no figures, and that is said."""
    path = tmp_path / "scores.csv"
    path.write_text("case_id,label,a,b\nc1,1,,0.5\nc2,0,,0.1\n")

    document = as_json(sweep_document(read_cohort(path, models=["a", "b"], missing=Missing.DROP), "b", QUICK))

    _require_keys(document)
    assert (document["input"]["used"], document["input"]["rows"]) == (0, 2)
    assert document["input"]["prevalence"] is None
    assert document["auc"]["value"] is None


def test_long_table_keeps_even_ranks_and_every_operating_point(tmp_path: Path) -> None:
    """A million thresholds do not fit an answer; the CSV has them all."""
    rng = np.random.default_rng(5)
    labels = rng.random(12_000) < 0.3
    scores = rng.permutation(np.linspace(0.01, 0.99, 12_000))
    path = tmp_path / "scores.csv"
    lines = (f"c{i},{int(y)},{float(s)!r}" for i, (y, s) in enumerate(zip(labels, scores, strict=True)))
    path.write_text("case_id,label,a\n" + "\n".join(lines))
    file = read_cohort(path)
    method = Method(resamples=100)

    document = sweep_document(file, "a", method)
    rows = list(csv.DictReader(io.StringIO(table_rows(file, "a", method).decode())))

    kept = document["table"]["threshold"]
    assert document["table_complete"] is False
    assert 2000 <= len(kept) <= 2000 + len(document["operating_points"])
    assert {p["threshold"] for p in document["operating_points"] if p["threshold"] is not None} <= set(kept)
    assert kept[0] == "inf"
    assert len(rows) == 12_001
    assert [float(row["threshold"]) for row in rows[1:]] == sorted(scores.tolist(), reverse=True)


def test_table_as_csv_reads_back_to_the_same_numbers() -> None:
    """Thresholds are written in the shortest text that is the same number, undefined cells stay empty."""
    file = read_cohort(ORACLES / "clustered.csv", models=["model_a"])

    rows = list(csv.DictReader(io.StringIO(table_rows(file, "model_a", QUICK).decode())))
    table = as_json(sweep_document(file, "model_a", QUICK))["table"]

    assert tuple(rows[0]) == TABLE
    assert rows[0]["ppv"] == ""
    assert min(float(row["threshold"]) for row in rows) < 0
    for name in TABLE:
        read = [None if row[name] == "" else "inf" if row[name] == "inf" else float(row[name]) for row in rows]
        assert read == table[name], name


def test_same_seed_gives_the_same_answer() -> None:
    """A figure that cannot be reproduced cannot be checked."""
    assert _sweep("two_models.csv") == _sweep("two_models.csv")
    other = _sweep("two_models.csv", method=Method(resamples=100, seed=1))
    assert other["average_precision"] != _sweep("two_models.csv")["average_precision"]
