"""'Why can't I load this?' on the page: what a file is, what it asks for, and what to do, as sentences and rows.

Owns the words. Every text can come from a foreign file: it is shown as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from core.models.diagnosis import Diagnosis
from core.workflows.diagnose import diagnose
from core.workflows.received_file import received_file

MIB = 1 << 20

GLOBAL_HEADER = ("It asks for", "Is")
BLOCK_HEADER = ("Block", "Tensors", "Numbers", "The first one")
FIELD_HEADER = ("Field", "Value", "Where it comes from")


@dataclass(frozen=True, slots=True)
class Explained:
    """A diagnosis ready to be shown. refusal : its three sentences, or None where an import takes the file. near : the
    nearest architecture in sentences; each of the rows may be empty.
    """

    said: str
    refusal: tuple[str, str, str] | None
    remedies: tuple[str, ...]
    near: tuple[str, ...]
    wanted: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, str, str, str], ...]
    fields: tuple[tuple[str, str, str], ...]
    assumed: tuple[str, ...]


def explain_upload(name: str, file: IO[bytes]) -> Explained:
    """Everything about a file that came through the browser; nothing of it is kept. Raises like `diagnose`."""
    with received_file(name, file) as path:
        return explained(diagnose(path))


def explained(found: Diagnosis) -> Explained:
    """A diagnosis in words and rows."""
    weights = f" {found.numbers:,} numbers in {found.tensors:,} tensors." if found.tensors else ""
    loads = "It loads." if found.loads else "It does not load."
    return Explained(
        said=f"{found.kind[:1].upper()}{found.kind[1:]}, {found.size_bytes / MIB:.1f} MiB.{weights} {loads}",
        refusal=found.refusal,
        remedies=found.remedies,
        near=tuple(_near(found)),
        wanted=tuple((one.name, _judged(one.harmless, one.convertible)) for one in found.wanted),
        blocks=tuple((one.name, f"{one.tensors:,}", f"{one.numbers:,}", one.example) for one in found.blocks),
        fields=tuple((one.name, one.value, one.origin) for one in found.fields),
        assumed=found.assumed,
    )


def _near(found: Diagnosis) -> list[str]:
    near = found.nearest
    if near is None:
        return []
    if near.exact:
        return [f"Its tensors are those of {near.architecture}."]
    counted = f"{near.missing} missing, {near.unexpected} unexpected, {near.reshaped} of another shape"
    return [f"The nearest architecture here is {near.architecture}: {counted}.", *near.examples]


def _judged(harmless: bool, convertible: bool) -> str:
    if harmless:
        return "needed for tensors and numbers"
    return "an object; `convert` has a plain value for it" if convertible else "code, which is not run"
