"""Files on their way: neutral names, grouping, and bytes that go once they are read or refused."""

from __future__ import annotations

import pytest

from core.errors import Choice, ChoiceNeeded, NotFound, TooLarge, UnsupportedFile
from core.settings import settings
from core.workspace import Uploads, UploadState, Workspace
from tests.workspace.conftest import put_files, small_study

HOSTILE = "../../etc/Müller^Hans_1950.dcm"


def test_names_of_an_upload_stay_out_of_every_path(owner: Workspace) -> None:
    """A file's name can lead out of the folder and can name the patient."""
    uploads = put_files(owner, (HOSTILE, b"a"), ("scan.dcm", b"b"))
    (batch,) = uploads.batches()

    (upload,) = uploads.sort(batch, [sorted(batch.glob("file-*"))])

    assert [f.name for f in upload.files] == ["file-01", "file-02"]
    assert not any("Hans" in str(p) for p in owner.folder.rglob("*"))
    assert owner.names() == {"upload-01": [HOSTILE, "scan.dcm"]}


def test_names_follow_their_case_and_go_with_it(owner: Workspace) -> None:
    """The map that the owner asks for must name the right file, and forget it on removal."""
    uploads = put_files(owner, ("a.png", b"a"), ("b.png", b"b"))
    (batch,) = uploads.batches()
    first, second = uploads.sort(batch, [[f] for f in sorted(batch.glob("file-*"))])

    case = owner.add_study(small_study(), upload_id=second.id)
    uploads.drop(second.id)

    assert owner.names() == {first.id: ["a.png"], case.id: ["b.png"]}
    owner.remove_case(case.id)
    assert owner.names() == {first.id: ["a.png"]}


def test_a_hundred_files_keep_their_order(owner: Workspace) -> None:
    """file-100 must not come between file-10 and file-11: names would belong to other bytes."""
    uploads = put_files(owner, *((f"{n}.png", str(n).encode()) for n in range(1, 121)))
    (batch,) = uploads.batches()

    made = uploads.sort(batch, [[f] for f in batch.glob("file-*")])

    for upload in made:
        assert [f"{upload.files[0].read_text()}.png"] == owner.names()[upload.id]


def test_a_refused_upload_loses_its_bytes_and_keeps_its_reason(owner: Workspace) -> None:
    """Nothing needs the bytes any more, and they may name a patient; the reason must survive a reload."""
    uploads = put_files(owner, ("x.bin", b"not an image"))
    (upload,) = uploads.sort(uploads.batches()[0], [list(uploads.batches()[0].glob("file-*"))])

    uploads.keep(upload.refused(UnsupportedFile(found="Found.", why="Why.", do="Do.")))

    (kept,) = Uploads(Workspace("owner-one")).all()
    assert kept.state is UploadState.REFUSED
    assert kept.refusal == ("Found.", "Why.", "Do.")
    assert kept.files == ()
    assert not list(owner.folder.rglob("file-*"))


def test_an_upload_with_several_studies_waits_for_an_answer_with_its_bytes(owner: Workspace) -> None:
    """The owner may answer tomorrow, after a restart."""
    uploads = put_files(owner, ("study.zip", b"two series"))
    (upload,) = uploads.sort(uploads.batches()[0], [list(uploads.batches()[0].glob("file-*"))])
    choices = (Choice("1.2.3", "T1, 20 slices"), Choice("1.2.4", "T2, 20 slices"))

    uploads.keep(upload.refused(ChoiceNeeded(found="Two.", why="One.", do="Choose.", choices=choices)))

    kept = Uploads(Workspace("owner-one")).get(upload.id)
    assert kept.state is UploadState.CHOICE
    assert kept.choices == choices
    assert kept.files[0].read_bytes() == b"two series"
    assert [c.id for c in kept.without("1.2.3").choices] == ["1.2.4"]


def test_a_batch_over_the_quota_is_refused_whole(owner: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a series on disk would read as a series with a gap."""
    monkeypatch.setenv("READROOM_OWNER_MIB", "1")
    settings.cache_clear()

    with pytest.raises(TooLarge, match="1 MiB"):
        put_files(owner, ("a", bytes(700_000)), ("b", bytes(700_000)))

    assert owner.size_bytes() == 0
    assert Uploads(owner).batches() == []


def test_one_owner_cannot_reach_anothers_upload(owner: Workspace, other: Workspace) -> None:
    """An upload holds unread bytes with every identifier in them."""
    uploads = put_files(owner, ("a.png", b"a"))
    (upload,) = uploads.sort(uploads.batches()[0], [list(uploads.batches()[0].glob("file-*"))])

    with pytest.raises(NotFound):
        Uploads(other).get(upload.id)
    with pytest.raises(NotFound):
        Uploads(other).get(f"../../{owner.folder.name}/uploads/{upload.id}")
