"""The one list: what lies there is told as it is, and a changed byte is told too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ModelNotFound
from core.models import Card, Metric, get_model, list_models
from core.models.catalog import CHECKSUM_DIFFERS, list_unreadable, public_list
from core.models.config import CONFIG_NAME, ModelConfig
from core.settings import settings

from .conftest import tiny_config


def flip(path: Path, position: int) -> None:
    """Turn one bit of one byte."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shelf that the settings name, empty."""
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    return tmp_path / "shelf"


def test_shelf_and_store_are_listed_by_id(shelf: Path, home: Path, shelve: Callable[..., Path]) -> None:
    """Two places, one list."""
    shelve("b_v1.0.0")
    shelve("a_v1.0.0", "mobilenet_v3_small")
    (home / "store").mkdir()
    (shelf / "b_v1.0.0").rename(home / "store" / "0123")

    assert [m.id for m in list_models()] == ["a_v1.0.0", "b_v1.0.0"]
    assert get_model("b_v1.0.0").path == home / "store" / "0123" / "model.safetensors"


def test_the_public_view_has_the_fields_of_the_command_line(shelf: Path, shelve: Callable[..., Path]) -> None:
    """`python -m core models --json` prints exactly these."""
    metric = Metric(name="sensitivity", value=0.9, lo=0.8, hi=0.95, method="wilson", k=9, n=10, split="test")
    shelve("a_v1.0.0", "mobilenet_v3_small", card=Card(metrics=(metric,)))
    model = get_model("a_v1.0.0")

    assert public_list() == [{
        "id": "a_v1.0.0", "task": "classification", "architecture": "mobilenet_v3_small",
        "classes": ["normal", "pneumonia"], "channels": ["image"], "sha256": model.weights_sha256,
        "file_sha256": model.file_sha256, "verified": True, "problem": None, "signature": "not checked",
        "metrics": [{"name": "sensitivity", "value": 0.9, "lo": 0.8, "hi": 0.95, "method": "wilson", "k": 9, "n": 10,
                     "split": "test", "unit": "case", "subgroup": ""}],
    }]  # fmt: skip


@pytest.mark.seeds(8)
def test_the_integrity_facts_of_a_model_are_at_hand(shelf: Path, shelve: Callable[..., Path]) -> None:
    """S1's table of file, size and date, with the hash that it lacked."""
    path = shelve()
    model = get_model("tiny_v1.0.0")

    assert model.size_bytes == path.stat().st_size
    assert model.created is not None
    assert len(model.file_sha256) == 64


@pytest.mark.seeds(8)
@pytest.mark.parametrize("where", ["weights", "threshold"])
def test_a_flipped_bit_anywhere_is_told(shelf: Path, shelve: Callable[..., Path], where: str) -> None:
    """In a weight or in a digit of the header: both would change answers."""
    path = shelve(card=Card(summary="a summary of 12345 words"))
    assert get_model("tiny_v1.0.0").verified
    content = path.read_bytes()

    flip(path, len(content) - 5 if where == "weights" else content.index(b"12345"))
    model = get_model("tiny_v1.0.0")

    assert not model.verified
    assert model.problem == CHECKSUM_DIFFERS


def test_a_header_that_cannot_be_read_is_listed_with_its_problem(shelf: Path, shelve: Callable[..., Path]) -> None:
    """A broken model must not vanish, and must not hide the others."""
    shelve("good_v1.0.0")
    flip(shelve("broken_v1.0.0"), 7)

    assert [m.id for m in list_models()] == ["good_v1.0.0"]
    assert "header length" in list_unreadable()["broken_v1.0.0"]
    broken = public_list()[1]
    assert (broken["id"], broken["verified"]) == ("broken_v1.0.0", False)
    with pytest.raises(ModelNotFound, match="header length"):
        get_model("broken_v1.0.0")


def test_a_swapped_sidecar_is_told(shelf: Path, shelve: Callable[..., Path]) -> None:
    """The embedded configuration is used; a contradicting file beside it means that somebody touched the folder."""
    path = shelve()
    ModelConfig(base_filters=8).save(path.parent / CONFIG_NAME)
    differs = get_model("tiny_v1.0.0").problem
    (path.parent / CONFIG_NAME).write_text("{")
    damaged = get_model("tiny_v1.0.0").problem

    assert "differs" in str(differs)
    assert "cannot be read" in str(damaged)


