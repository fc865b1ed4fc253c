"""Who is asking for a change: found out at the door, from the server's own settings and the provider's signed token."""

from __future__ import annotations

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section

from core.workflows.may_change import Asker, may_change
from pages._ui import words
from pages._ui.door import is_single_use


def asker() -> Asker:
    """Who has this page open, as far as the rule asks."""
    sign_in = bool(get_secrets_auth_section())
    signed_in = sign_in and bool(st.user.is_logged_in)
    return Asker(is_single_use(), sign_in, dict(st.user) if signed_in else None)


def show_asker(asking: Asker) -> None:
    """Draw who may do what, and the way in or out where sign-in is configured."""
    words.fact(may_change(asking).why)
    if not asking.sign_in:
        return
    if asking.claims is None:
        st.button("Sign in", key="sign-in", icon=":material/login:", on_click=st.login)
    else:
        st.button("Sign out", key="sign-out", icon=":material/logout:", on_click=st.logout)
