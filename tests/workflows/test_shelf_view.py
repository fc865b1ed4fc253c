"""The list of the shelf: what a row says, what a search leaves, and that a broken file is told and not left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.models.catalog import get_model
from core.settings import settings
from core.workflows.shelf_view import DIFFERS, GONE, VERIFIED, Asked, Row, choices, matching, shelf_rows

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
