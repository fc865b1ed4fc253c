"""The sweep of a segmentation: which model, what is left to measure, and the instrument with what answers it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from core.workflows import mask_sweep_view
from core.workflows.documents import Document, Method
from core.workflows.mask_measures import Contender, alone
from core.workflows.mask_sweep import SWEEP, mask_sweep_document
from core.workflows.mask_sweep_view import MaskCase
from core.workspace.cohort_record import KeptCohort, ScoredBy
from pages._ui import words
from pages._ui.cohort.choice import Choice, from_address, to_address
from pages._ui.cohort.masks import model_name, tell_left_out
from pages._ui.cohort.measuring import show_measuring
from pages._ui.components.threshold.masks import mask_instrument
from pages._ui.frame import guarded, tell
from pages._ui.state import State
from pages._ui.sweep.gallery import MaskThumbnail, mask_thumbnails
from pages._ui.sweep.mask_state import START, MaskSweep, mask_sweep_state

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

CASES, TABLE, CUTS = "Cases", "Table of cases", "Every cut-off"
A_PAGE = 6
TABLE_ROWS = 200


def show_mask_sweep(now: State, held: Choice, kept: KeptCohort, place: DeltaGenerator) -> None:
    """Draw the choice of the model at `place`, then what is to be done or the sweep."""
    sweep = mask_sweep_state()
    found = _pick_model(now, sweep, kept, place)
    to_address(held.written, set=held.set, subset=held.subset)
    if found is None:
        return
    to_address(sweep.written, column=sweep.model)
    contender = alone(found)
    if not show_measuring(now, kept, [contender], SWEEP, "at every cut-off"):
        return
    document = _document(held, sweep, kept, contender)
    tell_left_out(document)
    words.caution(*(warning["text"] for warning in document["warnings"]))
    if not document["cases"]:
        words.empty("No case of this test set has an answer that can be measured.")
        return
    _settle(sweep, document)
    words.caution(*sweep.messages)
    sweep.messages.clear()
    _panel(now, sweep, kept, contender, document)


def _pick_model(now: State, sweep: MaskSweep, kept: KeptCohort, place: DeltaGenerator) -> ScoredBy | None:
    scored = {one.model_id: one for one in kept.models if one.scored}
    asked = from_address(sweep.written, "column")
    if asked is not None:
        if scored and asked not in scored:
            now.messages.append(f'The link asked for the scores "{asked[:60]}", which this test set does not have.')
        sweep.model = asked
    if not scored:
        return None
    if sweep.model not in scored:
        sweep.model = now.model if now.model in scored else next(iter(scored))
    st.session_state["mask-model"] = sweep.model
    place.selectbox(
        "Masks of", list(scored), format_func=model_name, key="mask-model", on_change=_chosen, args=(sweep,)
    )
    return scored[str(sweep.model)]


def _chosen(sweep: MaskSweep) -> None:
    sweep.model = st.session_state["mask-model"]


def _document(held: Choice, sweep: MaskSweep, kept: KeptCohort, contender: Contender) -> Document:
    key = (kept.id, kept.of_machine, held.subset, contender.key, contender.members[0].scored)
    if key not in sweep.made:
        sweep.made.clear()
        with st.spinner("Resampling…"):
            sweep.made[key] = mask_sweep_document(kept, contender, Method(), split=held.subset)
    return sweep.made[key]


def _settle(sweep: MaskSweep, document: Document) -> None:
    """Where cut-off and smallest lesion stand before anything is drawn: a link's, else the first ones."""
    (subject,) = sweep.made
    given = from_address(sweep.written, "t"), from_address(sweep.written, "smallest")
    if subject == sweep.subject and given == (None, None):
        return
    cut = mask_sweep_view.nearest_cut(document, START) if subject != sweep.subject else sweep.cut
    smallest = 0 if subject != sweep.subject else sweep.smallest
    sweep.subject = subject
    if given[0] is not None:
        asked = _number(given[0])
        if asked is not None and 0 < asked < 1:
            cut = mask_sweep_view.nearest_cut(document, asked)
        shown = document["cut_offs"][cut]
        if asked != shown:
            sweep.messages.append(f"The link asked for the cut-off {given[0][:20]}. Showing {shown:.2f}.")
    if given[1] is not None:
        sizes = document["smallest_mm3"]
        asked = _number(given[1])
        if asked in sizes:
            smallest = sizes.index(asked)
        else:
            sweep.messages.append(
                f"The link asked for lesions from {given[1][:20]} mm³ on, which are not offered here."
            )
    sweep.send(cut, smallest)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@st.fragment
