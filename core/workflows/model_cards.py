"""The card of a model as a page in Markdown, made from its checkpoint alone.

Owns what stands on the page. Nothing is measured or judged here that the checkpoint does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core import NOTICE
from core.models.card import Metric
from core.models.model import Model
from core.workflows.card_rows import (
    AUDIT,
    BIN,
    BROKEN,
    FIGURE_HEADER,
    FLAGGED,
    POINT_HEADER,
    PROMISE_MEANS,
    REACHED_HEADER,
    SPLIT_HEADER,
    SUBGROUP_HEADER,
    figure_rows,
    find,
    interval,
    point_rows,
    promise_kept,
    reached_rows,
    split_rows,
    splits,
    subgroup_parts,
    subgroup_rows,
    value,
)

MIB = 1 << 20

LOOKS = "looks at "


def card_page(model: Model) -> str:
    """The whole page, ending in one line break."""
    parts = [
        _head(model),
        _section("Intended use", [model.card.intended_use, f"**Not for**: {model.card.not_for}"]),
        _section("Population and data", _data(model)),
        _section("Licence and citations", [model.card.licence, _list(model.card.citations)]),
        _section("Operating points", _points(model)),
        _section("Figures", _figures(model)),
        _section("Subgroups", _subgroups(model)),
        _section("Calibration", _calibration(model)),
        _section("Shortcuts", _shortcuts(model)),
        _section("Unfamiliar studies", _gate(model)),
        _section("Where it fails", _failures(model)),
        _section("Limits", [_list(model.card.limits)]),
        _section("Make it again", _again(model)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; empty where there is no row."""
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *lines])


def _section(title: str, paragraphs: Iterable[str]) -> str:
    held = [paragraph for paragraph in paragraphs if paragraph]
    return "\n\n".join([f"## {title}", *held]) if held else ""


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _head(model: Model) -> str:
    rows = [
        ("id", f"`{model.id}`"),
        ("state", model.card.maturity),
        ("answers", f"{model.task}: {', '.join(model.classes or model.labels)}"),
        ("architecture", model.architecture),
        ("input", model.input.sentence()),
        ("file", f"`{model.path.name}`, {model.size_bytes / MIB:.2f} MiB, created {model.created or 'unknown'}"),
        ("SHA-256 of the weights", f"`{model.weights_sha256}`"),
    ]
    rows += [("member", f"`{member.model.id}`, share {member.weight:.3g}") for member in model.members]
    rows += [("base", f"`{model.stored.id}`, in {model.variant.precision}")] if model.variant else []
    parts = (f"# {model.display_name}", f"*{NOTICE}*", model.card.summary, table(("", ""), rows))
    return "\n\n".join(part for part in parts if part)


def _data(model: Model) -> Iterator[str]:
    yield model.card.trained_on
    yield table(SPLIT_HEADER, [(*row, f"`{held}`") for *row, held in split_rows(model)])
    looks = {key.removeprefix(LOOKS): said for key, said in model.card.provenance.items() if key.startswith(LOOKS)}
    if looks:
        yield f"Looks, this one included: {', '.join(f'{split} {n}' for split, n in looks.items())}."


def _points(model: Model) -> Iterator[str]:
    if not model.operating_points:
        return
    yield table(POINT_HEADER, point_rows(model))
    reached = ((*row, f"**{said}**" if said == BROKEN else said) for *row, said in reached_rows(model))
    yield table(REACHED_HEADER, reached)
    yield PROMISE_MEANS


def _figures(model: Model) -> Iterator[str]:
    for split in splits(model):
        rows = figure_rows(model, split)
        if rows:
            yield f"### {split or 'test'}"
            yield table(FIGURE_HEADER, rows)


def _subgroups(model: Model) -> Iterator[str]:
    parts = subgroup_parts(model)
    if parts:
        yield table((*SUBGROUP_HEADER[:-1], f"{parts[0].unit}s"), subgroup_rows(parts))
        yield "At the same thresholds as the whole; what rests on too few is left out, and no difference was tested."


def _calibration(model: Model) -> Iterator[str]:
    facts = model.card.provenance
    said = [f"{key.capitalize()}: {facts[key]}." for key in ("temperature", "bias") if key in facts]
    if said:
        yield " ".join(said)
    for split in splits(model):
        rows = list(_bins(model, split))
        if rows:
            yield f"Reliability on {split}, ten bins with equally many films each:"
            yield table(("bin", "mean score", "share with the finding", "95 % interval", ""), rows)


