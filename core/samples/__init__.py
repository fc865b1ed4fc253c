"""Samples that are nobody's image: what there is, and drawing it.

Owns the list. A sample is an appearance (a few components fitted to training images), a seed and, for films, how far
between the classes it is drawn; no picture is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.studies.study import Kind

HERE = Path(__file__).resolve().parent

CHEST, HIPPOCAMPUS = HERE / "chest.safetensors", HERE / "hippocampus.safetensors"
FLAIR_HEAD, FLAIR_LESION = HERE / "flair_head.safetensors", HERE / "flair_lesion.safetensors"

SCORES = HERE / "scores.csv"
"""The scored cohort of synthetic films; `core.workflows.samples` makes it."""


class Group(StrEnum):
    """Samples that are opened together."""

    FILMS = "films"
    HIPPOCAMPUS = "hippocampus"
    FLAIR = "flair"

    @property
    def kind(self) -> Kind:
        """Film or volume."""
        return Kind.FILM if self is Group.FILMS else Kind.VOLUME


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample.

    share : of a film, 0 drawn as normal, 1 as pneumonia. side : 'below' or 'above' the screening point of each shipped
    classifier, or 'near' that of the DenseNet; empty of a volume.
    """

    name: str
    group: Group
    seed: int
    share: float = 0.0
    side: str = ""

    @property
    def file(self) -> str:
        """The file's name, which says that it is synthetic."""
        return f"synthetic-{self.name}{'.png' if self.group is Group.FILMS else '.nii.gz'}"

    @property
    def mask_file(self) -> str | None:
        """The reference mask's name; None for a film."""
        return None if self.group is Group.FILMS else f"synthetic-{self.name}-mask.nii.gz"


SAMPLES = (
    *(Sample(f"film-{n}", Group.FILMS, seed, 0.0, "below") for n, seed in enumerate((7, 22, 26), 1)),
    *(Sample(f"film-{n}", Group.FILMS, seed, 1.0, "above") for n, seed in enumerate((0, 1, 2), 4)),
    Sample("film-7", Group.FILMS, 10, 0.263, "near"),
    *(Sample(f"hippocampus-{seed}", Group.HIPPOCAMPUS, seed) for seed in (1, 2)),
    *(Sample(f"flair-{seed}", Group.FLAIR, seed) for seed in (1, 2)),
)
"""Films were chosen by their scores, volumes were not: theirs are the first two seeds. Of film-3 the gate says that it
is unfamiliar, as of both heads."""


def samples_of(group: Group) -> tuple[Sample, ...]:
    """The samples of a group, in order."""
    return tuple(sample for sample in SAMPLES if sample.group is group)


def write_sample(sample: Sample, folder: Path) -> tuple[Path, ...]:
    """Draw it into the folder: the image and, of a volume, its reference mask."""
    from core.samples import films, volumes  # Pillow and nibabel, which a page that lists samples does not need
    from core.samples.appearance import read_appearance

    image = folder / sample.file
    if sample.mask_file is None:
        films.write_film(image, read_appearance(CHEST), sample.seed, sample.share)
        return (image,)
    mask = folder / sample.mask_file
    if sample.group is Group.HIPPOCAMPUS:
        volumes.write_hippocampus(image, mask, read_appearance(HIPPOCAMPUS), sample.seed)
    else:
        volumes.write_flair(image, mask, read_appearance(FLAIR_HEAD), read_appearance(FLAIR_LESION), sample.seed)
    return (image, mask)
