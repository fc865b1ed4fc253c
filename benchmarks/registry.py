"""The registry with 100,000 models: its pages by keyset against the same pages by OFFSET, and a filter by text.

Both ways ask the same tables through the same door and check the same records; only how a page is found differs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.compare import Row
from benchmarks.measure import alternate
from core.registry import ModelService
from core.registry.event import Draft, Place, What, placed
from core.registry.ledger import Ledger
from core.registry.model_pages import MOST, model_of
from core.registry.models.entities import Model, ModelTrainClass
from core.registry.models.params import ModelsFilter, ModelsFilterOptions

MODELS = 100_000
RARE = 1000
"""One model in so many has the word that is looked for."""

DATASET = "data-set"

BY_OFFSET = (
    "SELECT body, is_pinned FROM models JOIN bodies USING (seq) WHERE dataset_id = ? AND deleted = 0"
    " ORDER BY seq DESC LIMIT ? OFFSET ?"
)
BY_LIKE = (
    "SELECT body, is_pinned FROM models JOIN bodies USING (seq) WHERE dataset_id = ? AND deleted = 0"
    " AND json_extract(body, '$.name') LIKE ? ORDER BY seq DESC LIMIT ?"
)


def rows(folder: Path, models: int = MODELS, rounds: int = 9) -> list[Row]:
    """First page, deepest page and a text filter."""
    ledger = Ledger(folder / "registry")
    fill(ledger, models)
    service = ModelService("bench", ledger)
    deepest = _last_cursor(service)

    def by_offset(skipped: int) -> Callable[[], list[str]]:
        return lambda: _ids(
            ledger.ask(lambda held: [model_of(row) for row in held.execute(BY_OFFSET, (DATASET, MOST, skipped))])
        )

    def by_like() -> list[str]:
        values = (DATASET, "%deprecated%", MOST)
        return _ids(ledger.ask(lambda held: [model_of(row) for row in held.execute(BY_LIKE, values)]))

    wanted = ModelsFilter(must_filter=ModelsFilterOptions(name_contains="deprecated"))
    said = f"of {models:,} models"
    return [
        _pair(f"first page {said}: OFFSET 0", by_offset(0), lambda: _ids(service.get_models(DATASET)[0]), rounds),
        _pair(
            f"deepest page {said}: OFFSET {models - MOST:,}",
            by_offset(models - MOST),
            lambda: _ids(service.get_models(DATASET, cursor=deepest)[0]),
            rounds,
        ),
        _pair(
            f"text in the name, 1 {said} in {RARE:,}, and the total: LIKE over the records, no total",
            by_like,
            lambda: _ids(service.get_models(DATASET, wanted)[0]),
            rounds,
        ),
    ]


def fill(ledger: Ledger, models: int) -> None:
    """Write a log of so many models, as if each had been created by itself, and make the tables of it."""
    place = Place()
    with ledger.log.lock(), ledger.log.path.open("wb") as file:
        for number in range(models):
            event = placed(_draft(number), place, "2026-01-01T00:00:00.000+00:00")
            line = event.line()
            file.write(line)
            place = place.after(line)
    ledger.rebuild()


def _draft(number: int) -> Draft:
    word = "deprecated" if number % RARE == 0 else "experiment"
    model = Model(
        id=f"model_{number:06d}",
        dataset_id=DATASET,
        name=f"Chest detector {word} {number}",
        baseline_model="densenet121",
        description="Trained on the data set's own films, to be compared with its neighbours.",
        training_classes=(ModelTrainClass(class_name="pneumonia", annotation_type="label", ap=number % 100 / 100),),
        is_trained=number % 2 == 0,
        meta={"experiment_group": f"group {number % 50}"},
    )
    return Draft(What.MODEL_CREATED, str(model.id), "bench", data=model.model_dump(mode="json", exclude={"is_pinned"}))


def _last_cursor(service: ModelService) -> str | None:
    """The cursor of the last page, by walking all of them."""
    held, cursor, _ = service.get_models(DATASET)
    while held:
        held, following, _ = service.get_models(DATASET, cursor=cursor)
        if following is None:
            break
        cursor = following
    return cursor


def _ids(models: list[Model]) -> list[str]:
    return [str(model.id) for model in models]


def _pair(what: str, usual: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> Row:
    timed, quiet = alternate({"usual": usual, "ours": ours}, rounds=rounds)
    first, second = timed["usual"], timed["ours"]
    return Row(
        what=what,
        usual=first.median_s * 1000,
        ours=second.median_s * 1000,
        unit="ms",
        cpu_ratio=first.median_cpu_s / second.median_cpu_s if second.median_cpu_s > 0 else None,
        difference="none" if first.answer == second.answer else "other models",
        quiet=quiet,
        rounds=len(first.wall_s),
    )
