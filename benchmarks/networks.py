"""The networks alone: windows over a head, and a score with its heat map; nothing is decoded or drawn.

Both ways are fed the same array, so that the time and the difference are the network's own.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.compare import Row, row_of
from benchmarks.measure import alternate
from benchmarks.subjects import Subject
from benchmarks.usual import UsualFilm, UsualVolume
from core.engines.choose import cpu_engine
from core.inference.answer import explaining
from core.inference.batching import at_a_time
from core.inference.parity import lowest_dice
from core.inference.postprocess import MASK_THRESHOLD, class_probabilities, decide
from core.inference.preprocess import preprocess
from core.inference.sliding_window import run_windows, window_starts
from core.settings import settings
from core.workflows.open_study import open_study


def windows(subject: Subject, rounds: int) -> Row:
    """MONAI's inferer in torch against our loop in the app's engine, from the array to the label map."""
    model, patch = subject.model, subject.model.input.patch or ()
    usual, engine = UsualVolume(model.config, model.input, subject.checkpoint), cpu_engine(model)
    array = preprocess(open_study([subject.image]), model.input).array
    count = len(window_starts(array.shape[1:], patch))
    batch = at_a_time(count, patch, "cpu", settings().window_batch)

    def ours() -> np.ndarray:
        found = run_windows(engine, array, patch, batch=batch).outputs["segmentation"][0]
        return decide(found, model.config.activation, MASK_THRESHOLD)

    timed, quiet = alternate(
        {"usual": lambda: usual.labels(torch.from_numpy(array)[None]), "ours": ours}, rounds=rounds
    )
    theirs, found = timed["usual"].answer, timed["ours"].answer
    said = f"{int((theirs != found).sum())} of {found.size} voxels, lowest Dice {lowest_dice(theirs, found):.5f}"
    shape = " x ".join(str(n) for n in array.shape[1:])
    return row_of(f"{count} windows over {shape}, {subject.words}: MONAI's inferer", timed, quiet, said)


def heat(subject: Subject, rounds: int) -> Row:
    """A prediction and the usual Grad-CAM (forward and whole backward) against ours, from the array to the map."""
    model = subject.model
    usual = UsualFilm(model.config, model.input, subject.checkpoint, model.temperature)
    engine = explaining(cpu_engine(model), model, model.classes[-1])
    batch = preprocess(open_study([subject.image]), model.input).array[None]

    def ours() -> tuple[np.ndarray, np.ndarray]:
        outputs = engine.run(batch)
        peak = max(float(outputs["heat"].max()), 1e-12)
        logits = outputs["logits"] / np.float32(model.temperature)
        return class_probabilities(logits, model.config.activation)[0], outputs["heat"][0, 0] / peak

    timed, quiet = alternate({"usual": lambda: usual.explained(torch.from_numpy(batch)), "ours": ours}, rounds=rounds)
    apart = [float(np.abs(np.asarray(a) - b).max()) for a, b in zip(*(timed[w].answer for w in timed), strict=True)]
    said = f"scores within {apart[0]:.1e}, maps within {apart[1]:.1e}"
    return row_of(f"score and heat map, {subject.words}: Grad-CAM", timed, quiet, said)
