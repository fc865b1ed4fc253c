"""A case in words, without any file name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.studies.study import IngestReport, Kind
from core.workflows.describe import checks, kind_word, report_json, report_rows, what_was_read
from core.workspace import Case

REPORT = IngestReport(
    recognised="DICOM film",
    files=1,
    sha256="a" * 64,
    pixel_sha256="b" * 64,
    shape=(1700, 2000),
    spacing_mm=(0.15, 0.2),
    orientation=None,
    modality="DX",
    changed=("MONOCHROME1 was inverted.",),
    identifiers_removed=("PatientName", "PatientID"),
)


@pytest.mark.parametrize(
    ("kind", "modality", "word"),
    [
        (Kind.FILM, "DX", "X-ray"),
        (Kind.FILM, None, "Film"),
        (Kind.FILM, "US", "Film (US)"),
        (Kind.VOLUME, "MR", "MRI"),
        (Kind.VOLUME, None, "Volume"),
        (Kind.VOLUME, "PT", "Volume (PT)"),
    ],
)
def test_a_kind_is_called_by_what_the_header_says(kind: Kind, modality: str | None, word: str) -> None:
    """A PNG of a chest is called a film: nothing in it says X-ray."""
    assert kind_word(Case("case-01", kind, ("image",), replace(REPORT, modality=modality))) == word


def test_sizes_of_a_film_are_said_columns_first() -> None:
    """As people and screens say it; the arrays have rows first."""
    case = Case("case-01", Kind.FILM, ("image",), REPORT)

    assert what_was_read(case) == "DICOM film · 2000 × 1700 pixels · 0.2 × 0.15 mm"


def test_checks_say_what_was_removed_and_changed() -> None:
    """The count only: the keywords stand in the report."""
    case = Case("case-01", Kind.FILM, ("image",), REPORT)

    assert checks(case) == ("usable", "2 identifying tags removed", "MONOCHROME1 was inverted.")


def test_the_report_on_screen_is_the_report_in_the_file() -> None:
    """Both are made from the same record."""
    case = Case("case-01", Kind.FILM, ("image",), REPORT)

    rows, file = dict(report_rows(case)), json.loads(report_json(case))

    assert file["case"] == "case-01"
    assert rows["SHA-256"] == file["sha256"]
    assert rows["Identifiers removed"] == ", ".join(file["identifiers_removed"])
    assert file["shape"] == [1700, 2000]
