"""Neutral names and the hash of a study."""

from __future__ import annotations

import hashlib
from pathlib import Path

from core.studies.sources import Source, neutral_sources, study_sha256


def test_files_get_neutral_names_in_the_order_given(tmp_path: Path) -> None:
    """A user's file name often is a patient's name, so no message may need it."""
    names = [source.name for source in neutral_sources([tmp_path / "doe_john.dcm", tmp_path / "a.nii"])]

    assert names == ["file-01", "file-02"]


def test_hash_of_one_file_is_the_files_own(tmp_path: Path) -> None:
    """Anyone can check the figure with sha256sum."""
    path = tmp_path / "one"
    path.write_bytes(b"abc")

    assert study_sha256([Source("file-01", path).sha256()]) == hashlib.sha256(b"abc").hexdigest()


def test_hash_of_a_series_ignores_order_and_copies() -> None:
    """The same series shuffled, or with a file twice, is the same study."""
    first, second = "0" * 64, "f" * 64

    assert study_sha256([second, first, second]) == study_sha256([first, second])
    assert study_sha256([first, second]) == hashlib.sha256((first + second).encode()).hexdigest()
