"""Ids and addresses of versions."""

from __future__ import annotations

import pytest

from core.errors import RegistryError
from core.registry.versions import VersionId, address, alias_name, version_id


@pytest.mark.seeds(15)
@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("tumor_detection_v1.0.0", "tumor_detection", (1, 0, 0)),
        ("a_v2_v10.20.30", "a_v2", (10, 20, 30)),
        ("unet-2.5_v0.0.1", "unet-2.5", (0, 0, 1)),
    ],
)
def test_id_is_taken_apart_and_put_together(text: str, name: str, number: tuple[int, int, int]) -> None:
    """There and back."""
    assert version_id(text) == VersionId(name, number)
    assert str(version_id(text)) == text


@pytest.mark.seeds(15)
@pytest.mark.parametrize(
    "text", ["model", "m_v1", "m_v1.0", "m_v1.0.0.0", "m_v01.0.0", "_v1.0.0", "m_v1.0.0 ", "m v1.0.0"]
)
def test_id_of_another_form_is_refused(text: str) -> None:
    """Two spellings of one version would be two versions."""
    with pytest.raises(RegistryError, match="names no version"):
        version_id(text)


def test_addresses_name_a_version_or_an_alias() -> None:
    """As in MLflow; a leading v does no harm."""
    assert address("models:/chest/1.2.3").version == address("models:/chest/v1.2.3").version
    assert address("models:/chest/1.2.3").version == VersionId("chest", (1, 2, 3))
    assert (address("models:/chest@champion").alias, address("models:/chest@champion").version) == ("champion", None)


@pytest.mark.parametrize(
    "text", ["models:/", "models:/a", "models:/a/1", "models:/a/1..0", "models:/../@x", "models:/a@X y"]
)
def test_address_of_another_form_is_refused(text: str) -> None:
    """What is not certain is not guessed."""
    with pytest.raises(RegistryError, match="none of ours"):
        address(text)


def test_alias_is_a_small_word() -> None:
    """It becomes a part of addresses."""
    assert alias_name("screening-2") == "screening-2"
    for text in ("", "Champion", "a/b", "2nd", "x" * 33):
        with pytest.raises(RegistryError, match="not usable"):
            alias_name(text)
