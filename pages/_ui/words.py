"""Text blocks of our own look: facts, cautions, refusals, badges, tables. Every value is escaped here.

`st.html` is used for them alone; nothing that comes from a file, a model or an address reaches it unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

from core.workflows.choose_model import Badge

_MARKDOWN: Final = re.compile(r"([!-/:-@\[-`{-~])")
"""Every punctuation mark of ASCII: those that Markdown, its formulas and Streamlit's own signs are made of."""


def literal(text: str) -> str:
    """A foreign name for a label of Streamlit's own, which reads labels as Markdown: shown as it is written."""
    return _MARKDOWN.sub(r"\\\1", text)


@dataclass(frozen=True, slots=True)
class Html:
    """Markup made in this package; anything else is text."""

    markup: str


def fact(*sentences: str) -> None:
    """Quiet lines of facts."""
    if sentences:
        st.html("".join(f'<p class="rr-fact">{escape(s)}</p>' for s in sentences))


def caution(*sentences: str) -> None:
    """Something to know before relying on what is shown."""
    if sentences:
        st.html(f'<div class="rr-caution" role="note">{"<br>".join(escape(s) for s in sentences)}</div>')


def refusal(sentences: tuple[str, str, str]) -> None:
    """What was found, why that stops us, what to do."""
    found, why, do = (escape(s) for s in sentences)
    st.html(f'<div class="rr-refusal" role="alert"><strong>{found}</strong> {why} {do}</div>')


def faults(sentences: Sequence[str]) -> None:
    """What must be mended, a line each."""
    lines = "".join(f"<li>{escape(s)}</li>" for s in sentences)
    st.html(f'<ul class="rr-refusal rr-faults" role="alert">{lines}</ul>')


def cell(first: str, *others: str) -> None:
    """A cell of a table that is laid out in columns: one line, and quieter ones below."""
    more = "".join(f'<br><span class="rr-muted">{escape(other)}</span>' for other in others)
    st.html(f'<div class="rr-cell">{escape(first)}{more}</div>')


def empty(text: str) -> None:
    """What to do next where there is nothing yet."""
    st.html(f'<p class="rr-empty">{escape(text)}</p>')


def heading(text: str) -> None:
    """A small heading inside a page."""
    st.html(f'<h2 class="rr-heading">{escape(text)}</h2>')


def picture(source: str, alt: str, lines: Sequence[str]) -> None:
    """A small picture with lines below it. source : an address of our own, or the picture itself as data."""
    text = "<br>".join(escape(line) for line in lines)
    img = f'<img src="{escape(source)}" alt="{escape(alt)}">'
    st.html(f'<figure class="rr-picture">{img}<figcaption>{text}</figcaption></figure>')


def badges(row: Iterable[Badge]) -> None:
    """Words of state in boxes; the colour only helps."""
    st.html(f'<div class="rr-badges">{"".join(badge(one).markup for one in row)}</div>')


def badge(one: Badge) -> Html:
    """The same for one, in a table."""
    tip = f' title="{escape(one.tip)}"' if one.tip else ""
    return Html(f'<span class="rr-badge rr-{escape(one.tone)}"{tip}>{escape(one.word)}</span>')


def command(line: str) -> None:
    """A line to type in a terminal. Streamlit's own code block would load 1.5 MB of colours for it."""
    st.html(f'<pre class="rr-command" tabindex="0">{escape(line)}</pre>')


def table(
    header: Sequence[str], rows: Iterable[Sequence[str | Html]], *, numbers: Iterable[int] = (), label: str
) -> None:
    """A table of text; columns in `numbers` are set right. `label` names it to a screen reader."""
    right = set(numbers)

    def cell(tag: str, place: int, value: str | Html) -> str:
        text = value.markup if isinstance(value, Html) else escape(value)
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{' class=rr-number' if place in right else ''}>{text}</{tag}>"

    head = "".join(cell("th", i, h) for i, h in enumerate(header))
    body = "".join(f"<tr>{''.join(cell('td', i, v) for i, v in enumerate(row))}</tr>" for row in rows)
    st.html(
        f'<div class="rr-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="rr-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def bar(score: float, threshold: float | None, verdict: str) -> Html:
    """A score between 0 and 1 as a bar, with a tick at the threshold. The numbers stand beside it in text."""
    tick = "" if threshold is None or not 0 <= threshold <= 1 else f'<i style="left:{100 * threshold:.2f}%"></i>'
    tone = "rr-above" if verdict == "above" else "rr-below"
    width = 100 * min(1.0, max(0.0, score))
    return Html(f'<span class="rr-bar {tone}" aria-hidden="true"><b style="width:{width:.2f}%"></b>{tick}</span>')


def duration(seconds: float) -> str:
    """A time that is left, as one reads it."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def verdict(word: str) -> Html:
    """'above' in a box, 'below' without, nothing where there is no threshold."""
    if not word:
        return Html('<span class="rr-muted">no threshold</span>')
    return Html(f'<span class="rr-verdict rr-{"above" if word == "above" else "below"}">{escape(word)}</span>')


def marked(text: str) -> Html:
    """A word in a table that must not be overlooked."""
    return Html(f'<strong class="rr-marked">{escape(text)}</strong>')


def swatch(colour: str, name: str) -> Html:
    """A label's name behind a square of its colour."""
    return Html(f'<span class="rr-swatch" style="background:{escape(colour)}"></span>{escape(name)}')
