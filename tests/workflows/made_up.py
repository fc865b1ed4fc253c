"""Cohort files as their reader would give them, made in memory."""

from __future__ import annotations

import numpy as np

from core.metrics.cohort import Cohort, Missing
from core.workflows.cohort_file import CohortFile


def cohort_file(
    cases: int = 300,
    *,
    seed: int = 1,
    prevalence: float = 0.3,
    patients: bool = False,
    logits: bool = False,
    digits: int = 9,
) -> CohortFile:
    """Two models, `net_a` the better one; two images a patient where asked."""
    rng = np.random.default_rng(seed)
    labels = rng.random(cases) < prevalence
    raw = {"net_a": rng.normal(-1, 1, cases) + 1.8 * labels, "net_b": rng.normal(-1, 1, cases) + 0.9 * labels}
    scores = {name: np.round(s if logits else 1 / (1 + np.exp(-s)), digits) for name, s in raw.items()}
    cohort = Cohort(
        cases=tuple(f"c{i:04d}" for i in range(cases)),
        labels=labels,
        scores=scores,
        patients=tuple(f"p{i // 2}" for i in range(cases)) if patients else None,
        slices={"slice_site": tuple("north" if i % 3 else "south" for i in range(cases))},
    )
    return CohortFile(
        file="scores.csv",
        sha256=f"{seed:064x}",
        rows=cases,
        cohort=cohort,
        positive="1",
        missing=Missing.REFUSE,
        holes=dict.fromkeys(scores, 0),
        calibrated=frozenset() if logits else frozenset(scores),
        dropped=(),
        ignored=(),
        notes=(),
    )
