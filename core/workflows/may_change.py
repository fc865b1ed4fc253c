"""Who may change the shelf, and under which name an event is noted. Reading is open to whoever may open the page.

Owns the rule alone; who is asking is found out at the door (`pages._ui.models.asking`), never from an address.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import NotAllowed
from core.settings import settings

HOW = "docs/deploy.md tells how to set up sign-in."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is asking. single_use : the server answers this machine alone. sign_in : a provider is configured.
    claims : of the one who signed in, as the provider's signed token says them; None where nobody did.
    """

    single_use: bool
    sign_in: bool
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether this asker may change the shelf. actor : whom an event names; "" where nothing may be changed.
    why : in a sentence.
    """

    allowed: bool
    actor: str
    why: str


def may_change(asker: Asker) -> Permission:
    """The rule: with sign-in those whom READROOM_EDITORS names; without it this machine's user on a server that
    answers this machine alone; nobody else.
    """
    if not asker.sign_in:
        if asker.single_use:
            user = machine_user()
            return Permission(True, user, f"Changes are noted as made by {user}, this machine's user.")
        return Permission(False, "", f"This server answers other machines and has no sign-in: read only. {HOW}")
    if asker.claims is None:
        return Permission(False, "", "Sign in to change the shelf. Reading needs no sign-in.")
    email = str(asker.claims.get("email") or "")
    if not email:
        return Permission(False, "", "Your sign-in carries no e-mail address, which an event would name: read only.")
    if asker.claims.get("email_verified") in (False, "false"):
        return Permission(False, "", f"{email} is not verified by the sign-in provider: read only.")
    if not _is_editor(email, asker.claims):
        return Permission(False, "", f"{email} may read. READROOM_EDITORS names who may change the shelf.")
    return Permission(True, email, f"Changes are noted as made by {email}.")


def require_change(asker: Asker) -> str:
    """The name under which a change is noted.

    Raises
    ------
    NotAllowed : this asker may only read.
    """
    permission = may_change(asker)
    if not permission.allowed:
        raise NotAllowed(
            found="The shelf was not changed.",
            why=permission.why,
            do="Ask one of its editors, or change it on the server's command line.",
        )
    return permission.actor


def machine_user() -> str:
    """The name of the user whose server this is."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "this machine's user"


def _is_editor(email: str, claims: Mapping[str, Any]) -> bool:
    for entry in filter(None, (part.strip() for part in settings().editors.split(","))):
        claim, equals, wanted = entry.partition("=")
        if not equals and entry.casefold() == email.casefold():
            return True
        if equals and wanted.strip() in _values(claims.get(claim.strip())):
            return True
    return False


def _values(held: Any) -> list[str]:  # a claim is whatever the provider's JSON holds
    return [str(one) for one in held] if isinstance(held, list | tuple) else [] if held is None else [str(held)]
