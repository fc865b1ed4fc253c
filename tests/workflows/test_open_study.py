"""Opening studies through the worker."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from core.errors import ChoiceNeeded, DamagedFile, StudyError, WorkerBreach
from core.settings import settings
from core.studies import read_study
from core.workflows._reading import TABLE
from core.workflows.open_study import group_uploads, open_study, reading_workers
from tests.studies.builders import dicom, film_pixels, nifti, pack_files, picture, series, volume_pixels


@pytest.fixture(autouse=True)
def _fresh_worker() -> Iterator[None]:
    """The worker is one for the whole process; limits changed by a test must not stay."""
    yield
    reading_workers().close()
    reading_workers.cache_clear()


@pytest.mark.seeds(50)
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
    """A deflated data set within the ratio still expands before its header is read: watching from outside helps."""
    monkeypatch.setenv("READROOM_WORKER_MEMORY_MIB", "250")
    settings.cache_clear()
    reading_workers().close()
    reading_workers.cache_clear()
    wide = np.zeros((15000, 15000), np.uint8)
    wide[:, ::150] = np.random.default_rng(0).integers(0, 256, (15000, 100))
    path = dicom(tmp_path / "bomb", wide, syntax="1.2.840.10008.1.2.1.99", Modality="DX")

    with pytest.raises(WorkerBreach, match="250 MiB of memory"):
        open_study([path])
    assert open_study([dicom(tmp_path / "film", film_pixels())]).shape == (80, 70)


def _damage(content: bytes, rng: np.random.Generator) -> bytes:
    """One of the ways in which files break: cut, flipped bits, a wiped stretch, a foreign one put in."""
    data = bytearray(content)
    at = int(rng.integers(len(data)))
    way = rng.integers(4)
    if way == 0:
        return bytes(data[:at])
    if way == 1:
        for place in rng.integers(min(len(data), 2000), size=8):
            data[place] ^= 1 << int(rng.integers(8))
    elif way == 2:
        data[at : at + 60] = bytes(len(data[at : at + 60]))
    else:
        data[at:at] = rng.bytes(5)
    return bytes(data)


def test_damaged_files_are_read_or_refused_and_never_a_crash(tmp_path: Path) -> None:
    """SAFETY 1: of 160 damaged files none may end in a fault of ours or a dead worker."""
    rng = np.random.default_rng(7)
    rle = dcmread(dicom(tmp_path / "rle", film_pixels()))
    rle.compress(RLELossless)
    rle.save_as(tmp_path / "rle")
    whole = [
        dicom(tmp_path / "film", film_pixels(), WindowCenter=5, WindowWidth=9, PixelSpacing=[1, 1]),
        tmp_path / "rle",
        picture(tmp_path / "a.png", (film_pixels() // 16).astype(np.uint8)),
        picture(tmp_path / "a.jpg", (film_pixels() // 16).astype(np.uint8)),
        nifti(tmp_path / "v.nii", volume_pixels()),
        nifti(tmp_path / "v.nii.gz", volume_pixels()),
        pack_files(tmp_path / "s.zip", series(tmp_path / "s", volume_pixels())),
    ]
    slices = series(tmp_path / "t", volume_pixels())
    for number in range(160):
        victim = [slices[2], *whole][number % 8]
        broken = tmp_path / "broken"
        broken.write_bytes(_damage(victim.read_bytes(), rng))
        with contextlib.suppress(StudyError):
            open_study([broken, *(one for one in slices if one != victim)] if victim == slices[2] else [broken])


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
    assert set(TABLE) == {"read", "group", "unpack"}
