"""The verdict on a path as one JSON-ready object."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.workflows.inspect import PROPERTIES, inspect
from tests.studies.builders import dicom, film_pixels, nifti, pack_files, series, volume_pixels

KEYS = ["path", "kind", "verdict", "accepted", "error", "warnings", "choices", "properties"]


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    back: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False))
    assert list(back) == KEYS
    assert list(back["properties"]) == list(PROPERTIES)
    assert back["accepted"] is (back["verdict"] in {"open", "warn"})
    return back


def test_film_is_open_with_its_properties(tmp_path: Path) -> None:
    """Scripts read these names; the numbers are those of the file."""
    path = dicom(tmp_path / "film", film_pixels(), PixelSpacing=[0.2, 0.3], BodyPartExamined="CHEST", PatientName="A^B")

    answer = _plain(inspect(str(path)))

    assert (answer["path"], answer["kind"], answer["verdict"], answer["error"]) == (str(path), "film", "open", None)
    told = answer["properties"]
    assert told["shape"] == [80, 70]
    assert told["spacing_mm"] == [0.2, 0.3]
    assert told["orientation"] is None
    assert told["photometric"] == "MONOCHROME2"
    assert told["bits_stored"] == 16
    assert told["transfer_syntax"] == "Explicit VR Little Endian"
    assert told["pixel_sha256"] == hashlib.sha256(film_pixels().tobytes()).hexdigest()
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "PatientName" in told["identifiers_removed"]


def test_folder_and_zip_with_one_series_are_one_study(tmp_path: Path) -> None:
    """A command names the folder, an upload the zip: one study, one hash."""
    files = series(tmp_path / "s", volume_pixels())

    folder = _plain(inspect(tmp_path / "s"))
    packed = _plain(inspect(pack_files(tmp_path / "s.zip", files)))

    assert folder["verdict"] == packed["verdict"] == "open"
    assert folder["properties"] == packed["properties"]
    assert folder["properties"]["shape"] == [10, 12, 6]
    hashes = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    assert folder["properties"]["sha256"] == hashlib.sha256("".join(hashes).encode()).hexdigest()


def test_folder_with_several_series_asks_and_takes_the_answer(tmp_path: Path) -> None:
    """The answer is typed with --series."""
    series(tmp_path / "s" / "a", volume_pixels(4), SeriesNumber=1)
    series(tmp_path / "s" / "b", volume_pixels(5), SeriesNumber=2)

    asked = _plain(inspect(tmp_path / "s"))
    answered = _plain(inspect(tmp_path / "s", series="series-2"))

    assert asked["verdict"] == "choose"
    assert [choice["id"] for choice in asked["choices"]] == ["series-1", "series-2"]
    assert asked["properties"]["shape"] is None
    assert answered["verdict"] == "open"
    assert answered["properties"]["shape"] == [10, 12, 5]


def test_several_volumes_ask_and_tell_the_grid_they_share(tmp_path: Path) -> None:
    """Before choosing, one wants to know what there is to choose from."""
    path = nifti(tmp_path / "v.nii", np.random.default_rng(0).integers(0, 9, (4, 5, 6, 2)).astype(np.int16))

    asked, answered = _plain(inspect(path)), _plain(inspect(path, volume=1))

    assert (asked["verdict"], asked["kind"]) == ("choose", "volume")
    assert asked["choices"] == [{"id": "0", "what": "volume 0 of 2"}, {"id": "1", "what": "volume 1 of 2"}]
    assert (asked["properties"]["shape"], asked["properties"]["volumes"]) == ([4, 5, 6], 2)
    assert asked["properties"]["pixel_sha256"] is None
    assert answered["verdict"] == "open"
    assert answered["properties"]["pixel_sha256"] is not None


def test_refusal_is_three_sentences_and_no_properties(tmp_path: Path) -> None:
    """Never a traceback, never a guess."""
    path = tmp_path / "x"
    path.write_bytes(b"%PDF-1.7")

    answer = _plain(inspect(path))

    assert (answer["kind"], answer["verdict"]) == (None, "refuse")
    assert answer["error"].count(". ") == 2
    assert set(answer["properties"].values()) == {None}
    assert _plain(inspect(tmp_path / "nowhere"))["verdict"] == "refuse"


def test_doubts_make_a_warning(tmp_path: Path) -> None:
    """Accepted, and said."""
    answer = _plain(inspect(dicom(tmp_path / "film", film_pixels(), Modality="XA")))

    assert answer["verdict"] == "warn"
    assert answer["accepted"]
    assert "motion" in answer["warnings"][0]


@dataclass(frozen=True)
class _Admission:
    verdict: str
    reasons: tuple[str, ...]


@pytest.mark.parametrize(("verdict", "expected"), [("accepted", "open"), ("warned", "warn"), ("refused", "refuse")])
def test_models_admission_joins_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, expected: str
) -> None:
    """With --model the verdict answers: may this study be shown to that model?"""
    reasons = () if verdict == "accepted" else ("The header says modality CR.",)
    monkeypatch.setattr("core.inference.admission.check_admission", lambda _s, _m: _Admission(verdict, reasons))

    answer = _plain(inspect(dicom(tmp_path / "film", film_pixels()), model=object()))  # type: ignore[arg-type]

    assert answer["verdict"] == expected
    assert answer["warnings"] == (list(reasons) if expected == "warn" else [])
    assert answer["error"] == (reasons[0] if expected == "refuse" else None)
    assert answer["properties"]["shape"] == [80, 70]


@pytest.mark.realdata
def test_no_real_file_crashes_and_each_answer_is_whole(shared_data: Path) -> None:
    """100 real files through the worker: an answer for each, and every acceptance has its numbers."""
    for part in ("xray/dicom", "mri/dicom", "mri/geometry"):
        with (shared_data / part / "manifest.csv").open(newline="") as table:
            rows = list(csv.DictReader(table))
        for row in rows:
            answer = _plain(inspect(shared_data / part / row["file"]))
            assert "reference" not in (answer["error"] or ""), row["file"]
            if answer["accepted"]:
                assert answer["properties"]["pixel_sha256"], row["file"]
