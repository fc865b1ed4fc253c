"""What the name of a file claims: a version, a date, figures (S1, S2, S4). Claims, never measurements.

Owns taking names apart. What a claim is kept as begins with `claimed_`; what a file is, its content says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

ENDINGS = (".safetensors", ".pth", ".pt", ".onnx", ".pkl", ".pickle", ".joblib", ".h5", ".pb", ".keras")

_DATE = re.compile(r"_(\d{4})(\d{2})(\d{2})$")
_VERSION = re.compile(r"_(v(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?)$", re.IGNORECASE)
_FIGURE = re.compile(r"([A-Za-z]*)(\d{1,3}\.\d{1,4})")
_BARE_VERSION = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?", re.IGNORECASE)

Number = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClaimedName:
    """A name taken apart.

    name : without version, date and ending. written : the version as it stood there, 'v1'; version : the same as three
    numbers. dated : ISO 8601. figures : by the word before them, '' where there was none; in per cent, as written.
    """

    name: str
    written: str | None = None
    version: str | None = None
    dated: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    def claims(self) -> dict[str, str]:
        """What goes into a card's provenance."""
        found = {"version": self.version, "written_version": self.written, "date": self.dated}
        kept = {f"claimed_by_name_{key}": value for key, value in found.items() if value is not None}
        return kept | {f"claimed_by_name_{word or 'figure'}": f"{value:g}" for word, value in self.figures.items()}


def parse_name(file_name: str) -> ClaimedName:
    """The claims of a file's name, or of an id: `{model_type}_v{major}.{minor}.{patch}`,
    `{model_name}_{version}_{date}.{extension}`, and words with a figure behind them (`val98.80`).
    """
    rest = file_name
    for ending in ENDINGS:
        rest = rest.removesuffix(ending)
    rest, dated = _without_date(rest)
    found = _VERSION.search(rest)
    if found is not None:
        rest = rest[: found.start()]
    written = None if found is None else found[1]
    parts = rest.split("_")
    figures = {match[1].lower(): float(match[2]) for part in parts if (match := _FIGURE.fullmatch(part))}
    kept = "_".join(part for part in parts if not _FIGURE.fullmatch(part))
    plausible = {word: value for word, value in figures.items() if value <= 100}
    return ClaimedName(kept, written, None if written is None else semantic(written), dated, plausible)


def semantic(version: str) -> str | None:
    """'v1' and '1.0' as three numbers, '1.0.0'; None where the text is no version."""
    parts = version_numbers(version)
    return None if parts is None else ".".join(str(part) for part in (*parts, 0, 0)[:3])


def version_numbers(version: str) -> Number | None:
    """The numbers of a version as far as they are written: 'v1' is (1,), '1.0.2' is (1, 0, 2); None: it is none."""
    found = _BARE_VERSION.fullmatch(version.strip())
    return None if found is None else tuple(int(part) for part in found.groups() if part is not None)


def _without_date(text: str) -> tuple[str, str | None]:
    found = _DATE.search(text)
    if found is None:
        return text, None
    try:
        dated = date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return text, None
    return text[: found.start()], dated
