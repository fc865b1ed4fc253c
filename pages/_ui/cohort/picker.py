"""The controls that say which cases: test set, what counts as positive, subset; and bringing a new set in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import ReadroomError, TableError
from core.settings import settings
from core.workflows import cohorts
from core.workspace.cohort_record import CohortKind, KeptCohort
from pages._ui import words
from pages._ui.cohort.choice import Choice
from pages._ui.door import is_single_use
from pages._ui.state import State
from pages._ui.uploader import free

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ZIP_MAGIC = b"PK\x03\x04"
EVERYTHING = "all cases"
KINDS = {CohortKind.SCORES: "scores", CohortKind.IMAGES: "images", CohortKind.MASKS: "images with masks"}


def held_cohorts(now: State) -> dict[str, KeptCohort]:
    """The test sets of this owner, and of this machine's user where the browser sits at this machine."""
    # Behind a proxy everybody comes from this machine, as far as an address tells.
    local = is_single_use() and st.context.ip_address is None
    return {one.id: one for one in cohorts.list_cohorts(now.workspace, local=local)}


def pick_set(held: Choice, known: dict[str, KeptCohort], place: DeltaGenerator) -> KeptCohort | None:
    """Draw the choice of the test set; None where there is none."""
    if held.set is not None and held.set not in known:
        held.messages.append(
            f"The test set {held.set[:20]} is not here: it was deleted, or it belongs to another browser."
        )
        held.turn_to(None)
    if held.set is None and known:
        held.turn_to(next(iter(known)))
    if held.set is None:
        return None
    st.session_state["set"] = held.set
    place.selectbox(
        "Test set", list(known), format_func=lambda one: title(known[one]), key="set", on_change=_set_chosen,
        args=(held,),
    )  # fmt: skip
    return known[held.set]


def pick_finding(held: Choice, kept: KeptCohort, place: DeltaGenerator) -> None:
    """Draw what counts as positive: the owner's own words, of which one must be named unless it is plain."""
    options = [kept.positive] if kept.positive else list(kept.labels)
    if held.finding is not None and held.finding not in options:
        held.messages.append(f'The link asked for the finding "{held.finding[:40]}", which no case here has.')
        held.finding = None
    if held.finding is None and (kept.positive or "1" in options):
        held.finding = kept.positive or "1"
    st.session_state["finding"] = held.finding
    place.selectbox(
        "Finding", options, key="finding", placeholder="Choose the positive one", help="The label that is positive",
        on_change=_finding_chosen, args=(held,),
    )  # fmt: skip


def pick_subset(held: Choice, kept: KeptCohort, place: DeltaGenerator) -> None:
    """Draw the named subsets, where there are some."""
    if held.subset is not None and held.subset not in kept.splits:
        held.messages.append(f'The link asked for the subset "{held.subset[:40]}", which this test set does not have.')
        held.subset = None
    if kept.splits:
        st.session_state["subset"] = held.subset or EVERYTHING
        place.selectbox("Subset", [EVERYTHING, *kept.splits], key="subset", on_change=_subset_chosen, args=(held,))


def add_set(now: State, held: Choice, place: DeltaGenerator, *, empty: bool) -> None:
    """Bring a test set in: one file or one folder; it is chosen at once. Behind a button once there is one."""
    # Another key with each set: what was open must not stay open over the answer.
    where = (
        place.container(border=True)
        if empty
        else place.popover("Add", key=f"add-set-{held.upload_round}", width="stretch", help="Add a test set")
    )
    with where:
        words.fact(
            "scores.csv: one row a case, with case_id, label (0 and 1, or two words) and one column of scores for each "
            "model; patient_id and slice_… columns are used where they are there. Or a zip or folder of labelled "
            "images: a folder for each class, or a labels.csv with file and label. For segmentations "
            "images/ with masks/, or a labels.csv with file and mask."
        )
        most = settings().upload_mib
        file = st.file_uploader(
            "scores.csv, or a zip of labelled images", max_upload_size=most, key=f"set-file-{held.upload_round}"
        )
        folder = st.file_uploader(
            "A folder of labelled images", accept_multiple_files="directory", max_upload_size=most,
            key=f"set-folder-{held.upload_round}",
        )  # fmt: skip
        if held.set is not None:
            st.button(
                "Delete the chosen test set", key="delete-set", icon=":material/delete:", on_click=_delete,
                args=(now, held), disabled=empty,
            )  # fmt: skip
    given = [*([file] if file is not None else []), *folder]
    if not given:
        return
    # Emptied first: should taking it in be refused, the same file must not come again at each run.
    held.upload_round += 1
    try:
        with st.spinner("Reading…"):
            kept = _take_in(now, given, is_folder=file is None)
    except TableError as refusal:
        held.faults = tuple(fault.text for fault in refusal.faults)
    except ReadroomError as refusal:
        held.faults = (f"{refusal.found} {refusal.why} {refusal.do}",)
    else:
        held.turn_to(kept.id)
    finally:
        free(given)
    st.rerun()


def tell_choice(held: Choice) -> None:
    """Say once what a link asked for in vain, and why what was brought could not be kept."""
    words.caution(*held.messages)
    if held.faults:
        words.faults(held.faults)
    held.messages.clear()
    held.faults = ()


def _take_in(now: State, given: Sequence[UploadedFile], *, is_folder: bool) -> KeptCohort:
    first = given[0]
    if not is_folder and first.read(len(ZIP_MAGIC)) != ZIP_MAGIC:
        first.seek(0)
        return cohorts.add_scores(now.workspace, first)
    first.seek(0)
    return cohorts.add_images(now.workspace, [(file.name, file) for file in given])


def title(kept: KeptCohort) -> str:
    """A test set in a few words."""
    where = " · this machine" if kept.of_machine else ""
    return f"{kept.name} · {kept.cases:,} {KINDS[kept.kind]}{where}"


def _delete(now: State, held: Choice) -> None:
    kept = held_cohorts(now).get(held.set or "")
    if kept is not None and not kept.of_machine:
        cohorts.delete_cohort(kept)
        held.messages.append(f"Deleted: {kept.name} with its scores and images.")
        held.turn_to(None)


def _set_chosen(held: Choice) -> None:
    held.turn_to(st.session_state["set"])


def _finding_chosen(held: Choice) -> None:
    held.finding = st.session_state["finding"]


def _subset_chosen(held: Choice) -> None:
    chosen = st.session_state["subset"]
    held.subset = None if chosen == EVERYTHING else chosen
