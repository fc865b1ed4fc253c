"""Scoring: every case of a labelled folder through one or several models, kept case by case.

Owns the loop and what is skipped because it was answered before. A result is kept under the hash of the case, of
the weights and of the settings, the moment it is there, so a run that was stopped, by whatever, goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.inference.sliding_window import Progress
from core.models.model import Model
from core.workspace.cohort_record import KeptCohort


def score(
    cohort: KeptCohort,
    models: Sequence[Model],
    *,
    split: str | None = None,
    again: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> KeptCohort:
    """The cohort with the answers of these models; cases that cannot be read are in `unread`, and stop nothing.

    Parameters
    ----------
    split : only the cases of this split. again : answer anew what was answered before.
    progress : told the share of cases done. cancelled : asked between cases.

    Raises
    ------
    Cancelled : what was answered until then is kept. AdmissionError : a model is of another kind than the cohort:
    a classifier needs labels, a segmentation masks. CheckpointError : a model cannot be used.
    """
    raise NotImplementedError


def left_to_score(cohort: KeptCohort, models: Sequence[Model]) -> int:
    """How many answers are still to be made; 0 where everything is kept."""
    raise NotImplementedError


def models_that_fit(cohort: KeptCohort, models: Sequence[Model]) -> list[Model]:
    """Those that can be asked: usable, classifiers for labels, segmentations for masks."""
    raise NotImplementedError
