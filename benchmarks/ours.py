"""Our path, exactly as the command line and the page take it, with its time told by stage."""

from __future__ import annotations

import time
from pathlib import Path

from core.inference.prediction import Prediction
from core.models.model import Model
from core.workflows.open_study import open_study
from core.workflows.predict import predict

STAGES = ("decoding", "preprocessing", "network", "overlay")


class Ours:
    """One model; `shares` gathers the seconds of each call by stage."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.stages: dict[str, list[float]] = {name: [] for name in STAGES}

    def __call__(self, path: Path) -> Prediction:
        """Open the file in the worker, predict with a heat map where there is a score, draw the pictures."""
        # Imported here: a cold start that only asks for numbers draws nothing.
        from core.render.overlay import overlay_png

        started = time.perf_counter()
        study = open_study([path])
        opened = time.perf_counter()
        made = predict(study, self.model, explain=bool(self.model.classes))
        predicted = time.perf_counter()
        overlay_png(study, made, model_name=self.model.display_name, case_id="case-01")
        if made.label_map is not None:
            from core.render.nifti_out import mask_nifti

            mask_nifti(study, made)
        drawn = time.perf_counter() - predicted
        spent = made.provenance.timings_s
        before = spent.get("preprocess", 0.0)
        for name, seconds in zip(STAGES, (opened - started, before, predicted - opened - before, drawn), strict=True):
            self.stages[name].append(seconds)
        return made
