"""A file from the browser on its way: only a harmless name on disk, and nothing left afterwards."""

from __future__ import annotations

import io

import pytest

from core.settings import settings
from core.workflows.received_file import received_file


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("best.PTH", "best.pth"),
        ("../../etc/passwd.pt", "passwd.pt"),
        ("..\\\\Müller, Anna.safetensors", "M_ller_Anna.safetensors"),
        ("a.p\nth", "a"),
        ("", "model"),
    ],
)
def test_the_name_on_disk_is_plain_and_the_file_goes_with_the_block(given: str, kept: str) -> None:
    """A browser may call a file whatever it likes."""
    with received_file(given, io.BytesIO(b"weights")) as path:
        assert path.name == kept
        assert path.read_bytes() == b"weights"
        assert settings().home in path.parents

    assert not path.exists()
    assert not list(settings().home.glob(".received-*"))
