"""What lies in a set of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.studies.candidates import find_candidates
from core.studies.sources import neutral_sources
from tests.studies.builders import MR, dicom, film_pixels, picture, series, volume_pixels


def test_each_study_is_found_once_and_the_rest_is_sorted_out(tmp_path: Path) -> None:
    """Nothing may vanish: a file is a study, part of one, no image, or broken."""
    files = series(tmp_path / "s", volume_pixels(3))
    files.append(dicom(tmp_path / "film", film_pixels()))
    files.append(picture(tmp_path / "p.png", (film_pixels() // 16).astype(np.uint8)))
    files.append(dicom(tmp_path / "plan", None, sop_class="1.2.840.10008.5.1.4.1.1.481.5", Modality="RTPLAN"))
    text, empty = tmp_path / "t.txt", tmp_path / "e"
    text.write_text("hello")
    empty.touch()

    found = find_candidates(neutral_sources([*files, text, empty]))

    assert sorted(len(one.sources) for one in found.studies) == [1, 1, 3]
    assert [refusal.found for refusal in found.left_out] == [
        "file-06 is a DICOM RT Plan Storage.",
        "file-07 is a text file.",
    ]
    assert [refusal.found for refusal in found.broken] == ["file-08 is empty."]


def test_files_of_a_series_need_not_share_a_folder(tmp_path: Path) -> None:
    """Archives spread a series over folders; its UID holds it together."""
    files = series(tmp_path / "a", volume_pixels(6), SeriesInstanceUID="1.2.3")
    moved = (tmp_path / "b").mkdir() or files[4].rename(tmp_path / "b" / "x")

    (only,) = find_candidates(neutral_sources([*files[:4], moved, files[5]])).studies

    assert len(only.sources) == 6


def test_slice_without_a_series_uid_is_alone(tmp_path: Path) -> None:
    """Two files without a UID have nothing that says they belong together."""
    files = [
        dicom(tmp_path / str(n), volume_pixels()[n], sop_class=MR, Modality="MR", SeriesInstanceUID=None)
        for n in range(2)
    ]

    assert len(find_candidates(neutral_sources(files)).studies) == 2
