"""A label map and the probability of any label as DICOM Segmentation objects, on the source's own slices.

Owns the two objects and the words in them. Names of patient, study and frame of reference come from the source files,
which are de-identified copies; geometry comes from them too, frame by frame, and nothing is resampled or turned.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any, Final

import highdicom as hd
import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from core import NOTICE, __version__
from core.inference.postprocess import FOREGROUND_STEPS
from core.inference.prediction import Prediction
from core.render.label_codes import GENERIC, Concept, LabelCode, label_code
from core.render.palette import label_colour, rgb
from core.studies.dicom_copy import keeps_uids, say_deidentified
from core.studies.geometry import LPS_TO_RAS
from core.studies.study import Study

ANY_LABEL: Final = "Any label"
"""Name of the one segment of a probability object."""

SERIES_NUMBERS: Final = {"labels": 9001, "probability": 9002}
"""Far above those that scanners give."""

RESEARCH_ONLY: Final = NOTICE.partition(" Do not")[0]
"""What fits a description of 64 letters: 'Research use only. Not a medical device.'"""

LETTERS: Final = 64
"""Most letters of a long string (LO), PS3.5 section 6.2."""


def labels_seg(study: Study, prediction: Prediction, model_name: str, source: Sequence[Dataset]) -> bytes:
    """The label map as a BINARY segmentation, one segment a label, every slice of the study in it.

    Parameters
    ----------
    source : the de-identified DICOM images of the study, without pixels: one file a slice in the order of the study's
        slices, or multi-frame files.

    Raises
    ------
    ValueError : the prediction has no label map on the study's grid.
    """
    if prediction.label_map is None or prediction.label_map.shape != study.shape:
        raise ValueError("only a label map on the study's own grid can be written as DICOM SEG")
    segments = [
        _segment(value, name, label_code(name, prediction.model_id), label_colour(value), prediction, model_name)
        for value, name in enumerate(prediction.labels, start=1)
    ]
    return _written(study, prediction, source, "labels", prediction.label_map, segments)


def probability_seg(study: Study, prediction: Prediction, model_name: str, source: Sequence[Dataset]) -> bytes:
    """The probability of any label as a FRACTIONAL segmentation, in steps of 1/200; else as `labels_seg`."""
    if prediction.foreground is None or prediction.foreground.shape != study.shape:
        raise ValueError("only a probability on the study's own grid can be written as DICOM SEG")
    only = prediction.labels[0] if len(prediction.labels) == 1 else None
    code = GENERIC if only is None else label_code(only, prediction.model_id)
    segment = _segment(1, only or ANY_LABEL, code, label_colour(1), prediction, model_name)
    return _written(study, prediction, source, "probability", prediction.foreground, [segment])


def _written(
    study: Study,
    prediction: Prediction,
    source: Sequence[Dataset],
    what: str,
    values: NDArray[np.uint8],
    segments: Sequence[SegmentDescription],
) -> bytes:
    planes = np.ascontiguousarray(values.transpose(2, 1, 0))  # (columns, rows, slices) to DICOM's order
    fractional = what == "probability"
    multiframe = _is_multiframe(source[0])
    if multiframe:
        _share_groups(source[0])
    uids = [_uid(f"{word} {what}", source[0], prediction, planes) for word in ("series", "instance", "dimensions")]
    seg = hd.seg.Segmentation(
        source_images=source[:1] if multiframe else list(source),
        further_source_images=source[1:] if multiframe and len(source) > 1 else None,
        # Four axes where there is one segment of shares: three would be a label map.
        pixel_array=planes[..., np.newaxis] / np.float64(FOREGROUND_STEPS) if fractional else planes,
        segmentation_type=SegmentationTypeValues.FRACTIONAL if fractional else SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=uids[0],
        series_number=SERIES_NUMBERS[what],
        sop_instance_uid=uids[1],
        instance_number=1,
        manufacturer="Readroom",
        manufacturer_model_name=_text(prediction.model_id),
        software_versions=__version__,
        device_serial_number=prediction.weights_sha256,
        max_fractional_value=FOREGROUND_STEPS,
        content_label="RESEARCH_ONLY",
        content_description=RESEARCH_ONLY,
        content_qualification="RESEARCH",
        series_description=f"{RESEARCH_ONLY} {what.capitalize()}.",
        omit_empty_frames=False,
        pixel_measures=_pixel_measures(study),
        **(_planes(study) if multiframe else {}),
    )
    say_deidentified(seg, keeps_uids=keeps_uids(source[0]))
    out = io.BytesIO()
    seg.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _segment(
    number: int, name: str, code: LabelCode, colour: str, prediction: Prediction, model_name: str
) -> SegmentDescription:
    algorithm = hd.AlgorithmIdentificationSequence(
        name=_text(model_name),
        family=codes.cid7162.ArtificialIntelligence,
        version=_text(prediction.model_id.rpartition("_")[2] or prediction.model_id),
        parameters={"weights_sha256": prediction.weights_sha256, "notice": NOTICE},
    )
    return SegmentDescription(
        segment_number=number,
        segment_label=_text(name),
        segmented_property_category=_code(code.category),
        segmented_property_type=_code(code.type),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        display_color=hd.color.CIELabColor.from_rgb(*rgb(colour)),
    )


def _pixel_measures(study: Study) -> hd.PixelMeasuresSequence:
    """With the true step between slices in both fields: a header's thickness is often another, and readers use it."""
    steps = np.linalg.norm(np.asarray(study.geometry.affine)[:3, :3], axis=0)
    return hd.PixelMeasuresSequence(
        pixel_spacing=(float(steps[1]), float(steps[0])),
        slice_thickness=float(steps[2]),
        spacing_between_slices=float(steps[2]),
    )


