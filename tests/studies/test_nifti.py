"""NIfTI volumes: voxels, volumes and scaling."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ChoiceNeeded, DamagedFile, StudyError, TooLarge
from core.settings import settings as our_settings
from core.studies import Kind, read_study
from core.studies.synthetic import PHANTOM_MARKERS, phantom_head
from tests.studies.builders import nifti

AXIS_CODES = ["".join(c) for o in itertools.permutations(("RL", "AP", "SI")) for c in itertools.product(*o)]


def _values(shape: tuple[int, ...] = (5, 6, 7), dtype: Any = np.int16) -> np.ndarray:
    return np.random.default_rng(1).integers(-200, 200, shape).astype(dtype)


def _at(study: Any, ras: tuple[float, float, float]) -> float:
    index = np.linalg.inv(study.geometry.affine) @ [*ras, 1]
    i, j, k = np.round(index[:3]).astype(int)
    return float(study.pixels[0][i, j, k])


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_voxels_and_place_equal_nibabels(tmp_path: Path, ending: str, kind: Any) -> None:
    """An independent library reads the same numbers at the same place, plain and gzip, version 1 and 2."""
    affine = np.array([[0, -2, 0, 5], [1.5, 0, 0, -6], [0, 0, 3, 7], [0, 0, 0, 1.0]])
    path = nifti(tmp_path / f"a{ending}", _values(), affine, kind=kind)

    study = read_study([path])

    assert study.kind is Kind.VOLUME
    assert np.array_equal(study.pixels[0], nib.load(path).get_fdata())
    assert np.array_equal(study.geometry.affine, nib.load(path).affine)  # type: ignore[arg-type]
    assert study.geometry.orientation == "ALS"
    assert study.geometry.spacing_mm == (1.5, 2.0, 3.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_real_type_in_both_byte_orders(tmp_path: Path, dtype: Any) -> None:
    """Old workstations wrote big endian; the pixel hash is of the numbers, so it is the same."""
    values = np.abs(_values(dtype=np.int16)).astype(dtype)
    little = nifti(tmp_path / "l.nii", values)
    image = nib.Nifti1Image(values, np.diag([1.0, 2.0, 3.0, 1.0]), nib.Nifti1Header(endianness=">"))
    image.header.set_data_dtype(dtype)
    nib.save(image, tmp_path / "b.nii")

    first, second = read_study([little]), read_study([tmp_path / "b.nii"])

    assert np.array_equal(first.pixels, second.pixels)
    assert first.report.pixel_sha256 == second.report.pixel_sha256
    assert "big endian" in second.report.recognised


def test_scale_and_offset_are_applied_and_told(tmp_path: Path) -> None:
    """Millions of files store scaled integers; unscaled they are another quantity."""
    study = read_study([nifti(tmp_path / "a.nii", _values(), scl_slope=0.5, scl_inter=10.0)])

    # nibabel divides by the slope when it saves, so the stored numbers come from its own reading.
    assert np.allclose(study.pixels[0], nib.load(tmp_path / "a.nii").get_fdata(), atol=1e-4)


def test_slope_of_zero_means_none(tmp_path: Path) -> None:
    """nifti1.h: with scl_slope 0 the values are those stored; scaled by 0 the volume would be blank."""
    path = nifti(tmp_path / "a.nii", _values())
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([0, 9], "<f4").tobytes()
    path.write_bytes(content)

    assert np.array_equal(read_study([path]).pixels[0], _values())


def test_48_axis_orders_hold_one_head(tmp_path: Path) -> None:
    """Property: however the axes are stored, equal places in the world hold equal values, and left stays left."""
    rng = np.random.default_rng(0)
    points = rng.uniform([-24, -28, -18], [22, 26, 16], (40, 3))
    heads = {}
    for codes in AXIS_CODES:
        phantom_head(tmp_path / f"{codes}.nii.gz", codes)
        heads[codes] = read_study([tmp_path / f"{codes}.nii.gz"])
    grid = [tuple(p) for p in np.round(points / [2.0, 2.5, 2.0]) * [2.0, 2.5, 2.0]]

    assert len(heads) == 48
    for codes, head in heads.items():
        assert head.geometry.orientation == codes
        assert [_at(head, point) for point in grid] == [_at(heads["RAS"], point) for point in grid]
        for place, value in PHANTOM_MARKERS.values():
            assert _at(head, place) == value


def test_pair_of_header_and_image_is_found_by_content(tmp_path: Path) -> None:
    """Old tools split a volume in two files; their endings may be lost in an upload."""
    nib.save(nib.Nifti1Pair(_values(), np.diag([1.0, 2.0, 3.0, 1.0])), tmp_path / "a.hdr")
    shutil.copy(tmp_path / "a.hdr", tmp_path / "one")
    shutil.copy(tmp_path / "a.img", tmp_path / "two")

    study = read_study([tmp_path / "two", tmp_path / "one"])

    assert np.array_equal(study.pixels[0], _values())
    assert study.report.files == 2
    with pytest.raises(DamagedFile, match="its image file is not there"):
        read_study([tmp_path / "one"])


def test_several_volumes_are_a_choice(tmp_path: Path) -> None:
    """A time series is many volumes; showing the first in silence hides the others."""
    values = _values((5, 6, 7, 3))
    path = nifti(tmp_path / "a.nii.gz", values)

    with pytest.raises(ChoiceNeeded) as raised:
        read_study([path])
    chosen = [read_study([path], volume=number) for number in range(3)]

    assert [choice.id for choice in raised.value.choices] == ["0", "1", "2"]
    for number, study in enumerate(chosen):
        assert np.array_equal(study.pixels[0], values[..., number])
    assert len({study.sha256 for study in chosen}) == 3
    assert len({study.report.sha256 for study in chosen}) == 1
    with pytest.raises(ChoiceNeeded, match="Volume 3 is not one of them"):
        read_study([path], volume=3)


def test_one_volume_in_four_dimensions_is_a_volume(tmp_path: Path) -> None:
    """Converters leave an axis of length 1."""
    study = read_study([nifti(tmp_path / "a.nii", _values((5, 6, 7, 1)))])

    assert study.shape == (5, 6, 7)
    assert study.report.volumes == 1


def test_values_that_are_no_numbers_are_set_to_zero_and_told(tmp_path: Path) -> None:
    """NaN outside the brain would spread through every network."""
    values = np.ones((5, 6, 7), np.float32)
    values[0, 0, :3] = [np.nan, np.inf, -np.inf]

    study = read_study([nifti(tmp_path / "a.nii", values)])

    assert "3 of 210 voxels" in study.report.warnings[0]
    assert study.pixels[0][0, 0, :4].tolist() == [0, 0, 0, 1]


def test_volume_without_a_single_number_is_refused(tmp_path: Path) -> None:
    """Nothing to show is not a black volume."""
    with pytest.raises(DamagedFile, match="finite"):
        read_study([nifti(tmp_path / "a.nii", np.full((3, 3, 3), np.nan, np.float32))])


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_cut_file_is_refused_wherever_it_is_cut(tmp_path: Path, ending: str) -> None:
    """The header still reads; only the end shows that slices are missing."""
    path = nifti(tmp_path / f"a{ending}", _values((20, 20, 20)))
    whole = path.read_bytes()

    for share in (0.2, 0.6, 0.95, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DamagedFile):
            read_study([path])


def test_flipped_bit_in_gzip_is_seen_behind_the_chosen_volume(tmp_path: Path) -> None:
    """The checksum stands at the end of the stream: it must be read even if the first volume is enough."""
    path = nifti(tmp_path / "a.nii.gz", _values((9, 9, 9, 4)))
    content = bytearray(path.read_bytes())
    content[-6] ^= 0x10
    path.write_bytes(content)

    with pytest.raises(DamagedFile):
        read_study([path], volume=0)


def test_lying_size_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    """A header of 348 bytes may claim 30,000 voxels a side."""
    path = nifti(tmp_path / "a.nii.gz", _values())
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[40:48] = np.array([3, 30000, 30000, 30000], "<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content)))

    with pytest.raises(TooLarge, match="30000 x 30000 x 30000"):
        read_study([path])


def test_too_many_time_points_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is the installation's."""
    monkeypatch.setenv("READROOM_TIME_POINTS", "2")
    our_settings.cache_clear()

    with pytest.raises(TooLarge, match=r"3 volume\(s\)"):
        read_study([nifti(tmp_path / "a.nii", _values((5, 6, 7, 3)))], volume=0)


@given(damage=st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_headers_are_read_or_refused_never_a_crash(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    """Any bytes in the header end in a study or in one of our refusals."""
    path = nifti(tmp_path / "a.nii", _values((4, 4, 4)))
    content = bytearray(path.read_bytes())
    for at, value in damage:
        content[at] = value
    path.write_bytes(content)

    with contextlib.suppress(StudyError):
        assert np.isfinite(read_study([path]).pixels).all()
