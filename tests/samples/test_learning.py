"""The appearances that ship, held against the data that they were fitted to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.input_spec import InputSpec
from core.samples import HIPPOCAMPUS, Group, samples_of, write_sample
from core.samples.appearance import read_appearance, resized
from core.samples.learning import head_box, in_box, learn_hippocampus
from core.studies import read_study
from core.studies.study import Study
from core.training.dataset import Folder, as_taught, in_groups
from core.training.recipe import TrainConfig
from core.workflows.samples import RECIPES

SMALL = {Group.FILMS: (56, 56), Group.HIPPOCAMPUS: (24, 32, 24), Group.FLAIR: (24, 48, 56)}
"""Coarse enough that grain does not part what is alike, fine enough to know a person's anatomy."""

OF = {
    Group.FILMS: ("chest_pneumonia_densenet121", "xray"),
    Group.HIPPOCAMPUS: ("hippocampus_unet3d", "mri"),
    Group.FLAIR: ("lgg_flair_unet2d", "mri"),
}

pytestmark = pytest.mark.realdata


def _thumbnail(study: Study, spec: InputSpec, group: Group) -> np.ndarray:
    """What a network sees of it, small, mean 0 and length 1: the product of two is their correlation.

    Heads are brought into the frame of their box: as they lie in their files, even one head twice would not meet.
    """
    seen = np.ascontiguousarray(as_taught(study, spec).array[0])
    if group is Group.FLAIR:
        seen = in_box(seen, head_box(seen))
    small = resized(seen, SMALL[group]).ravel()
    small = small - small.mean()
    return small / np.linalg.norm(small)


@pytest.mark.parametrize("group", list(Group))
def test_no_sample_is_closer_to_a_training_image_than_these_are_to_each_other(
    group: Group, shared_data: Path, tmp_path: Path
) -> None:
    """A sample that were somebody's image would be more like that image than any other person's is."""
    recipe, data = OF[group]
    config = TrainConfig.load(RECIPES / f"{recipe}.json")
    folder = Folder(shared_data / data)
    rows = in_groups(folder.rows(config.data.tables), config.data.train)
    taught = np.stack([_thumbnail(folder.study(row.image), config.input, group) for row in rows])
    folder.close()
    whose = np.array([row.patient for row in rows])
    alike = np.where(whose[:, None] == whose[None], -1.0, taught @ taught.T)

    nearest = []
    for sample in samples_of(group):
        write_sample(sample, tmp_path)
        drawn = _thumbnail(read_study([tmp_path / sample.file]), config.input, group)
        nearest.append(float((taught @ drawn).max()))

    assert max(nearest) < alike.max()


def test_fitted_again_it_is_what_ships(shared_data: Path) -> None:
    """The smallest of them: all would take minutes, and the way is the same."""
    shipped = read_appearance(HIPPOCAMPUS)

    again = learn_hippocampus(shared_data / "mri", TrainConfig.load(RECIPES / "hippocampus_unet3d.json"))

    assert again.notice == shipped.notice
    for name in ("mean", "maps", "modes", "fields", "centre", "spread", "rings"):
        one, then = getattr(again, name), getattr(shipped, name)
        assert one.shape == then.shape
        # Of one group the centre is 0 but for rounding, so that its own largest value is no measure.
        np.testing.assert_allclose(one, then, atol=2e-2 * max(np.abs(then).max(), 1e-3), err_msg=name)
