"""Backup and restore: everything comes back byte for byte, and an archive from elsewhere is a hostile one."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BackupError
from core.models.hashing import file_sha256
from core.registry import backup
from core.registry.backup import MANIFEST, read_manifest, restore, write_backup
from core.settings import settings

CONTENT = {
    "shelf/one/model.safetensors": b"weights" * 1000,
    "shelf/one/model_config.json": b"{}",
    "shelf/caf\u00e9.md": b"card",
    "store/abc/model.safetensors": b"weights" * 1000,
    "points/def.json": b'{"points": []}',
    "registry/events.jsonl": b'{"seq": 1}\n',
}


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    """An installation of a few bytes, with what does not go into a backup."""
    for name, content in CONTENT.items():
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "here/registry/index.sqlite").write_bytes(b"made of the log")
    (tmp_path / "here/store/.staging-1").mkdir()
    (tmp_path / "here/store/.staging-1/half").write_bytes(b"half")
    (tmp_path / "here/shelf/link").symlink_to("/etc/hostname")
    return {word: tmp_path / "here" / word for word in ("shelf", "store", "points", "registry")}


@pytest.fixture
def saved(roots: dict[str, Path], tmp_path: Path) -> Path:
    write_backup(tmp_path / "lab.zip", roots)
    return tmp_path / "lab.zip"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


EXPECTED = {name if name.startswith("shelf/") else f"home/{name}": content for name, content in sorted(CONTENT.items())}


@pytest.mark.seeds(41)
def test_what_was_saved_comes_back_byte_for_byte(saved: Path, tmp_path: Path) -> None:
    """Files, and nothing else: no tables, no halves, no links, no staging left."""
    done = restore(saved, tmp_path / "there")

    assert (done.written, done.kept) == (len(CONTENT), 0)
    assert _files(tmp_path / "there") == EXPECTED
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == ["home", "shelf"]


def test_equal_content_gives_equal_archives(saved: Path, roots: dict[str, Path], tmp_path: Path) -> None:
    """Whoever keeps many can keep one."""
    write_backup(tmp_path / "again.zip", roots)

    assert file_sha256(tmp_path / "again.zip") == file_sha256(saved)


@pytest.mark.seeds(41)
def test_a_flipped_byte_anywhere_puts_nothing_in_place(saved: Path, tmp_path: Path) -> None:
    """Content, manifest or the archive's own table: 60 places over the whole file."""
    content = saved.read_bytes()
    told = 0
    for place in range(0, len(content), len(content) // 60):
        damaged = bytearray(content)
        damaged[place] ^= 0x20
        (tmp_path / "damaged.zip").write_bytes(damaged)
        try:
            restore(tmp_path / "damaged.zip", tmp_path / f"there-{place}")
        except BackupError:
            told += 1
            assert _files(tmp_path / f"there-{place}") == {}
        else:  # a byte of the archive's own that says nothing, a time for instance
            assert _files(tmp_path / f"there-{place}") == EXPECTED

    assert told >= 55


def test_a_cut_archive_is_refused(saved: Path, tmp_path: Path) -> None:
    """Half a copy is the commonest damage."""
    (tmp_path / "cut.zip").write_bytes(saved.read_bytes()[:-200])

    with pytest.raises(BackupError, match="damaged or is none"):
        restore(tmp_path / "cut.zip", tmp_path / "there")
    with pytest.raises(BackupError, match="no backup at that place"):
        restore(tmp_path / "nowhere.zip", tmp_path / "there")


def _forged(
    path: Path, names: dict[str, bytes], *, members: dict[str, bytes] | None = None, packed: bool = False
) -> Path:
    """An archive whose manifest lists these names, with right sizes and hashes."""
    import hashlib

    listed = {n: {"bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in names.items()}
    held = {f"files/{k:06d}": names[n] for k, n in enumerate(sorted(names), start=1)} | (members or {})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps({"schema": "readroom.manifest/1", "files": listed}))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "shelf/../../out", "/etc/out", "shelf//out", "shelf/./out", "elsewhere/out", "shelf", "shelf/.hidden",
        "shelf/a\\..\\out", "shelf/a\x00b", "shelf/" + "a" * 300, "shelf/" + "/".join("abcdefghij"), "../shelf/out",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written outside, nor inside before the whole list was looked at."""
    forged = _forged(tmp_path / "forged.zip", {"shelf/good": b"good", name: b"evil"})
    before = {p.name for p in tmp_path.iterdir()}

    with pytest.raises(BackupError, match="leads elsewhere"):
        restore(forged, tmp_path / "there" / "deep")

    assert _files(tmp_path / "there") == {}
    assert {p.name for p in tmp_path.iterdir()} == before | {"there"}


@pytest.mark.parametrize(
    "pair", [("shelf/A", "shelf/a"), ("shelf/a", "shelf/a/b"), ("shelf/caf\u00e9", "shelf/cafe\u0301")]
)
def test_two_names_of_one_place_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    """On a disk that ignores case one would replace the other after both were verified."""
    forged = _forged(tmp_path / "forged.zip", {name: name.encode() for name in pair})

    with pytest.raises(BackupError, match="one place"):
        restore(forged, tmp_path / "there")


def test_packed_more_and_fewer_files_than_the_manifest_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb is packed; what no manifest lists is smuggled."""
    files = {"shelf/zeros": bytes(1_000_000)}

    with pytest.raises(BackupError, match="packed or encrypted"):
        read_manifest(_forged(tmp_path / "packed.zip", files, packed=True))
    with pytest.raises(BackupError, match="not those of its manifest"):
        read_manifest(_forged(tmp_path / "more.zip", files, members={"../../evil": b"x"}))
    with pytest.raises(BackupError, match="not those of its manifest"):
        read_manifest(_forged(tmp_path / "other.zip", files, members={"files/000001": b"x"}))
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(BackupError, match="no manifest"):
        read_manifest(tmp_path / "none.zip")
    monkeypatch.setenv("READROOM_ARCHIVE_FILES", "1")
    settings.cache_clear()
    with pytest.raises(BackupError, match="At most 1 are restored"):
        read_manifest(_forged(tmp_path / "many.zip", {"shelf/a": b"a", "shelf/b": b"b"}))


@pytest.mark.seeds(41)
def test_files_that_differ_are_replaced_only_when_forced(saved: Path, tmp_path: Path) -> None:
    """What is there may be the only copy. What is equal stays, and what is not in the backup too."""
    there = tmp_path / "there"
    restore(saved, there)
    (there / "shelf/one/model_config.json").write_bytes(b"newer")
    (there / "shelf/own.md").write_bytes(b"mine")

    with pytest.raises(BackupError, match=r"differ are there already: shelf/one/model_config\.json"):
        restore(saved, there)
    assert (there / "shelf/one/model_config.json").read_bytes() == b"newer"

    done = restore(saved, there, force=True)

    assert (done.written, done.kept) == (1, len(CONTENT) - 1)
    assert _files(there) == EXPECTED | {"shelf/own.md": b"mine"}


def test_a_link_at_the_place_of_a_file_or_a_folder_is_refused(saved: Path, tmp_path: Path) -> None:
    """Else the files would land where the link leads."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "shelf").symlink_to(tmp_path / "outside")

    with pytest.raises(BackupError, match="A link or a folder lies where"):
        restore(saved, tmp_path / "there", force=True)

    assert _files(tmp_path / "outside") == {}


def test_a_backup_inside_what_it_holds_is_refused(roots: dict[str, Path]) -> None:
    """It would be lost with the rest."""
    with pytest.raises(BackupError, match="in a folder that it holds"):
        write_backup(roots["shelf"] / "lab.zip", roots)


def test_a_restore_that_has_no_room_begins_nothing(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked before, told with both figures."""
    free = type("Usage", (), {"free": 10})
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda folder: free)

    with pytest.raises(BackupError, match="0 MiB are free"):
        restore(saved, tmp_path / "there")

    assert _files(tmp_path / "there") == {}


def test_the_log_is_copied_while_nobody_writes_to_it(
    roots: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is not flushed could be taken back after the copy."""
    held: list[Callable[[], object]] = []
    lock = backup.EventLog.lock
    monkeypatch.setattr(backup.EventLog, "lock", lambda log: held.append(log.folder) or lock(log))

    write_backup(tmp_path / "lab.zip", roots)

    assert held == [roots["registry"]]
