"""The figures of a card about volumes: overlap, surfaces, lesions, volumes and slices, with patients as the unit.

Owns which figures there are, by label and for the union of all labels. The statistics are `core.metrics`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.metrics.bootstrap import RESAMPLES, draw_counts
from core.metrics.clustered import cluster_proportion
from core.metrics.cohort import FEW_CASES, codes_of
from core.metrics.counts import is_positive
from core.metrics.curves import auc
from core.metrics.intervals import Estimate
from core.metrics.mask_summary import Centre, summarise_masks
from core.metrics.segmentation import MaskFigures
from core.models.card import Metric
from core.training.asking import VOXEL_COUNTS, Drawn, Slices
from core.training.evaluate import familiarity_figures, time_figures
from core.training.figures import Where, metric, plain_figure

SLICE_THRESHOLD = 0.5
"""At which a slice's score is called positive: no cohort chose it, and the figure's name says it."""


def volume_figures(
    drawn: Drawn,
    split: str,
    subgroups: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    spacing_assumed: bool = False,
    seed: int = 0,
) -> tuple[Metric, ...]:
    """Everything that the card says of one split of volumes.

    subgroups : name to (n,) volumes; their mean overlap. spacing_assumed : says so beside every figure in
    millimetres or millilitres.
    """
    where = Where(split, "case")
    found: list[Metric] = []
    for label, cases in drawn.masks.items():
        found += mask_figures(label, cases, drawn.patients, where, spacing_assumed=spacing_assumed, seed=seed)
        found += voxel_figures(label, drawn.voxels[label], drawn.patients, where, seed)
        for name, chosen in (subgroups or {}).items():
            part, patients = drawn.masks_where(label, chosen)
            dice = summarise_masks(part, patients, seed=seed).dice.mean
            found += metric(f"dice {label}", dice, Where(split, "case", name), len(part))
    found += slice_figures(drawn.slices, drawn.patients, where.of("slice"))
    found += familiarity_figures(drawn, where.of("volume"))
    return (*found, *time_figures(drawn, where.of("s")))


def mask_figures(
    label: str, cases: Sequence[MaskFigures], patients: Sequence[str], where: Where, *, spacing_assumed: bool, seed: int
) -> list[Metric]:
    """One label's table: overlap, surface shares, distances, lesions and volume error."""
    made = summarise_masks(cases, patients, seed=seed)
    method = f"percentile bootstrap over {len(set(patients))} patients, {RESAMPLES} resamples, seed {seed}"
    guess = ", spacing assumed" if spacing_assumed else ""

    def told(name: str, found: Estimate, unit: str = "case") -> list[Metric]:
        how = None if found.lo is None else method
        return metric(f"{name} {label}", found, where.of(unit), len(cases), how)

    found = [
        *told("dice", made.dice.mean),
        *told("median dice", made.dice.median),
        *_ends(label, made.dice, cases, where),
    ]
    for tau, share in made.nsd.items():
        found += told(f"nsd {tau:g} mm", share.mean, f"case{guess}")
    found += told("median hd95", made.hd95_mm.median, f"mm{guess}")
    found += metric(f"lesion sensitivity {label}", lesion_sensitivity(cases, patients), where.of("lesion"))
    found += told("false positives a scan", made.false_positives_per_scan, "lesion")
    return found + told("volume error", made.volume_error_ml.mean, f"mL{guess}")


def lesion_sensitivity(cases: Sequence[MaskFigures], patients: Sequence[str]) -> Estimate:
    """The share of reference lesions that are met, with an interval that knows whose they are."""
    found, whose = [], []
    for case, patient in zip(cases, patients, strict=True):
        met, of = case.lesions.detected, case.lesions.reference
        found += [True] * met + [False] * (of - met)
        whose += [patient] * of
    return cluster_proportion(np.array(found, bool), np.array(whose, str))


def _ends(label: str, dice: Centre, cases: Sequence[MaskFigures], where: Where) -> list[Metric]:
    values = [case.dice for case in cases if case.dice is not None]
    if dice.mean.value is None:
        return []
    ends = (("lowest", min(values)), ("highest", max(values)))
    return [plain_figure(f"{end} dice {label}", value, where, len(values)) for end, value in ends]


def voxel_figures(
    label: str, counts: NDArray[np.int64], patients: Sequence[str], where: Where, seed: int
) -> list[Metric]:
    """Mean over cases of the share of a label's voxels that are drawn, and of the others that are not."""
    at = {name: counts[:, column].astype(np.float64) for column, name in enumerate(VOXEL_COUNTS)}
    inside, outside = at["tp"] + at["fn"], at["tn"] + at["fp"]
    found = []
    for name, hits, of in (("sensitivity", at["tp"], inside), ("specificity", at["tn"], outside)):
        held = of > 0
        if held.any():
            names = [patient for patient, kept in zip(patients, held, strict=True) if kept]
            estimate, method = mean_over_patients(hits[held] / of[held], names, seed)
            found += metric(f"voxel {name} {label}", estimate, where, int(held.sum()), method)
    return found


def mean_over_patients(values: NDArray[np.float64], patients: Sequence[str], seed: int) -> tuple[Estimate, str | None]:
    """The mean over cases with its interval, patients drawn whole, and the method in words; none below ten patients."""
    codes = codes_of(patients)
    people, mean = int(codes.max()) + 1, float(values.mean())
    if people < FEW_CASES:
        return Estimate(mean, None, None, None, n=len(values), reason="few_cases"), None
    weights = draw_counts(np.random.default_rng(seed), RESAMPLES, people)[:, codes]
    lo, hi = np.quantile(weights @ values / weights.sum(axis=1), [0.025, 0.975])
    method = f"percentile bootstrap over {people} patients, {RESAMPLES} resamples, seed {seed}"
    return Estimate(mean, float(lo), float(hi), "percentile_cluster", n=len(values)), method


def slice_figures(volumes: Sequence[Slices], patients: Sequence[str], where: Where) -> list[Metric]:
    """Slices as cases, patients as the unit of chance: called by what is drawn, and by the score where there is one."""
    if not volumes:
        return []
    real = np.array([held for volume in volumes for held in volume.reference], bool)
    drawn = np.array([held for volume in volumes for held in volume.drawn], bool)
    whose = np.array([name for volume, name in zip(volumes, patients, strict=True) for _ in volume.reference])
    found = _rates("anything drawn", drawn, real, whose, where)
    if all(volume.scores is not None for volume in volumes):
        scores = np.array([score for volume in volumes for score in volume.scores or ()], np.float64)
        if real.any() and not real.all():
            found += metric("slice auc", auc(scores, real, clusters=whose), where, len(real))
        found += _rates(f"score {SLICE_THRESHOLD:g}", is_positive(scores, SLICE_THRESHOLD), real, whose, where)
    return found


def _rates(
    said: str, called: NDArray[np.bool_], real: NDArray[np.bool_], whose: NDArray[np.str_], where: Where
) -> list[Metric]:
    hit, clear = cluster_proportion(called[real], whose[real]), cluster_proportion(~called[~real], whose[~real])
    return [
        *metric(f"slice sensitivity at {said}", hit, where),
        *metric(f"slice specificity at {said}", clear, where),
    ]
