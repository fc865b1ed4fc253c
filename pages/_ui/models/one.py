"""One model in full: its card, figures, configuration, integrity, history, and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.models.model import Model
from core.workflows import card_rows, model_view
from core.workflows.model_cards import card_page
from core.workflows.shelf_view import version_of
from pages._ui import words
from pages._ui.models.beside import show_beside
from pages._ui.models.changing import set_pin
from pages._ui.models.engine import show_engine
from pages._ui.models.lifecycle import show_lifecycle
from pages._ui.models.state import Look
from pages._ui.navigation import PREDICT, page
from pages._ui.state import State

CARD, FIGURES, CONFIGURATION, INTEGRITY = "Card", "Figures", "Configuration", "Integrity"
ENGINE, LIFECYCLE, BESIDE = "Engine", "Stage and history", "Beside another"


def show_model(now: State, held: Look, model: Model, *, pinned: bool, may_pin: bool) -> None:
    """Draw the heading, the choice of a side, and that side."""
    name, pin, link = st.columns([4, 0.8, 1.2], vertical_alignment="center")
    with name:
        words.heading(model.display_name)
    if may_pin:
        pin.button(
            "Unpin" if pinned else "Pin", key="pin", icon=":material/push_pin:", width="stretch",
            help="Pinned models stand first in everybody's list.", on_click=set_pin, args=(now, held, model.id),
            kwargs={"pin": not pinned},
        )  # fmt: skip
    chosen = {"model": model.id} | ({} if now.engine is None else {"engine": now.engine})
    link.page_link(page(PREDICT), label="Use on Predict", icon=":material/image_search:", query_params=chosen)
    words.fact(f"{model.id} · version {version_of(model)} · {model.architecture} · {model_view.size_sentence(model)}")
    if model.problem is not None:
        words.caution(model.problem)
    if held.refused is not None and held.refused[0] == model.id:
        words.refusal(held.refused[1])
    views = {
        CARD: _card, FIGURES: _figures, CONFIGURATION: _configuration, INTEGRITY: _integrity, ENGINE: show_engine,
        LIFECYCLE: show_lifecycle, BESIDE: show_beside,
    }  # fmt: skip
    held.view = held.view if held.view in views else CARD
    st.session_state["model-view"] = held.view
    st.segmented_control(
        "Show", list(views), key="model-view", required=True, label_visibility="collapsed", on_change=_view_chosen,
        args=(held,),
    )  # fmt: skip
    views[held.view](now, held, model)


def _view_chosen(held: Look) -> None:
    held.view = st.session_state["model-view"]


def _card(_now: State, _held: Look, model: Model) -> None:
    """The card as text: what a foreign file says of itself is shown as it is written."""
    if model.card.summary:
        words.fact(model.card.summary)
    _facts(("Fact", "What the card says"), model_view.about_rows(model), "Card")
    with st.expander("How it was made", key="model-made"):
        _facts(("What", "How"), model_view.made_rows(model), "How it was made")
        words.table(_titles(card_rows.SPLIT_HEADER), card_rows.split_rows(model), label="Data")
    st.download_button(
        "Card (.md)", lambda: card_page(model).encode(), f"{model.id}.md", "text/markdown", key="model-card",
        on_click="ignore",
    )  # fmt: skip


def _figures(_now: State, held: Look, model: Model) -> None:
    if not model.card.metrics and not model.operating_points:
        words.empty("Nothing was measured with this model. Bring a test set to Threshold sweep, and score it there.")
        return
    if model.operating_points:
        words.heading("Operating points")
        words.table(_titles(card_rows.POINT_HEADER), card_rows.point_rows(model), numbers=(1,), label="Points")
        reached = list(card_rows.reached_rows(model))
        if reached:
            rows = [(*row, words.marked(said) if said == card_rows.BROKEN else said) for *row, said in reached]
            words.table(_titles(card_rows.REACHED_HEADER), rows, numbers=(2, 3, 4, 5), label="What they did")
        words.fact(card_rows.PROMISE_MEANS)
    names = [name for name in card_rows.splits(model) if card_rows.figure_rows(model, name)]
    if names:
        words.heading("Figures by split")
        _pick_split(held, model, names)
        rows = card_rows.figure_rows(model, held.split or "")
        words.table(_titles(card_rows.FIGURE_HEADER), rows, numbers=(1, 2, 3), label="Figures")
    parts = card_rows.subgroup_rows(card_rows.subgroup_parts(model))
    if parts:
        with st.expander("Subgroups", key="model-subgroups"):
            words.table(_titles(card_rows.SUBGROUP_HEADER), parts, numbers=(3, 4, 5), label="Subgroups")
            words.fact("At the same thresholds as the whole. No difference was tested.")


def _pick_split(held: Look, model: Model, names: list[str]) -> None:
    if held.split not in names:
        held.split = model.card.key_split if model.card.key_split in names else names[0]
    st.session_state["model-split"] = held.split
    st.selectbox(
        "Measured on", names, key="model-split", width=320, format_func=lambda name: name or "test",
        on_change=_split_chosen, args=(held,),
    )  # fmt: skip


def _split_chosen(held: Look) -> None:
    held.split = st.session_state["model-split"]


def _configuration(_now: State, _held: Look, model: Model) -> None:
    rows = model_view.configuration_rows(model)
    _facts(("Field", "Value", "Where it comes from"), rows, "Configuration")


def _integrity(_now: State, _held: Look, model: Model) -> None:
    _facts(("Fact", "Value"), model_view.integrity_rows(model), "Integrity")


def _facts(header: Sequence[str], rows: Sequence[tuple[str, ...]], label: str) -> None:
    """A table whose first column names what the others say."""
    with st.container(key=f"facts-{label.lower().replace(' ', '-')}"):
        words.table(header, rows, label=label)


def _titles(header: tuple[str, ...]) -> list[str]:
    return [title.capitalize() if len(title) > 1 else title for title in header]  # n stays n
