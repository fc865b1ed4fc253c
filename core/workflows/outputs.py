"""The files that a result can be taken away as: which there are for it, under which names, and what is in them.

Owns the one list that the Predict page and the command write from. The bytes of each kind are `core.render`'s, the
JSON of a result is `core.workflows.report`'s.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import NOTICE
from core.inference.prediction import Prediction
from core.models.atomic import write_atomically
from core.models.model import Model
from core.render.nifti_out import label_table, mask_nifti, probability_facts, probability_nifti
from core.render.overlay import overlay_png
from core.render.palette import label_colour
from core.studies.study import Kind, Study
from core.workflows.cases import FORMULA_STARTS
from core.workflows.report import result_json

CASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Case ids become file names."""

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every member of an archive, so that the same result gives the same archive."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A result with all that its files are made of. source : its de-identified DICOM files, or () without any."""

    prediction: Prediction
    study: Study
    model: Model
    case: str
    command: str
    source: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One kind of file.

    end : of its name, after the case. title : as a button says it. beside : small, and explains another file.
    """

    end: str
    title: str
    mime: str
    make: Callable[[Made], bytes]
    beside: bool = False


def outputs_for(kind: Kind, labels: Sequence[str], *, probability: bool, dicom: bool) -> tuple[Output, ...]:
    """What a result of such a study can be taken away as.

    Parameters
    ----------
    labels : of the result's label map, empty without one. probability : whether the probability of any label was
        kept. dicom : whether there are DICOM files for a segmentation to refer to.
    """
    masked = kind is Kind.VOLUME and bool(labels)
    return (
        *_ALWAYS,
        *(_MASK if masked else ()),
        *(_PROBABILITY if masked and probability else ()),
        *((DICOM_SEG,) if masked and dicom else ()),
    )


def outputs_of(made: Made) -> tuple[Output, ...]:
    """The same for a result at hand."""
    probability = made.prediction.foreground is not None
    labels = made.prediction.labels if made.prediction.label_map is not None else ()
    return outputs_for(made.study.kind, labels, probability=probability, dicom=bool(made.source))


def write_outputs(made: Made, out_dir: Path) -> list[Path]:
    """Write every file of a result, each whole or not at all; the paths in the order of the list.

    Raises
    ------
    ValueError : the case id is no file name.
    """
    if not CASE_NAME.fullmatch(made.case):
        raise ValueError("a case id is letters, digits, dots, dashes and underscores")
    contents = {out_dir / f"{made.case}_{output.end}": output.make(made) for output in outputs_of(made)}
    for path, content in contents.items():
        write_atomically(path, content)
    return list(contents)


def label_tsv(labels: Sequence[str]) -> bytes:
    """The label table as BIDS has it beside a `_dseg` file: index, name, color; tab-separated, UTF-8."""
    rows = [("index", "name", "color"), ("0", "background", "#000000")]
    rows += [(str(value), _cell(name), label_colour(value)) for value, name in enumerate(labels, start=1)]
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _cell(name: str) -> str:
    """A foreign name as one cell: no tab, no line end, nothing that a spreadsheet would compute."""
    cell = " ".join(name.split())
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _result(made: Made) -> bytes:
    return _json(result_json(made.prediction, made.study, made.model, made.case, made.command))


def _overlay(made: Made) -> bytes:
    return overlay_png(made.study, made.prediction, model_name=made.model.display_name, case_id=made.case)


def _dicom_zip(made: Made) -> bytes:
    """Both segmentation objects, and the source series beside them unless they keep its UIDs."""
    # Imported here: highdicom takes a second, and most results are taken away without it.
    from pydicom import dcmread

    from core.render.dicom_seg import labels_seg, probability_seg
    from core.studies.dicom_copy import keeps_uids

    source = [dcmread(path, stop_before_pixels=True) for path in made.source]
    name = made.model.display_name
    files = {f"{made.case}_dseg.dcm": labels_seg(made.study, made.prediction, name, source)}
    if made.prediction.foreground is not None:
        files[f"{made.case}_probseg.dcm"] = probability_seg(made.study, made.prediction, name, source)
    kept = keeps_uids(source[0])
    if not kept:
        files |= {f"source/{path.name}": path.read_bytes() for path in made.source}
    files["README.txt"] = (NOTICE + "\n" + (_KEPT if kept else _RENAMED)).encode()
    return _packed(files)


_RENAMED = (
    "The segmentations refer to the images in the folder source: the series without names, dates and private parts, "
    "under new UIDs.\nLoad both together. They do not fit the hospital's own copy of the series.\n"
)
_KEPT = (
    "The segmentations refer to the original UIDs, as asked, and fit the hospital's own copy of the series.\n"
    "UIDs lead to the patient there: handle these files like the images themselves.\n"
)


def _packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _json(plain: Mapping[str, Any]) -> bytes:
    return (json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


_ALWAYS = (
    Output("result.json", "Report (.json)", "application/json", _result),
    Output("overlay.png", "Picture (.png)", "image/png", _overlay),
)
_MASK = (
    Output("dseg.nii.gz", "Labels (.nii.gz)", "application/gzip", lambda m: mask_nifti(m.study, m.prediction)),
    Output(
        "dseg.json", "Label names (.json)", "application/json", lambda m: _json(label_table(m.prediction)), beside=True
    ),
    Output(
        "dseg.tsv", "Label names (.tsv)", "text/tab-separated-values", lambda m: label_tsv(m.prediction.labels),
        beside=True,
    ),
)  # fmt: skip
_PROBABILITY = (
    Output(
        "probseg.nii.gz", "Probability (.nii.gz)", "application/gzip",
        lambda m: probability_nifti(m.study, m.prediction),
    ),
    Output(
        "probseg.json", "About the probability (.json)", "application/json",
        lambda m: _json(probability_facts(m.prediction)), beside=True,
    ),
)  # fmt: skip
DICOM_SEG = Output("seg.zip", "DICOM SEG (.zip)", "application/zip", _dicom_zip)

ENDS = tuple(output.end for output in (*_ALWAYS, *_MASK, *_PROBABILITY, DICOM_SEG))
"""Ends of all files that a case can leave in a folder."""
