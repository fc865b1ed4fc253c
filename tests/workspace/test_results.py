"""Results with their case: found under their own key alone, whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import NotFound
from core.inference.prediction import result_key
from core.workspace import Workspace
from core.workspace.results import get_figures, get_result, put_result
from tests.workspace.conftest import small_prediction, small_study


def test_a_result_survives_a_restart(owner: Workspace) -> None:
    """Choosing the model again must bring its result back without a run."""
    study = small_study()
    owner.add_study(study)
    prediction = small_prediction(study)
    key = result_key(study.sha256, prediction.weights_sha256, {"explain": True})

    put_result(owner, "case-01", key, prediction)

    found = get_result(Workspace("owner-one"), "case-01", key)
    assert found is not None
    assert prediction.label_map is not None
    np.testing.assert_array_equal(found.label_map, prediction.label_map)
    assert found.volumes_ml == prediction.volumes_ml
    assert found.provenance == prediction.provenance


@pytest.mark.parametrize("changed", ["study", "weights", "settings"])
def test_another_study_weights_or_setting_finds_nothing(owner: Workspace, changed: str) -> None:
    """A stale result beside a new study or model is the danger of the whole page."""
    study = small_study()
    owner.add_study(study)
    key = result_key("a" * 64, "b" * 64, {"explain": True})
    put_result(owner, "case-01", key, small_prediction(study))

    other = {
        "study": result_key("c" * 64, "b" * 64, {"explain": True}),
        "weights": result_key("a" * 64, "c" * 64, {"explain": True}),
        "settings": result_key("a" * 64, "b" * 64, {"explain": False}),
    }[changed]

    assert get_result(owner, "case-01", other) is None


def test_figures_are_those_of_the_whole_result(owner: Workspace) -> None:
    """The table of all cases must show what each case's own page shows."""
    study = small_study()
    owner.add_study(study)
    put_result(owner, "case-01", "ab" * 32, small_prediction(study))

    figures, whole = get_figures(owner, "case-01", "ab" * 32), get_result(owner, "case-01", "ab" * 32)

    assert figures is not None
    assert whole is not None
    assert (figures.volumes_ml, figures.voxels, figures.warnings) == (whole.volumes_ml, whole.voxels, whole.warnings)
    assert figures.label_map is None


def test_a_result_of_a_deleted_case_is_thrown_away(owner: Workspace) -> None:
    """A run that ends after "Delete my images" must not bring the folder back."""
    study = small_study()
    owner.add_study(study)
    owner.delete_all()

    with pytest.raises(NotFound):
        put_result(owner, "case-01", "ab" * 32, small_prediction(study))
    assert not owner.folder.exists()
