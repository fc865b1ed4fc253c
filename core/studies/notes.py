"""What a reader changed and doubts, collected while it reads.

Owns the two lists; they end in the ingest report.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """Sentences for the report: what was `changed`, and `warnings` about what is doubtful."""

    changed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
