"""An event that changes no table: something was done to a model, and the history says so.

Owns writing it. What changes the tables goes through `shelf`.
"""

from __future__ import annotations

from core.registry.actor import actor
from core.registry.event import Draft
from core.registry.ledger import Ledger

IMPORTED, SIGNED, CONVERTED = "imported", "signed", "converted"


def note(what: str, model_id: str, *, after: str | None = None, reason: str = "", who: str | None = None) -> None:
    """Write that it was done to a model. after : SHA-256 of the file now. who : None takes this account's name.

    Raises
    ------
    RegistryError : the log cannot be written, or was changed after it was written.
    """
    draft = Draft(what, model_id, actor(who), reason, after=after)
    Ledger().change(lambda pen: pen.write(draft))
