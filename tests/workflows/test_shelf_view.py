"""The list of the shelf: what a row says, what a search leaves, and that a broken file is told and not left out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.models.signatures import SignatureState
from core.settings import settings
from core.workflows.registry import pin, register, set_alias
from core.workflows.shelf_view import (
    BROKEN,
    DIFFERS,
    GONE,
    SIGNED,
    VERIFIED,
    Asked,
    Row,
    choices,
    matching,
    shelf_rows,
    state_of,
)

SHELF = Path(__file__).resolve().parents[2] / "model_backups"
CHEST = "chest_pneumonia_mobilenet_v3_large_v1.0.0"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two shipped models; one byte of the second one's weights is flipped; and a file that is none."""
    for name in (CHEST, "lgg_flair_unet2d_v1.0.0"):
        shutil.copytree(SHELF / name, tmp_path / name)
    changed = tmp_path / "lgg_flair_unet2d_v1.0.0" / "lgg_flair_unet2d_v1.0.0.safetensors"
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    (tmp_path / "torn_v1.0.0.safetensors").write_bytes(b"\x07")
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path))
    settings.cache_clear()
    return tmp_path


def _rows() -> dict[str, Row]:
    return {row.id: row for row in shelf_rows()}


@pytest.mark.seeds(8)
def test_a_row_says_figure_interval_cases_size_and_time(shelf: Path) -> None:
    """What one chooses by, without opening anything."""
    row = _rows()[CHEST]
    model = get_model(CHEST)

    assert row.figure == "AUC 0.976, 0.958 to 0.986"
    assert row.on == "n = 403 patients · official_test"
    assert row.size == f"{model.size_bytes / 2**20:.1f} MiB"
    assert row.seconds.endswith(" s")
    assert (row.version, row.state) == ("1.0.0", VERIFIED)


def test_a_changed_and_a_torn_file_are_listed_with_their_sentence(shelf: Path) -> None:
    """A model that silently vanishes from a list is looked for on the wrong shelf."""
    rows = _rows()

    assert rows["lgg_flair_unet2d_v1.0.0"].state == DIFFERS
    assert "Checksum differs" in rows["lgg_flair_unet2d_v1.0.0"].problem
    assert rows["torn_v1.0.0"].state == GONE
    assert not rows["torn_v1.0.0"].readable
    assert rows["torn_v1.0.0"].problem


def test_a_search_needs_every_word_in_any_order_and_case(shelf: Path) -> None:
    """People remember pieces: what it finds, what it is called, what it is built like."""
    rows = list(_rows().values())

    assert [row.id for row in matching(rows, Asked("MOBILENET pneumonia"))] == [CHEST]
    assert matching(rows, Asked("mobilenet glioma")) == []
    assert [row.id for row in matching(rows, Asked(state=GONE))] == ["torn_v1.0.0"]
    assert len(matching(rows, Asked())) == len(rows)


def test_a_filter_offers_what_there_is(shelf: Path) -> None:
    """An option that finds nothing is a dead end."""
    rows = list(_rows().values())

    assert choices(rows, "task") == ["classification", "segmentation"]
    for task in choices(rows, "task"):
        assert matching(rows, Asked(task=task))


@pytest.mark.seeds(23)
def test_a_signed_model_is_called_signed_and_a_changed_one_never(shelf: Path) -> None:
    """The better word must not cover the worse fact."""
    model = replace(get_model(CHEST), signature=SignatureState.VERIFIED)

    assert state_of(model) == SIGNED
    assert state_of(replace(model, problem="Its signature does not hold: changed: a.")) == BROKEN


@pytest.mark.seeds(22)
def test_stage_alias_and_pin_stand_in_the_row_and_the_pinned_one_stands_first(shelf: Path) -> None:
    """The registry's word beside the file's."""
    register(CHEST, "a start", "ana")
    set_alias(CHEST, "screening", "the quickest", "ana")
    assert shelf_rows()[0].id == CHEST
    pin("lgg_flair_unet2d_v1.0.0", "ana")

    rows = shelf_rows()

    assert rows[0].id == "lgg_flair_unet2d_v1.0.0"
    assert (rows[1].stage, rows[1].aliases) == ("Development", "screening")
    assert [row.id for row in matching(rows, Asked("screening", stage="Development"))] == [CHEST]


def test_a_version_whose_file_is_gone_is_still_listed(shelf: Path) -> None:
    """What the registry promises never to forget must not vanish with a folder."""
    register(CHEST, "a start", "ana")
    shutil.rmtree(shelf / CHEST)

    row = _rows()[CHEST]

    assert (row.state, row.stage, row.readable) == (GONE, "Development", False)
    assert "Restore it from a backup." in row.problem
