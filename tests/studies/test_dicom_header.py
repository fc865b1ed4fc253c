"""Headers sorted by what they describe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import DamagedFile, UnsupportedFile
from core.studies import read_study
from core.studies.dicom_header import Role, class_name, read_header, role_of, syntax_name
from core.studies.sources import Source
from tests.hostile.traps import nested_film
from tests.studies.builders import MR, SECONDARY_CAPTURE, dicom, film_pixels


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        ({"Modality": "DX"}, Role.FILM),
        ({"Modality": "XA"}, Role.FILM),
        ({"Modality": "MR", "sop_class": MR}, Role.SLICES),
        ({"Modality": "US"}, Role.NOTHING),
        ({"Modality": "OT"}, Role.NOTHING),
        ({"Modality": "OT", "WindowCenter": 100, "WindowWidth": 50}, Role.FILM),
        ({"Modality": None, "BodyPartExamined": "CHEST"}, Role.FILM),
    ],
)
def test_role_follows_the_modality(tmp_path: Path, tags: dict[str, object], role: Role) -> None:
    """What is shown as a film must be one; a drawing or an ultrasound picture never is."""
    header = read_header(Source("file-01", dicom(tmp_path / "x", film_pixels(), **tags)))  # type: ignore[arg-type]

    assert role_of(header) is role


def test_moving_films_and_colour_captures_are_refused_in_words(tmp_path: Path) -> None:
    """One frame of a run or a screen shot would be scored like a film."""
    cine = dicom(tmp_path / "cine", np.zeros((3, 20, 20), np.uint16), Modality="XA")
    shot = dicom(tmp_path / "shot", np.zeros((20, 20, 3), np.uint8), Modality="OT", sop_class=SECONDARY_CAPTURE)

    with pytest.raises(UnsupportedFile, match="3 frames"):
        read_study([cine])
    with pytest.raises(UnsupportedFile, match="modality OT, RGB"):
        read_study([shot])


def test_bytes_that_are_no_data_set_are_damaged(tmp_path: Path) -> None:
    """A DICOM magic over rubbish is the commonest cut download."""
    path = tmp_path / "x"
    path.write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)

    with pytest.raises(DamagedFile, match="file-01 is a DICOM file"):
        read_study([path])


def test_names_come_from_the_standard_and_not_from_the_file(tmp_path: Path) -> None:
    """A private UID must not be shown: it links to its maker and site."""
    header = read_header(Source("file-01", dicom(tmp_path / "x", film_pixels(), sop_class="1.2.3.4.5")))

    assert class_name(header) == "object of unknown class"
    assert syntax_name(header) == "Explicit VR Little Endian"


@pytest.mark.parametrize("depth", [50, 250, 3000])
@pytest.mark.parametrize("open_length", [True, False])
def test_sequences_nested_without_end_are_read_or_refused(tmp_path: Path, depth: int, open_length: bool) -> None:
    """Other tools run out of stack on them. Lengths that are stated let the nest be stepped over: the film is whole."""
    path = tmp_path / "x"
    path.write_bytes(nested_film(depth, open_length=open_length))

    if open_length and depth > 50:
        with pytest.raises(DamagedFile, match="file-01 is a DICOM file"):
            read_study([path])
    else:
        assert read_study([path]).shape == (80, 70)
