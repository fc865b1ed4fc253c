"""The card of a model as a page in Markdown, made from its checkpoint alone.

Owns what stands on the page and how figures are printed: a share with its counts, everything with its interval.
Nothing is measured or judged here that the checkpoint does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core import NOTICE
from core.metrics import OperatingPoint, Rule
from core.models.card import Metric
from core.models.model import Model

MIB = 1 << 20

BIN = "bin "

LOOKS = "looks at "

FLAGGED = ("flagged ", "refused ")
"""How the figures of the gate begin."""

AUDIT = ("shortcut ", "probe: ")
"""How the figures of the shortcut audit begin."""


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
    parts = (f"# {model.display_name}", f"*{NOTICE}*", model.card.summary, table(("", ""), rows))
    return "\n\n".join(part for part in parts if part)


def _data(model: Model) -> Iterator[str]:
    yield model.card.trained_on
    rows = []
    for key, facts in model.card.provenance.items():
        if key.startswith("split "):
            name, _, role = key.removeprefix("split ").partition(", ")
            files, patients, held = (*facts.split(", "), "", "")[:3]
            rows.append((name, role, files, patients, f"`{held.removeprefix('sha256 ')[:16]}`"))
    yield table(("split", "it", "files", "patients", "hash"), rows)
    looks = {key.removeprefix(LOOKS): said for key, said in model.card.provenance.items() if key.startswith(LOOKS)}
    if looks:
        yield f"Looks, this one included: {', '.join(f'{split} {n}' for split, n in looks.items())}."


def _points(model: Model) -> Iterator[str]:
    if not model.operating_points:
        return
    yield table(
        ("point", "threshold", "promise", "cohort that chose it", "there: sensitivity", "there: specificity"),
        [
            (
                point.name,
                f"{point.threshold:.6g}",
                promise(point),
                f"{point.cohort} ({point.unit}s)",
                _share(point.tp, point.positives),
                _share(point.tn, point.negatives),
            )
            for point in model.operating_points
        ],
    )
    yield table(("point", "split", "sensitivity", "interval", "specificity", "interval", "promise"), _reached(model))
    yield (
        "A promise is for new patients drawn like the cohort that chose the point, with its confidence. It says "
        "nothing about another hospital, scanner or case mix: the rows above say what happened there. Points are "
        "bound to these weights by their hash."
    )


def promise(point: OperatingPoint) -> str:
    """What a point promises, in a few words."""
    if not point.guaranteed or point.target is None or point.confidence is None:
        rule = "best balance (Youden)" if point.rule is Rule.YOUDEN else str(point.rule).replace("_", " ")
        return f"{rule}, not guaranteed"
    rate = str(point.rule).partition("_")[0]
    return f"{rate} at least {point.target:.0%}, {point.confidence:.0%} confidence".replace("%", " %")


def _share(k: int, n: int) -> str:
    return f"{k / n:.1%} ({k} of {n})".replace("%", " %") if n else "–"


def _reached(model: Model) -> Iterator[tuple[str, ...]]:
    for point in model.operating_points:
        for split in _splits(model):
            both = [find(model, f"{rate} at {point.name}", split) for rate in ("sensitivity", "specificity")]
            cells = [cell for m in both for cell in ((value(m), interval(m)) if m else ("–", "–"))]
            if any(both):
                yield (point.name, split, *cells, _kept(point, both))


def _kept(point: OperatingPoint, both: Sequence[Metric | None]) -> str:
    promised = both[0] if point.rule is Rule.SENSITIVITY_GUARANTEE else both[1]
    if not point.guaranteed or point.target is None or promised is None:
        return "none"
    if promised.value >= point.target:
        return "kept"
    return "**broken**" if promised.hi is not None and promised.hi < point.target else "missed, within chance"


def _splits(model: Model) -> tuple[str, ...]:
    return tuple(dict.fromkeys(metric.split for metric in model.card.metrics))


def _figures(model: Model) -> Iterator[str]:
    pointed = tuple(f" at {point.name}" for point in model.operating_points)
    for split in _splits(model):
        rows = [
            (m.name, value(m), interval(m), str(m.n or ""), m.unit, (m.method or "").replace("_", " "))
            for m in model.card.metrics
            if m.split == split
            and not m.subgroup
            and not m.name.startswith((BIN, *FLAGGED, *AUDIT))
            and not (pointed and m.name.endswith(pointed))
        ]
        if rows:
            yield f"### {split or 'test'}"
            yield table(("figure", "value", "95 % interval", "n", "unit", "interval by"), rows)


def _subgroups(model: Model) -> Iterator[str]:
    parts = [m for m in model.card.metrics if m.subgroup and not m.name.startswith(FLAGGED)]
    if parts:
        rows = [(m.split, m.subgroup, m.name, value(m), interval(m), str(m.n or "")) for m in parts]
        yield table(("split", "subgroup", "figure", "value", "95 % interval", f"{parts[0].unit}s"), rows)
        yield "At the same thresholds as the whole; what rests on too few is left out, and no difference was tested."


def _calibration(model: Model) -> Iterator[str]:
    facts = model.card.provenance
    said = [f"{key.capitalize()}: {facts[key]}." for key in ("temperature", "bias") if key in facts]
    if said:
        yield " ".join(said)
    for split in _splits(model):
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
        for split in _splits(model):
            both = [find(model, f"{rate} at {point.name}", split) for rate in ("sensitivity", "specificity")]
            for rate, m in zip(("sensitivity", "specificity"), both, strict=True):
                if m is not None and _kept(point, both) == "**broken**" and rate == str(point.rule).partition("_")[0]:
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
    for split in _splits(model):
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
    told = [(key, said) for key, said in facts.items() if not key.startswith(("split ", LOOKS))]
    yield table(("what", "how"), told)
