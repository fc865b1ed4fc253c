"""A chosen threshold becomes a model's own, and of no other model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.inference.predictor import Predictor, thresholds_in_force
from core.metrics.counts import Counts
from core.metrics.operating_points import OperatingPoint, Rule
from core.metrics.rules import Chosen, choose_guarantee, choose_youden
from core.models.catalog import get_model
from core.settings import settings
from core.studies.synthetic import synthetic_film
from core.workflows import cohorts
from core.workflows.open_study import open_study
from core.workflows.result_view import at_point, point_names
from core.workflows.save_point import delete_point, make_point, owner_of, point_file, save_point, saved_points
from core.workflows.score import score
from core.workspace.cohort_record import CohortKind, KeptCohort, ScoredBy
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS


def a_point(threshold: float = 0.37, name: str = "mine") -> OperatingPoint:
    """Four cases, one of each kind."""
    counts = Counts(1, 1, 1, 1)
    chosen = Chosen(Rule.FIXED, None, None, threshold, False, "same_cases", "", counts=counts)
    return make_point(chosen, finding="pneumonia", cohort="4 films", name=name)


def a_cohort(**changes: object) -> KeptCohort:
    """A record of scores that the tiny chest model made."""
    model = get_model(CHEST)
    scored = ScoredBy(CHEST, model.weights_sha256, model.fed_sha256, {CHEST: "pneumonia"}, 4)
    return KeptCohort(
        id="a" * 16, name="cohort-01", kind=CohortKind.IMAGES, sha256="a" * 64, created="", cases=4, labels={},
        positive="", patients=None, splits=(), slices=(), models=(replace(scored, **changes),), unread=(), notes=(),
        source=None, of_machine=False, folder=Path(),
    )  # fmt: skip


def test_saved_point_is_in_force_before_the_shipped_ones(tiny: Path, tmp_path: Path) -> None:
    """Predict uses what was chosen on the sweep page, and says where it came from."""
    saved = save_point(get_model(CHEST), a_point())

    model = get_model(CHEST)
    points, warnings = thresholds_in_force(model, None)
    synthetic_film(tmp_path / "film.png", 1)
    made = Predictor(model, "cpu").predict(open_study([tmp_path / "film.png"]))
    assert points == {"pneumonia": saved}
    assert warnings == ()
    assert made.thresholds["pneumonia"].threshold == 0.37
    assert saved.weights_sha256 == model.weights_sha256
    assert point_names(model) == ("mine", "sensitivity 90%", "Youden")


def test_result_that_was_made_before_is_read_at_the_new_point(tiny: Path, tmp_path: Path) -> None:
    """A kept prediction must not go on with the old threshold."""
    synthetic_film(tmp_path / "film.png", 1)
    before = Predictor(get_model(CHEST), "cpu").predict(open_study([tmp_path / "film.png"]))

    save_point(get_model(CHEST), a_point())

    model = get_model(CHEST)
    assert at_point(before, model, point_names(model)[0]).thresholds["pneumonia"].threshold == 0.37


def test_nothing_is_written_to_the_shelf(tiny: Path, home: Path) -> None:
    """The shelf holds what was shipped, byte for byte."""
    before = {path: path.read_bytes() for path in tiny.rglob("*") if path.is_file()}

    save_point(get_model(CHEST), a_point())

    assert {path: path.read_bytes() for path in tiny.rglob("*") if path.is_file()} == before
    assert [path.parent.name for path in home.rglob("*.json")] == ["points"]


def test_other_models_never_inherit_it(tiny: Path) -> None:
    """A threshold means nothing to other weights."""
    save_point(get_model(CHEST), a_point())

    assert saved_points(get_model(CHEST_TWO)) == ()
    assert thresholds_in_force(get_model(CHEST_TWO), None)[0] == {}
    other = replace(get_model(CHEST), weights_sha256="f" * 64)
    assert saved_points(other) == ()


def test_model_that_is_fed_otherwise_does_not_inherit_it_either(tiny: Path) -> None:
    """Another temperature makes other scores of the same weights."""
    model = get_model(CHEST)
    save_point(model, a_point())

    assert saved_points(replace(model, temperature=2.0)) == ()


def test_name_is_replaced_and_a_shipped_name_is_marked(tiny: Path) -> None:
    """Two points of one name could not be told apart in the list."""
    model = get_model(CHEST)
    save_point(model, a_point(0.1))
    save_point(get_model(CHEST), a_point(0.2))
    shipped = save_point(get_model(CHEST), a_point(0.3, "Youden"))
    again = save_point(get_model(CHEST), a_point(0.4, "Youden"))

    assert shipped.name == again.name == "Youden (saved)"
    assert [point.threshold for point in saved_points(model)] == [0.4, 0.2]


def test_deleting_leaves_the_shipped_ones(tiny: Path) -> None:
    """Whoever takes a point back is where they were."""
    model = get_model(CHEST)
    save_point(model, a_point())

    delete_point(model, "mine")
    delete_point(model, "Youden")

    assert point_names(get_model(CHEST)) == ("sensitivity 90%", "Youden")


def test_finding_that_the_model_does_not_have_is_refused(tiny: Path) -> None:
    """A threshold for nothing would never be compared."""
    with pytest.raises(ConfigError, match="has no class"):
        save_point(get_model(CHEST), replace(a_point(), finding="fracture"))
    with pytest.raises(ConfigError, match="gives no scores"):
        save_point(get_model(HIPPOCAMPUS), a_point())


def test_damaged_file_is_told_and_the_model_keeps_its_own_points(tiny: Path, home: Path) -> None:
    """Half a threshold is no threshold."""
    save_point(get_model(CHEST), a_point())
    (place,) = (home / "points").iterdir()
    place.write_text(place.read_text()[:-20])

    model = get_model(CHEST)

    assert point_names(model) == ("sensitivity 90%", "Youden")
    assert any("saved operating points" in note for note in model.notes)


def test_column_belongs_to_the_model_that_made_it(tiny: Path) -> None:
    """With the same weights, fed in the same way."""
    assert owner_of(CHEST, a_cohort()).model == get_model(CHEST)
    assert owner_of(CHEST, a_cohort()).finding == "pneumonia"
    for changes in ({"weights_sha256": "f" * 64}, {"fed": "f" * 64}):
        owner = owner_of(CHEST, a_cohort(**changes))
        assert owner.model is None
        assert "Score again" in owner.why
    gone = owner_of(CHEST, a_cohort(model_id="gone_v1.0.0"))
    assert (gone.model, gone.why) == (None, "gone_v1.0.0 made these scores and is not on the shelf any more.")


def test_column_of_a_table_belongs_to_the_model_it_names_or_to_none(tiny: Path) -> None:
    """What names no model on the shelf can only be taken away as a file."""
    assert owner_of(CHEST_TWO, None).model == get_model(CHEST_TWO)
    assert owner_of("my_model", None).model is None
    assert "names no model" in owner_of("my_model", None).why


def test_scores_of_a_cohort_give_a_point_of_that_model(tiny: Path, film_folder: Path) -> None:
    """The way through: scored, chosen, saved, in force."""
    kept = score(cohorts.keep_path(film_folder), [get_model(CHEST)])
    file = cohorts.read_scores(kept, missing=cohorts.Missing.DROP)
    owner = owner_of(CHEST, kept)
    assert owner.model is not None

    chosen = choose_youden(file.cohort.scores[CHEST], file.cohort.labels)
    saved = save_point(owner.model, make_point(chosen, finding=owner.finding, cohort="5 synthetic films"))

    assert thresholds_in_force(get_model(CHEST), None)[0]["pneumonia"] == saved
    assert (saved.name, saved.cohort, saved.chosen_on) == ("Youden (saved)", "5 synthetic films", "same_cases")


def test_file_holds_the_point_its_column_and_its_cases() -> None:
    """Enough to use it elsewhere and to ask where it came from."""
    plain = json.loads(point_file(a_point(), column="my_model", cohort=None))

    assert OperatingPoint.from_dict(plain["operating_point"]) == a_point()
    assert (plain["schema"], plain["column"], plain["cohort_sha256"]) == ("core.operating_point/1", "my_model", None)


def test_names_are_short_and_say_the_rule() -> None:
    """They stand in a list beside the shipped ones."""
    scores, labels = [i / 100 for i in range(100)], [i >= 20 for i in range(100)]
    chosen = choose_guarantee(scores, labels, "sensitivity", 0.9)

    assert make_point(chosen, finding="x", cohort="c").name == "sensitivity 90%"
    with pytest.raises(ValueError, match="no threshold"):
        make_point(choose_guarantee(scores, labels, "sensitivity", 0.999), finding="x", cohort="c")


@pytest.fixture(autouse=True)
def _fresh_settings() -> None:
    settings.cache_clear()
