"""Names of registered versions: `{type}_v{major}.{minor}.{patch}`, and the addresses under which they are asked for.

Owns the grammar: ids, `models:/name/1.0.0` and `models:/name@alias`. Which version an address means is `shelf`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import RegistryError

SCHEME = "models:/"

_ID = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,79}?)_v(?P<number>(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2})")
_ADDRESS = re.compile(
    r"models:/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,79})(/v?(?P<number>[\d.]{5,20})|@(?P<alias>.{1,40}))"
)
_ALIAS = re.compile(r"[a-z][a-z0-9-]{0,31}")

Number = tuple[int, int, int]  # major, minor, patch


@dataclass(frozen=True, slots=True)
class VersionId:
    """An id taken apart; `str` puts it together again."""

    name: str
    number: Number

    def __str__(self) -> str:
        return f"{self.name}_v{self.number_text}"

    @property
    def number_text(self) -> str:
        """The number alone, as 1.0.0."""
        return ".".join(str(part) for part in self.number)


@dataclass(frozen=True, slots=True)
class Address:
    """A model by name and version, or by name and alias: one of the two is None."""

    name: str
    version: VersionId | None
    alias: str | None


def version_id(model_id: str) -> VersionId:
    """The id taken apart; raises RegistryError where it names no version."""
    found = _ID.fullmatch(model_id)
    if found is None:
        raise RegistryError(
            found=f"The id {model_id[:100]!r} names no version.",
            why="A registered model is one version of a name, so that another one can follow it.",
            do="Call it {type}_v{major}.{minor}.{patch}, for instance chest_resnet18_v1.0.0.",
        )
    return VersionId(found["name"], _number(found["number"]))


def address(text: str) -> Address:
    """An address that begins with `models:/`; raises RegistryError where it is none."""
    found = _ADDRESS.fullmatch(text)
    if found is not None and found["alias"] is not None and _ALIAS.fullmatch(found["alias"]):
        return Address(found["name"], None, found["alias"])
    if found is not None and found["number"] is not None and _ID.fullmatch(f"n_v{found['number']}"):
        return Address(found["name"], VersionId(found["name"], _number(found["number"])), None)
    raise RegistryError(
        found=f"The address {text[:100]!r} is none of ours.",
        why="An address must say which version answers, or under which alias one does.",
        do="Write models:/name/1.0.0 or models:/name@champion.",
    )


def alias_name(text: str) -> str:
    """The alias itself; raises RegistryError where it has other characters than an address may hold."""
    if not _ALIAS.fullmatch(text):
        raise RegistryError(
            found=f"The alias {text[:60]!r} is not usable.",
            why="An alias is a part of addresses.",
            do="Use 1 to 32 small letters, digits and hyphens, a letter first: champion, challenger, screening.",
        )
    return text


def _number(text: str) -> Number:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch
