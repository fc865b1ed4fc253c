"""Whether a study looks like the training cases."""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from core.inference.gate import SIDES, Look, familiarity, fit_gate, look_at
from core.inference.preprocess import preprocess
from core.models.gate import Gate
from core.models.input_spec import InputSpec
from core.studies import read_study
from core.studies.study import Kind, Study

FILM = InputSpec(kind=Kind.FILM, size=(64, 64), fit="stretch", normalisation="zscore", network_channels=1)
VOLUME = InputSpec(kind=Kind.VOLUME, patch=(16, 16, 16), window="full", normalisation="zscore", network_channels=1)


def chest(rng: np.random.Generator) -> NDArray[np.float64]:
    """A picture with two dark fields whose place, size and texture vary a little: one kind of thing."""
    rows, columns = np.mgrid[0:96, 0:80] / 80
    picture = np.where(rows > rng.normal(1.0, 0.02), 220.0, 150.0)  # brighter below the diaphragm
    for at in (0.3, 0.7):
        centre, size = rng.normal((0.6, at), 0.03), rng.normal(0.22, 0.02)
        picture -= 110 * np.exp(-(((rows - centre[0]) / (1.6 * size)) ** 2 + ((columns - centre[1]) / size) ** 2))
    return np.clip(picture + gaussian_filter(rng.normal(0, 12, picture.shape), 1.0), 0, 255)


@pytest.fixture
def chests(film: Any) -> Callable[[int, int], list[Study]]:
    """chests(n, seed): so many such studies."""
    return lambda n, seed: [film(chest(rng)) for rng in np.random.default_rng(seed).spawn(n)]


def look(study: Study, spec: InputSpec = FILM) -> Look:
    return look_at(study, preprocess(study, spec), spec)


@pytest.fixture
def gate(chests: Callable[[int, int], list[Study]]) -> Gate:
    """A gate of 120 taught pictures, set on 50 others."""
    return fit_gate([look(s) for s in chests(120, 1)], [look(s) for s in chests(50, 2)], Kind.FILM, "50 pictures")


def test_most_of_the_same_kind_pass(gate: Gate, chests: Callable[[int, int], list[Study]]) -> None:
    """A gate that calls everything unfamiliar is switched off by its users."""
    flagged = [familiarity(gate, look(study)).flagged for study in chests(100, 3)]

    assert np.mean(flagged) < 0.15


@pytest.mark.parametrize(
    "change",
    [
        lambda a, rng: 255 - a,
        lambda a, rng: a[::-1],
        lambda a, rng: gaussian_filter(a, 4),
        lambda a, rng: a * 0.05,
        lambda a, rng: zoom(a[30:60, 10:40], 3.2, order=1),
        lambda a, rng: rng.uniform(0, 255, a.shape),
        lambda a, rng: np.full(a.shape, 90.0),
        lambda a, rng: np.where((np.arange(a.size).reshape(a.shape) // 7) % 2, 20.0, 230.0),
    ],
    ids=["inverted", "upside down", "blurred", "dark", "cropped", "noise", "blank", "stripes"],
)
def test_what_the_model_never_saw_is_flagged(
    gate: Gate, film: Any, change: Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]
) -> None:
    """A score for such a picture means nothing, however certain the network is."""
    rng = np.random.default_rng(4)

    found = [familiarity(gate, look(film(change(chest(rng), rng)))) for _ in range(5)]

    assert all(one.flagged for one in found)
    assert all(one.score > one.cut_off for one in found)


def test_cut_off_lets_a_stated_share_of_its_cases_through(
    gate: Gate, chests: Callable[[int, int], list[Study]]
) -> None:
    """At most three in a hundred of the cases that it was set on are beyond it, here one of fifty."""
    flagged = [familiarity(gate, look(study)).flagged for study in chests(50, 2)]

    assert sum(flagged) == 1
    assert gate.chosen_on == "50 pictures"


def test_distance_is_that_of_the_whole_covariance(gate: Gate, chests: Callable[[int, int], list[Study]]) -> None:
    """The whitening is a triangle; the distance must be Mahalanobis' with the matrix that it stands for."""
    one = look(chests(1, 5)[0])
    along = gate.components @ (one.thumbnail - gate.thumbnail)
    left = np.log(np.mean((one.thumbnail - gate.thumbnail - along @ gate.components) ** 2) + 1e-6)
    standard = (np.concatenate([along, [left], one.figures]) - gate.centre) / gate.spread
    precision = gate.whitening.T.astype(np.float64) @ gate.whitening

    assert familiarity(gate, one).score == pytest.approx(
        np.sqrt(standard @ precision @ standard / len(standard)), rel=1e-5
    )


def test_size_of_the_file_does_not_matter(gate: Gate, film: Any) -> None:
    """The same film scanned finer is the same film."""
    picture = chest(np.random.default_rng(6))

    coarse, fine = (familiarity(gate, look(film(a))).score for a in (picture, zoom(picture, 2, order=1)))

    assert fine == pytest.approx(coarse, rel=0.15)


def test_volumes_have_a_gate_too(volume: Any) -> None:
    """A head turned on its side, or another organ, is no input for a network of hippocampi."""

    def crop(rng: np.random.Generator) -> NDArray[np.float64]:
        shape = rng.integers((30, 44, 30), (38, 54, 40))
        grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
        ball = ((grid[0] / 0.5) ** 2 + ((grid[1] + 0.3) / 0.8) ** 2 + (grid[2] / 0.4) ** 2 < 1).astype(float)
        return gaussian_filter(ball * 300 + 100 + rng.normal(0, 20, shape), 1)

    taught, chosen, new = (
        [crop(r) for r in np.random.default_rng(seed).spawn(n)] for seed, n in ((1, 60), (2, 40), (3, 10))
    )
    gate = fit_gate(
        [look(volume(a), VOLUME) for a in taught], [look(volume(a), VOLUME) for a in chosen], Kind.VOLUME, "40"
    )

    assert sum(familiarity(gate, look(volume(a), VOLUME)).flagged for a in new) <= 2
    assert all(familiarity(gate, look(volume(a[:, ::-1]), VOLUME)).flagged for a in new)
    assert all(familiarity(gate, look(volume(400 - a), VOLUME)).flagged for a in new)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (33, 31)])
