"""A model's way through the stages as the page shows it: where it stands, what a stage asks for, and what happened.

Owns the rows. The rules are `core.registry`'s, changes are made by `core.workflows.registry`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from core.registry.audit import AuditedFile
from core.registry.stages import Stage
from core.workflows.integrity import audit_shelf
from core.workflows.registry import UNREGISTERED, history, promotion_reasons
from core.workflows.registry_recall import recall

CHECK_HEADER = ("Check", "Holds", "What was found")
HISTORY_HEADER = ("When (UTC)", "Who", "What", "Reason", "Hash before", "Hash after")
RECALL_HEADER = ("Whose", "What", "Name", "Cases", "Answered by")
AUDIT_HEADER = ("File", "State", "What was found")

HASH_DIGITS = 12

HOLDS, FAILS = "yes", "no"


def next_stages(stage: str) -> list[str]:
    """The other stages of a registered version, the next one up first."""
    if stage == UNREGISTERED:
        return []
    names = [str(one) for one in Stage]
    after = names.index(stage) + 1
    return [*names[after:], *names[: after - 1]]


def check_rows(model_id: str, stage: str, reviewer: str) -> list[tuple[str, str, str]]:
    """What must hold before the model reaches a stage; raises RegistryError."""
    return [(one.name, HOLDS if one.holds else FAILS, one.said) for one in promotion_reasons(model_id, stage, reviewer)]


def history_rows(model_id: str) -> list[tuple[str, ...]]:
    """What happened to a model, newest first; raises RegistryError."""
    return [
        (_when(one.when), one.who, one.what, one.reason or "–", _short(one.before), _short(one.after))
        for one in history(model_id)
    ]


def recall_rows(model_id: str) -> list[tuple[str, ...]]:
    """The stored results and cohorts that rest on this model's weights."""
    return [(_whose(one.owner), one.what, one.name, f"{one.cases:,}", one.model_id) for one in recall(model_id)]


def audit_shelf_rows() -> tuple[str, list[tuple[str, ...]]]:
    """The count of files by state in a sentence, and a row for each file that something is to be said of."""
    found = audit_shelf()
    return _counted(found), [
        (f"{one.place}/{one.name}", f"{one.state}{', wrong' if one.wrong else ''}", one.said or "–")
        for one in found
        if one.wrong or one.said
    ]


def _counted(found: Sequence[AuditedFile]) -> str:
    states = Counter(str(one.state) for one in found)
    wrong = sum(one.wrong for one in found)
    held = ", ".join(f"{count:,} {state}" for state, count in states.most_common())
    return f"{len(found):,} files: {held or 'none'}. {wrong:,} wrong by this installation's policy."


def _whose(owner: str) -> str:
    return f"browser {owner}" if owner else "this machine's user"


def _when(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


def _short(sha256: str | None) -> str:
    return "–" if sha256 is None else sha256[:HASH_DIGITS]
