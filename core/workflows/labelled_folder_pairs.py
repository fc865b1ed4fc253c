"""Images in one folder and their masks in another, told by their names.

Owns the conventions: `images/` with `labels/` or `masks/` (also `imagesTr/` with `labelsTr/`), the same file name in
both. What a name says beyond that is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.workflows.labelled_folder_files import FoundCase, Labelled, NamedFile
from core.workspace.cohort_record import CohortKind

_IMAGES = re.compile(r"images?(tr|ts)?")
_MASKS = re.compile(r"(?:labels?|masks?|segmentations?)(tr|ts)?")
_SPLIT_OF = {"tr": "train", "ts": "test"}
_ENDING = re.compile(r"(\.nii\.gz|\.[^.]*)$", re.IGNORECASE)

# What writers append to a name: nnU-Net's number of the channel, and a word for 'mask'.
_CHANNEL = re.compile(r"_0000$")
_MASK_WORD = re.compile(r"[_-](mask|seg|segmentation|labels?|dseg|gt)$", re.IGNORECASE)

NO_MASK = "There is no mask with this image's name."

Key = tuple[str, ...]


def read_pairs(files: Sequence[NamedFile]) -> Labelled | None:
    """The images with their masks, by name; None where the files are not laid out so."""
    images: dict[Key, list[NamedFile]] = {}
    masks: dict[Key, list[NamedFile]] = {}
    for file in files:
        if (key := _key(file, _IMAGES)) is not None:
            images.setdefault(key, []).append(file)
        elif (key := _key(file, _MASKS)) is not None:
            masks.setdefault(key, []).append(file)
    if not images or not masks:
        return None
    with_masks = {key[0] for key in masks}  # a split whose masks are kept secret is no cohort
    cases = [_case(key, held, masks.get(key, ())) for key, held in sorted(images.items()) if key[0] in with_masks]
    hidden = sum(key[0] not in with_masks for key in images)
    notes = (("images_without_masks", f"{hidden} images of a split without masks were left aside."),) if hidden else ()
    return Labelled(CohortKind.MASKS, tuple(cases), notes=notes) if cases else None


def _key(file: NamedFile, folders: re.Pattern[str]) -> Key | None:
    """The split and the name that image and mask share; None where the file lies in no such folder."""
    *above, last = file.parts
    for place, folder in enumerate(above):
        if (found := folders.fullmatch(folder.lower())) is not None:
            around = above[:place] + above[place + 1 :]
            split = _SPLIT_OF[found[1]] if found[1] else around[0] if around else ""
            stem = _ENDING.sub("", last)
            stem = _CHANNEL.sub("", stem) if folders is _IMAGES else _MASK_WORD.sub("", stem)
            return (split, *around[1:], stem)
    return None


def _case(key: Key, files: Sequence[NamedFile], masks: Sequence[NamedFile]) -> FoundCase:
    mask = masks[0] if len(masks) == 1 else None
    fault = "" if mask else NO_MASK if not masks else "There are several masks with this image's name."
    return FoundCase(tuple(files), mask=mask, split=key[0], fault=fault)
