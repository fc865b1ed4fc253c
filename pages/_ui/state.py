"""What one open page remembers: one typed object, and the part of it that stands in the address.

Owns the session's key and the address's names. The address carries page, model, engine, case and job, never a file's
name; studies and results lie with the owner in `core.workspace` and survive the session.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

import streamlit as st

from core.workspace import Workspace
from pages._ui.door.owner_cookie import OWNER_COOKIE, valid_owner

_KEY = "readroom"

LOOKS = ("cut", "at")
"""Cut-offs that are looked at: of a segmentation's probability, and of a score. They are about one case and model."""

EVERYWHERE = ("model", "engine")
"""What every page has in its address."""

IN_ADDRESS = (*EVERYWHERE, "case", "job", *LOOKS)

LAG_S = 1.0
"""What waits for a run to end starts at once; longer after it, whatever comes has heard of what that run wrote."""


@dataclass(slots=True)
class State:
    """One session. `owner` is the cookie's value, or a passing one where the browser keeps no cookie.

    chosen_model : whether the user chose `model`, or it is only the first that fits. engine : what the user chose to
    run models; None: the installation's own choice.
    points : name of the chosen operating point by model id. cut, at : as text, the cut-offs that are looked at where
    they are not the result's own; looked : the case and model that they are about; look_turn : how often another
    look began. left : cases that were stepped away from just now; stepped : when last, in seconds.
    written : what we last put into the address, and heard : whether the browser has sent it back since. page, ended :
    the page that ran last, and when its run ended, in seconds.
    messages : what to say once. shown : by name of a slot, what it is about and which of its places is in use.
    """

    owner: str
    keeps_cookie: bool
    model: str | None = None
    chosen_model: bool = False
    engine: str | None = None
    case: str | None = None
    job: str | None = None
    cut: str | None = None
    at: str | None = None
    left: tuple[str, ...] = ()
    stepped: float = 0.0
    looked: tuple[str | None, str | None] | None = None
    look_turn: int = 0
    upload_round: int = 0
    points: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    heard: bool = True
    page: str = ""
    ended: float = 0.0
    messages: list[str] = field(default_factory=list)
    shown: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        """What the owner has here."""
        return Workspace(self.owner)

    def is_busy(self) -> bool:
        """Whether what the browser sends can be older than what the last run wrote.

        A run that a key broke into has no end; its step counts.
        """
        return time.monotonic() - max(self.ended, self.stepped) < LAG_S

    def begin_look(self) -> None:
        """Back to the result's own cut-offs."""
        self.cut = self.at = None
        self.look_turn += 1


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


def adopt_address(now: State, page: str) -> None:
    """Take over what stands in the address and was not put there by us: a link, a reload, a step back.

    What a browser sends right after we wrote an address can be older than it: somebody who presses a key three
    times has sent all three before the answer to the first. Such an address is no wish of the user's; one that
    leads to another page is.
    """
    given = _given()
    stays, now.page = page == now.page, page
    if given != now.written:
        if stays and not now.heard and now.is_busy():
            return
        for name, value in given.items():
            if value != now.written.get(name):
                setattr(now, name, value)
                now.chosen_model = now.chosen_model or name == "model"
        if given and "job" in now.written and "job" not in given:
            now.job = None  # a step back to before the run: put in again, it would take that step away
        if given and stays and "engine" in now.written and "engine" not in given:
            now.engine = None  # likewise; a link to another page says nothing of engines
        if given and any(given.get(name) != now.written.get(name) for name in LOOKS):
            now.cut, now.at, now.looked = given.get("cut"), given.get("at"), None
        now.written = given
    now.heard = True


def settle_look(now: State) -> None:
    """Before the page is drawn: a look at another cut-off ends with the case and the model that it was about."""
    subject = (now.case, now.model)
    if now.looked == subject:
        return
    if now.looked is None:  # a link brought the look with its case and model
        now.look_turn += 1
    else:
        now.begin_look()
    now.looked = subject


def write_address(now: State, *names: str) -> None:
    """Put these of the state into the address, as one step of the browser's history, and take the others out."""
    given = _given()
    wanted = {name: value for name in names if (value := getattr(now, name)) is not None}
    if wanted == given == now.written:
        return
    others = {name: st.query_params.get_all(name) for name in st.query_params if name not in IN_ADDRESS}
    st.query_params.from_dict({**others, **wanted})
    now.written, now.heard = wanted, False


def _given() -> dict[str, str]:
    """Our part of the address that the browser sent with this run."""
    return {name: st.query_params[name] for name in IN_ADDRESS if name in st.query_params}
