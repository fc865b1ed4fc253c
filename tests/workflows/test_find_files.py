"""From a path to the files of one study."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StudyError, TooLarge
from core.settings import settings
from core.workflows.find_files import find_files


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_folder_gives_all_files_below_it_sorted(tmp_path: Path) -> None:
    """An archive's export has folders in folders, and hidden files that nobody means."""
    files = [_touch(tmp_path / "a" / "2"), _touch(tmp_path / "b" / "c" / "1")]
    _touch(tmp_path / ".hidden" / "x")
    _touch(tmp_path / "a" / ".DS_Store")

    assert find_files(tmp_path) == files


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link points at what was not brought, or round in a circle."""
    outside = _touch(tmp_path / "outside")
    file = _touch(tmp_path / "study" / "a")
    (tmp_path / "study" / "link").symlink_to(outside)
    (tmp_path / "study" / "loop").symlink_to(tmp_path / "study", target_is_directory=True)

    assert find_files(tmp_path / "study") == [file]


def test_half_of_a_pair_brings_the_other(tmp_path: Path) -> None:
    """Someone names the header and means the volume, or the other way round."""
    header, image = _touch(tmp_path / "v.hdr"), _touch(tmp_path / "v.img")

    assert set(find_files(header)) == {header, image}
    assert set(find_files(image)) == {header, image}
    assert find_files(_touch(tmp_path / "w.hdr")) == [tmp_path / "w.hdr"]


def test_walk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone will name the root of a disk."""
    for number in range(4):
        _touch(tmp_path / str(number))
    monkeypatch.setenv("READROOM_ARCHIVE_FILES", "3")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="3 files"):
        find_files(tmp_path)


def test_nothing_there_is_told_without_the_path(tmp_path: Path) -> None:
    """A path can hold a name; the answer repeats it in one field only."""
    with pytest.raises(StudyError, match="no file or folder") as raised:
        find_files(tmp_path / "doe_john.dcm")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="holds no file"):
        find_files(tmp_path / "empty")

    assert "doe" not in str(raised.value)
