"""A crowd: many owners upload and predict at once. `READROOM_LOAD_OWNERS=20` makes it larger by hand."""

from __future__ import annotations

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from core.errors import TooLarge
from core.inference.predictor import Predictor
from core.models.catalog import get_model
from core.settings import settings
from core.studies import read_study
from core.studies.synthetic import synthetic_film
from core.workflows import cases
from core.workflows.predict import predict
from core.workflows.run_prediction import find_result, start_run
from core.workspace import JobState, Workspace, jobs
from tests.pages.tiny_shelf import CHEST, CHEST_TWO

OWNERS = int(os.environ.get("READROOM_LOAD_OWNERS", "5"))
FILMS = 2
QUOTA_MIB = 24
GROWTH_MIB = 150
"""What all rounds after the first may add to this process, whatever the number of owners."""
PATIENCE_S = 60 + 10 * OWNERS


@pytest.fixture
def most_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many networks ran at once, each time one began."""
    inside: list[int] = []
    seen: list[int] = []
    honest = Predictor._outcome

    def watched(self: Predictor, *arguments: object, **named: object) -> object:
        inside.append(1)
        seen.append(len(inside))
        try:
            return honest(self, *arguments, **named)  # type: ignore[arg-type]
        finally:
            inside.pop()

    monkeypatch.setattr(Predictor, "_outcome", watched)
    return seen


def test_crowd_gets_every_answer_right_one_run_at_a_time_within_its_quotas(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_at_once: list[int]
) -> None:
    """SAFETY 11: the server answers, slowly if it must; nobody gets another's result."""
    for name, value in {"SHELF": str(shelf), "DEVICE": "cpu", "OWNER_MIB": str(QUOTA_MIB)}.items():
        monkeypatch.setenv(f"READROOM_{name}", value)
    settings.cache_clear()
    models = [get_model(CHEST), get_model(CHEST_TWO)]
    films, right = {}, {}
    for seed in range(OWNERS * FILMS):
        path = tmp_path / f"{seed}.png"
        synthetic_film(path, seed)
        films[seed] = path.read_bytes()
        right[seed] = [predict(read_study([path]), model, explain=True).scores for model in models]
    alone, most_at_once[:] = len(most_at_once), []
    sizes: list[float] = []
    own = psutil.Process()
    round_over = threading.Barrier(OWNERS, action=lambda: sizes.append(own.memory_info().rss / 2**20))

    def browse(number: int) -> list[int]:
        owner = Workspace(f"owner-{number}")
        wrong = []
        for film in range(FILMS):
            seed = number * FILMS + film
            cases.receive(owner, [(f"{seed}.png", io.BytesIO(films[seed]))])
            cases.read_waiting(owner)
            case = owner.cases()[-1]
            for model, expected in zip(models, right[seed], strict=True):
                _wait(owner, start_run(owner, [case], model))
                found = find_result(owner, case, model)
                if found is None or found.scores != expected:
                    wrong.append(seed)
            round_over.wait(PATIENCE_S)
        return wrong

    with ThreadPoolExecutor(OWNERS) as crowd:
        wrong = list(crowd.map(browse, range(OWNERS)))

    owners = [Workspace(f"owner-{number}") for number in range(OWNERS)]
    assert wrong == [[]] * OWNERS
    assert len(most_at_once) == alone == 2 * FILMS * OWNERS
    assert max(most_at_once) == 1
    assert [len(owner.cases()) for owner in owners] == [FILMS] * OWNERS
    assert sizes[-1] - sizes[0] < GROWTH_MIB
    with pytest.raises(TooLarge, match=f"more than {QUOTA_MIB} MiB"):
        cases.receive(owners[0], [("big", io.BytesIO(bytes(QUOTA_MIB << 20)))])
    assert all(owner.size_bytes() < QUOTA_MIB << 20 for owner in owners)


def _wait(owner: Workspace, job_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (job := jobs.get(owner, job_id)).state is JobState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert job.state is JobState.DONE, job.refusal
