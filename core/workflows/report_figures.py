"""The figures of a report as SVG pictures: the same data that the instrument draws, on white, for print.

Owns the drawing. The points come from `compare_view` and `instrument`; nothing is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from core.metrics.decision import NetBenefit
from core.metrics.sweep import Sweep
from core.workflows.compare_view import ModelCurves, Points

WIDTH, HEIGHT = 420, 360
LEFT, TOP, RIGHT, BOTTOM = 56, 16, 14, 48
LINE, OTHER, PALE, GREY = "#1f6a91", "#b35c00", "#1f6a9126", "#7d8894"
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)

Ends = tuple[float, float]


def roc_svg(curve: ModelCurves, at: Ends | None, area: str) -> str:
    """The ROC curve with its band and the cut-off on it."""
    body = [_area(curve.roc_band), _line([(0, 0), (1, 1)], GREY, "4 4"), _line(curve.roc, LINE), _dot(at)]
    return _picture(body, "1 − specificity", "sensitivity", f"ROC curve, AUC {area}")


def precision_svg(curve: ModelCurves, at: Ends | None, prevalence: float) -> str:
    """Precision against recall as steps, with the prevalence."""
    body = [
        _area(curve.precision_band), _line([(0, prevalence), (1, prevalence)], GREY, "4 4"),
        _line(curve.precision, LINE), _dot(at),
    ]  # fmt: skip
    return _picture(body, "recall (sensitivity)", "precision (PPV)", "Precision-recall curve, prevalence dashed")


def calibration_svg(curve: ModelCurves) -> str:
    """Observed share against mean score."""
    bins = curve.calibration or []
    whiskers = [_line([(mean, low), (mean, high)], LINE) for mean, _, low, high in bins]
    body = [_line([(0, 0), (1, 1)], GREY, "4 4"), *whiskers, *(_dot((mean, seen)) for mean, seen, _, _ in bins)]
    return _picture(body, "mean score", "observed share", "Calibration in 10 equal-mass bins")


def rates_svg(table: Sweep, threshold: float) -> str:
    """Sensitivity and specificity by cut-off, for scores from 0 to 1."""
    hit: Points = []
    clear: Points = []
    for row in range(len(table.thresholds)):
        at = min(float(table.thresholds[row]), 1.0)
        for points, share in (
            (hit, table.tp[row] / table.positives),
            (clear, 1 - table.fp[row] / table.negatives),
        ):
            if points:
                points.append((at, points[-1][1]))
            points.append((at, float(share)))
    cut = _line([(threshold, 0), (threshold, 1)], "#000000", "2 3") if math.isfinite(threshold) else ""
    body = [_line(hit, OTHER), _line(clear, LINE, "6 3"), cut]
    return _picture(body, "cut-off", "share", "Sensitivity (solid) and specificity (dashed) by cut-off")


def decision_svg(worth: NetBenefit, interval: Sequence[Ends]) -> str:
    """Net benefit of the score, with its interval at each probability if there is one, and of treating everybody.

    All as shares of the best possible.
    """
    top = max(float(worth.model.max()), float(worth.treat_all.max()), 0.01)
    model = [(p, max(v / top, -0.2)) for p, v in zip(worth.probability.tolist(), worth.model.tolist(), strict=True)]
    everybody = [
        (p, v / top) for p, v in zip(worth.probability.tolist(), worth.treat_all.tolist(), strict=True) if v > 0
    ]
    low, high = (
        [(p, max(ends[side] / top, -0.2)) for p, ends in zip(worth.probability.tolist(), interval, strict=False)]
        for side in (0, 1)
    )
    body = [_area([*low, *reversed(high)]), _line(everybody, GREY, "5 4"), _line(model, LINE)]
    shaded = "; shaded: 95 % at each probability (bootstrap)" if interval else ""
    title = f"Decision curve: net benefit as a share of {top:.3f}; dashed: treat everybody{shaded}"
    return _picture(body, "probability that is acted on", "net benefit", title)


def _picture(body: Sequence[str], x: str, y: str, title: str) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    ticks = []
    for tick in TICKS:
        ticks.append(_text(_x(tick), bottom + 16, f"{tick:g}", "middle"))
        ticks.append(_text(LEFT - 6, _y(tick) + 4, f"{tick:g}", "end"))
    middle = (TOP + bottom) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label={quoteattr(title)} font-family="sans-serif" font-size="12">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" fill="none" stroke="#c9cfd6"/>'
        f"{''.join(ticks)}{''.join(body)}"
        f"{_text((LEFT + right) / 2, HEIGHT - 10, x, 'middle')}"
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(y)}</text></svg>'
    )


def _x(value: float) -> float:
    return LEFT + min(max(value, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - min(max(value, -0.1), 1.0) * (HEIGHT - TOP - BOTTOM)


def _path(points: Points) -> str:
    return " ".join(f"{'L' if i else 'M'}{_x(x):.1f} {_y(y):.1f}" for i, (x, y) in enumerate(points))


def _line(points: Points, colour: str, dashes: str = "") -> str:
    if not points:
        return ""
    how = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{_path(points)}" fill="none" stroke="{colour}" stroke-width="1.8"{how}/>'


def _area(points: Points) -> str:
    return f'<path d="{_path(points)} Z" fill="{PALE}" stroke="none"/>' if points else ""


def _dot(at: Ends | None) -> str:
    return "" if at is None else f'<circle cx="{_x(at[0]):.1f}" cy="{_y(at[1]):.1f}" r="4.5" fill="{OTHER}"/>'


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#4f5863">{escape(said)}</text>'
