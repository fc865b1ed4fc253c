"""The manifest: the same files give the same text, and a difference has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SignatureError
from core.models.hashing import file_sha256
from core.registry.manifest import Manifest, manifest_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shelf" / "one").mkdir(parents=True)
    (tmp_path / "shelf" / "one" / "a.md").write_text("a")
    (tmp_path / "shelf" / "b é.md").write_text("b")
    (tmp_path / "shelf" / ".half.part").write_text("left by a writer that was cut off")
    return tmp_path / "shelf"


def test_a_manifest_is_its_text(root: Path) -> None:
    """There and back, in a fixed order, names relative and with slashes."""
    made = manifest_of({"shelf": root, "store": root / "nowhere"})

    assert list(made.files) == ["shelf/b é.md", "shelf/one/a.md"]
    assert made.files["shelf/one/a.md"].sha256 == file_sha256(root / "one" / "a.md")
    assert Manifest.parse(made.text()) == made
    assert Manifest.parse(made.text()).text() == made.text()


def test_differences_are_named(root: Path) -> None:
    """Extra, missing and changed."""
    before = manifest_of({"shelf": root})
    (root / "one" / "a.md").write_text("A")
    (root / "b é.md").rename(root / "c.md")

    differing = before.differing(manifest_of({"shelf": root}))

    assert differing.sentence() == "changed: shelf/one/a.md; missing: shelf/b é.md; extra: shelf/c.md"
    assert not before.differing(before)


@pytest.mark.parametrize("text", ["", "{}", '{"schema":"readroom.manifest/1","files":{"a":{"bytes":-1,"sha256":"0"}}}'])
def test_a_damaged_manifest_is_refused(text: str) -> None:
    """A list that is not whole would make missing files look right."""
    with pytest.raises(SignatureError, match="manifest is damaged"):
        Manifest.parse(text)
