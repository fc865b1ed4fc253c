"""`make bench`: everything, one after the other; one Markdown table on stdout, the details as JSON in build/bench.

Options: names of parts (`PARTS`) run these alone.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.compare import Row

OUT = Path(__file__).resolve().parent.parent / "build" / "bench"
PARTS = ("film", "volume", "head", "heat", "fresh", "shipped", "decoding", "statistics", "registry", "page", "viewer")


@dataclass
class Report:
    """What was found so far, as lines for the screen and values for the file."""

    lines: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Run the parts that were named, else all."""
    asked = sys.argv[1:] or list(PARTS)
    if unknown := set(asked) - set(PARTS):
        sys.exit(f"unknown part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    os.environ.setdefault("READROOM_DEVICE", "cpu")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        # The data folder of whoever measures is none of our business.
        os.environ["READROOM_HOME"] = str(Path(temporary, "home"))
        report = _measured(asked, Path(temporary))
    report.values["seconds"] = time.monotonic() - started
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "latest.json").write_text(json.dumps(report.values, indent=2))
    print("\n".join(report.lines))
    print(f"\nMeasured in {report.values['seconds']:.0f} s; details in {OUT.relative_to(OUT.parents[1])}/latest.json.")


def _measured(asked: list[str], folder: Path) -> Report:
    report = Report([f"On {_machine()}.", ""], {"machine": _machine()})
    if {"film", "volume", "head", "heat", "fresh"} & set(asked):
        _comparisons(asked, folder, report)
    if "shipped" in asked:
        from benchmarks import shipped

        found = _step("shipped", lambda: shipped.measure(folder))
        report.values["shipped"] = asdict(found)
        report.lines += ["", *found.lines()]
    if "decoding" in asked:
        from benchmarks import decoding

        decoded = _step("decoding", decoding.rows)
        report.values["decoding"] = [row.to_dict() for row in decoded]
        report.lines += ["", *_table(decoded)]
    if "statistics" in asked:
        from benchmarks.statistics import rows

        measured = _step("statistics", rows)
        report.values["statistics"] = [row.to_dict() for row in measured]
        report.lines += ["", *_table(measured)]
    if "registry" in asked:
        from benchmarks.registry import rows as registry_rows

        measured = _step("registry", lambda: registry_rows(folder))
        report.values["registry"] = [row.to_dict() for row in measured]
        report.lines += ["", *_table(measured)]
    if {"page", "viewer"} & set(asked):
        _browser(asked, folder, report)
    return report


def _comparisons(asked: list[str], folder: Path, report: Report) -> None:
    from benchmarks.compare import film_steady, fresh, volume_steady
    from benchmarks.networks import heat, windows
    from benchmarks.subjects import film_subject, head_subject, volume_subject

    rows: list[Row] = []
    shares: dict[str, dict[str, float]] = {}
    film, volume = film_subject(folder), volume_subject(folder)
    if "film" in asked:
        row, shares["film"] = _step("film", lambda: film_steady(film, rounds=9))
        rows.append(row)
    if "volume" in asked:
        row, shares["volume"] = _step("volume", lambda: volume_steady(volume, rounds=3, folder=folder))
        rows.append(row)
    if "heat" in asked:
        rows.append(_step("heat", lambda: heat(film, rounds=9)))
    if "fresh" in asked:
        rows += _step("fresh film", lambda: fresh("film", film, folder, rounds=3))
        rows += _step("fresh volume", lambda: fresh("volume", volume, folder, rounds=3))
    if {"head", "fresh"} & set(asked):
        head = _step("converting", lambda: head_subject(folder))
        if "head" in asked:
            rows.append(_step("head", lambda: windows(head, rounds=3)))
        if "fresh" in asked:
            rows += _step("fresh head", lambda: fresh("head", head, folder, rounds=2))
    report.values |= {"comparisons": [row.to_dict() for row in rows], "shares": shares}
    report.lines += _table(rows)
    if shares:
        report.lines += [
            "",
            "| share of our time | decoding | preprocessing | network | overlay |",
            "|---|---|---|---|---|",
        ]
        for kind, by in shares.items():
            report.lines.append(f"| {kind} | " + " | ".join(f"{100 * share:.0f} %" for share in by.values()) + " |")


def _table(rows: list[Row]) -> list[str]:
    lines = [
        "| what | usual way | ours | ratio | CPU ratio | difference | machine |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cpu = "" if row.cpu_ratio is None else f"{row.cpu_ratio:.2f}"
        digits = 0 if row.unit == "MiB" else 3
        machine = "" if row.unit == "MiB" else row.quiet.words()
        lines.append(
            f"| {row.what} | {row.usual:.{digits}f} {row.unit} | {row.ours:.{digits}f} {row.unit} "
            f"| {row.ratio:.2f} | {cpu} | {row.difference} | {machine} |"
        )
    return lines


def _browser(asked: list[str], folder: Path, report: Report) -> None:
    from benchmarks import browser, film_page

    if not browser.browser_is_there():
        report.lines += ["", "Chromium is not installed, so nothing in the browser was measured."]
        return
    if "page" in asked:
        page = _step("page", lambda: film_page.measure(folder))
        report.values["page"] = asdict(page)
        report.lines += ["", *page.lines()]
    if "viewer" in asked:
        first, flat = _step("viewer", lambda: browser.measure(folder))
        report.values |= {"viewer": asdict(first), "memory": asdict(flat)}
        report.lines += ["", *first.lines(), "", *flat.lines()]


def _step(name: str, run: Callable[[], Any]) -> Any:
    """Run one part, and say on stderr how long it took."""
    started = time.monotonic()
    answer = run()
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return answer


def _machine() -> str:
    """The class of machine, never its name."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return (
        f"{os.cpu_count()} {platform.machine()} cores, {gpu}, "
        f"Python {platform.python_version()}, torch {version('torch')}"
    )


if __name__ == "__main__":
    main()
