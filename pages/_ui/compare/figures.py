"""The pictures of a comparison: curves overlaid with bands and an inset, differences, calibration, cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.workflows.compare_view import METRIC_NAMES, ModelCurves, Points
from core.workflows.documents import Document

COLOURS = ("#3b8ec9", "#d9790b", "#0d9268", "#b8629a")
"""3:1 against both backgrounds; dashes tell apart what a colour cannot."""

DASHES = ("solid", "dash", "dot", "dashdot")
GREY = "#7d8894"
HEIGHT = 400
CORNERS = (0.1, 0.2, 0.3, 0.4)
"""Parts of both axes that the inset may show: the smallest in which every curve's best cut-off lies."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model is worth and what it costs. value, lo, hi : of the figure of quality. seconds : a case."""

    name: str
    value: float
    lo: float | None
    hi: float | None
    seconds: float
    mib: float


def colour(place: int) -> str:
    """The colour of the model at this place; they repeat after four, with another dash."""
    return COLOURS[place % len(COLOURS)]


def dash(place: int) -> str:
    """The dash of the model at this place."""
    return DASHES[(place + place // len(COLOURS)) % len(DASHES)]


def roc_figure(curves: Sequence[ModelCurves], *, bands: bool) -> go.Figure:
    """ROC curves on one another, and the corner again, larger."""
    figure = _square("1 − specificity", "sensitivity")
    figure.add_trace(_line([(0, 0), (1, 1)], "chance", GREY, "dot", legend=False))
    for place, curve in enumerate(curves):
        if bands:
            figure.add_trace(_band(curve.roc_band, place))
        figure.add_trace(_line(curve.roc, curve.model, colour(place), dash(place)))
        corner = _line(curve.roc, curve.model, colour(place), dash(place), legend=False)
        figure.add_trace(corner.update(xaxis="x2", yaxis="y2"))
    side = _corner(curves)
    frame = {"showgrid": False, "nticks": 3, "showline": True, "mirror": True, "linecolor": GREY}
    return figure.update_layout(
        xaxis2={"domain": [0.5, 0.97], "anchor": "y2", "range": [0, side], **frame},
        yaxis2={"domain": [0.09, 0.54], "anchor": "x2", "range": [1 - side, 1.005], **frame},
    )


def _corner(curves: Sequence[ModelCurves]) -> float:
    best = [max(curve.roc, key=lambda point: point[1] - point[0]) for curve in curves if curve.roc]
    far = max((max(x, 1 - y) for x, y in best), default=CORNERS[0])
    return next((side for side in CORNERS if far <= 0.9 * side), CORNERS[-1])


def precision_figure(curves: Sequence[ModelCurves], prevalence: float, *, bands: bool) -> go.Figure:
    """Precision against recall as steps, with the prevalence."""
    figure = _square("recall (sensitivity)", "precision (PPV)")
    figure.add_trace(_line([(0, prevalence), (1, prevalence)], "prevalence", GREY, "dot", legend=False))
    for place, curve in enumerate(curves):
        if bands:
            figure.add_trace(_band(curve.precision_band, place))
        figure.add_trace(_line(curve.precision, curve.model, colour(place), dash(place)))
    return figure


def forest_figure(pairs: Sequence[Document]) -> go.Figure:
    """Differences with their intervals, one line a pair, and the margin where there is one."""
    drawn = [pair for pair in pairs if pair["difference"]["lo"] is not None][::-1]
    names = [f"{pair['a']} − {pair['b']}" for pair in drawn]
    values = [pair["difference"]["value"] for pair in drawn]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=values, y=names, mode="markers", marker={"size": 9, "color": COLOURS[0], "symbol": "square"},
            showlegend=False,
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.6,
                "array": [pair["difference"]["hi"] - value for pair, value in zip(drawn, values, strict=True)],
                "arrayminus": [value - pair["difference"]["lo"] for pair, value in zip(drawn, values, strict=True)],
            },
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    margin = drawn[0]["margin"] if drawn else None
    if margin is not None:
        figure.add_vline(x=-margin, line={"color": COLOURS[1], "width": 1.5, "dash": "dash"})
    metric = METRIC_NAMES[drawn[0]["metric"]] if drawn else ""
    return plain_figure(figure, f"difference of {metric} (95 %)", "").update_layout(height=90 + 38 * max(len(drawn), 1))


def calibration_figure(curve: ModelCurves, place: int) -> go.Figure:
    """Observed share against mean score of one model."""
    figure = _square("mean score", "observed share")
    figure.add_trace(_line([(0, 0), (1, 1)], "ideal", GREY, "dot", legend=False))
    bins = curve.calibration or []
    figure.add_trace(
        go.Scatter(
            x=[b[0] for b in bins], y=[b[1] for b in bins], mode="lines+markers", name=curve.model, showlegend=False,
            line={"color": colour(place), "dash": dash(place), "width": 1.5}, marker={"size": 7},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.2,
                "array": [b[3] - b[1] for b in bins], "arrayminus": [b[1] - b[2] for b in bins],
            },
        )
    )  # fmt: skip
    return figure.update_layout(height=300, title={"text": curve.model, "font": {"size": 13}})


