"""Where cohorts lie: names, records, and one writer at a time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import NotFound
from core.workspace import Workspace
from core.workspace.cohort_record import CohortCase, CohortKind, Given, KeptCohort, ScoredBy, Unread
from core.workspace.cohorts import CohortStore, machines_cohorts, owners_cohorts, read_cases, read_given, store_of


def draft(sha: str = "a" * 64, **changes: object) -> KeptCohort:
    """A record with something in every field."""
    made = KeptCohort(
        id="", name="", kind=CohortKind.IMAGES, sha256=sha, created="", cases=1, labels={"sick": 1}, positive="sick",
        patients=None, splits=("val",), slices=("site",),
        models=(ScoredBy("m", "b" * 64, "c" * 64, {"m": "sick"}, 1, 0.5),),
        unread=(Unread("case-0001", None, "Broken."),), notes=(("copies", "Two."),), source="/data", of_machine=False,
        folder=Path(),
    )  # fmt: skip
    return replace(made, **changes)


CASE = CohortCase("case-0001", "d" * 64, ("a.png",), "sick", patient="patient-0001", split="val", slices={"site": "x"})


@pytest.fixture
def store(home: Path) -> CohortStore:
    """The machine's, empty."""
    return machines_cohorts()


def test_record_comes_back_with_everything_in_it(store: CohortStore) -> None:
    """A restart must find what was there."""
    kept = store.keep(draft(), [CASE], {"case-0001": Given(("john.png",), "Doe")}, None)

    assert store.find(kept.id) == kept
    assert store.all() == [kept]
    assert kept.of_machine
    assert read_cases(kept) == [CASE]
    assert read_given(kept) == {"case-0001": Given(("john.png",), "Doe")}
    assert store_of(kept).folder == store.folder


def test_names_are_neutral_and_never_given_twice(store: CohortStore) -> None:
    """An old link must not open another cohort."""
    first = store.keep(draft("1" * 64), [CASE], {}, None)
    store.delete(first)

    second = store.keep(draft("2" * 64), [CASE], {}, None)

    assert (first.name, second.name) == ("cohort-01", "cohort-02")
    assert store.find(first.id) is None


def test_same_content_again_keeps_name_and_models(store: CohortStore) -> None:
    """Bringing it again must not throw hours of scoring away; the folder may have moved."""
    first = store.keep(draft(), [CASE], {}, None)

    again = store.keep(draft(models=(), source="/elsewhere"), [replace(CASE, files=("b.png",))], {}, None)

    assert (again.name, again.created, again.models) == (first.name, first.created, first.models)
    assert again.root == Path("/elsewhere")
    assert read_cases(again)[0].files == ("b.png",)


def test_files_of_a_cohort_that_is_there_stay_where_its_cases_name_them(store: CohortStore) -> None:
    """The second upload of the same zip must not mix its numbering with the first one's."""
    made = []
    for name in ("00001", "00009"):
        with store.staging() as staged:
            (staged / "source").mkdir()
            (staged / "source" / name).write_bytes(b"x")
            made.append(store.keep(draft(source=None), [replace(CASE, files=(name,))], {}, staged))

    assert read_cases(made[1])[0].files == ("00001",)
    assert (made[1].root / "00001").read_bytes() == b"x"
    assert not [path for path in store.folder.iterdir() if path.name.endswith(".part")]


def test_changes_of_two_writers_are_both_kept(store: CohortStore) -> None:
    """Read, change and write are one step."""
    kept = store.keep(draft(unread=()), [CASE], {}, None)

    def add(number: int) -> None:
        store.update(kept.id, lambda held: replace(held, unread=(*held.unread, Unread(f"case-{number}", None, ""))))

    writers = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)

    held = store.find(kept.id)
    assert held is not None
    assert {one.case for one in held.unread} == {f"case-{number}" for number in range(20)}


def test_deleted_owner_does_not_come_back() -> None:
    """A job that still ran must not make the folder again."""
    owner = Workspace("owner-one")
    store = owners_cohorts(owner)
    kept = store.keep(draft(), [CASE], {}, None)

    owner.delete_all()

    with pytest.raises(NotFound, match="not here"):
        store.update(kept.id, lambda held: held)
    assert not owner.folder.exists()


@pytest.mark.parametrize("name", ["../../x", "A" * 16, "a" * 15, "", "a" * 16 + "/.."])
def test_what_is_no_id_is_not_looked_for(store: CohortStore, name: str) -> None:
    """An id comes from an address, and must not lead elsewhere."""
    assert store.find(name) is None
