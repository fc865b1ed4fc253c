"""From files to one study, and which files belong together."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from core.errors import ChoiceNeeded
from core.studies import Kind, group_files, read_study
from tests.studies.builders import dicom, film_pixels, nifti, pack_files, picture, series, volume_pixels


def test_loose_files_are_grouped_into_studies(tmp_path: Path) -> None:
    """Someone drops a folder's content: each study must become one case, whatever the order."""
    first = series(tmp_path / "a", volume_pixels(3))
    second = series(tmp_path / "b", volume_pixels(3), PatientID="case-02")
    nib.save(nib.Nifti1Pair(np.zeros((4, 4, 4), np.int16), np.eye(4)), tmp_path / "p.hdr")
    film = dicom(tmp_path / "film", film_pixels())
    archive = pack_files(tmp_path / "z.zip", first)
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    empty = tmp_path / "empty"
    empty.touch()
    mixed = [first[0], film, second[0], tmp_path / "p.img", first[1], text, *second[1:], archive, first[2], empty]

    groups = group_files([*mixed, tmp_path / "p.hdr"])

    assert [set(group.files) for group in groups] == [
        set(first),
        {film},
        set(second),
        {tmp_path / "p.hdr", tmp_path / "p.img"},
        {text},
        {archive},
        {empty},
    ]


def test_two_films_are_a_choice_with_neutral_words(tmp_path: Path) -> None:
    """Front and side view lie in one folder; neither is taken in silence."""
    files = [
        picture(tmp_path / "DOE_front.png", (film_pixels() // 16).astype(np.uint8)),
        dicom(tmp_path / "DOE_side", film_pixels()),
    ]

    with pytest.raises(ChoiceNeeded) as raised:
        read_study(files)

    told = [choice.what for choice in raised.value.choices]
    assert told == ["PNG picture (file-01)", "CR film of 80 x 70 (file-02)"]
    assert read_study(files, series="series-2").report.modality == "CR"


def test_broken_neighbour_of_a_film_is_told(tmp_path: Path) -> None:
    """A film is whole without its neighbours; that one could not be read is worth a warning."""
    broken = tmp_path / "broken"
    broken.write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)

    study = read_study([dicom(tmp_path / "film", film_pixels()), broken])

    assert study.kind is Kind.FILM
    assert "1 file(s) beside it could not be read and were left out." in study.report.warnings


def test_library_log_lines_and_warnings_stay_quiet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They quote header values, and a log must hold none."""
    path = dicom(tmp_path / "x", film_pixels())
    content = path.read_bytes().replace(b"\x08\x00\x60\x00CS\x02\x00CR", b"\x08\x00\x60\x00CS\x02\x00c?")
    path.write_bytes(content)

    with caplog.at_level("DEBUG"), pytest.raises(Exception, match="modality None"):
        read_study([path])

    assert caplog.text == ""


def test_ids_do_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    """An answer typed later must mean the same study."""
    a = series(tmp_path / "a", volume_pixels(3), SeriesNumber=1)
    b = series(tmp_path / "b", volume_pixels(4), SeriesNumber=2)

    assert read_study([*a, *b], series="series-2").shape == read_study([*b, *a], series="series-2").shape


def test_nifti_and_film_side_by_side(tmp_path: Path) -> None:
    """Kinds may be mixed in one folder; each is its own study."""
    files = [nifti(tmp_path / "v.nii", np.zeros((4, 4, 4), np.int16)), dicom(tmp_path / "film", film_pixels())]

    with pytest.raises(ChoiceNeeded, match="2 studies"):
        read_study(files)