def cost_figure(rows: Sequence[Cost], quality: str) -> go.Figure:
    """A figure of quality with its interval against milliseconds a case; a dot's area is the size of the weights."""
    figure = go.Figure()
    largest = max(row.mib for row in rows)
    for place, row in enumerate(rows):
        ends = (
            {}
            if row.lo is None or row.hi is None
            else {"array": [row.hi - row.value], "arrayminus": [row.value - row.lo]}
        )
        figure.add_trace(
            go.Scatter(
                x=[row.seconds * 1000], y=[row.value], mode="markers", name=f"{row.name}, {row.mib:.1f} MiB",
                marker={"size": 6 + 24 * (row.mib / largest) ** 0.5, "color": colour(place)},
                error_y={"type": "data", "symmetric": False, "thickness": 1.2, **ends},
                hovertemplate=f"%{{x:.0f}} ms, %{{y:.3f}}, {row.mib:.1f} MiB<extra></extra>",
            )
        )  # fmt: skip
    times = [math.log10(row.seconds * 1000) for row in rows]
    low, high = min(times) - 0.3, max(times) + 0.3
    ticks = [step * 10**power for power in range(math.floor(low), math.ceil(high) + 1) for step in (1, 2, 5)]
    axis = {"type": "log", "range": [low, high], "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
    return plain_figure(figure, "milliseconds a case", quality).update_layout(height=320, xaxis=axis)


def _line(points: Points, name: str, line: str, how: str, *, legend: bool = True) -> go.Scatter:
    return go.Scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="lines", name=name, showlegend=legend,
        line={"color": line, "dash": how, "width": 2}, hovertemplate="%{x:.3f}, %{y:.3f}",
    )  # fmt: skip


def _band(points: Points, place: int) -> go.Scatter:
    red, green, blue = (int(colour(place)[i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="lines", fill="toself", hoverinfo="skip",
        line={"width": 0}, fillcolor=f"rgba({red},{green},{blue},0.13)", showlegend=False,
    )  # fmt: skip


def _square(x: str, y: str) -> go.Figure:
    figure = plain_figure(go.Figure(), x, y)
    return figure.update_layout(
        height=HEIGHT,
        xaxis={"range": [-0.01, 1.01], "dtick": 0.25},
        yaxis={"range": [-0.01, 1.01], "dtick": 0.25},
    )


def plain_figure(figure: go.Figure, x: str, y: str) -> go.Figure:
    """The figure with our margins, its axes named, the legend above."""
    return figure.update_layout(
        margin={"l": 52, "r": 12, "t": 30, "b": 44},
        xaxis_title=x,
        yaxis_title=y,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
