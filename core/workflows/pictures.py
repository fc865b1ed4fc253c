"""What the viewer fetches for a case: image, labels and heat map, made once and kept with the case.

Owns their names in the case's folder and the addresses given out for them. The bytes are `core.render`'s,
who may fetch them is `core.workspace.tokens`' matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.inference.prediction import Prediction
from core.render.display import display_heat, display_image, display_labels
from core.studies.study import Study
from core.workspace import Workspace, picture_tokens
from core.workspace.results import heat_for


@dataclass(frozen=True, slots=True)
class Pictures:
    """The image's facts for the viewer, and addresses relative to the app's own.

    foreground_url : uint8 on the display grid, the probability of any label in whole steps of 1/200: a voxel is at or
    above the cut-off k/200 if and only if its value is at least k.
    """

    meta: dict[str, Any]
    image_url: str
    labels_url: str | None
    heat_url: str | None
    heat_for: str | None
    foreground_url: str | None = None


def pictures(workspace: Workspace, case_id: str, *, channel: int = 0, key: str | None = None) -> Pictures:
    """One channel of a case, with the overlays of the result of `key` where it has some.

    Raises
    ------
    NotFound : the case is not there, or it is someone else's.
    """
    meta = workspace.find_file(case_id, f"image-{channel}.json")
    if meta is None:
        _prepare_channel(workspace, case_id, workspace.study(case_id), channel)
        meta = workspace.find_file(case_id, f"image-{channel}.json")
    image = workspace.find_file(case_id, f"image-{channel}.gz")
    if meta is None or image is None:
        workspace.get_case(case_id)  # deleted in the meantime: says so
        raise FileNotFoundError(f"the picture of {case_id} was made and is not there")
    return Pictures(
        meta=json.loads(meta.read_bytes()),
        image_url=_address(workspace, case_id, "image", image),
        labels_url=_overlay(workspace, case_id, "labels", key),
        heat_url=_overlay(workspace, case_id, "heat", key),
        heat_for=None if key is None else heat_for(workspace, case_id, key),
        foreground_url=_overlay(workspace, case_id, "foreground", key),
    )


def prepare(workspace: Workspace, case_id: str, study: Study) -> None:
    """Make a case's first picture while its pixels are at hand, so that opening it needs none."""
    _prepare_channel(workspace, case_id, study, 0)


def prepare_overlays(workspace: Workspace, case_id: str, study: Study, prediction: Prediction, key: str) -> None:
    """Make the overlays of a result. They come before the result, which then vouches for them."""
    label_map, heat, any_label = prediction.label_map, prediction.heat, prediction.foreground
    if label_map is not None:
        workspace.file(case_id, f"labels-{key}.gz", lambda: display_labels(study, label_map))
    if any_label is not None:
        workspace.file(case_id, f"foreground-{key}.gz", lambda: display_labels(study, any_label))
    if heat is not None:
        workspace.file(case_id, f"heat-{key}.gz", lambda: display_heat(study, heat))


def has_foreground(workspace: Workspace, case_id: str, key: str) -> bool:
    """Whether a result has the probability of any label; told without opening it."""
    return workspace.find_file(case_id, f"foreground-{key}.gz") is not None


def _prepare_channel(workspace: Workspace, case_id: str, study: Study, channel: int) -> None:
    shown = display_image(study, channel)
    workspace.file(case_id, f"image-{channel}.gz", lambda: shown.data)
    workspace.file(case_id, f"image-{channel}.json", lambda: json.dumps(shown.meta).encode())


def _overlay(workspace: Workspace, case_id: str, name: str, key: str | None) -> str | None:
    file = workspace.find_file(case_id, f"{name}-{key}.gz") if key else None
    return None if file is None else _address(workspace, case_id, name, file)


def _address(workspace: Workspace, case_id: str, name: str, file: Path) -> str:
    return f"pictures/{picture_tokens.issue(workspace.owner_id, case_id, name, file)}/{name}"