def _panel(now: State, sweep: MaskSweep, kept: KeptCohort, contender: Contender, document: Document) -> None:
    """The instrument with everything that answers it: a release draws this part alone."""
    with guarded():  # a run of this part alone has no other frame
        tell(now)
        mask_instrument(
            mask_sweep_view.mask_instrument(document), cut=sweep.cut, smallest=sweep.smallest, turn=sweep.turn,
            key="mask-instrument", heard=sweep.move,
        )  # fmt: skip
        cut_off, smallest = document["cut_offs"][sweep.cut], document["smallest_mm3"][sweep.smallest]
        to_address(sweep.written, t=f"{cut_off:g}", smallest=f"{smallest:g}")
        words.fact(
            "All labels together; the cut-off is of the probability of any. The smallest lesion changes the counts of "
            "lesions, of both masks; Dice and volume are those of the whole masks. A cut-off chosen here looks better "
            "here than it is: judge it on a second test set."
        )
        _downloads(document)
        _views(now, sweep, kept, contender, document)


def _downloads(document: Document) -> None:
    row = st.container(horizontal=True, key="mask-downloads")
    row.download_button(
        "mask-sweep.csv", lambda: mask_sweep_view.mask_sweep_csv(document), "mask-sweep.csv", "text/csv",
        key="mask-sweep-csv", on_click="ignore", help="Every cut-off and smallest lesion, with intervals",
    )  # fmt: skip
    row.download_button(
        "mask-sweep.json", lambda: json.dumps(document, allow_nan=False).encode(), "mask-sweep.json",
        "application/json", key="mask-sweep-json", on_click="ignore", help="The whole answer, with every case",
    )  # fmt: skip


def _views(now: State, sweep: MaskSweep, kept: KeptCohort, contender: Contender, document: Document) -> None:
    sweep.view = sweep.view or CASES
    st.session_state["mask-view"] = sweep.view
    st.segmented_control(
        "Show", [CASES, TABLE, CUTS], key="mask-view", required=True, label_visibility="collapsed",
        on_change=_view_chosen, args=(sweep,),
    )  # fmt: skip
    if sweep.view == CUTS:
        rows = mask_sweep_view.cut_rows(document, sweep.smallest)
        words.table(mask_sweep_view.CUTS_HEADER, rows, numbers=range(6), label="Every cut-off")
        return
    listed = mask_sweep_view.cases_at(document, sweep.cut, sweep.smallest)
    cut_off = document["cut_offs"][sweep.cut]
    if sweep.view == TABLE:
        words.fact(f"{len(listed):,} cases at the cut-off {cut_off:.2f}, worst Dice first.")
        rows = [_row(case) for case in listed[:TABLE_ROWS]]
        words.table(CASE_HEADER, rows, numbers=range(1, len(CASE_HEADER)), label="Cases at this cut-off")
        return
    words.fact(
        f"{len(listed):,} cases at the cut-off {cut_off:.2f}, worst Dice first, in the slice where the masks differ "
        "most. Blue: the reference. Amber: the model."
    )
    shown = listed[_page(sweep, len(listed))]
    mask_thumbnails(now, kept, [MaskThumbnail(case.id, contender, _lines(case)) for case in shown], cut=sweep.cut)


CASE_HEADER = (*("Case", "Dice", "Reference mL", "Predicted mL", "Error mL", "Lesions found", "False positives"),)


def _row(case: MaskCase) -> tuple[str, ...]:
    error = case.prediction_ml - case.reference_ml
    return (
        case.id, _dice(case.dice), f"{case.reference_ml:.2f}", f"{case.prediction_ml:.2f}", f"{error:+.2f}",
        f"{case.detected:,} of {case.lesions:,}", f"{case.false_positives:,}",
    )  # fmt: skip


def _lines(case: MaskCase) -> tuple[str, ...]:
    return (
        f"Dice {_dice(case.dice)}",
        f"{case.prediction_ml:.2f} mL, reference {case.reference_ml:.2f}",
        f"found {case.detected:,} of {case.lesions:,}, false {case.false_positives:,}",
    )


def _dice(dice: float | None) -> str:
    return "both empty" if dice is None else f"{dice:.3f}"


def _page(sweep: MaskSweep, total: int) -> slice:
    """Which part of the cases is shown, with buttons to go on."""
    sweep.shown = min(sweep.shown, (total - 1) // A_PAGE * A_PAGE)
    if total > A_PAGE:
        row = st.container(horizontal=True, vertical_alignment="center", key="mask-pages")
        row.button("Worse", key="mask-worse", on_click=_turn, args=(sweep, -A_PAGE), disabled=sweep.shown == 0)
        last = sweep.shown + A_PAGE >= total
        row.button("Better", key="mask-better", on_click=_turn, args=(sweep, A_PAGE), disabled=last)
        with row:
            words.fact(f"{sweep.shown + 1:,} to {min(sweep.shown + A_PAGE, total):,} of {total:,}")
    return slice(sweep.shown, sweep.shown + A_PAGE)


def _turn(sweep: MaskSweep, by: int) -> None:
    sweep.shown = max(0, sweep.shown + by)


def _view_chosen(sweep: MaskSweep) -> None:
    sweep.view = st.session_state["mask-view"]
