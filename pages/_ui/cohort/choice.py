"""Which test set both statistics pages look at, and how it is read: one typed object and its part of the address."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from core.metrics.cohort import Missing

_KEY = "cohort-choice"

IN_ADDRESS = ("set", "finding", "subset")

REMEMBERED = 20
"""Of the values that we put into the address under one name."""

Written = dict[str, tuple[str, ...]]
"""Those values by name, the last one last."""


@dataclass(slots=True)
class Choice:
    """One session's choice.

    set : id of the test set. finding : the label that counts as positive; None: the set's own. subset : one of its
    named parts; None: all. missing : what a case without a score counts as; None: not chosen. written : what we last
    put into the address, so that a new link is known from our own. messages, faults : to be said once.
    """

    set: str | None = None
    finding: str | None = None
    subset: str | None = None
    missing: Missing | None = None
    upload_round: int = 0
    written: Written = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    faults: tuple[str, ...] = ()

    def turn_to(self, cohort_id: str | None) -> None:
        """Another test set, read from the beginning."""
        self.set, self.finding, self.subset, self.missing = cohort_id, None, None, None


def choice() -> Choice:
    """This session's choice, after taking over what a link brought."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Choice()
    held: Choice = st.session_state[_KEY]
    for name in IN_ADDRESS:
        given = from_address(held.written, name)
        if given is not None:
            setattr(held, name, given)
    return held


def from_address(written: Written, name: str) -> str | None:
    """What a link brought under `name`: what stands in the address and was not put there by us; asked again it is ours.

    A browser that is busy sends an address that we have written over since: one of our last ones is ours too.
    """
    given = st.query_params.get(name)
    if given is None or given in written.get(name, ()):
        return None
    _note(written, name, given)
    return given


def to_address(written: Written, **values: str | None) -> None:
    """Put these into the address; None takes one out."""
    for name, value in values.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        else:
            _note(written, name, value)
            if st.query_params.get(name) != value:
                st.query_params[name] = value


def _note(written: Written, name: str, value: str) -> None:
    others = tuple(one for one in written.get(name, ()) if one != value)
    written[name] = (*others, value)[-REMEMBERED:]
