"""A label map as NIfTI on the study's own grid, with the names of its labels.

Owns the header: affine, codes, units and the label table inside the file. Nothing is resampled or
turned: voxel (i, j, k) of the mask is voxel (i, j, k) of the study.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import nibabel as nib
import numpy as np

from core import NOTICE
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
    known = study.geometry.orientation is not None and study.geometry.affine is not None
    image = nib.Nifti1Image(np.asarray(label_map), study.geometry.affine if known else None)
    header = image.header
    header.set_xyzt_units("mm")
    header.set_intent("label", name="labels")
    header["descrip"] = NOTICE[:79].encode()
    header["cal_max"] = len(prediction.labels)
    if known:
        _place(image, study)
    elif study.geometry.spacing_mm:
        # Without orientation both codes stay unknown and the spacing is all that is claimed.
        header.set_zooms(study.geometry.spacing_mm)
    table = json.dumps(label_table(prediction), ensure_ascii=False).encode()
    header.extensions.append(nib.nifti1.Nifti1Extension(COMMENT, table))
    return gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)


def label_table(prediction: Prediction) -> dict[str, Any]:
    """What the numbers in the mask mean, JSON-ready: goes beside the file and inside it."""
    return {
        "notice": NOTICE,
        "model": prediction.model_id,
        "weights_sha256": prediction.weights_sha256,
        "input_sha256": prediction.input_sha256,
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
