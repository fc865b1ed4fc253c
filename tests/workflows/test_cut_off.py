"""Another look at a segmentation: where the result itself stands, what travels, and links to a look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.inference.prediction import Prediction
from core.inference.predictor import Predictor
from core.models.catalog import get_model
from core.models.model import EnsembleRule, Model
from core.render.display import display_image
from core.studies.study import Study
from core.studies.synthetic import synthetic_volume
from core.workflows.cut_off import LIKELIEST, VOTED, cut_off_of, read_step, step_text
from core.workflows.open_study import open_study
from tests.pages.tiny_shelf import HIPPOCAMPUS

Made = tuple[Study, Model, Prediction]


@pytest.fixture
def made(tiny: Path, tmp_path: Path) -> Made:
    """A segmentation of two labels."""
    synthetic_volume(tmp_path / "volume.nii.gz", 3)
    study, model = open_study([tmp_path / "volume.nii.gz"]), get_model(HIPPOCAMPUS)
    return study, model, Predictor(model, "cpu").predict(study)


def test_volume_is_counted_with_the_voxel_of_the_result(made: Made) -> None:
    """The viewer's millilitres at the result must be the table's beside it."""
    study, model, found = made

    cut = cut_off_of(found, model, display_image(study).meta)

    assert cut.voxels == sum(found.voxels.values()) > 0
    volumes = [ml for ml in found.volumes_ml.values() if ml is not None]
    assert cut.voxel_ml is not None
    assert cut.voxels * cut.voxel_ml == pytest.approx(sum(volumes), rel=1e-12)
    assert cut.voxel_mm3 == pytest.approx(1000 * cut.voxel_ml, rel=1e-12)


def test_only_a_single_label_stands_at_one_half(made: Made) -> None:
    """The likeliest of several labels, or a vote, is at no one cut-off of their common probability."""
    study, model, found = made
    meta = display_image(study).meta

    several = cut_off_of(found, model, meta)
    single = cut_off_of(replace(found, labels=("anterior",)), model, meta)
    vote = cut_off_of(replace(found, labels=("anterior",)), replace(model, rule=EnsembleRule.VOTE), meta)

    assert (several.own, several.own_text) == (None, LIKELIEST)
    assert (single.own, single.own_text) == (100, "")
    assert (vote.own, vote.own_text) == (None, VOTED)


def test_without_spacing_nothing_is_measured(made: Made) -> None:
    """Voxels alone are then told."""
    study, model, found = made

    cut = cut_off_of(found, model, {**display_image(study).meta, "spacing_mm": None})

    assert (cut.voxel_ml, cut.voxel_mm3) == (None, None)


@pytest.mark.parametrize(
    ("text", "step"),
    [("0.35", 70), ("0.005", 1), ("1", 200), ("0.5", 100), ("0", None), ("1.01", None), ("-1", None), ("nan", None),
     ("inf", None), ("<b>", None), ("", None)],
)  # fmt: skip
def test_a_link_asks_for_a_step_of_the_slider_or_for_nothing(text: str, step: int | None) -> None:
    """What stands in an address was perhaps typed by somebody."""
    assert read_step(text) == step


def test_every_step_comes_back_from_its_link() -> None:
    """A shared look is the same look."""
    assert [read_step(step_text(step)) for step in range(1, 201)] == list(range(1, 201))
