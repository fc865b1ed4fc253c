"""Some columns of a cohort that was read whole, without reading the file again.

Owns when that is the same as a second reading: only where no case of any column lacks a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.metrics.cohort import Missing
from core.workflows.cohort_file import CohortFile


def narrowed(file: CohortFile, columns: Sequence[str], missing: Missing) -> CohortFile | None:
    """The cohort with these columns alone, as a reading of them would give it; None where only a reading can tell.

    file : read with every column. missing : the rule that the reading would have.
    """
    if file.dropped or any(file.holes.values()) or not set(columns) <= set(file.models):
        return None
    others = {name for name in file.models if name not in columns}
    kept_notes = [
        note
        for note in file.notes
        if note.code != "outside_0_1" or not any(f'column "{name}":' in note.text for name in others)
    ]
    return replace(
        file,
        cohort=replace(file.cohort, scores={name: file.cohort.scores[name] for name in columns}),
        missing=missing,
        holes=dict.fromkeys(columns, 0),
        calibrated=file.calibrated & set(columns),
        ignored=tuple(dict.fromkeys((*file.ignored, *(name for name in file.models if name in others)))),
        notes=tuple(kept_notes),
    )
