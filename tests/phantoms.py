"""Cases drawn by formula, where a test needs any film or volume and no network has to know it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.studies.study import Kind
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows.cases import keep_file
from core.workspace import Case, Workspace

SEED = 7


def add_phantom(workspace: Workspace, kind: Kind) -> Case:
    """A film or a volume of the owner's, always the same one."""
    with tempfile.TemporaryDirectory() as folder:
        return keep_file(workspace, write_phantom(Path(folder), kind))


def write_phantom(folder: Path, kind: Kind) -> Path:
    """A film or a volume as a file in the folder, always the same one."""
    path = folder / ("film.png" if kind is Kind.FILM else "volume.nii.gz")
    (synthetic_film if kind is Kind.FILM else synthetic_volume)(path, SEED)
    return path
