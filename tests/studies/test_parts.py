"""A study there and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from core.studies import Study, read_study, study_from_parts, study_to_parts
from tests.studies.builders import dicom, film_pixels, nifti, series, volume_pixels


def _studies(tmp_path: Path) -> list[Study]:
    return [
        read_study([dicom(tmp_path / "film", film_pixels(), PatientOrientation=["L", "F"], PatientName="A^B")]),
        read_study(series(tmp_path / "s", volume_pixels())),
        read_study([nifti(tmp_path / "v.nii.gz", np.arange(60, dtype=np.int16).reshape(3, 4, 5))]),
    ]


def test_nothing_is_lost_on_the_way(tmp_path: Path) -> None:
    """The worker's answer and the workspace's file must be the study that was read."""
    for study in _studies(tmp_path):
        facts, arrays = study_to_parts(study)
        back = study_from_parts(json.loads(json.dumps(facts)), arrays)

        assert np.array_equal(back.pixels, study.pixels)
        assert back.pixels.strides == study.pixels.strides
        assert back.report == study.report
        assert back.windows == study.windows
        assert (back.kind, back.channels) == (study.kind, study.channels)
        for name in ("spacing_mm", "orientation", "edges", "oblique_deg"):
            assert getattr(back.geometry, name) == getattr(study.geometry, name)
        if study.geometry.affine is not None:
            assert back.geometry.affine is not None
            assert np.array_equal(back.geometry.affine, study.geometry.affine)


def test_arrays_are_contiguous_and_volumes_are_not_copied(tmp_path: Path) -> None:
    """safetensors needs contiguous arrays; a second copy of a 2 GiB volume would break the worker's limit."""
    for study in _studies(tmp_path):
        _, arrays = study_to_parts(study)

        assert all(array.flags.c_contiguous for array in arrays.values())
        assert np.shares_memory(arrays["pixels"], study.pixels)


def test_facts_of_the_wrong_type_are_refused(tmp_path: Path) -> None:
    """What comes from a file is checked before it becomes an object."""
    facts, arrays = study_to_parts(_studies(tmp_path)[0])
    facts["report"]["shape"] = ["<script>"]

    with pytest.raises(ValidationError):
        study_from_parts(facts, arrays)
