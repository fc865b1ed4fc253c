"""Who changes the shelf: a name that somebody gave, else the user of the operating system's account.

Owns that default. Names are written down, not proved: where people sign in, the page passes on who signed in.
"""

from __future__ import annotations

import getpass

MOST_LETTERS = 200


def actor(named: str | None) -> str:
    """The name to write down, on one line."""
    said = " ".join((named or "").split())[:MOST_LETTERS]
    if said:
        return said
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unnamed"
