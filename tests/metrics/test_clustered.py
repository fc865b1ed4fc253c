"""Repeated patients: Obuchowski's sums, the effective number of images, and the table at every threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.metrics.clustered import cluster_proportion, clustered_rate_table, obuchowski
from core.metrics.curves import auc
from core.metrics.delong import delong
from core.metrics.paired import compare_auc
from core.metrics.sweep import rate_table, sweep


@pytest.fixture
def images(oracles: Any) -> tuple[Any, Any, Any]:
    """(scores (2, n), labels, patients) of the clustered cohort."""
    patients = [row["patient_id"] for row in oracles.rows("clustered.csv")]
    a, labels = oracles.cohort("clustered.csv", "model_a")
    return np.stack([a, oracles.cohort("clustered.csv", "model_b")[0]]), labels, patients


def test_areas_and_covariance_agree_with_the_sums_written_out(oracles: Any, images: Any) -> None:
    """Counting images as independent would make the error a quarter too small here."""
    expected = oracles.answers("clustered.json")
    scores, labels, patients = images

    made = obuchowski(scores, labels, patients)

    np.testing.assert_allclose(made.values, list(expected["auc"].values()), atol=1e-9)
    np.testing.assert_allclose(made.covariance, expected["covariance"], atol=1e-9)
    np.testing.assert_allclose(made.se, list(expected["se"].values()), atol=1e-9)
    assert delong(scores, labels).se[0] == pytest.approx(expected["if_clustering_were_ignored"]["se_model_a"], abs=1e-9)


def test_the_paired_difference_uses_the_patients(oracles: Any, images: Any) -> None:
    """z and p of two models on the same patients."""
    expected = oracles.answers("clustered.json")
    comparison = compare_auc("model_a", "model_b", images[0], images[1], clusters=images[2])

    assert comparison.difference.value == pytest.approx(expected["difference"], abs=1e-9)
    assert comparison.difference.se == pytest.approx(expected["se_difference"], abs=1e-9)
    assert comparison.p == pytest.approx(expected["p"], abs=1e-9)
    assert comparison.test == "obuchowski"


def test_proportions_agree_with_cluster_robust_regression(oracles: Any, images: Any) -> None:
    """Variance between patients, effective size and limits at one threshold."""
    scores, labels, patients = images[0][0], images[1] == 1, np.array(images[2])
    for row, side in zip(
        oracles.answers("clustered.json")["proportions_at_0_5_model_a"], (labels, ~labels), strict=True
    ):
        right = ((scores >= row["threshold"]) == labels)[side]

        made = cluster_proportion(right, patients[side])

        assert (made.k, made.n) == (row["correct"], row["images"])
        assert made.se**2 == pytest.approx(row["cluster_variance"], abs=1e-9)
        assert (made.value, made.lo, made.hi) == pytest.approx((row["value"], row["lo"], row["hi"]), abs=1e-9)


def test_one_image_a_patient_gives_delong_and_the_plain_interval(images: Any) -> None:
    """The two ways must meet where there is nothing to cluster."""
    scores, labels, _ = images
    alone = np.arange(len(labels))

    np.testing.assert_allclose(
        obuchowski(scores, labels, alone).covariance, delong(scores, labels).covariance, atol=1e-12
    )
    assert auc(scores[0], labels, clusters=alone).lo == pytest.approx(auc(scores[0], labels).lo, abs=1e-12)


def test_the_table_is_the_proportion_at_every_threshold(images: Any) -> None:
    """The one-pass table against the plain route, row by row, PPV and NPV included; scores rounded to make ties."""
    scores, labels, patients = np.round(images[0][0], 1), images[1] == 1, np.array(images[2])
    table, made = sweep(scores, labels), clustered_rate_table(scores, labels, patients)

    assert set(made) == set(rate_table(table))
    for name, column in rate_table(table).items():
        if not name.endswith(("_lo", "_hi")):
            np.testing.assert_allclose(made[name], column, atol=1e-12, err_msg=name)
    for row, threshold in enumerate(table.thresholds):
        called = scores >= threshold
        sides = {"sensitivity": labels, "specificity": ~labels, "ppv": called, "npv": ~called}
        for name, side in sides.items():
            plain = cluster_proportion((called == labels)[side], patients[side])
            expected = [np.nan if v is None else v for v in (plain.lo, plain.hi)]
            np.testing.assert_allclose([made[f"{name}_lo"][row], made[f"{name}_hi"][row]], expected, atol=1e-9)


def test_equal_shares_in_every_patient_count_patients_not_images() -> None:
    """No variance between patients is no certainty: the patients are what was sampled."""
    made = cluster_proportion([True, False, False] * 7, np.repeat(np.arange(7), 3))

    assert made.se == 0.0
    assert made.hi - made.lo > 0.5


def test_one_patient_alone_has_a_share_and_no_interval() -> None:
    """One patient says nothing about others; two are needed for areas as well."""
    assert cluster_proportion([True, False], ["a", "a"]).reason == "few_patients"
    assert cluster_proportion([], []).reason == "no_cases"
    assert auc([0.1, 0.4, 0.3, 0.2], [0, 1, 0, 1], clusters=["a", "a", "a", "a"]).reason == "few_cases"
    with pytest.raises(ValueError, match="two patients"):
        obuchowski([0.1, 0.2, 0.3], [1, 0, 0], ["a", "a", "a"])


def test_infinite_scores_share_a_row_as_they_do_in_the_sweep() -> None:
    """Bounds for missing scores are infinities, and two of them have no difference."""
    scores = np.array([np.inf, np.inf, 0.5, 0.5, 0.2, -np.inf, -np.inf])
    labels, clusters = np.array([0, 1, 1, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 2, 3, 3])

    table, rates = sweep(scores, labels), clustered_rate_table(scores, labels, clusters)

    assert {len(column) for column in rates.values()} == {len(table.thresholds)}
    assert rates["sensitivity"].tolist() == (table.tp / table.positives).tolist()
