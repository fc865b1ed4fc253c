"""Zip archives within bounds."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import DamagedFile, StudyError, TooLarge, UnsupportedFile
from core.settings import settings
from core.studies import read_study
from tests.studies.builders import film_pixels, pack, pack_files, picture, series, volume_pixels


def _film(tmp_path: Path) -> bytes:
    return picture(tmp_path / "film.png", (film_pixels() // 16).astype(np.uint8)).read_bytes()


@pytest.mark.parametrize("name", ["../../escape.png", "/etc/escape.png", "C:\\escape.png", "a/../../b.png", "x" * 300])
def test_names_are_never_used_as_paths(tmp_path: Path, name: str) -> None:
    """Members are written under numbers of ours, so a name can point nowhere."""
    before = {path for path in tmp_path.parent.rglob("*") if "escape" in path.name}

    study = read_study([pack(tmp_path / "a.zip", [(name, _film(tmp_path))])])

    assert study.shape == (80, 70)
    assert {path for path in tmp_path.parent.rglob("*") if "escape" in path.name} == before
    assert "escape" not in str(study.report.to_dict())


def test_a_film_in_a_zip_has_the_films_own_hash(tmp_path: Path) -> None:
    """Packing does not make another study."""
    content = _film(tmp_path)

    packed = read_study([pack(tmp_path / "a.zip", [("a", content)])])

    assert packed.sha256 == read_study([tmp_path / "film.png"]).sha256


def test_other_files_are_left_out_with_a_note_and_clutter_without(tmp_path: Path) -> None:
    """Read-me files and what macOS adds lie in nearly every archive."""
    members = [("a.png", _film(tmp_path)), ("readme.txt", b"hello"), ("__MACOSX/._a.png", b"x"), (".DS_Store", b"x")]

    report = read_study([pack(tmp_path / "a.zip", members)]).report

    assert report.changed == ("1 file(s) that are no image were left out",)


def test_ratio_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    """A thousandfold expansion is the classic; 200 is the limit."""
    path = pack(tmp_path / "a.zip", [("a", bytes(30 << 20))])

    with pytest.raises(TooLarge, match="200 times"):
        read_study([path])


def test_total_is_bounded_across_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many files below the limit can be over it together."""
    monkeypatch.setenv("READROOM_UNPACKED_MIB", "2")
    settings.cache_clear()
    noise = np.random.default_rng(0).bytes(1 << 20)

    with pytest.raises(TooLarge, match="2 MiB"):
        read_study([pack(tmp_path / "a.zip", [(str(n), noise) for n in range(3)])])


def test_count_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of empty files cost more than their bytes."""
    monkeypatch.setenv("READROOM_ARCHIVE_FILES", "5")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="6 files"):
        read_study([pack(tmp_path / "a.zip", [(str(n), b"") for n in range(6)])])


def test_lying_member_size_does_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size in the directory is a claim; what comes out is counted."""
    path = pack(tmp_path / "a.zip", [("a", bytes(8 << 20))])
    content = path.read_bytes()
    path.write_bytes(content.replace((8 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))

    with pytest.raises(StudyError):
        read_study([path])


def test_links_are_refused(tmp_path: Path) -> None:
    """A link could point at any file of the server."""
    info = zipfile.ZipInfo("a.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr(info, "/etc/passwd")

    with pytest.raises(UnsupportedFile, match="links"):
        read_study([tmp_path / "a.zip"])


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    """Told 'encrypted', a user knows what to do; a wrong password is not our matter."""
    path = pack(tmp_path / "a.zip", [("a.png", _film(tmp_path))])
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(UnsupportedFile, match="encrypted"):
        read_study([path])


def test_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    """Nesting is how 42 kB become petabytes."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as bundle:
        bundle.writestr("a", b"x")

    with pytest.raises(UnsupportedFile, match="archive inside an archive"):
        read_study([pack(tmp_path / "a.zip", [("b.dcm", inner.getvalue())])])


def test_cut_archive_is_damaged(tmp_path: Path) -> None:
    """Without its directory an archive hides how many files are missing."""
    path = pack_files(tmp_path / "a.zip", series(tmp_path / "s", volume_pixels()))
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(DamagedFile, match="file-01 is a zip archive"):
        read_study([path])


def test_archive_without_an_image_says_so(tmp_path: Path) -> None:
    """One refusal for the whole, with the first file's reason."""
    with pytest.raises(UnsupportedFile, match="None of the 2 files"):
        read_study([pack(tmp_path / "a.zip", [("a", b"hello"), ("b", b"%PDF")])])
    with pytest.raises(DamagedFile, match="no file in it"):
        read_study([pack(tmp_path / "b.zip", [])])
