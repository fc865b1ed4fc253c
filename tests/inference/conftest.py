"""Small studies and specifications for the inference tests, built by code and seeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from core.studies.study import Geometry, IngestReport, Kind, Study, Window

MakeFilm = Callable[..., Study]
MakeVolume = Callable[..., Study]


def _report(shape: tuple[int, ...], spacing: tuple[float, ...] | None, **facts: Any) -> IngestReport:
    orientation = facts.pop("orientation", None)
    return IngestReport("test picture", 1, "a" * 64, "b" * 64, shape, spacing, orientation, **facts)


@pytest.fixture
def film() -> MakeFilm:
    """film(pixels (rows, columns), window=(low, high), **report facts)."""

    def make(pixels: ArrayLike, window: tuple[float, float] = (0.0, 255.0), **facts: Any) -> Study:
        array = np.asarray(pixels, np.float32)
        report = _report(array.shape, None, **facts)
        return Study(Kind.FILM, array[None], ("image",), (Window(*window, "bit depth"),), Geometry(None), report)

    return make


@pytest.fixture
def volume() -> MakeVolume:
    """volume(pixels (i, j, k) or by channel name, affine=identity, known=True, **report facts)."""

    def make(
        pixels: ArrayLike | Mapping[str, NDArray[Any]],
        affine: ArrayLike | None = None,
        *,
        known: bool = True,
        **facts: Any,
    ) -> Study:
        named = pixels if isinstance(pixels, Mapping) else {"image": pixels}
        array = np.stack([np.asarray(p, np.float32) for p in named.values()])
        matrix = np.eye(4) if affine is None else np.asarray(affine, np.float64)
        spacing = tuple(float(s) for s in np.linalg.norm(matrix[:3, :3], axis=0)) if known else None
        orientation = "".join(nib.aff2axcodes(matrix)) if known else None
        windows = tuple(Window(float(p.min()), float(p.max()) + 1, "percentiles 1 to 99") for p in array)
        report = _report(array.shape[1:], spacing, orientation=orientation, **facts)
        return Study(Kind.VOLUME, array, tuple(named), windows, Geometry(spacing, matrix, orientation), report)

    return make
