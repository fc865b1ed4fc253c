"""The report as one HTML page that needs nothing beside it: tables, pictures, guideline items, hashes, commands.

Owns the markup. Every value is escaped here; what it says is decided by `report_bundle`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from core.metrics.counts import Counts
from core.workflows.report_items import filled
from core.workflows.sweep_view import SUBGROUP_HEADER, Row

STYLE = """
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 sans-serif; color: #1b1f24; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid #c9cfd6; text-align: left; vertical-align: top; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } figcaption { font-size: 0.85rem; color: #4f5863; }
.notice { padding: 0.5rem 0.8rem; border-left: 3px solid #b78f3a; background: #faf5e6; }
pre { padding: 0.6rem; background: #f2f4f6; white-space: pre-wrap; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
"""

HEADER = ("Figure", "k of n", "Estimate", "95 % interval", "")


@dataclass(frozen=True, slots=True)
class Content:
    """What the page holds. pictures : SVG by name. answers : texts for guideline items by name."""

    title: str
    notice: str
    cases: str
    cutoff: str
    counts: Counts
    figures: Sequence[Row]
    curve: Sequence[Row]
    subgroups: Sequence[tuple[str, ...]]
    pictures: Mapping[str, str]
    answers: Mapping[str, str]
    hashes: Sequence[tuple[str, str]]
    commands: Sequence[str]


def html(content: Content) -> str:
    """The page."""
    c = content.counts
    four = [
        ("with the finding", f"{c.tp:,} found", f"{c.fn:,} missed", f"{c.positives:,}"),
        ("without", f"{c.fp:,} false alarms", f"{c.tn:,} rightly clear", f"{c.negatives:,}"),
    ]
    done, open_items = filled(content.answers)
    parts = [
        f"<h1>{escape(content.title)}</h1>",
        f'<p class="notice">{escape(content.notice)}</p>',
        f"<p>{escape(content.cases)}</p><p>{escape(content.cutoff)}</p>",
        "<h2>The four counts</h2>",
        _table(("Reference", "Called positive", "Called negative", "All"), four),
        "<h2>At this cut-off</h2>",
        _table(HEADER, content.figures),
        "<h2>Whole curve</h2>",
        _table(HEADER, content.curve),
        "<h2>Figures</h2>",
        *(_figure(name, picture) for name, picture in content.pictures.items()),
        *(["<h2>Subgroups</h2>", _table(SUBGROUP_HEADER, content.subgroups)] if content.subgroups else []),
        "<h2>Reporting items answered here</h2>",
        _table(
            ("Guideline", "Item", "Topic", "Answer"),
            [(item.guideline, item.number, item.topic, answer) for item, answer in done],
        ),
        "<h2>Reporting items that the authors must answer</h2>",
        _table(("Guideline", "Item", "Topic"), [(item.guideline, item.number, item.topic) for item in open_items]),
        "<h2>Hashes</h2>",
        _table(("What", "SHA-256 or version"), content.hashes),
        "<h2>The same figures from a terminal</h2>",
        f"<pre>{escape(chr(10).join(content.commands))}</pre>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(content.title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(name: str, picture: str) -> str:
    data = base64.b64encode(picture.encode()).decode()
    said = escape(name.replace("-", " "))
    return f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{said}"><figcaption>{said}</figcaption></figure>'