def test_pictures_of_any_shape_have_a_distance(gate: Gate, film: Any, shape: tuple[int, int]) -> None:
    """One pixel wide is a shape that uploads have."""
    study = film(np.random.default_rng(0).uniform(0, 255, shape))
    spec = FILM.model_copy(update={"size": (16, 16)})

    assert np.isfinite(familiarity(gate, look(study, spec)).score)


def test_too_few_cases_make_no_gate(chests: Callable[[int, int], list[Study]]) -> None:
    """A spread of five cases is a guess, and would be called one by nobody."""
    looks = [look(s) for s in chests(5, 1)]

    with pytest.raises(ValueError, match="a dozen"):
        fit_gate(looks, looks, Kind.FILM, "5")


def test_gate_of_other_channels_is_refused(gate: Gate, volume: Any) -> None:
    """Two arrays that happen to multiply would give a number that means nothing."""
    both = {"a": np.random.default_rng(0).random((20, 20, 20)), "b": np.ones((20, 20, 20))}
    two = VOLUME.model_copy(update={"channels": ("a", "b"), "network_channels": 2})

    with pytest.raises(ValueError, match="other channels"):
        familiarity(gate, look(volume(both), two))


@pytest.mark.realdata
def test_real_pictures_of_other_things_are_flagged_and_real_films_pass(shared_data: Path, tmp_path: Path) -> None:
    """Asked of a gate: 95 % of the other pictures flagged, at most 5 % of the films of the internal test."""
    folder = shared_data / "xray"
    spec = FILM.model_copy(update={"size": (128, 128)})
    archives = [zipfile.ZipFile(folder / f"{name}.zip") for name in ("paediatric", "ood")]
    inside = {name: archive for archive in archives for name in archive.namelist()}

    def read(name: str) -> Look:
        path = tmp_path / f"file{PurePosixPath(name).suffix}"
        path.write_bytes(inside[name].read(name))
        return look(read_study([path]), spec)

    with (folder / "index.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "official_test"]
    with (folder / "ood.csv").open(encoding="utf-8-sig") as file:
        rows += [{**row, "split": "ood"} for row in csv.DictReader(file)]
    looks: dict[str, list[Look]] = {}
    for row in rows:
        looks.setdefault(row["split"], []).append(read(row["file"]))
    gate = fit_gate(looks["train"], looks["val"], Kind.FILM, "val")

    flagged = {split: [familiarity(gate, one).flagged for one in found] for split, found in looks.items()}

    kinds = [row["kind"] for row in rows if row["split"] == "ood"]
    passed = Counter(kind for kind, is_out in zip(kinds, flagged["ood"], strict=True) if not is_out)
    assert np.mean(flagged["ood"]) >= 0.95, passed
    assert np.mean(flagged["test"]) <= 0.05


def test_thumbnail_sides_are_those_of_the_kind(gate: Gate) -> None:
    """Films and volumes are held against gates of their own kind."""
    assert gate.sides == SIDES[Kind.FILM]
