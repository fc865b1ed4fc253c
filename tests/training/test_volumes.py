"""A card's figures of volumes: every mean over cases, every interval over patients, slices with their patients."""

from __future__ import annotations

import numpy as np
import pytest

from core.metrics.curves import auc
from core.metrics.mask_summary import summarise_masks
from core.metrics.segmentation import compare_masks, dice
from core.models.card import Metric
from core.training.asking import Drawn, Slices
from core.training.dataset import Row
from core.training.figures import Where
from core.training.volumes import mean_over_patients, slice_figures, volume_figures

SHAPE = (8, 9, 6)


def pairs(n: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes, and the same boxes moved by a voxel now and then."""
    rng = np.random.default_rng(seed)
    found = []
    for case in range(n):
        real = np.zeros(SHAPE, bool)
        real[2:6, 2:7, 1 : 3 + int(rng.integers(0, 3))] = True
        found.append((real, np.roll(real, case % 2, axis=0)))
    return found


def drawn(n: int = 24, patients: int = 12, seed: int = 0) -> Drawn:
    masks = pairs(n, seed)
    counts = [[int((a & b).sum()), int((b & ~a).sum()), int((a & ~b).sum()), int((~a & ~b).sum())] for a, b in masks]
    return Drawn(
        tuple(Row(f"{i}", f"l{i}", "test", f"P{i % patients}") for i in range(n)),
        ("",) * n,
        masks={"front": tuple(compare_masks(a, b, (1.0, 1.0, 2.0)) for a, b in masks)},
        voxels={"front": np.array(counts)},
    )


def one(metrics: tuple[Metric, ...] | list[Metric], name: str) -> Metric:
    return next(m for m in metrics if m.name == name)


@pytest.mark.seeds(16, 19)
def test_every_figure_of_the_evaluation_page_is_told() -> None:
    """Overlap alone hides a lost border, a lost lesion and a volume that is off."""
    held = drawn()
    metrics = volume_figures(held, "test")

    names = {m.name.removesuffix(" front") for m in metrics}

    assert names == {
        "dice", "median dice", "lowest dice", "highest dice", "nsd 1 mm", "nsd 2 mm", "median hd95",
        "lesion sensitivity", "false positives a scan", "volume error", "voxel sensitivity", "voxel specificity",
    }  # fmt: skip
    summary = summarise_masks(held.masks["front"], held.patients)
    assert one(metrics, "dice front").value == summary.dice.mean.value
    assert one(metrics, "dice front").lo == summary.dice.mean.lo
    assert one(metrics, "median hd95 front").value == summary.hd95_mm.median.value
    lesions = one(metrics, "lesion sensitivity front")
    assert (lesions.k, lesions.n) == (summary.lesion_sensitivity.k, 24)
    assert lesions.lo is not None
    assert lesions.lo < 1 == lesions.hi  # all are met: twelve patients do not prove that all will be
    assert one(metrics, "false positives a scan front").method == "no interval: the same in every case"
    assert "over 12 patients" in (one(metrics, "dice front").method or "")


def test_dice_is_the_mean_of_the_cases() -> None:
    """Pooled voxels would let large organs hide small ones."""
    metrics = volume_figures(drawn(), "test")

    expected = [dice(a, b) for a, b in pairs(24, 0)]

    assert one(metrics, "dice front").value == pytest.approx(np.mean(expected))
    assert one(metrics, "lowest dice front").value == min(expected)


def test_subgroup_has_its_own_mean_and_says_why_it_has_no_interval() -> None:
    """Three volumes of one hospital hint; they prove nothing."""
    held = drawn()
    part = np.arange(24) < 3

    found = [m for m in volume_figures(held, "test", {"institution A": part}) if m.subgroup]

    assert [(m.name, m.subgroup, m.n, m.lo) for m in found] == [("dice front", "institution A", 3, None)]
    assert found[0].value == pytest.approx(np.mean([dice(a, b) for a, b in pairs(24, 0)[:3]]))
    assert found[0].method == "no interval: fewer than ten"


def test_assumed_spacing_is_said_in_the_unit() -> None:
    """Millimetres of a guess look like any other millimetres."""
    units = {m.name: m.unit for m in volume_figures(drawn(), "test", spacing_assumed=True)}

    assert units["median hd95 front"] == "mm, spacing assumed"
    assert units["volume error front"] == "mL, spacing assumed"
    assert units["dice front"] == "case"


def test_mean_over_patients_agrees_with_a_loop() -> None:
    """The vectorised bootstrap is the slow one, done at once."""
    rng = np.random.default_rng(4)
    values, patients = rng.uniform(0.7, 0.95, 40), [f"P{n // 2}" for n in range(40)]

    found, method = mean_over_patients(values, patients, seed=9)

    draws = np.random.default_rng(9).integers(0, 20, (2000, 20))
    means = [np.mean([v for at in row for v in values[2 * at : 2 * at + 2]]) for row in draws]
    assert found.value == pytest.approx(values.mean())
    assert (found.lo, found.hi) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert method == "percentile bootstrap over 20 patients, 2000 resamples, seed 9"


def test_fewer_than_ten_patients_give_no_interval() -> None:
    """Resampling three patients shows three patients again."""
    found, method = mean_over_patients(np.array([0.5, 0.7, 0.9]), ["a", "b", "c"], seed=0)

    assert (found.lo, method) == (None, None)
    assert one(volume_figures(drawn(6, 3), "test"), "dice front").method == "no interval: fewer than ten"


def test_slices_are_counted_with_their_patients() -> None:
    """Thirty slices of one head are not thirty people."""
    rng = np.random.default_rng(1)
    volumes, patients = [], []
    for n in range(12):
        real = rng.random(20) < 0.4
        scores = np.clip(np.where(real, 0.7, 0.3) + rng.normal(0, 0.2, 20), 0, 1)
        volumes.append(Slices(tuple(real.tolist()), tuple((scores > 0.6).tolist()), tuple(scores.tolist())))
        patients.append(f"P{n}")

    metrics = slice_figures(volumes, patients, Where("test", "slice"))

    real = np.concatenate([v.reference for v in volumes]).astype(bool)
    scores = np.concatenate([v.scores or () for v in volumes])
    expected = auc(scores, real, clusters=np.repeat(patients, 20))
    assert (one(metrics, "slice auc").value, one(metrics, "slice auc").lo) == (expected.value, expected.lo)
    hits = one(metrics, "slice sensitivity at score 0.5")
    assert (hits.k, hits.n) == (int(((scores >= 0.5) & real).sum()), int(real.sum()))
    assert one(metrics, "slice specificity at anything drawn").n == int((~real).sum())
    assert slice_figures([], [], Where("test", "slice")) == []
