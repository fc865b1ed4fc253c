"""Pictures for the viewer's tests: made by hand, served from memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from core.inference.postprocess import in_steps
from core.render.display import display_heat, display_image, display_labels
from core.render.palette import viewer_labels
from core.studies.study import Study, Window
from core.workflows.cut_off import LIKELIEST, CutOff
from tests.render.builders import film, head, stored_as, volume


@dataclass
class Case:
    """One study with what may lie over it."""

    name: str
    study: Study
    label_map: np.ndarray | None = None
    heat: np.ndarray | None = None
    probability: np.ndarray | None = None
    names: Sequence[str] = ("core", "oedema")
    files: dict[str, bytes] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        image = display_image(self.study)
        self.meta, self.files["image"] = image.meta, image.data
        if self.label_map is not None:
            self.files["labels"] = display_labels(self.study, self.label_map)
        if self.heat is not None:
            self.files["heat"] = display_heat(self.study, self.heat)
        if self.probability is not None:
            self.files["foreground"] = display_labels(self.study, self.steps)

    @property
    def steps(self) -> np.ndarray:
        """The probability of any label as it travels."""
        return in_steps(self.probability)

    def cut(self, **changes: Any) -> dict[str, Any] | None:
        """What Python says of the cut-off: of a single label at one half, else of the likeliest."""
        if self.probability is None:
            return None
        spacing = self.meta["spacing_mm"]
        facts = CutOff(
            steps=200,
            own=100 if len(self.names) == 1 else None,
            own_text="" if len(self.names) == 1 else LIKELIEST,
            labels=len(self.names),
            voxels=int((self.label_map > 0).sum()),
            voxel_ml=None if spacing is None or len(spacing) < 3 else float(np.prod(spacing)) / 1000,
            voxel_mm3=None if spacing is None else float(np.prod(spacing)),
        )
        return {**asdict(facts), "at": None, "turn": 1, **changes}

    def picture(self, *, labels: bool = True) -> dict[str, Any]:
        """The fields of a ViewerPicture."""
        return {
            "case": self.name,
            "image_url": f"pictures/{self.name}/image",
            "labels_url": f"pictures/{self.name}/labels" if labels and "labels" in self.files else None,
            "heat_url": f"pictures/{self.name}/heat" if "heat" in self.files else None,
            "heat_for": "nodule" if "heat" in self.files else None,
            "foreground_url": f"pictures/{self.name}/foreground" if "foreground" in self.files else None,
            "cut": self.cut(),
            "labels": viewer_labels(self.names) if self.label_map is not None else [],
            "meta": self.meta,
        }


def head_case(name: str, codes: str = "RAS") -> Case:
    """The marked head as a file with these axis codes would hold it; label 1 is its mark, 2 its middle."""
    pixels, affine = head()
    label_map = np.where(pixels == 1000, 1, 0).astype(np.uint8)
    label_map[9:14, 12:18, 6:10] = 2
    array, stored_affine = stored_as(pixels, affine, codes)
    stored_labels, _ = stored_as(label_map, affine, codes)
    return Case(name, volume(array, stored_affine, Window(0, 600, "percentiles 1 to 99")), stored_labels)


def film_case(name: str, edges: tuple[str, str] | None = None) -> Case:
    """A film 200 wide and 160 high with a bright nodule at image-left, and a heat map over it."""
    y, x = np.mgrid[0:160, 0:200]
    pixels = np.full((160, 200), 60.0)
    pixels[(x - 50) ** 2 + (y - 90) ** 2 < 100] = 220
    heat = np.exp(-((x - 50) ** 2 + (y - 90) ** 2) / 400).astype(np.float32)
    return Case(name, film(pixels, edges=edges), heat=heat)


def brain_case(name: str, seed: int = 0, shape: tuple[int, int, int] = (240, 240, 155)) -> Case:
    """A head of the size of a brain-tumour study, with three nested labels."""
    rng = np.random.default_rng(seed)
    x, y, z = (np.linspace(-1, 1, n)[place] for n, place in zip(shape, np.ix_(*map(range, shape)), strict=True))
    radius = (x / 0.62) ** 2 + (y / 0.75) ** 2 + (z / 0.7) ** 2
    waves = 60 * np.sin(7 * x + 3 * y) * np.cos(5 * z + 4 * y)
    pixels = np.where(radius < 1, 420 + waves + rng.normal(0, 18, shape), 0)
    pixels = np.where((radius < 1) & (radius > 0.88), 800, pixels)
    lesion = (x + 0.25) ** 2 + (y + 0.2) ** 2 + (z - 0.15) ** 2
    labels = np.select([lesion < 0.006, lesion < 0.022, lesion < 0.05], [2, 1, 3]).astype(np.uint8)
    pixels = np.rint(np.where(labels > 0, pixels + 90, pixels)).astype(np.int16)
    study = volume(pixels, np.diag([1.0, 1.0, 1.0, 1.0]), Window(0, 760, "percentiles 1 to 99"))
    return Case(name, study, labels, names=("enhancing", "core", "oedema"))


def lesions_case(
    name: str, seed: int = 3, shape: tuple[int, int, int] = (40, 48, 30), names: Sequence[str] = ("lesion",)
) -> Case:
    """Smooth noise as the probability of a label: regions of many sizes that meet and part as the cut-off moves."""
    rng = np.random.default_rng(seed)
    rough = gaussian_filter(rng.normal(size=shape), 1.5)
    probability = np.clip(0.35 + 0.3 * rough / np.abs(rough).max() * 2, 0, 1).astype(np.float32)
    taken = in_steps(probability) >= 100
    side = np.arange(shape[0])[:, None, None] < shape[0] // 2
    label_map = np.where(taken, np.where(side | (len(names) == 1), 1, 2), 0).astype(np.uint8)
    pixels = np.rint(200 + 300 * probability).astype(np.int16)
    study = volume(pixels, np.diag([0.9, 0.9, 3.0, 1.0]), Window(200, 500, "percentiles 1 to 99"))
    return Case(name, study, label_map, probability=probability, names=names)


CASES = [head_case("case-01"), head_case("case-02", "LPS"), film_case("case-03", ("L", "F"))]
FILES = {(case.name, kind): data for case in CASES for kind, data in case.files.items()}
