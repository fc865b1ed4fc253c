"""The synthetic samples: opened with a click, written to a folder, and made again from the data.

Owns what is done with them. What they are and how they are drawn is told in `core.samples`.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from core.engines.choose import TORCH
from core.models.atomic import write_atomically
from core.models.catalog import get_model, list_models
from core.samples import (
    CHEST,
    FLAIR_HEAD,
    FLAIR_LESION,
    HERE,
    HIPPOCAMPUS,
    SAMPLES,
    SCORES,
    Group,
    samples_of,
    write_sample,
)
from core.samples.appearance import Appearance, read_appearance, write_appearance
from core.settings import SHELF
from core.training.recipe import TrainConfig
from core.workflows.cases import keep_file, table_csv
from core.workflows.cohorts import add_scores
from core.workspace import Case, Workspace
from core.workspace.cohort_record import KeptCohort

Progress = Callable[[float, str], None]

COHORT_FILMS = 200

COHORT_SEED = 1_000
"""Of the first film of the cohort; the others follow. No sample that opens with a click is among them."""

ILL_SHARE = 0.4
"""Of the cohort, drawn as pneumonia."""

OVERLAP = 0.45
"""A film of the cohort is drawn up to so far towards the other class: a cohort without errors would teach nothing."""

SCORED_BY = (
    "chest_pneumonia_densenet121_v1.0.1",
    "chest_pneumonia_mobilenet_v3_large_v1.0.0",
    "chest_pneumonia_ensemble_v1.0.1",
)

RECIPES = Path(__file__).resolve().parents[1] / "training" / "recipes"

FITTED: Mapping[Group, str] = {
    Group.FILMS: "chest_pneumonia_densenet121",
    Group.HIPPOCAMPUS: "hippocampus_unet3d",
    Group.FLAIR: "lgg_flair_unet2d",
}
"""The recipes whose training splits and preprocessing the appearances are fitted by; the models are named like them."""

COHORT_NAME = "synthetic-scores.csv"


def add_samples(workspace: Workspace, group: Group) -> list[Case]:
    """The group's images as cases, read like any other files."""
    added = []
    with tempfile.TemporaryDirectory() as folder:
        for sample in samples_of(group):
            image, *_ = write_sample(sample, Path(folder))
            added.append(keep_file(workspace, image))
    return added


def model_for(group: Group, chosen: str | None = None) -> str | None:
    """The id of the model to show a group with: the chosen one where it answers the same question as the one that the
    group was fitted by, else that one; None where it is not on this shelf.
    """
    models = {model.id: model for model in list_models() if model.problem is None}
    fitted = next((model for name, model in models.items() if name.rpartition("_v")[0] == FITTED[group]), None)
    if fitted is None:
        return None
    held = models.get(chosen or "")
    same = held is not None and (held.classes, held.labels) == (fitted.classes, fitted.labels)
    return chosen if same else fitted.id


def add_sample_scores(workspace: Workspace) -> KeptCohort:
    """The scored cohort as a test set of the owner's."""
    with SCORES.open("rb") as file:
        return add_scores(workspace, file)


def reference_masks() -> bytes:
    """A zip of every sample volume with its reference mask."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(out, "w") as archive:
        for sample in SAMPLES:
            if sample.mask_file is not None:
                for path in write_sample(sample, Path(folder)):
                    archive.write(path, path.name)
        archive.write(HERE / "NOTICE.md", "NOTICE.md")
    return out.getvalue()


def write_samples(folder: Path, progress: Progress | None = None) -> list[Path]:
    """Every sample, the scored cohort and the notice as files in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, sample in enumerate(SAMPLES):
        if progress is not None:
            progress(number / len(SAMPLES), f"Draw {sample.file}")
        written += write_sample(sample, folder)
    for source, name in ((SCORES, COHORT_NAME), (HERE / "NOTICE.md", "NOTICE.md")):
        write_atomically(folder / name, source.read_bytes())
        written.append(folder / name)
    return written


def cohort_films() -> list[tuple[str, int, int, float]]:
    """Case, label, seed and share of each film of the cohort."""
    rng = np.random.default_rng(COHORT_SEED)
    films = []
    for number in range(COHORT_FILMS):
        ill = number < ILL_SHARE * COHORT_FILMS
        towards = float(rng.uniform(0, OVERLAP))
        films.append((f"synthetic-{number + 1:03d}", int(ill), COHORT_SEED + number, 1 - towards if ill else towards))
    return films


def scored_cohort(progress: Progress | None = None, films: list[tuple[str, int, int, float]] | None = None) -> bytes:
    """scores.csv of the cohort's films, drawn now and scored by the classifiers that ship."""
    from PIL import Image

    from core.inference.predictor import Predictor
    from core.samples.films import draw_film
    from core.studies import read_study

    made, models = read_appearance(CHEST), [get_model(name, [SHELF]) for name in SCORED_BY]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        chosen = cohort_films() if films is None else films
        for done, (case, label, seed, share) in enumerate(chosen):
            if progress is not None:
                progress(done / len(chosen), f"Score {done + 1} of {len(chosen)} films")
            path = Path(folder) / "film.png"
            Image.fromarray(draw_film(made, seed, share)).save(path)
            study = read_study([path])
            scores = (Predictor(model, "cpu", TORCH).predict(study).scores["pneumonia"] for model in models)
            rows.append((case, str(label), *(f"{score:.6f}" for score in scores)))
    return table_csv(("case_id", "label", *(model.id for model in models)), rows)


def score_again(progress: Progress | None = None) -> Path:
    """Draw and score the cohort anew, in this checkout."""
    write_atomically(SCORES, scored_cohort(progress))
    return SCORES


def fit_again(data: Path, progress: Progress | None = None) -> list[Path]:
    """Fit every appearance anew to the training splits below `data` (its xray/ and mri/), in this checkout.

    Raises
    ------
    StudyError : the data are not there, or a file of them cannot be read.
    """
    written = []
    for number, (path, made) in enumerate(appearances(data)):
        if progress is not None:
            progress((number + 1) / len(FITTED), f"Fitted {path.name}")
        write_appearance(path, made)
        written.append(path)
    return written


def appearances(data: Path) -> Iterator[tuple[Path, Appearance]]:
    """Each appearance as it comes out of the data, with the file that it ships in."""
    from core.samples import learning

    chest, hippocampus, flair = (TrainConfig.load(RECIPES / f"{name}.json") for name in FITTED.values())
    yield CHEST, learning.learn_films(data / "xray", chest)
    yield HIPPOCAMPUS, learning.learn_hippocampus(data / "mri", hippocampus)
    head, lesion = learning.learn_flair(data / "mri", flair)
    yield FLAIR_HEAD, head
    yield FLAIR_LESION, lesion
