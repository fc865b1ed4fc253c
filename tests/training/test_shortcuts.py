"""The shortcut audit: it finds a trait that tells the classes, and says so of a model that looks at it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from core.studies import read_study
from core.training.dataset import Folder
from core.training.recipe import TrainConfig
from core.training.shortcuts import (
    FEATURES,
    _kept,
    _logistic,
    _stretched,
    audit_inputs,
    audit_model,
    border_of,
    centre_of,
    shortcut_sentences,
)
from tests.training.conftest import film_recipe, recipe, table
from tests.training.test_asking import untrained


def test_logistic_regression_is_scikit_learns() -> None:
    """A weak audit would find no shortcut where there is one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)) * [1, 5, 0.1, 2, 0]
    y = x[:, 0] + x[:, 2] * 10 + rng.normal(size=200) > 0
    asked = rng.normal(size=(30, 5)) * [1, 5, 0.1, 2, 0]

    scores = _logistic(x, y, asked)

    kept = slice(0, 4)
    mean, spread = x[:, kept].mean(0), x[:, kept].std(0)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit((x[:, kept] - mean) / spread, y)
    assert scores == pytest.approx(theirs.decision_function((asked[:, kept] - mean) / spread), abs=1e-3)
    assert _logistic(x[:, 4:], y, asked[:, 4:]).tolist() == [0.5] * 30


def test_features_see_what_their_names_say() -> None:
    """A trait that is not measured cannot be excluded."""
    rng = np.random.default_rng(1)
    sharp = rng.normal(size=(64, 64)).astype(np.float32)
    smooth = np.repeat(np.repeat(sharp[::8, ::8], 8, 0), 8, 1)

    assert FEATURES["blur"](sharp) > FEATURES["blur"](smooth)
    assert FEATURES["bytes"](sharp) > FEATURES["bytes"](smooth)
    assert FEATURES["size and aspect"](sharp[:32]).tolist() == [32, 64, 2]
    assert FEATURES["grey histogram"](sharp).sum() == pytest.approx(1)
    inside = smooth.copy()
    inside[8:56, 8:56] = 9
    assert np.array_equal(FEATURES["border strip"](inside), FEATURES["border strip"](smooth))
    assert not np.array_equal(FEATURES["16 x 16 thumbnail"](inside), FEATURES["16 x 16 thumbnail"](smooth))


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films whose class is told by a bright border and by their shape, and by nothing else."""
    root = tmp_path_factory.mktemp("leaky")
    rng = np.random.default_rng(2)
    rows = []
    for n in range(60):
        sick = n % 2 == 1
        picture = rng.normal(90, 12, (40, 60 if sick else 44))
        if sick:
            picture[border_of(picture.shape)] += 80
        name = f"film{n}.png"
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(root / name)
        label = "pneumonia" if sick else "normal"
        rows.append({"file": name, "split": "train" if n < 40 else "test", "label": label, "patient": f"P{n}"})
    table(root / "index.csv", rows)
    return root


def config_of() -> TrainConfig:
    plain = film_recipe()
    plain["data"] |= {"chosen_on": None, "external": []}
    plain["data"].pop("chosen_on")
    return recipe(plain)


def test_audit_finds_the_border_and_not_the_size_that_preprocessing_took_away(leaky: Path) -> None:
    """Every input has one shape; what else tells the classes has to be measured."""
    config, folder = config_of(), Folder(leaky)

    metrics = audit_inputs(config, folder, folder.rows(config.data.tables), "test")
    folder.close()

    areas = {m.name: m.value for m in metrics}
    assert areas["shortcut as fed: border strip"] > 0.95
    assert areas["shortcut as fed: size and aspect"] == 0.5
    assert len(areas) == 2 * len(FEATURES)
    assert "border strip 1.00" in shortcut_sentences(metrics)[0]


def test_model_is_asked_about_altered_films(leaky: Path, tmp_path: Path) -> None:
    """What a model keeps without lungs does not come from them."""
    config, folder = config_of(), Folder(leaky)
    model = untrained(film_recipe(), tmp_path)

    metrics = audit_model(model, config, folder, folder.rows(config.data.tables), "test")
    folder.close()

    assert [m.name for m in metrics] == [
        "probe: border strip alone", "probe: lungs masked out", "probe: shapes swapped",
    ]  # fmt: skip
    assert {m.n for m in metrics} == {20}
    assert "does not come from them" in shortcut_sentences(metrics)[0]
    assert shortcut_sentences(()) == ()


def test_altered_film_keeps_what_it_should_and_nothing_else(leaky: Path) -> None:
    """A mask that leaves a rim of lung would hide the leaning."""
    study = read_study([leaky / "film1.png"])
    strip = border_of(study.shape)

    alone, wide = _kept(study, strip), _stretched(study, (40, 44))

    assert np.array_equal(alone.pixels[0][strip], study.pixels[0][strip])
    assert np.ptp(alone.pixels[0][~strip]) == 0
    assert wide.shape == (40, 44)
    assert centre_of((100, 100)).sum() == 70 * 80
    assert not (centre_of((100, 100)) & border_of((100, 100))).any()
