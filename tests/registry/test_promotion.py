"""The gate before Production: each check with a model that just fails it, and one that passes them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from core.models.catalog import read_model
from core.models.model import Model
from core.registry.promotion import checks
from core.registry.stages import Stage
from core.settings import SHELF

NAME = "chest_pneumonia_mobilenet_v3_large_v1.0.0"


@cache
def shipped() -> Model:
    """A classifier of ours, as it is shipped."""
    return read_model(SHELF / NAME / f"{NAME}.safetensors")


def failed(model: Model | None, reviewer: str = "Grace", stage: Stage = Stage.PRODUCTION) -> list[str]:
    """The names of the checks that fail, and what was found."""
    found = checks(model, shipped().file_sha256, "Ada", stage, reviewer)
    return [f"{check.name}: {check.said}" for check in found if not check.holds]


@pytest.mark.seeds(20, 24)
def test_shipped_model_passes_with_a_reviewer() -> None:
    """A gate that nothing passes is a wall."""
    assert failed(shipped()) == []


@pytest.mark.seeds(20)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: replace(m, card=m.card.model_copy(update={"licence": "", "limits": ()})), "licence, limits"),
        (lambda m: replace(m, card=m.card.model_copy(update={"assumed": ("All preprocessing",)})), "assumed"),
        (lambda m: replace(m, card=m.card.model_copy(update={"metrics": ()})), "held-out evaluation"),
        (lambda m: replace(m, card=m.card.model_copy(update={"provenance": {}})), "held-out evaluation"),
        (lambda m: replace(m, operating_points=m.operating_points[1:2]), "locked operating point"),
        (lambda m: replace(m, weights_sha256="0" * 64), "locked operating point"),
        (lambda m: replace(m, problem="Checksum differs."), "hash verified: Checksum differs."),
    ],
)
def test_what_is_missing_is_named(change: Callable[[Model], Model], said: str) -> None:
    """The reasons stand on the screen."""
    (reason,) = failed(change(shipped()))

    assert said in reason


def test_figure_of_cases_that_chose_the_threshold_is_no_evaluation() -> None:
    """The split that chose flatters, however its figure is called."""
    roles = {key.replace(", measured", ", chose"): said for key, said in shipped().card.provenance.items()}

    (reason,) = failed(replace(shipped(), card=shipped().card.model_copy(update={"provenance": roles})))

    assert "neither taught nor chose" in reason


@pytest.mark.parametrize(
    ("reviewer", "said"), [("", "Nobody is named"), (" ", "Nobody is named"), ("ada", "registered it")]
)
def test_reviewer_is_somebody_else(reviewer: str, said: str) -> None:
    """Four eyes."""
    (reason,) = failed(shipped(), reviewer)

    assert said in reason


def test_other_file_is_noticed_by_reading_it(tmp_path: Path) -> None:
    """What the list remembers is no proof."""
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other")

    (reason,) = failed(replace(shipped(), path=other), stage=Stage.TESTING)

    assert "SHA-256 differs" in reason
    assert failed(None) == ["hash verified: Its file is not on the shelf."]


def test_segmentation_needs_no_operating_point() -> None:
    """It draws labels."""
    name = "hippocampus_unet3d_v1.0.0"
    model = read_model(SHELF / name / f"{name}.safetensors")

    found = {check.name: check.holds for check in checks(model, model.file_sha256, "Ada", Stage.PRODUCTION, "Grace")}

    assert found["locked operating point"]


def test_nothing_is_asked_on_the_way_down() -> None:
    """Taking a model out of service must always be possible."""
    assert failed(None, "", Stage.RETIREMENT) == failed(None, "", Stage.DEVELOPMENT) == []
