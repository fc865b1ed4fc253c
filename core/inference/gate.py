"""Whether a study looks like what a model was trained on: a distance, known before any score.

Owns the descriptors, the fit and the distance. The network has no part in it: a network's own certainty is high
on pictures that it never saw, and its features forget what it was taught not to look at.

References
----------
Mahalanobis distance over principal components and their residual: Jackson and Mudholkar, Technometrics 21 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from core.inference.preprocess import Prepared, choose_channels
from core.models.gate import Gate
from core.models.input_spec import InputSpec
from core.studies.study import Kind, Study

Float = NDArray[np.float32]

SIDES = {Kind.FILM: (32, 32), Kind.VOLUME: (12, 16, 16)}
"""Of the thumbnail that principal components are taken of: coarse anatomy and its place."""

COMPONENTS = 48
"""At most; films of one view need no more."""

CASES_PER_COMPONENT = 6
"""With fewer training cases fewer components, or their spread is a guess."""

BANDS = (0.0, 0.02, 0.04, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5)
"""Edges, in cycles a sample, of the rings whose power is taken: blur, noise and text show there."""

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
"""Of the standardised greys."""

SHRINK = 0.01
"""Share of the identity in the correlation matrix, so that no direction counts without limit."""

FLAGGED_SHARE = 0.03
"""Of the cases that the cut-off is set on, at most so many are called unfamiliar."""

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Familiarity:
    """How far a study is from the training cases: `score` in spreads, and whether it is beyond `cut_off`."""

    flagged: bool
    score: float
    cut_off: float

    def sentence(self) -> str:
        """What to say of a study that is flagged."""
        return (
            "This does not look like what the model was trained on: its distance from the training cases is "
            f"{self.score:.2f}, and {self.cut_off:.2f} is the largest that is familiar."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One case's descriptors apart from the components: (pixels,) thumbnail, and (m,) further figures."""

    thumbnail: Float
    figures: Float


def look_at(study: Study, prepared: Prepared, spec: InputSpec) -> Look:
    """The descriptors of a study as the model is about to see it.

    Thumbnail and rings come from each channel standardised by itself, so that brightness does not move them;
    brightness and contrast in the study's own window are figures of their own.
    """
    sides = SIDES[study.kind]
    # Grey that the network is fed three times is looked at once.
    repeated = len(prepared.array) // len(spec.channels)
    channels = [_standard(channel) for channel in prepared.array[::repeated]]
    figures = [np.concatenate([_ring_power(c), np.percentile(c, PERCENTILES)]) for c in channels]
    return Look(
        np.concatenate([_thumbnail(c, sides).ravel() for c in channels]).astype(np.float32),
        np.concatenate([*figures, _brightness(study, choose_channels(study, spec))]).astype(np.float32),
    )


