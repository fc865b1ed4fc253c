"""An owner's folder: what is kept, who sees it, what deletion leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFound, TooLarge
from core.settings import settings
from core.workspace import Workspace, picture_tokens
from tests.workspace.conftest import small_study


def test_a_study_comes_back_as_it_was_kept(owner: Workspace) -> None:
    """What was acknowledged must be there after a restart: a second handle on the same folder reads it."""
    study = small_study()

    case = owner.add_study(study)

    again = Workspace("owner-one")
    assert again.cases() == [case] == [again.get_case("case-01")]
    np.testing.assert_array_equal(again.study("case-01").pixels, study.pixels)
    assert case.report == study.report


def test_two_owners_share_nothing(owner: Workspace, other: Workspace) -> None:
    """A case address answers its owner only; to anyone else it looks like one that never existed."""
    owner.add_study(small_study(1))

    with pytest.raises(NotFound) as foreign:
        other.study("case-01")
    with pytest.raises(NotFound) as unknown:
        other.study("case-77")

    assert other.cases() == []
    assert str(foreign.value).replace("case-01", "case-77") == str(unknown.value)


def test_cases_are_numbered_in_the_order_of_arrival_and_no_number_twice(owner: Workspace) -> None:
    """A link to a removed case must not open a later one."""
    owner.add_study(small_study(1))
    owner.add_study(small_study(2))
    owner.remove_case("case-02")

    third = owner.add_study(small_study(3))

    assert third.id == "case-03"
    assert [case.id for case in owner.cases()] == ["case-01", "case-03"]


@pytest.mark.parametrize("name", ["../case-01", "case-01/..", "", "case-1", "..", "case-01\n"])
def test_a_case_id_is_never_a_path(owner: Workspace, name: str) -> None:
    """The id comes from an address; one that leads elsewhere must read as unknown."""
    owner.add_study(small_study())

    with pytest.raises(NotFound):
        owner.case_folder(name)


def test_only_a_hash_of_the_owner_reaches_the_disk(owner: Workspace, home: Path) -> None:
    """Who can read the folder must not learn the cookie."""
    owner.add_study(small_study())

    assert not any("owner-one" in str(p) for p in home.rglob("*"))
    assert not any(b"owner-one" in p.read_bytes() for p in home.rglob("*") if p.is_file())


def test_a_study_over_the_quota_is_refused_and_leaves_nothing(
    owner: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One owner must not fill the disk."""
    monkeypatch.setenv("READROOM_OWNER_MIB", "1")
    settings.cache_clear()
    owner.add_study(small_study())
    (owner.folder / "cases" / "case-01" / "ballast").write_bytes(bytes(1024 * 1024))

    with pytest.raises(TooLarge, match="1 MiB"):
        owner.add_study(small_study(2))

    assert [case.id for case in owner.cases()] == ["case-01"]


def test_a_file_is_made_once(owner: Workspace) -> None:
    """A picture must not be computed again at every rerun of a page."""
    owner.add_study(small_study())
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"picture"

    first, second = (owner.file("case-01", "image-0.gz", make) for _ in range(2))

    assert first == second
    assert first.read_bytes() == b"picture"
    assert made == [1]


def test_deleting_everything_leaves_no_byte_and_kills_the_addresses(owner: Workspace, other: Workspace) -> None:
    """The button promises it; the other owner must notice nothing."""
    for workspace in (owner, other):
        workspace.add_study(small_study())
    file = owner.file("case-01", "image-0.gz", lambda: b"x")
    token = picture_tokens.issue("owner-one", "case-01", "image", file)

    owner.delete_all()

    assert owner.cases() == []
    assert owner.size_bytes() == 0
    assert not owner.folder.exists()
    assert picture_tokens.find(token, owner="owner-one", name="image") is None
    assert picture_tokens.is_gone(token, owner="owner-one")
    assert len(other.cases()) == 1


def test_a_picture_finished_after_deletion_does_not_bring_the_case_back(owner: Workspace) -> None:
    """Work that was under way when the owner deleted must not leave anything behind."""
    owner.add_study(small_study())

    def make() -> bytes:
        owner.delete_all()
        return b"late"

    with pytest.raises(NotFound):
        owner.file("case-01", "image-0.gz", make)
    assert not owner.folder.exists()
