"""The pictures behind a cohort's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.errors import NotFound, StudyError
from core.models.catalog import get_model
from core.workflows import cohorts
from core.workflows.cohorts_cases import THUMBNAIL_PX, adopt_case, thumbnail
from core.workspace import Workspace
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import CHEST


@pytest.fixture
def kept(tiny: Path, film_folder: Path) -> KeptCohort:
    """Five films and a broken file."""
    return cohorts.keep_path(film_folder)


def test_thumbnail_is_small_true_to_proportion_and_made_once(kept: KeptCohort) -> None:
    """A gallery of twelve must not read twelve films at each click."""
    place = thumbnail(kept, "case-0001")
    made = place.stat().st_mtime_ns

    with Image.open(place) as picture:
        assert max(picture.size) == THUMBNAIL_PX
    assert thumbnail(kept, "case-0001") == place
    assert place.stat().st_mtime_ns == made


def test_heat_map_is_another_picture_of_the_same_case(kept: KeptCohort) -> None:
    """What the model looked at stands beside what it said."""
    plain, heat = thumbnail(kept, "case-0001"), thumbnail(kept, "case-0001", heat_of=get_model(CHEST))

    assert plain != heat
    with Image.open(plain) as first, Image.open(heat) as second:
        assert first.size == second.size


def test_case_without_a_picture_says_why(kept: KeptCohort) -> None:
    """The broken file stays a sentence."""
    with pytest.raises(StudyError):
        thumbnail(kept, "case-0006")
    with pytest.raises(NotFound):
        thumbnail(kept, "case-9999")


def test_case_is_taken_over_once(kept: KeptCohort) -> None:
    """Opened twice from the gallery it is one case on Predict."""
    owner = Workspace("owner-one")

    first, second = adopt_case(owner, kept, "case-0002"), adopt_case(owner, kept, "case-0002")

    assert first == second
    assert [case.id for case in owner.cases()] == ["case-01"]
