"""`python -m tests.hostile.run --files 10000 --seed 1`: the long run; prints the count of verdicts by kind.

Owns the command line. Exit 1 when a promise was broken; each broken one is told with the number of its file.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.hostile.corpus import hostile_file
from tests.hostile.judge import Judge, own_home

EVERY = 250
"""Files between two looks at the disk and the memory."""


def main() -> int:
    """Run the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to look at one alone")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="readroom-fuzz-") as folder, own_home(Path(folder)):
        judge = Judge(Path(folder))
        try:
            for done in range(1, asked.files + 1):
                judge.look(hostile_file(asked.seed, asked.first + done - 1))
                if done % EVERY == 0:
                    judge.sweep()
                    broken = len(judge.tally.broken)
                    _say(f"{done} files, {time.monotonic() - begun:.0f} s, {broken} broken promises")
        except KeyboardInterrupt:
            _say("interrupted; what was reached so far:")
        judge.sweep()
    tally = judge.tally
    _say(tally.table())
    _say(f"slowest answer {tally.slowest_s:.1f} s; memory of this process {_memory(tally.memory_mib)}")
    for line in tally.broken[:200]:
        _say(line)
    return 1 if tally.broken else 0


def _memory(sizes: list[float]) -> str:
    return ", ".join(f"{size:.0f}" for size in sizes[:: max(1, len(sizes) // 10)]) + f", {sizes[-1]:.0f} MiB"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
