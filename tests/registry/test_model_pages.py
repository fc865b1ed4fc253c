"""Pages by keyset and filters, against lists filtered by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from core.errors import RegistryError
from core.registry import ModelService
from core.registry.models.entities import Model, ModelTrainClass
from core.registry.models.params import ModelsFilter, ModelsFilterOptions

NAMES = ("YOLO small", "yolo large deprecated", "Straße", "resnet", "Ünet")


@pytest.fixture
def service() -> ModelService:
    service = ModelService("ada")
    for number in range(12):
        service.create_model(
            "d",
            NAMES[number % len(NAMES)],
            model_id=f"m{number}",
            baseline_model=("YOLOv8n", None)[number % 2],
            is_trained=number % 3 == 0,
            training_classes=[ModelTrainClass(class_name="car", ap=number / 12)] if number % 4 else (),
            meta=({"group": "a"}, {"group": "b", "x": 1}, None)[number % 3],
        )
    service.pin_model("d", "m3")
    return service


@pytest.mark.seeds(45)
def test_pages_stay_the_same_while_models_are_added(service: ModelService) -> None:
    """By OFFSET a model would come twice, or never, whenever somebody adds one meanwhile."""
    first, cursor, total = service.get_models("d", length=5)
    service.create_model("d", "added meanwhile")
    second, cursor, grown = service.get_models("d", cursor=cursor, length=5)
    service.delete_model("d", "m1")
    third, cursor, _ = service.get_models("d", cursor=cursor, length=5)

    seen = [model.id for model in (*first, *second, *third)]
    assert seen == [f"m{number}" for number in reversed(range(12)) if number != 1]
    assert (total, grown, cursor) == (12, 13, None)


def test_page_that_ends_with_the_last_model_has_no_cursor(service: ModelService) -> None:
    """Whoever follows cursors must not be led to an empty page."""
    _, cursor, _ = service.get_models("d", length=6)
    held, after, _ = service.get_models("d", cursor=cursor, length=6)

    assert len(held) == 6
    assert after is None


@pytest.mark.parametrize("cursor", ["", "x", "bTEx", "MTI=", "ü"])
def test_cursor_that_nobody_gave_out_is_refused(service: ModelService, cursor: str) -> None:
    """A guessed place is no page."""
    with pytest.raises(RegistryError, match="cursor does not belong"):
        service.get_models("d", cursor=cursor)


def test_cursor_of_another_question_is_refused(service: ModelService) -> None:
    """It would silently leave models out."""
    _, cursor, _ = service.get_models("d", length=5)

    with pytest.raises(RegistryError, match="another data set or another filter"):
        service.get_models("d", ModelsFilter(must_filter=ModelsFilterOptions(is_trained=True)), cursor=cursor)
    with pytest.raises(RegistryError, match="another data set or another filter"):
        service.get_models("e", cursor=cursor)


def test_length_beyond_fifty_is_fifty_and_a_warning_and_below_one_is_refused(service: ModelService) -> None:
    """The nearest acceptances are 1 and 50."""
    with pytest.warns(UserWarning, match="at most 50 models, not 51"):
        assert len(service.get_models("d", length=51)[0]) == 12
    with pytest.raises(RegistryError, match="Ask for 1 to 50"):
        service.get_models("d", length=0)
    assert len(service.get_models("d", length=1)[0]) == 1
    assert len(service.get_models("d", length=50)[0]) == 12


def _ap(model: Model) -> float | None:
    return model.training_classes[0].ap if model.training_classes else None


CONDITIONS: dict[str, Callable[[Model, Any], bool]] = {
    "name_contains": lambda m, v: v.casefold() in m.name.casefold(),
    "baseline_contains": lambda m, v: v.casefold() in (m.baseline_model or "").casefold(),
    "id_in": lambda m, v: m.id in v,
    "is_trained": lambda m, v: m.is_trained is v,
    "is_pinned": lambda m, v: m.is_pinned is v,
    "meta_key": lambda m, v: v in (m.meta or {}),
    "ap_at_least": lambda m, v: (held := _ap(m)) is not None and held >= v,
    "ap_below": lambda m, v: (held := _ap(m)) is not None and held < v,
}
"""Each condition a second time, slow and obvious."""

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "name_contains": st.sampled_from(["yolo", "STRASSE", "ü", "e", "nowhere", "%", "_"]),
        "baseline_contains": st.sampled_from(["yolov8", "resnet"]),
        "id_in": st.lists(st.sampled_from([f"m{n}" for n in range(14)]), min_size=1, max_size=6).map(tuple),
        "is_trained": st.booleans(),
        "is_pinned": st.booleans(),
        "meta_key": st.sampled_from(["group", "x", "absent"]),
        "ap_at_least": st.sampled_from([0.0, 0.25, 0.5]),
        "ap_below": st.sampled_from([0.25, 0.5, 1.0]),
    },
)


@pytest.mark.seeds(44, 48)
@trials(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(must=OPTIONS, never=OPTIONS)
def test_filters_agree_with_a_list_filtered_by_hand(
    service: ModelService, must: dict[str, Any], never: dict[str, Any]
) -> None:
    """All of must_filter hold and none of not_filter, whatever is combined."""
    asked = ModelsFilter(must_filter=ModelsFilterOptions(**must), not_filter=ModelsFilterOptions(**never))

    found, _, total = service.get_models("d", asked)

    expected = [
        model.id
        for model in service.get_models("d")[0]
        if all(CONDITIONS[name](model, value) for name, value in must.items())
        and not any(CONDITIONS[name](model, value) for name, value in never.items())
    ]
    assert [model.id for model in found] == expected
    assert total == len(expected)


@pytest.mark.seeds(48)
def test_meta_is_found_by_key_and_text(service: ModelService) -> None:
    """Experiment groups are kept there."""
    asked = ModelsFilter(must_filter=ModelsFilterOptions(meta_key="group", meta_value="b"))

    assert [model.id for model in service.get_models("d", asked)[0]] == ["m10", "m7", "m4", "m1"]


def test_unknown_condition_is_an_error() -> None:
    """A mistyped one would silently ask nothing."""
    with pytest.raises(ValueError, match="name_contain"):
        ModelsFilterOptions(name_contain="x")
