"""Pictures brought into one frame."""

from __future__ import annotations

import numpy as np

from core.samples.align import align, inverse, moved


def _ball(centre: tuple[float, float]) -> np.ndarray:
    rows, columns = np.mgrid[:40, :40]
    return np.exp(-((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / 60).astype(np.float32)


def test_shifted_pictures_meet() -> None:
    """The mean of pictures that do not meet is a blur, and so is all that is drawn from it."""
    rng = np.random.default_rng(1)
    pictures = np.stack([4 * _ball(tuple(rng.uniform(14, 26, 2)))[None] for _ in range(12)])

    aligned = align(pictures)

    met = np.stack([moved(one, field) for one, field in zip(pictures, aligned.to_mean, strict=True)])
    assert np.square(met - met.mean(0)).mean() < 0.25 * np.square(pictures - pictures.mean(0)).mean()
    assert np.abs(aligned.to_mean.mean(0)).max() < 1e-4


def test_the_way_back_leads_back() -> None:
    """A sample's shape is drawn by the way back: were it another one, masks and grey would part."""
    rows, columns = np.mgrid[:30, :30]
    field = np.stack([2 * np.sin(rows / 8), 1.5 * np.cos(columns / 9)]).astype(np.float32)

    there_and_back = field + moved(inverse(field), field)

    assert np.abs(there_and_back[:, 5:-5, 5:-5]).max() < 0.05
