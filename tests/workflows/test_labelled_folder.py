"""Which files of a folder are cases, and what their places say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import StudyError
from core.workflows.labelled_folder import MOST_CLASSES, read_labelled
from core.workflows.labelled_folder_files import Labelled, NamedFile
from core.workspace.cohort_record import CohortKind


def found(names: Sequence[str], **asked: str) -> Labelled:
    """What a layout of these names gives; no file needs to be there."""
    return read_labelled([NamedFile(name, Path(f"{number:05d}")) for number, name in enumerate(names)], **asked)


def told(labelled: Labelled) -> list[tuple[str, str, tuple[str, ...]]]:
    """Split, label and file names of each case."""
    return [(case.split, case.label, tuple(file.name for file in case.files)) for case in labelled.cases]


def test_class_folders_name_the_labels() -> None:
    """The commonest layout needs no table."""
    labelled = found(["sick/b.png", "well/a.png"])

    assert labelled.kind is CohortKind.IMAGES
    assert told(labelled) == [("", "sick", ("sick/b.png",)), ("", "well", ("well/a.png",))]


def test_split_folders_hold_class_folders() -> None:
    """Calibration and test sets come as folders; their names must not become labels."""
    labelled = found(["val/sick/a.png", "official_test/well/b.png", "train224/well/c.png"])

    assert told(labelled) == [
        ("official_test", "well", ("official_test/well/b.png",)),
        ("train224", "well", ("train224/well/c.png",)),
        ("val", "sick", ("val/sick/a.png",)),
    ]


def test_folders_that_hold_the_same_folders_are_splits_whatever_they_are_called() -> None:
    """Sites or years are named subsets too."""
    labelled = found(["north/sick/a.png", "north/well/b.png", "south/sick/c.png", "south/well/d.png"])

    assert {case.split for case in labelled.cases} == {"north", "south"}
    assert {case.label for case in labelled.cases} == {"sick", "well"}


def test_folder_in_a_class_folder_is_one_case() -> None:
    """A series of a thousand slices is one study, not a thousand."""
    labelled = found(["sick/one/1.dcm", "sick/one/2.dcm", "sick/two/1.dcm", "well/three/1.dcm"])

    assert [len(case.files) for case in labelled.cases] == [2, 1, 1]


def test_both_halves_of_a_pair_are_one_case() -> None:
    """An .hdr without its .img has no pixels."""
    labelled = found(["sick/a.hdr", "sick/a.img", "well/b.nii"])

    assert [len(case.files) for case in labelled.cases] == [2, 1]


def test_wrapping_folder_is_looked_through_and_a_single_split_is_none() -> None:
    """Zips hold one folder that holds all; `test` alone still says which split it is."""
    assert told(found(["data/films/sick/a.png", "data/films/well/b.png"]))[0] == ("", "sick", ("sick/a.png",))
    assert told(found(["test/sick/a.png", "test/well/b.png"]))[0] == ("test", "sick", ("test/sick/a.png",))


def test_clutter_is_no_case_and_files_beside_the_classes_are_counted() -> None:
    """What a computer adds is nobody's image; what a person added may have been meant."""
    labelled = found(
        ["sick/a.png", "sick/.DS_Store", "__MACOSX/sick/a.png", "well/Thumbs.db", "well/b.png", "readme.md"]
    )

    assert len(labelled.cases) == 2
    assert labelled.notes == (("files_left_aside", "1 files lie beside the class folders and were left aside."),)


def test_one_split_is_taken_and_a_wrong_name_is_answered_with_the_right_ones() -> None:
    """Who mistypes `test` must not score the training films."""
    names = ["val/sick/a.png", "test/sick/b.png", "test/well/c.png", "val/well/d.png"]

    assert {case.split for case in found(names, split="test").cases} == {"test"}
    with pytest.raises(StudyError, match="Name one of: test, val"):
        found(names, split="tset")


def test_images_without_labels_are_refused_with_the_layouts() -> None:
    """Nothing can be measured without a truth."""
    with pytest.raises(StudyError, match=r"labels.csv with file,label"):
        found(["a.png", "b.png"])
    with pytest.raises(StudyError, match="No labelled images"):
        found([])


def test_folders_by_the_dozen_are_no_classes() -> None:
    """They are patients, and their names would be shown as labels; the limit itself is read."""
    names = [f"patient-{n}/a.png" for n in range(MOST_CLASSES + 1)]

    with pytest.raises(StudyError, match="no classes"):
        found(names)
    assert len(found(names[1:]).cases) == MOST_CLASSES


@pytest.mark.parametrize(
    "names",
    [
        ("images/p1.nii.gz", "labels/p1.nii.gz"),
        ("images/p1.nii.gz", "masks/p1_mask.nii.gz"),
        ("imagesTr/p1_0000.nii.gz", "labelsTr/p1.nii.gz"),
        ("test/images/p1.nii", "test/masks/p1_seg.nii"),
        ("images/test/p1.nii", "masks/test/p1.nii"),
        ("image/p1.nii", "segmentation/p1-dseg.nii"),
    ],
)
def test_images_and_masks_of_one_name_are_pairs(names: Sequence[str]) -> None:
    """The conventions that people's tools write."""
    labelled = found(names)

    (case,) = labelled.cases
    assert labelled.kind is CohortKind.MASKS
    assert (case.files[0].name, case.mask and case.mask.name, case.fault) == (*names, "")


def test_image_without_a_mask_is_a_case_with_a_fault() -> None:
    """Left out in silence it would make the cohort look easier than it is."""
    labelled = found(["images/a.nii", "images/b.nii", "labels/a.nii", "labels/c.nii"])

    assert [case.fault for case in labelled.cases] == ["", "There is no mask with this image's name."]


def test_split_whose_masks_are_kept_secret_is_left_aside_and_told() -> None:
    """Challenges give the images of their test set alone."""
    labelled = found(["imagesTr/a.nii", "labelsTr/a.nii", "imagesTs/b.nii"])

    assert [case.split for case in labelled.cases] == ["train"]
    assert labelled.notes[0][0] == "images_without_masks"
