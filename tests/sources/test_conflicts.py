"""Where the source documents disagree: the two answers that have no other home, and that each of the nine is tested."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core import NOTICE
from core.metrics.operating_points import OperatingPoint
from core.models import get_model, import_checkpoint
from core.workflows import registry
from core.workflows.card_rows import promise
from core.workflows.model_cards import card_page
from core.workflows.promises import promise_sentence
from core.workflows.result_view import point_sentences
from tests.models.conftest import point, tiny_config, tiny_network

TESTS = Path(__file__).resolve().parents[1]

SHIPPED = "chest_pneumonia_mobilenet_v3_large_v1.0.0"


def test_every_conflict_is_named_by_a_test() -> None:
    """Nine places where two documents say two things; an answer that no test holds is forgotten."""
    named = {
        int(number)
        for path in TESTS.rglob("test_*.py")
        for number in re.findall(r"Conflict (\d) of the seeds", path.read_text())
    }

    assert named == set(range(1, 10))


def _advised(threshold: float, **changes: object) -> OperatingPoint:
    nobody = dict.fromkeys(("positives", "negatives", "tp", "fp", "fn", "tn"), 0)
    return replace(point(threshold=threshold, name="screening", cohort="", chosen_on="", **nobody), **changes)


@pytest.mark.seeds(9)
def test_a_threshold_without_cohort_and_count_is_claimed_even_where_it_calls_itself_guaranteed() -> None:
    """Conflict 7 of the seeds: '0.10-0.15 for 99 %+ sensitivity' comes with no cohort."""
    for advised in (_advised(0.10), _advised(0.15, guaranteed=True, target=0.99, confidence=0.95)):
        assert advised.is_claimed
        assert promise(advised) == "claimed, no cohort and no count"
        assert promise_sentence(advised).startswith("Claimed:")
        assert "is claimed: no cohort and no count stand behind it" in point_sentences(advised)[0]

    measured = point()
    assert not measured.is_claimed
    assert "laimed" not in " ".join((promise(measured), *point_sentences(measured)))


@pytest.mark.seeds(9)
def test_a_threshold_in_a_foreign_checkpoint_becomes_a_claim_and_no_operating_point(tmp_path: Path) -> None:
    """Conflict 7 of the seeds, as it comes in with a file."""
    config = tiny_config()
    content = {
        "model": tiny_network(config).state_dict(),
        "config": config.model_dump(mode="json"),
        "threshold": 0.12,
        "sensitivity": 0.99,
    }
    torch.save(content, tmp_path / "model.pt")

    model = import_checkpoint(tmp_path / "model.pt")

    assert model.operating_points == ()
    assert model.card.provenance["claimed_threshold"] == "0.12"
    assert model.card.provenance["claimed_sensitivity"] == "0.99"
    assert model.card.metrics == ()


@pytest.mark.seeds(10, 24)
def test_production_changes_no_notice() -> None:
    """Conflict 9 of the seeds: 'production' is served to the users of this installation, and stays research only."""
    before = card_page(get_model(SHIPPED))
    registry.register(SHIPPED, "measured", "Ada")
    for stage in ("Testing", "Staging", "Production"):
        registry.change_stage(SHIPPED, stage, "good", "Ada", "Grace")

    (entry,) = [one for one in registry.shelf_entries() if one.id == SHIPPED]
    assert entry.stage == "Production"
    assert NOTICE in card_page(get_model(SHIPPED)) == before
