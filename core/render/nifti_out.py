"""A label map, and the probability of any label, as NIfTI on the study's own grid, with what their numbers mean.

Owns the header: affine, codes, units and the words inside the file; and the tables beside it, named as BIDS names
them. Nothing is resampled or turned: voxel (i, j, k) of the file is voxel (i, j, k) of the study.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from core import NOTICE
from core.inference.postprocess import FOREGROUND_STEPS
from core.inference.prediction import Prediction
from core.render.palette import label_colour
from core.studies.study import Kind, Study

SCANNER = 1
"""NIfTI code 'scanner anatomical': the affine leads to the scanner's millimetres."""

UNKNOWN = 0
"""NIfTI code 'unknown': a reader may use the voxel size alone."""

QFORM_TOLERANCE_MM = 1e-3
"""Largest error, at the far corner of the grid, of the quaternion beside the exact affine; above it only the affine is
written. Shear cannot be a quaternion at all."""

COMMENT = 6
"""NIfTI header extension code for plain text."""


def mask_nifti(study: Study, prediction: Prediction) -> bytes:
    """The prediction's label map as a .nii.gz file: uint8, on the grid and affine of the study.

    The same input gives the same bytes. The label table (`label_table`) is also inside the file, as a
    text extension of the header.

    Raises
    ------
    ValueError : the study is a film, or the prediction has no label map on the study's grid.
    """
    label_map = prediction.label_map
    if study.kind is not Kind.VOLUME or label_map is None or label_map.shape != study.shape:
        raise ValueError("only a label map on a volume's own grid can be written as NIfTI")
    return _written(study, np.asarray(label_map), "label", "labels", len(prediction.labels), label_table(prediction))


def probability_nifti(study: Study, prediction: Prediction) -> bytes:
    """The probability of any label as a .nii.gz file: float32, 0 to 1, on the grid and affine of the study.

    Its precision is a step of 1/200, rounded down. Each value is the smallest float32 that is not below its step: then
    a cut-off of k/200 takes the same voxels in float32 and in float64. `probability_facts` is also inside the file.

    Raises
    ------
    ValueError : the study is a film, or the prediction has no probability on the study's grid.
    """
    steps = prediction.foreground
    if study.kind is not Kind.VOLUME or steps is None or steps.shape != study.shape:
        raise ValueError("only a probability on a volume's own grid can be written as NIfTI")
    exact = np.arange(FOREGROUND_STEPS + 1) / FOREGROUND_STEPS
    nearest = exact.astype(np.float32)
    values = np.where(nearest < exact, np.nextafter(nearest, np.float32(1)), nearest)
    return _written(study, values[steps], "estimate", "probability", 1, probability_facts(prediction))


def probability_facts(prediction: Prediction) -> dict[str, Any]:
    """What the numbers of the probability map are, JSON-ready: goes beside the file and inside it."""
    return {
        **_made_by(prediction),
        "quantity": "probability of any label",
        "labels": list(prediction.labels),
        "precision": 1 / FOREGROUND_STEPS,
        "rounding": "down to a step of 1/200",
    }


def _written(study: Study, values: NDArray[Any], intent: str, name: str, largest: int, words: dict[str, Any]) -> bytes:
    known = study.geometry.orientation is not None and study.geometry.affine is not None
    image = nib.Nifti1Image(values, study.geometry.affine if known else None)
    header = image.header
    header.set_xyzt_units("mm")
    header.set_intent(intent, name=name)
    header["descrip"] = NOTICE[:79].encode()
    header["cal_max"] = largest
    if known:
        _place(image, study)
    elif study.geometry.spacing_mm:
        # Without orientation both codes stay unknown and the spacing is all that is claimed.
        header.set_zooms(study.geometry.spacing_mm)
    inside = json.dumps(words, ensure_ascii=False).encode()
    header.extensions.append(nib.nifti1.Nifti1Extension(COMMENT, inside))
    return gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)


def _made_by(prediction: Prediction) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "model": prediction.model_id,
        "weights_sha256": prediction.weights_sha256,
        "input_sha256": prediction.input_sha256,
    }


def label_table(prediction: Prediction) -> dict[str, Any]:
    """What the numbers in the mask mean, JSON-ready: goes beside the file and inside it."""
    return {
        **_made_by(prediction),
        "labels": {
            str(value): {"name": name, "colour": label_colour(value)}
            for value, name in enumerate(prediction.labels, start=1)
        },
    }


def _place(image: nib.Nifti1Image, study: Study) -> None:
    affine = study.geometry.affine
    image.set_sform(affine, SCANNER)
    image.set_qform(affine, SCANNER, strip_shears=True)
    corner = np.array([*study.shape, 1.0])
    if np.abs((image.get_qform() - affine) @ corner).max() > QFORM_TOLERANCE_MM * max(study.shape):
        image.set_qform(None, UNKNOWN)
