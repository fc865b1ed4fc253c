"""Made-up cohorts for the instrument's tests: seeded, of any size, with what a test needs to be wrong with them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np


def scores_csv(
    cases: int = 5_000,
    *,
    seed: int = 3,
    prevalence: float = 0.184,
    patients: bool = False,
    digits: int | None = None,
    logits: bool = False,
) -> bytes:
    """Two models, `net_a` the better one, with sites and sexes; digits : round scores, so that they tie."""
    rng = np.random.default_rng(seed)
    labels = rng.random(cases) < prevalence
    first = rng.normal(-1.5, 1.2, cases) + 2.2 * labels
    second = 0.7 * first + rng.normal(0, 0.9, cases)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["case_id", *(["patient_id"] if patients else []), "label", "net_a", "net_b", "slice_site", "slice_sex"]
    )
    for i in range(cases):
        made = [float(s[i]) if logits else float(1 / (1 + np.exp(-s[i]))) for s in (first, second)]
        shown = [repr(s if digits is None else round(s, digits)) for s in made]
        who = [f"p{i // 2:05d}"] if patients else []
        writer.writerow(
            [f"c{i:05d}", *who, int(labels[i]), *shown, ("north", "south", "east")[i % 3], "fm"[i // 3 % 2]]
        )
    return out.getvalue().encode()


def write_csv(path: Path, **options: object) -> Path:
    """The same as a file."""
    path.write_bytes(scores_csv(**options))  # type: ignore[arg-type]
    return path