def test_a_newer_form_is_told_and_not_guessed_at(shelf: Path, shelve: Callable[..., Path]) -> None:
    """Version check of the format."""
    path = shelve()
    path.write_bytes(path.read_bytes().replace(b"readroom.checkpoint/1", b"readroom.checkpoint/9"))

    assert "form 9" in list_unreadable()["tiny_v1.0.0"]


@pytest.mark.seeds(10)
def test_another_major_version_of_torch_is_noted(
    shelf: Path, shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1's 'requires PyTorch 2.0+' becomes a check that says what is wrong."""
    monkeypatch.setattr("core.models.checkpoint.installed_versions", lambda: {"torch": "1.13.1"})
    shelve()

    (note,) = get_model("tiny_v1.0.0").notes
    assert note.startswith("Written with torch 1.13.1; 2.")


def test_preprocessing_that_a_checkpoint_does_not_state_is_shown_as_assumed(
    shelf: Path, shelve: Callable[..., Path]
) -> None:
    """A default that looks like a fact would make wrong scores that look right."""
    shelve(config=tiny_config().model_copy(update={"input": None}))

    assert get_model("tiny_v1.0.0").card.assumed == ("All preprocessing: the file states none, slice-256 was taken.",)


def test_two_files_with_one_id_are_told(shelf: Path, home: Path, shelve: Callable[..., Path]) -> None:
    """Results name a model by id; the shelf wins."""
    first = shelve()
    (shelf / "tiny_v1.0.0").rename(home / "kept")
    shelve(seed=1)
    models = list_models([home, shelf])

    assert len(models) == 1
    assert models[0].path.parent == home / "kept"
    assert first.name == "model.safetensors"
    assert "same id" in models[0].notes[-1]


def test_an_unknown_id_lists_the_known_ones(shelf: Path, shelve: Callable[..., Path]) -> None:
    """A typo is answered with what there is."""
    with pytest.raises(ModelNotFound, match="none yet"):
        get_model("tiny")
    shelve()
    with pytest.raises(ModelNotFound, match=r"Use one of: tiny_v1\.0\.0"):
        get_model("tiny")


def test_foreign_safetensors_on_the_shelf_ask_to_be_imported(shelf: Path) -> None:
    """Weights alone do not say how a picture is prepared."""
    from safetensors.numpy import save_file

    shelf.mkdir()
    save_file({}, shelf / "foreign.safetensors", {"format": "pt"})

    assert "python -m core import" in list_unreadable()["foreign"]


def test_a_file_in_the_making_is_not_listed(shelf: Path, shelve: Callable[..., Path]) -> None:
    """A writer that was killed leaves a hidden name behind, which is nobody's model."""
    path = shelve()
    path.with_name(".model.safetensors.0a1b.part.safetensors").write_bytes(path.read_bytes()[:100])

    assert [m.id for m in list_models()] == ["tiny_v1.0.0"]
    assert list_unreadable() == {}


def test_listing_imports_no_torch(shelf: Path, shelve: Callable[..., Path]) -> None:
    """The sidebar and `models` must not wait for it: seconds, and hundreds of MiB."""
    shelve()
    code = (
        "import sys, json; from core.models import list_models; from pathlib import Path;"
        f"ids = [m.id for m in list_models([Path({str(shelf)!r})])];"
        "from core.workflows.registry import shelf_entries; names = [e.id for e in shelf_entries()];"
        "print(json.dumps([ids, names, sorted({'torch', 'torchvision', 'monai'} & sys.modules.keys())]))"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(run.stdout) == [["tiny_v1.0.0"], ["tiny_v1.0.0"], []]


def test_listing_two_hundred_files_again_reads_none_of_them(
    shelf: Path, shelve: Callable[..., Path], tmp_path: Path
) -> None:
    """Each release of a cut-off asks for the shelf: what has not changed is not opened, as emptied bytes show."""
    first = shelve()
    for number in range(199):
        place = shelf / f"copy-{number}" / "model.safetensors"
        place.parent.mkdir()
        place.write_bytes(first.read_bytes())
    before = list_models()

    for path in shelf.rglob("*.safetensors"):
        state = path.stat()
        with path.open("r+b") as file:
            file.write(b"\0" * state.st_size)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert list_models() == before
    assert list_unreadable() == {}
    next(shelf.rglob("copy-7/*.safetensors")).touch()
    assert len(list_unreadable()) == 1, "one that was touched is read again"
