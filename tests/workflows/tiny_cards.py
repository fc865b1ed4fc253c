"""A shelf with a classifier and a segmentation whose cards hold made-up figures of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.inference.gate import Look, fit_gate
from core.metrics.intervals import wilson
from core.metrics.operating_points import OperatingPoint, Rule
from core.models import ModelConfig, build_network, save_model_with_config
from core.models.card import Card, Metric
from core.models.gate import Gate
from core.studies.study import Kind

CHEST, ORGAN = "tiny_chest_v1.0.0", "tiny_organ_v1.0.0"


def share(name: str, k: int, n: int, split: str, unit: str = "patient", subgroup: str = "") -> Metric:
    found = wilson(k, n)
    assert found.value is not None
    return Metric(
        name=name, value=found.value, lo=found.lo, hi=found.hi, method="wilson", k=k, n=n, split=split, unit=unit,
        subgroup=subgroup,
    )  # fmt: skip


def point(name: str, rule: Rule, target: float | None) -> OperatingPoint:
    return OperatingPoint(
        name=name, finding="pneumonia", threshold=0.25, rule=rule, target=target,
        confidence=None if target is None else 0.95, guaranteed=target is not None, cohort="made-up films, val",
        chosen_on="val", positives=91, negatives=37, tp=90, fp=2, fn=1, tn=35, unit="patient",
    )  # fmt: skip


def gate() -> Gate:
    rng = np.random.default_rng(0)
    looks = [Look(rng.normal(size=1024).astype(np.float32), rng.normal(size=5).astype(np.float32)) for _ in range(20)]
    return fit_gate(looks[:14], looks[14:], Kind.FILM, "made-up films, val: 6 files, 6 patients")


def chest_metrics() -> tuple[Metric, ...]:
    found = []
    for split, hits in (("test", 125), ("adults", 70)):
        area = Metric(
            name="auc", value=0.97, lo=0.95, hi=0.98, method="delong_logit", n=187, split=split, unit="patient"
        )
        found += [area, area.model_copy(update={"unit": "film", "n": 260})]
        for name in ("screening", "balanced"):
            found += [share(f"sensitivity at {name}", hits, 126, split), share(f"specificity at {name}", 58, 61, split)]
    for number, (said, k) in enumerate(((0.1, 1), (0.8, 20)), start=1):
        found.append(Metric(name=f"bin {number}: mean score", value=said, n=26, split="test", unit="film"))
        found.append(share(f"bin {number}: share with pneumonia", k, 26, "test", "film"))
    found.append(share("sensitivity at screening", 50, 56, "test", subgroup="subtype virus"))
    found.append(share("sensitivity at screening", 70, 70, "test", subgroup="subtype bacteria"))
    found.append(share("flagged as unfamiliar", 9, 260, "test", "film"))
    found.append(share("refused or flagged as unfamiliar", 26, 27, "ood", "file", "lateral chest"))
    found.append(Metric(name="seconds a case", value=0.021, n=260, split="test", unit="s"))
    return tuple(found)


def organ_metrics() -> tuple[Metric, ...]:
    how = "percentile bootstrap over 29 patients"
    names = (("dice front", 0.9), ("voxel sensitivity front", 0.91), ("voxel specificity front", 0.99))
    found = [Metric(name=n, value=v, lo=v - 0.01, hi=v + 0.01, method=how, n=47, split="test") for n, v in names]
    return (*found, Metric(name="lowest dice front", value=0.71, n=47, split="test"))


def make_shelf(folder: Path) -> Path:
    """Write both models; the folder again."""
    torch.manual_seed(1)
    film = {"kind": "film", "size": (32, 32), "normalisation": "zscore"}
    chest = ModelConfig.checked(
        {"model_type": "mobilenet_v3_small", "in_channels": 1, "classes": ("normal", "pneumonia"), "input": film}
    )
    volume = {"kind": "volume", "patch": (16, 16, 16), "divisor": 4}
    organ = ModelConfig.checked(
        {
            "model_type": "unet3d", "spatial_dims": 3, "base_filters": 4, "depth": 2, "seg_out_channels": 2,
            "labels": ("front",), "input": volume,
        }
    )  # fmt: skip
    words = {"licence": "Data: CC BY 4.0 (Somebody).", "citations": ("Somebody: A data set, 2018.",)}
    facts = {
        "split train, taught": "868 files, 655 patients, sha256 " + "a" * 64,
        "split test, measured": "260 files, 187 patients, sha256 " + "b" * 64,
        "looks at test": "1",
        "recipe": "tiny.json",
        "temperature": "0.691, fitted on val",
    }
    points = (point("screening", Rule.SENSITIVITY_GUARANTEE, 0.95), point("balanced", Rule.YOUDEN, None))
    chest_card = Card(
        display_name="Tiny chest", summary="Tells one from another.", scenario="Best overall", maturity="released",
        key_metric="auc | test", trained_on="Drawn films.", limits=("Knows drawings only.",), metrics=chest_metrics(),
        provenance=facts, **words,
    )  # fmt: skip
    organ_card = Card(
        display_name="Tiny organ", scenario="Volumes", trained_on="Drawn volumes.", metrics=organ_metrics(),
        key_metric="dice front | test", provenance=facts, **words,
    )  # fmt: skip
    save_model_with_config(
        build_network(chest).eval(), folder / CHEST / f"{CHEST}.safetensors", chest, card=chest_card,
        operating_points=points, temperature=0.691, gate=gate(),
    )  # fmt: skip
    save_model_with_config(build_network(organ).eval(), folder / ORGAN / f"{ORGAN}.safetensors", organ, card=organ_card)
    return folder
