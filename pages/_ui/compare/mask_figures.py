"""The pictures of a comparison of segmentations: Dice case by case, and how far volumes agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.workflows.mask_comparison_view import Agreement
from pages._ui.compare.figures import GREY, colour, plain_figure


def dice_figure(cases: Sequence[str], dice: Mapping[str, Sequence[float | None]]) -> go.Figure:
    """Each case's Dice of every model on one upright line, worst mean first. dice : by model, in the cases' order."""

    def mean(place: int) -> float:
        held = [one for values in dice.values() if (one := values[place]) is not None]
        return sum(held) / len(held) if held else 1.0

    order = sorted(range(len(cases)), key=mean)
    figure = go.Figure()
    for at, place in enumerate(order):
        held = [one for values in dice.values() if (one := values[place]) is not None]
        if len(held) > 1:
            figure.add_shape(
                type="line", x0=at, x1=at, y0=min(held), y1=max(held), line={"color": GREY, "width": 1}, layer="below"
            )
    symbols = ("circle", "square", "diamond", "triangle-up")
    for number, (name, values) in enumerate(dice.items()):
        figure.add_trace(
            go.Scatter(
                x=list(range(len(order))), y=[values[place] for place in order], mode="markers", name=name,
                marker={"size": 8, "color": colour(number), "symbol": symbols[number % len(symbols)]},
                text=[cases[place] for place in order], hovertemplate="%{text}: %{y:.3f}",
            )
        )  # fmt: skip
    figure.update_xaxes(showticklabels=False, zeroline=False)
    return plain_figure(figure, "cases, lowest mean Dice first", "Dice").update_layout(height=320)


def agreement_figure(agreement: Agreement, line: str) -> go.Figure:
    """Difference of two volumes against their mean, with bias and limits of agreement and the interval of each.

    line : the colour of points and lines.
    """
    figure = go.Figure()
    low, high = _reach([x for x, _ in agreement.points])
    for name in ("lower_limit", "bias", "upper_limit") if agreement.limits is not None else ():
        made = agreement.limits[name] if agreement.limits is not None else {}
        if made["lo"] is not None:
            figure.add_shape(
                type="rect", x0=low, x1=high, y0=made["lo"], y1=made["hi"], line={"width": 0}, opacity=0.16,
                fillcolor=line, layer="below",
            )  # fmt: skip
        how = "solid" if name == "bias" else "dash"
        figure.add_shape(
            type="line", x0=low, x1=high, y0=made["value"], y1=made["value"], line={"color": line, "dash": how}
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.add_trace(
        go.Scatter(
            x=[x for x, _ in agreement.points], y=[y for _, y in agreement.points], mode="markers", showlegend=False,
            marker={"size": 6, "color": line}, hovertemplate="mean %{x:.2f} mL, difference %{y:+.2f} mL",
            name=agreement.title,
        )
    )  # fmt: skip
    figure.update_xaxes(range=[low, high])
    return plain_figure(figure, "mean of both, mL", "difference, mL").update_layout(
        height=320, margin={"t": 52}, title={"text": agreement.title.replace(" − ", " −<br>"), "font": {"size": 13}}
    )


def _reach(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    more = 0.05 * (high - low or 1.0)
    return low - more, high + more
