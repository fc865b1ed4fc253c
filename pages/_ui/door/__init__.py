"""What stands before the pages on the wire: who is asking, which hosts, which headers, and the picture route."""

from __future__ import annotations

from pages._ui.door.kept_files import KeptFiles
from pages._ui.door.lifetime import lifespan
from pages._ui.door.owner_cookie import OWNER_COOKIE, OwnerCookie
from pages._ui.door.pictures import routes
from pages._ui.door.security import SecurityHeaders, allowed_hosts, is_single_use

__all__ = [
    "OWNER_COOKIE",
    "KeptFiles",
    "OwnerCookie",
    "SecurityHeaders",
    "allowed_hosts",
    "is_single_use",
    "lifespan",
    "routes",
]
