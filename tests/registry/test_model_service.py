"""S5's service: what an update touches, what must exist, what deleting leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelNotFound, ReadroomError, RegistryError
from core.registry import ModelService, SliceService
from core.registry.models.entities import META_BYTES, ModelTrainClass
from core.registry.shelf import Shelf


@pytest.fixture
def service() -> ModelService:
    SliceService("ada").create_slice("d", "train", ["case-01", "case-02"])
    SliceService("ada").create_slice("d", "more", ["case-02", "case-03"])
    return ModelService("ada")


@pytest.mark.seeds(49)
def test_absent_field_stays_and_none_empties_it(service: ModelService) -> None:
    """An update of one field must not take the others with it."""
    made = service.create_model(
        "d", "m", description="first", meta={"a": 1}, is_trained=True, trained_at="2025-01-31", model_content_id="c"
    )
    model_id = str(made.id)

    renamed = service.update_model("d", model_id, name="other")
    emptied = service.update_model("d", model_id, description=None, meta=None, trained_at=None, model_content_id=None)

    assert renamed.model_dump(exclude={"name", "updated_at"}) == made.model_dump(exclude={"name", "updated_at"})
    assert (emptied.description, emptied.meta, emptied.trained_at, emptied.model_content) == (None, None, None, None)
    assert (emptied.name, emptied.is_trained) == ("other", True)


def test_pin_and_unpin_change_nothing_else(service: ModelService) -> None:
    """A mark is a mark; the same one twice is one event."""
    made = service.create_model("d", "m")

    service.pin_model("d", str(made.id))
    pinned = service.pin_model("d", str(made.id))
    plain = service.unpin_model("d", str(made.id))

    assert pinned == made.model_copy(update={"is_pinned": True})
    assert plain == made
    assert [event.what for event in Shelf().history(str(made.id))] == ["model created", "pinned", "unpinned"]


@pytest.mark.seeds(46)
def test_counts_are_of_different_cases_of_the_slices(service: ModelService) -> None:
    """A case in two slices teaches once."""
    made = service.create_model("d", "m", training_slice_ids=["train", "more"], validation_slice_ids=["more"])

    assert (made.training_data_count, made.validation_data_count) == (3, 2)
    changed = service.update_model("d", str(made.id), training_slice_ids=["train"])
    assert (changed.training_data_count, changed.validation_data_count) == (2, 2)
    with pytest.raises(RegistryError, match="no slice gone"):
        service.update_model("d", str(made.id), validation_slice_ids=["gone"])


@pytest.mark.seeds(47)
def test_deleted_model_leaves_history_and_slices_and_its_id(service: ModelService) -> None:
    """Deletion is a fact of the history, not the end of it."""
    service.create_model("d", "m", model_id="mine", training_slice_ids=["train"])

    service.delete_model("d", "mine")

    assert service.get_models("d") == ([], None, 0)
    assert SliceService().get_slice("d", "train").case_ids == ("case-01", "case-02")
    assert [event.what for event in Shelf().history("mine")] == ["model created", "model deleted"]
    for act in (service.get_model, service.delete_model, service.pin_model, service.update_model):
        with pytest.raises(ModelNotFound, match="mine"):
            act("d", "mine")
    with pytest.raises(RegistryError, match="deleted one too"):
        service.create_model("d", "again", model_id="mine")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name: "),
        ({"name": "m", "model_id": "../x"}, "id: "),
        ({"name": "m", "trained_at": "yesterday"}, "trained_at is 'yesterday'"),
        ({"name": "m", "meta": {"big": "x" * META_BYTES}}, "meta: more than"),
        ({"name": "m", "training_classes": [{"class": "car", "ap": 1.2}]}, "training_classes.0.ap"),
    ],
)
def test_field_out_of_range_is_refused_in_words(service: ModelService, fields: dict[str, Any], said: str) -> None:
    """Nothing is written, and the field is named."""
    with pytest.raises(RegistryError, match=said.replace(".", r"\.")):
        service.create_model("d", **fields)

    assert service.get_models("d")[2] == 0


@pytest.mark.seeds(46)
@pytest.mark.parametrize("ap", [0.0, 1.0])
def test_average_precision_at_its_ends_is_accepted(service: ModelService, ap: float) -> None:
    """The nearest acceptance of the bound."""
    made = service.create_model("d", "m", training_classes=[ModelTrainClass(class_name="car", ap=ap)])

    assert made.training_classes[0].ap == ap


@pytest.mark.seeds(49)
def test_times_with_a_zone_are_kept_in_utc_so_that_they_sort(service: ModelService) -> None:
    """As text 23:00+02:00 would sort after 22:00+00:00, although it was earlier."""
    made = service.create_model("d", "m", trained_at="2025-01-31T23:00:00+02:00")

    assert made.trained_at == "2025-01-31T21:00:00+00:00"
    assert service.update_model("d", str(made.id), trained_at="2025-01-31T10:00").trained_at == "2025-01-31T10:00:00"


def test_data_sets_do_not_see_each_other(service: ModelService) -> None:
    """A model of one data set is not there for another, and neither are its slices."""
    made = service.create_model("d", "m")

    with pytest.raises(ModelNotFound):
        service.get_model("other", str(made.id))
    with pytest.raises(RegistryError, match="none yet"):
        service.create_model("other", "m", training_slice_ids=["train"])
    assert service.get_models("other") == ([], None, 0)


def test_records_of_registered_versions_do_not_change_here(service: ModelService) -> None:
    """They follow the lifecycle."""
    for act in (
        lambda: service.create_model("shelf", "m"),
        lambda: service.update_model("shelf", "m", name="x"),
        lambda: service.delete_model("shelf", "m"),
    ):
        with pytest.raises(ReadroomError, match="registered version never changes"):
            act()


def test_entry_larger_than_the_log_takes_is_refused(service: ModelService) -> None:
    """A log of megabytes a line is no log."""
    cases = [f"{'x' * 190}-{n}" for n in range(6000)]

    with pytest.raises(RegistryError, match="bytes an entry"):
        SliceService().create_slice("d", "large", cases)
    assert [one.id for one in SliceService().get_slices("d")] == ["train", "more"]


def test_example_of_the_documentation_runs() -> None:
    """What is copied from a page must work."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "registry.md").read_text()
    held: dict[str, Any] = {}

    exec(page.partition("```python\n")[2].partition("```")[0], held)  # noqa: S102  # the page's own text

    assert (held["models"], held["next_cursor"], held["total"]) == ([], None, 0)
    assert held["made"].training_data_count == 2
