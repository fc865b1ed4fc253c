"""A result as files."""

from __future__ import annotations

import json
import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from core.inference.prediction import Prediction
from core.models.model import Model
from core.studies.study import Kind, Study
from core.workflows.outputs import Made, label_tsv, outputs_for, write_outputs

COMMAND = "python -m core predict --model tiny_v1.0.0 film.png --out results --explain"
MASK_ENDS = ("dseg.nii.gz", "dseg.json", "dseg.tsv", "probseg.nii.gz", "probseg.json")


def test_film_gives_a_json_and_a_picture(film_result: tuple[Prediction, Study, Model], tmp_path: Path) -> None:
    """The names are those that the manual lists."""
    prediction, study, model = film_result

    paths = write_outputs(Made(prediction, study, model, "case-01", COMMAND), tmp_path / "out")

    assert [p.name for p in paths] == ["case-01_result.json", "case-01_overlay.png"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in paths)
    assert json.loads(paths[0].read_text())["scores"] == prediction.scores
    with Image.open(paths[1]) as picture:
        assert picture.format == "PNG"


def test_volume_gives_a_mask_on_its_own_grid_too(head_result: tuple[Prediction, Study, Model], tmp_path: Path) -> None:
    """The mask opens over the image in any viewer, and its voxels make the volumes in the JSON."""
    prediction, study, model = head_result

    paths = write_outputs(Made(prediction, study, model, "case-02", COMMAND), tmp_path / "out")

    assert [p.name for p in paths[2:]] == [f"case-02_{end}" for end in MASK_ENDS]
    mask = nib.load(paths[2])
    labels = np.asarray(mask.dataobj)
    written = json.loads(paths[0].read_text())
    millilitres = abs(np.linalg.det(mask.affine[:3, :3])) / 1000
    assert np.array_equal(labels, prediction.label_map)
    assert np.allclose(mask.affine, study.geometry.affine)
    for value, name in enumerate(prediction.labels, start=1):
        assert written["voxels"][name] == int((labels == value).sum())
        assert math.isclose(written["volumes_ml"][name], written["voxels"][name] * millilitres, rel_tol=1e-9)


@pytest.mark.parametrize("case", ["", "../up", "a/b", ".hidden", "x" * 101, "case 01"])
def test_case_id_that_is_no_file_name_is_a_fault_of_ours(
    film_result: tuple[Prediction, Study, Model], tmp_path: Path, case: str
) -> None:
    """Nothing may be written outside the folder that was named."""
    with pytest.raises(ValueError, match="case id"):
        write_outputs(Made(*film_result, case, COMMAND), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_no_half_file_is_left_by_a_failure(
    film_result: tuple[Prediction, Study, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that cannot be drawn leaves no result that looks complete."""

    def fail(*_args: object, **_named: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("core.workflows.outputs.overlay_png", fail)

    with pytest.raises(MemoryError):
        write_outputs(Made(*film_result, "case-01", COMMAND), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_label_table_is_tab_separated_and_names_stay_text() -> None:
    """A label's name comes from a foreign file: it may break no row and start no formula."""
    table = label_tsv(("front\tback\nside", "=1+1"))

    assert table.decode().splitlines() == [
        "index\tname\tcolor",
        "0\tbackground\t#000000",
        "1\tfront back side\t#F0E442",
        "2\t'=1+1\t#D55E00",
    ]


@pytest.mark.parametrize(
    ("kind", "labels", "probability", "dicom", "ends"),
    [
        (Kind.FILM, (), False, False, ()),
        (Kind.FILM, ("mass",), True, True, ()),
        (Kind.VOLUME, (), False, True, ()),
        (Kind.VOLUME, ("a",), False, False, MASK_ENDS[:3]),
        (Kind.VOLUME, ("a",), True, False, MASK_ENDS),
        (Kind.VOLUME, ("a",), True, True, (*MASK_ENDS, "seg.zip")),
    ],
)
def test_only_what_can_be_made_is_offered(
    kind: Kind, labels: tuple[str, ...], probability: bool, dicom: bool, ends: tuple[str, ...]
) -> None:
    """A film has no place in millimetres, a classifier draws nothing, and a heat map is no segmentation."""
    offered = outputs_for(kind, labels, probability=probability, dicom=dicom)

    assert tuple(output.end for output in offered) == ("result.json", "overlay.png", *ends)