def _planes(study: Study) -> dict[str, Any]:
    """Plane positions and orientation of the study's slices, as highdicom takes them.

    For multi-frame sources, whose frames may be of several volumes and in any order; else they are those of the files.
    """
    affine = np.asarray(study.geometry.affine, np.float64).copy()
    affine[:3] = LPS_TO_RAS @ affine[:3]  # the same sign changes lead back
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    columns, rows, slices = (affine[:3, axis] / steps[axis] for axis in range(3))
    places = [affine[:3, 3] + number * steps[2] * slices for number in range(study.shape[2])]
    return {
        "plane_positions": [hd.PlanePositionSequence("PATIENT", tuple(place)) for place in places],
        "plane_orientation": hd.PlaneOrientationSequence("PATIENT", (*columns, *rows)),
    }


def _is_multiframe(image: Dataset) -> bool:
    return "PerFrameFunctionalGroupsSequence" in image


def _share_groups(image: Dataset) -> None:
    """Give the shared groups what each frame has of its own in some makers' files: highdicom looks there alone."""
    if not image.get("SharedFunctionalGroupsSequence"):
        image.SharedFunctionalGroupsSequence = [Dataset()]
    shared, first = image.SharedFunctionalGroupsSequence[0], image.PerFrameFunctionalGroupsSequence[0]
    for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
        if keyword not in shared and keyword in first:
            setattr(shared, keyword, first[keyword].value)


def _uid(word: str, source: Dataset, prediction: Prediction, planes: NDArray[np.uint8]) -> str:
    """The same result of the same source has the same UID; another result another one."""
    digest = hashlib.sha256(f"{word} {source.SOPInstanceUID} {prediction.weights_sha256}".encode())
    digest.update(planes.tobytes())
    return f"2.25.{int.from_bytes(digest.digest()[:16], 'big')}"


def _code(concept: Concept) -> Code:
    return Code(concept.value, "SCT", concept.meaning)


def _text(words: str) -> str:
    """Words as a long string: no backslash, which would part values, no control characters, at most 64 letters."""
    return "".join(" " if letter == "\\" or not letter.isprintable() else letter for letter in words)[:LETTERS]