def fit_gate(taught: Sequence[Look], chosen_on: Sequence[Look], kind: Kind, words: str) -> Gate:
    """A gate of training cases, its cut-off set on cases that taught nothing.

    Parameters
    ----------
    words : which cases `chosen_on` are, for the card.

    Raises
    ------
    ValueError : there are too few cases to know a spread.
    """
    if len(taught) < 2 * CASES_PER_COMPONENT or not chosen_on:
        raise ValueError("a gate needs a dozen training cases and one to set the cut-off on")
    thumbnails = np.stack([look.thumbnail for look in taught]).astype(np.float64)
    mean = thumbnails.mean(0)
    rows = np.linalg.svd(thumbnails - mean, full_matrices=False)[2]
    components = rows[: min(COMPONENTS, len(taught) // CASES_PER_COMPONENT)].astype(np.float32)
    described = np.stack([_described(look, mean.astype(np.float32), components) for look in taught]).astype(np.float64)
    centre, spread = described.mean(0), described.std(0) + _TINY
    correlation = np.atleast_2d(np.corrcoef(((described - centre) / spread).T))
    correlation = (1 - SHRINK) * np.nan_to_num(correlation) + SHRINK * np.eye(len(centre))
    whitening = np.linalg.inv(np.linalg.cholesky(correlation))
    made = Gate(
        sides=SIDES[kind],
        thumbnail=mean.astype(np.float32),
        components=components,
        centre=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        whitening=whitening.astype(np.float32),
        cut_off=1.0,
        chosen_on=words,
    )
    stored = Gate.from_plain(made.to_plain())  # the figures as they will be read back
    distances = sorted((familiarity(stored, look).score for look in chosen_on), reverse=True)
    cut_off = distances[int(FLAGGED_SHARE * len(distances))]
    return replace(stored, cut_off=cut_off)


def familiarity(gate: Gate, look: Look) -> Familiarity:
    """How far a case is from those that taught.

    Raises
    ------
    ValueError : the gate is of a model with other channels.
    """
    if look.thumbnail.shape != gate.thumbnail.shape:
        raise ValueError("the gate was made of pictures with other channels")
    standard = (_described(look, gate.thumbnail, gate.components) - gate.centre) / gate.spread
    score = float(np.sqrt(np.mean(np.square(gate.whitening.astype(np.float64) @ standard))))
    return Familiarity(score > gate.cut_off, score, gate.cut_off)


def _described(look: Look, mean: Float, components: Float) -> Float:
    """Components, what they leave, and the further figures: (k + 1 + m,)."""
    apart = look.thumbnail - mean
    along = components @ apart
    left = np.log(np.mean(np.square(apart - along @ components)) + _TINY)
    return np.concatenate([along, [left], look.figures])


def _standard(channel: Float) -> Float:
    spread = float(channel.std())
    standard: Float = (channel - channel.mean()) / np.float32(spread + _TINY)
    return standard


def _thumbnail(channel: Float, sides: Sequence[int]) -> Float:
    """Means over equal boxes; an axis shorter than its side repeats samples."""
    small: NDArray[np.floating] = channel
    for axis, side in enumerate(sides):
        n = small.shape[axis]
        edges = np.linspace(0, n, side + 1)
        if n < side:
            small = np.take(small, np.minimum((edges[:-1] + edges[1:]) / 2, n - 1).astype(np.int64), axis)
            continue
        starts = np.floor(edges[:-1]).astype(np.int64)
        sums = np.add.reduceat(small, starts, axis)
        counts = np.diff([*starts, n]).reshape([-1 if i == axis else 1 for i in range(small.ndim)])
        small = sums / counts
    return np.asarray(small, np.float32)


def _ring_power(channel: Float) -> Float:
    """Log of the mean power in each ring of spatial frequencies, the picture faded out towards its edges."""
    faded: NDArray[np.floating] = channel
    squared: list[NDArray[np.floating]] = []
    for axis, n in enumerate(channel.shape):
        along = [-1 if i == axis else 1 for i in range(channel.ndim)]
        faded = faded * np.hanning(n + 2)[1:-1].reshape(along)
        steps = np.fft.rfftfreq(n) if axis == channel.ndim - 1 else np.fft.fftfreq(n)
        squared.append(steps.reshape(along) ** 2)
    power = np.abs(np.fft.rfftn(faded)) ** 2 / faded.size
    radius = np.sqrt(reduce(np.add, squared)).ravel()
    ring = np.digitize(radius, BANDS[1:])
    counts = np.bincount(ring, minlength=len(BANDS))
    sums = np.bincount(ring, weights=power.ravel(), minlength=len(BANDS))
    return np.log(sums[: len(BANDS) - 1] / np.maximum(counts[: len(BANDS) - 1], 1) + _TINY).astype(np.float32)


def _brightness(study: Study, chosen: Sequence[int]) -> Float:
    """Mean and spread of each channel in its own window, 0..1."""
    found = []
    for number in chosen:
        window = study.windows[number]
        shown = np.clip((study.pixels[number] - window.low) / max(window.high - window.low, _TINY), 0, 1)
        found += [float(shown.mean()), float(shown.std())]
    return np.array(found, np.float32)