def _bins(model: Model, split: str) -> Iterator[tuple[str, ...]]:
    """Bin, mean score, observed share, its interval, and both on a scale of twenty places."""
    scores: dict[str, Metric] = {}
    for m in model.card.metrics:
        if m.split != split or m.subgroup or not m.name.startswith(BIN):
            continue
        name, _, what = m.name.partition(": ")
        if what == "mean score":
            scores[name] = m
        elif name in scores:
            said, seen = scores[name].value, m.value
            yield (name.removeprefix(BIN), f"{said:.3f}", value(m), interval(m), _scale(said, seen))


PLACES = 20


def _scale(said: float, seen: float) -> str:
    """Where the mean score (s) and the observed share (o) lie between 0 and 1; one sign (=) where they meet."""
    line = ["."] * (PLACES + 1)
    at, there = round(said * PLACES), round(seen * PLACES)
    line[there], line[at] = "o", "s"
    if at == there:
        line[at] = "="
    return f"`{''.join(line)}`"


def _shortcuts(model: Model) -> Iterator[str]:
    audited = [m for m in model.card.metrics if m.name.startswith(AUDIT)]
    rows = [(m.name, m.split, value(m), interval(m), str(m.n or "")) for m in audited]
    yield table(("area under the curve of", "split", "value", "95 % interval", "films"), rows)
    if rows:
        yield (
            "'shortcut': a logistic regression on that trait of the inputs, taught on the training films; as augmented "
            "is what the network saw while it learned. 'probe': this model, asked about films that were altered so."
        )


def _gate(model: Model) -> Iterator[str]:
    if model.gate is not None:
        yield (
            f"A study is flagged before any score where its distance from the training cases is above "
            f"{model.gate.cut_off:.3f}. The cut-off was set on {model.gate.chosen_on}."
        )
    rows = [
        (m.split, m.subgroup or "all", m.name, value(m), interval(m))
        for m in model.card.metrics
        if m.name.startswith(FLAGGED)
    ]
    yield table(("cases", "kind", "what happened", "value", "95 % interval"), rows)


def _failures(model: Model) -> Iterator[str]:
    """What went worst, by the figures above."""
    yield _list([*_broken(model), *_worst_cases(model), *_worst_groups(model), *_overlooked(model)])


def _broken(model: Model) -> Iterator[str]:
    for point in model.operating_points:
        for split in splits(model):
            both = [find(model, f"{rate} at {point.name}", split) for rate in ("sensitivity", "specificity")]
            for rate, m in zip(("sensitivity", "specificity"), both, strict=True):
                if m is not None and promise_kept(point, both) == BROKEN and rate == str(point.rule).partition("_")[0]:
                    yield f"The promise of '{point.name}' broke on {split}: {rate} {value(m)}, {interval(m)}."


def _worst_cases(model: Model) -> Iterator[str]:
    for m in model.card.metrics:
        if m.name.startswith("lowest ") and m.split == model.card.key_split:
            yield f"The worst of {m.n} cases of {m.split}: {m.name.removeprefix('lowest ')} {m.value:.2f}."


def _worst_groups(model: Model) -> Iterator[str]:
    """The lowest sensitivity of a subgroup at the first point, in each split with subgroups."""
    if not model.operating_points:
        return
    name = f"sensitivity at {model.operating_points[0].name}"
    for split in splits(model):
        held = [m for m in model.card.metrics if m.split == split and m.subgroup and m.name == name]
        if len(held) > 1:
            worst = min(held, key=lambda m: m.value)
            yield f"On {split} the lowest {name} of a subgroup is that of {worst.subgroup}: {value(worst)}."


def _overlooked(model: Model) -> Iterator[str]:
    for m in model.card.metrics:
        if m.name.startswith("refused or flagged") and m.subgroup and m.n is not None and m.k is not None and m.k < m.n:
            yield f"Of {m.n} strange files of the kind '{m.subgroup}' {m.n - m.k} got a score without a warning."


def _again(model: Model) -> Iterator[str]:
    facts = model.card.provenance
    if "recipe" in facts:
        command, folder = ("ensemble", "ensembles") if model.members else ("train", "recipes")
        recipe, out = f"core/training/{folder}/{facts['recipe']}", model.path.name
        yield f"```\npython -m core {command} --config {recipe} --data DIR --out {out}\n```"
        yield "`DIR` holds the tables that the recipe names and the files that they list, loose or in zips."
    if model.variant is not None:
        yield f"```\npython -m core variant {model.stored.id} --precision {model.variant.precision} --data DIR\n```"
    told = [(key, said) for key, said in facts.items() if not key.startswith(("split ", LOOKS))]
    yield table(("what", "how"), told)
