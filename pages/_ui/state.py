"""What one open page remembers: one typed object, and the part of it that stands in the address.

Owns the session's key and the address's names. The address carries page, model, case and job, never a file's
name; studies and results lie with the owner in `core.workspace` and survive the session.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import streamlit as st

from core.workspace import Workspace
from pages._ui.door.owner_cookie import OWNER_COOKIE, valid_owner

_KEY = "readroom"

IN_ADDRESS = ("model", "case", "job")


@dataclass(slots=True)
class State:
    """One session. `owner` is the cookie's value, or a passing one where the browser keeps no cookie.

    chosen_model : whether the user chose `model`, or it is only the first that fits.
    points : name of the chosen operating point by model id. written : what we last put into the address.
    messages : what to say once. shown : by name of a slot, what it is about and which of its places is in use.
    """

    owner: str
    keeps_cookie: bool
    model: str | None = None
    chosen_model: bool = False
    case: str | None = None
    job: str | None = None
    upload_round: int = 0
    points: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    shown: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        """What the owner has here."""
        return Workspace(self.owner)


def state() -> State:
    """This session's state."""
    if _KEY not in st.session_state:
        cookie = valid_owner(given_cookie())
        st.session_state[_KEY] = State(cookie or secrets.token_urlsafe(32), keeps_cookie=cookie is not None)
    found: State = st.session_state[_KEY]
    return found


def given_cookie() -> str:
    """The owner cookie that the browser sent when it opened this session, or nothing."""
    return str(st.context.cookies.get(OWNER_COOKIE, ""))


def adopt_address(now: State) -> None:
    """Take over what stands in the address and was not put there by us: a link, a reload, a step back."""
    for name in IN_ADDRESS:
        given = st.query_params.get(name)
        if given is not None and given != now.written.get(name):
            setattr(now, name, given)
            now.written[name] = given
            now.chosen_model = now.chosen_model or name == "model"


def write_address(now: State, *names: str) -> None:
    """Put these of the state into the address and take the others out."""
    for name in IN_ADDRESS:
        value = getattr(now, name) if name in names else None
        if value is None:
            now.written.pop(name, None)
            if name in st.query_params:
                del st.query_params[name]
        else:
            now.written[name] = value
            if st.query_params.get(name) != value:
                st.query_params[name] = value
