"""Picture addresses: the owner's only, one a picture, dead with the study."""

from __future__ import annotations

from pathlib import Path

from core.workspace.tokens import PictureTokens


def _picture(tmp_path: Path) -> Path:
    file = tmp_path / "image.gz"
    file.write_bytes(b"x")
    return file


def test_a_token_opens_its_file_to_its_owner_alone(tmp_path: Path) -> None:
    """A copied address must be worthless in another browser."""
    tokens, file = PictureTokens(), _picture(tmp_path)

    token = tokens.issue("one", "case-01", "image", file)

    assert tokens.find(token, owner="one", name="image") == file
    assert tokens.find(token, owner="two", name="image") is None
    assert tokens.find(token, owner="one", name="labels") is None
    assert tokens.find("guess", owner="one", name="image") is None
    assert not tokens.is_gone(token, owner="two")


def test_the_same_picture_keeps_its_token(tmp_path: Path) -> None:
    """With a new one at every rerun the browser would fetch the bytes again and again."""
    tokens, file = PictureTokens(), _picture(tmp_path)

    assert tokens.issue("one", "case-01", "image", file) == tokens.issue("one", "case-01", "image", file)
    assert tokens.issue("two", "case-01", "image", file) != tokens.issue("one", "case-01", "image", file)


def test_a_revoked_token_is_gone_and_a_new_one_is_given(tmp_path: Path) -> None:
    """After deletion the old address says so for good, even when the same file name comes back."""
    tokens, file = PictureTokens(), _picture(tmp_path)
    token = tokens.issue("one", "case-01", "image", file)
    kept = tokens.issue("one", "case-02", "image", file)

    tokens.revoke("one", "case-01")

    assert tokens.find(token, owner="one", name="image") is None
    assert tokens.is_gone(token, owner="one")
    assert tokens.find(kept, owner="one", name="image") == file
    assert tokens.issue("one", "case-01", "image", file) != token


def test_a_token_whose_file_expired_is_gone(tmp_path: Path) -> None:
    """The sweep deletes folders without knowing any token."""
    tokens, file = PictureTokens(), _picture(tmp_path)
    token = tokens.issue("one", "case-01", "image", file)

    file.unlink()

    assert tokens.find(token, owner="one", name="image") is None
    assert tokens.is_gone(token, owner="one")
