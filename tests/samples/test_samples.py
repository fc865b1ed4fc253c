"""The samples that ship: what they say of themselves, and what the shipped models say of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from core.inference.predictor import Predictor
from core.metrics.segmentation import dice
from core.models.catalog import get_model
from core.samples import HERE, SAMPLES, SCORES, Group, Sample, samples_of, write_sample
from core.samples.appearance import read_appearance
from core.samples.lettering import word_in_slices
from core.samples.volumes import CROP
from core.settings import SHELF
from core.studies import read_study
from core.studies.study import Study
from core.workflows.samples import SCORED_BY, cohort_films, scored_cohort

FILES = sorted(HERE.glob("*.safetensors"))
NEAR = 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sample as files, drawn once."""
    root = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES:
        write_sample(sample, root)
    return root


def study_of(folder: Path, sample: Sample) -> Study:
    return read_study([folder / sample.file])


def test_there_are_the_samples_that_the_issue_asks_for() -> None:
    """Six films on both sides of the threshold, one near it, and two volumes for each MRI task."""
    sides = [sample.side for sample in samples_of(Group.FILMS)]

    assert [sides.count(side) for side in ("below", "above", "near")] == [3, 3, 1]
    assert [len(samples_of(group)) for group in (Group.HIPPOCAMPUS, Group.FLAIR)] == [2, 2]


@pytest.mark.parametrize("path", [*FILES, SCORES], ids=lambda path: path.name)
def test_what_they_are_drawn_from_stays_small(path: Path) -> None:
    """A clone carries it for ever."""
    assert path.stat().st_size < 2**20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_licence_goes_with_every_appearance(path: Path) -> None:
    """Weights of other people's images keep their terms; the strictest of them in the file itself."""
    notice = read_appearance(path).notice

    assert notice.startswith("SYNTHETIC")
    assert "CC BY" in notice
    assert ("NON-COMMERCIAL" in notice) == path.name.startswith("flair")
    assert path.name in (HERE / "NOTICE.md").read_text()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_says_synthetic_in_the_file(folder: Path, sample: Sample) -> None:
    """A file that could pass for a patient's would be one day."""
    path = folder / sample.file

    if sample.group is Group.FILMS:
        with Image.open(path) as picture:
            said = picture.text["Comment"]
    else:
        said = bytes(nib.load(path).header["descrip"]).decode()

    assert said.startswith("SYNTHETIC")
    assert path.name.startswith("synthetic")


@pytest.mark.parametrize("sample", samples_of(Group.FILMS), ids=lambda sample: sample.name)
def test_a_film_shows_the_word(folder: Path, sample: Sample) -> None:
    """Any sample can end up in a screenshot."""
    pixels = study_of(folder, sample).pixels[0]

    corner = pixels[6:32, 8:140]
    assert (corner == 235).sum() > 300
    assert (corner <= 40).sum() > 150


@pytest.mark.parametrize("group", [Group.HIPPOCAMPUS, Group.FLAIR])
def test_a_volume_shows_the_word_in_every_axial_slice(folder: Path, group: Group) -> None:
    """Any slice can, too."""
    for sample in samples_of(group):
        pixels = study_of(folder, sample).pixels[0]
        word = word_in_slices(pixels.shape, cell=1 if pixels.shape == CROP else 2)
        shown = [len(np.unique(pixels[:, :, k][word[:, :, k]])) == 1 for k in range(pixels.shape[2])]
        assert all(shown)


def test_the_word_reads_from_left_to_right_in_radiological_display() -> None:
    """The letter S opens at the upper right: mirrored, it would not."""
    shown = word_in_slices((40, 50, 2))[::-1, ::-1, 0].T  # patient's right at the left edge, front on top

    assert shown[1:6, 1:4].astype(int).tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize("name", SCORED_BY)
def test_films_lie_where_they_are_said_to_lie(folder: Path, name: str) -> None:
    """Three below the screening point and three above, by every classifier; one is near that of the DenseNet."""
    model = get_model(name, [SHELF])
    point = model.operating_points[0].threshold
    predictor = Predictor(model, "cpu")

    for sample in samples_of(Group.FILMS):
        score = predictor.predict(study_of(folder, sample)).scores["pneumonia"]
        if sample.side == "near":
            assert "densenet" not in name or abs(score - point) < NEAR
        else:
            assert (score >= point) == (sample.side == "above")


def test_a_film_that_fails_the_gate_is_told_like_any_other(folder: Path) -> None:
    """One of them does, so that the app can be seen saying it."""
    model = get_model(SCORED_BY[0], [SHELF])
    flagged = {
        sample.name
        for sample in samples_of(Group.FILMS)
        if (seen := Predictor(model, "cpu").predict(study_of(folder, sample)).familiarity) and seen.flagged
    }

    assert flagged == {"film-3"}


@pytest.mark.parametrize("sample", samples_of(Group.HIPPOCAMPUS), ids=lambda sample: sample.name)
def test_the_hippocampus_net_finds_what_was_drawn(folder: Path, sample: Sample) -> None:
    """A sample on which a model that works fails would teach the wrong thing."""
    made = Predictor(get_model("hippocampus_unet3d_v1.0.0", [SHELF]), "cpu").predict(study_of(folder, sample))
    mask = np.asarray(nib.load(folder / str(sample.mask_file)).dataobj)

    assert made.label_map is not None
    assert all((dice(mask == part, made.label_map == part) or 0) > 0.75 for part in (1, 2))
    assert made.familiarity is not None
    assert not made.familiarity.flagged


def test_the_flair_net_finds_most_of_what_was_drawn_and_its_gate_says_that_it_is_strange(folder: Path) -> None:
    """Blurred heads look like no head that was taught; the app must say so before the mask."""
    model = get_model("lgg_flair_unet2d_v1.0.0", [SHELF])

    for sample in samples_of(Group.FLAIR):
        made = Predictor(model, "cpu").predict(study_of(folder, sample))
        mask = np.asarray(nib.load(folder / str(sample.mask_file)).dataobj)
        assert made.label_map is not None
        assert (dice(mask > 0, made.label_map > 0) or 0) > 0.4
        assert made.familiarity is not None
        assert made.familiarity.flagged


def test_the_cohort_is_what_the_shipped_classifiers_say() -> None:
    """Ten of the 200 films, drawn and scored again."""
    with SCORES.open(newline="") as file:
        shipped = list(csv.DictReader(file))
    chosen = cohort_films()[::20]

    again = list(csv.DictReader(io.StringIO(scored_cohort(films=chosen).decode())))

    assert len(shipped) == 200
    assert {row["label"] for row in shipped} == {"0", "1"}
    for row, then in zip(again, shipped[::20], strict=True):
        assert (row["case_id"], row["label"]) == (then["case_id"], then["label"])
        for name in SCORED_BY:
            assert float(row[name]) == pytest.approx(float(then[name]), abs=5e-3)
