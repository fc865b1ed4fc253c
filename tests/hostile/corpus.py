"""File number n of a seed: which kind it is, under which name it comes, and its bytes.

Owns the mixture. The same seed and number give the same file on every machine with the same libraries, but
for the names of storages in legacy PyTorch files.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.hostile import pickles, traps
from tests.hostile.mutate import MUTATORS
from tests.hostile.sound import studies
from tests.hostile.weights import checkpoints

DAMAGED_SHARE = 0.6
"""Of all files; the others are traps, each kind as often as the next."""

CHECKPOINT_SHARE = 0.15
"""Of the damaged files. A checkpoint takes ten times as long to open as a film."""

ENDINGS = ("png", "jpg", "dcm", "nii", "nii.gz", "zip", "hdr", "pth", "safetensors", "csv", "exe", "", "PNG", "tif")


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file. kind : as it is counted; name : as its user calls it; importable : it is meant for the importer."""

    number: int
    kind: str
    name: str
    content: bytes
    importable: bool


def hostile_file(seed: int, number: int) -> Hostile:
    """File `number` of a seed."""
    rng = random.Random(f"{seed}:{number}")  # noqa: S311  # reproducible, not secret
    token = f"escaped-{seed}-{number}"
    if rng.random() < DAMAGED_SHARE:
        return _damaged(rng, number)
    table = [*((kind, trap, False) for kind, trap in traps.TRAPS.items())]
    table += [(kind, trap, True) for kind, trap in pickles.TRAPS.items()]
    kind, trap, importable = rng.choice(table)
    return Hostile(number, kind, _name(rng, token, "bin"), trap(rng, token), importable)


def _damaged(rng: random.Random, number: int) -> Hostile:
    importable = rng.random() < CHECKPOINT_SHARE
    pool = checkpoints() if importable else studies()
    ending = rng.choice(sorted(pool))
    what = "checkpoint" if importable else "study"
    if not importable and rng.random() < 0.1:
        wrong = rng.choice(ENDINGS)
        return Hostile(number, "study, wrong extension", f"x.{wrong}", pool[ending], importable=False)
    how = rng.choice(sorted(MUTATORS))
    content = MUTATORS[how](rng, pool[ending])
    if rng.random() < 0.2:
        content = MUTATORS[rng.choice(sorted(MUTATORS))](rng, content or b"\0")
    return Hostile(number, f"{what}, {how}", _name(rng, "x", ending), content, importable)


def _name(rng: random.Random, token: str, ending: str) -> str:
    """A name as awkward as a browser lets through."""
    return rng.choice((
        f"{token}.{ending}", f"../../{token}.{ending}", f"{traps.OUTSIDE}/{token}.{ending}", f"<b>{token}</b>.{ending}",
        f"=HYPERLINK(\"{token}\").{ending}", f"{token}\u202e.{ending}", f"$x^2$ **{token}**.{ending}", "x" * 300,
    ))  # fmt: skip
