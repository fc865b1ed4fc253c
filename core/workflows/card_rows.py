"""The rows of a model's card: figures by split, subgroups, operating points and what became of their promises.

Owns how a figure is printed: a share with its counts, everything with its interval. The card as a page is
`model_cards`' matter; nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.metrics.operating_points import OperatingPoint, Rule
from core.models.card import Metric
from core.models.model import Model

BIN = "bin "

FLAGGED = ("flagged ", "refused ")
"""How the figures of the gate begin."""

AUDIT = ("shortcut ", "probe: ")
"""How the figures of the shortcut audit begin."""


FIGURE_HEADER = ("figure", "value", "95 % interval", "n", "unit", "interval by")
SUBGROUP_HEADER = ("split", "subgroup", "figure", "value", "95 % interval", "n")
SPLIT_HEADER = ("split", "it", "files", "patients", "hash")
POINT_HEADER = ("point", "threshold", "promise", "cohort that chose it", "there: sensitivity", "there: specificity")
REACHED_HEADER = ("point", "split", "sensitivity", "interval", "specificity", "interval", "promise")

BROKEN = "broken"

PROMISE_MEANS = (
    "A promise is for new patients drawn like the cohort that chose the point, with its confidence. It says "
    "nothing about another hospital, scanner or case mix: the rows above say what happened there. Points are "
    "bound to these weights by their hash."
)


def value(metric: Metric) -> str:
    """A figure as it is printed: a share in percent with its counts, anything else to three decimals."""
    if metric.k is not None and metric.n:
        return f"{metric.value:.1%} ({metric.k} of {metric.n})".replace("%", " %")
    return f"{metric.value:.3f}"


def interval(metric: Metric) -> str:
    """Its interval, in the same unit; a dash where there is none."""
    if metric.lo is None or metric.hi is None:
        return "–"
    if metric.k is not None:
        return f"{100 * metric.lo:.1f} to {100 * metric.hi:.1f} %"
    return f"{metric.lo:.3f} to {metric.hi:.3f}"


def find(model: Model, name: str, split: str | None, unit: str | None = None) -> Metric | None:
    """The figure of that name over all cases of a split; of that unit, where one is named."""
    for metric in model.card.metrics:
        if (metric.name, metric.split, metric.subgroup) == (name, split or "", "") and unit in (None, metric.unit):
            return metric
    return None


def figure_rows(model: Model, split: str) -> list[tuple[str, ...]]:
    """The figures of a split over all its cases, without those at an operating point: `reached_rows` has them."""
    pointed = tuple(f" at {point.name}" for point in model.operating_points)
    return [
        (m.name, value(m), interval(m), str(m.n or ""), m.unit, (m.method or "").replace("_", " "))
        for m in model.card.metrics
        if m.split == split
        and not m.subgroup
        and not m.name.startswith((BIN, *FLAGGED, *AUDIT))
        and not (pointed and m.name.endswith(pointed))
    ]


def subgroup_parts(model: Model) -> list[Metric]:
    """The figures of parts of a split, without those of the gate."""
    return [m for m in model.card.metrics if m.subgroup and not m.name.startswith(FLAGGED)]


def subgroup_rows(parts: Sequence[Metric]) -> list[tuple[str, ...]]:
    """Those figures as rows."""
    return [(m.split, m.subgroup, m.name, value(m), interval(m), str(m.n or "")) for m in parts]


def split_rows(model: Model) -> list[tuple[str, ...]]:
    """Which data taught, chose and measured: split, role, files, patients, and the first digits of their hash."""
    rows: list[tuple[str, ...]] = []
    for key, facts in model.card.provenance.items():
        if key.startswith("split "):
            name, _, role = key.removeprefix("split ").partition(", ")
            files, patients, held = (*facts.split(", "), "", "")[:3]
            rows.append((name, role, files, patients, held.removeprefix("sha256 ")[:16]))
    return rows


def point_rows(model: Model) -> list[tuple[str, ...]]:
    """The operating points with what they did on the cases that chose them."""
    return [
        (
            point.name,
            f"{point.threshold:.6g}",
            promise(point),
            f"{point.cohort} ({point.unit}s)",
            _share(point.tp, point.positives),
            _share(point.tn, point.negatives),
        )
        for point in model.operating_points
    ]


def promise(point: OperatingPoint) -> str:
    """What a point promises, in a few words."""
    if point.is_claimed:
        return "claimed, no cohort and no count"
    if not point.guaranteed or point.target is None or point.confidence is None:
        rule = "best balance (Youden)" if point.rule is Rule.YOUDEN else str(point.rule).replace("_", " ")
        return f"{rule}, not guaranteed"
    rate = str(point.rule).partition("_")[0]
    return f"{rate} at least {point.target:.0%}, {point.confidence:.0%} confidence".replace("%", " %")


def _share(k: int, n: int) -> str:
    return f"{k / n:.1%} ({k} of {n})".replace("%", " %") if n else "–"


def reached_rows(model: Model) -> Iterator[tuple[str, ...]]:
    """What each point did on each split: point, split, both rates with intervals, and what became of its promise."""
    for point in model.operating_points:
        for split in splits(model):
            both = [find(model, f"{rate} at {point.name}", split) for rate in ("sensitivity", "specificity")]
            cells = [cell for m in both for cell in ((value(m), interval(m)) if m else ("–", "–"))]
            if any(both):
                yield (point.name, split, *cells, promise_kept(point, both))


def promise_kept(point: OperatingPoint, both: Sequence[Metric | None]) -> str:
    """What became of a point's promise, given its sensitivity and specificity there: 'kept', 'broken', …"""
    promised = both[0] if point.rule is Rule.SENSITIVITY_GUARANTEE else both[1]
    if not point.guaranteed or point.target is None or promised is None:
        return "none"
    if promised.value >= point.target:
        return "kept"
    return BROKEN if promised.hi is not None and promised.hi < point.target else "missed, within chance"


def splits(model: Model) -> tuple[str, ...]:
    """The splits that the card has figures of, in its order."""
    return tuple(dict.fromkeys(metric.split for metric in model.card.metrics))
