"""Opening studies through the worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import ChoiceNeeded, DamagedFile, ReadroomError
from core.settings import settings
from core.studies import read_study
from core.workflows._reading import TABLE
from core.workflows.open_study import group_uploads, open_study, reading_worker
from tests.studies.builders import dicom, film_pixels, nifti, pack_files, series, volume_pixels


@pytest.fixture(autouse=True)
def _fresh_worker() -> Iterator[None]:
    """The worker is one for the whole process; limits changed by a test must not stay."""
    yield
    reading_worker().close()
    reading_worker.cache_clear()


@pytest.mark.seeds(1, 2)
def test_study_through_the_worker_is_the_study(tmp_path: Path) -> None:
    """The process boundary must change nothing: film, series, zip and volume."""
    slices = series(tmp_path / "s", volume_pixels())
    for files in (
        [dicom(tmp_path / "film", film_pixels(), PatientOrientation=["L", "F"])],
        slices,
        [pack_files(tmp_path / "s.zip", slices)],
        [nifti(tmp_path / "v.nii.gz", volume_pixels())],
    ):
        here, there = read_study(files), open_study(files)

        assert np.array_equal(here.pixels, there.pixels)
        assert here.report == there.report
        assert here.windows == there.windows
        assert here.geometry.spacing_mm == there.geometry.spacing_mm


def test_choices_and_refusals_cross_the_boundary(tmp_path: Path) -> None:
    """The page offers the choices that the worker found."""
    path = nifti(tmp_path / "v.nii", np.zeros((4, 5, 6, 2), np.int16))
    empty = tmp_path / "empty"
    empty.touch()

    with pytest.raises(ChoiceNeeded) as raised:
        open_study([path])
    with pytest.raises(DamagedFile, match="file-01 is empty"):
        open_study([empty])

    assert [choice.id for choice in raised.value.choices] == ["0", "1"]
    assert open_study([path], volume=1).report.volumes == 2


def test_uploads_are_grouped_in_the_order_given(tmp_path: Path) -> None:
    """Cases are numbered in an upload's order."""
    film = dicom(tmp_path / "film", film_pixels())
    slices = series(tmp_path / "s", volume_pixels(3))

    assert group_uploads([slices[0], film, *slices[1:]]) == [tuple(slices), (film,)]


def test_relative_paths_and_generators_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker has a working folder of its own."""
    dicom(tmp_path / "film", film_pixels())
    monkeypatch.chdir(tmp_path)

    assert open_study([Path("film")]).shape == (80, 70)
    assert group_uploads(Path(name) for name in ["film"]) == [(Path("film"),)]


def test_bomb_in_a_header_stops_at_the_workers_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deflated data set expands before any header can be checked: only watching from outside helps."""
    monkeypatch.setenv("READROOM_WORKER_MEMORY_MIB", "300")
    settings.cache_clear()
    reading_worker().close()
    reading_worker.cache_clear()
    path = dicom(tmp_path / "bomb", np.zeros((20000, 20000), np.uint8), syntax="1.2.840.10008.1.2.1.99", Modality="DX")

    with pytest.raises(ReadroomError):
        open_study([path])
    assert open_study([dicom(tmp_path / "film", film_pixels())]).shape == (80, 70)


def test_pages_threads_can_call_at_once(tmp_path: Path) -> None:
    """Streamlit runs each user's page in a thread of its own, which ends with the run."""
    files = [dicom(tmp_path / str(n), film_pixels(70 + n, 70)) for n in range(6)]
    shapes: dict[int, tuple[int, ...]] = {}
    threads = [
        threading.Thread(target=lambda n=n: shapes.__setitem__(n, open_study([files[n]]).shape)) for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shapes == {n: (70 + n, 70) for n in range(6)}


def test_nothing_identifying_stays_on_disk(tmp_path: Path, home: Path) -> None:
    """SAFETY 4: planted identifiers are looked for in the data folder after a full run."""
    files = series(tmp_path / "s", volume_pixels(), PatientName="PLANTED^NAME", StudyDescription="PLANTED")
    study = open_study([pack_files(tmp_path / "PLANTED.zip", files)])

    left = [path for path in home.rglob("*") if path.is_file()]
    assert left == []
    assert "PLANTED" not in json.dumps(study.report.to_dict())


def test_table_names_are_those_that_are_called() -> None:
    """A renamed task would fail only when someone uploads."""
    assert set(TABLE) == {"read", "group"}
