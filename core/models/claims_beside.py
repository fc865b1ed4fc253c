"""What lies beside a foreign checkpoint and claims something of it: its name, S4's metadata, S2's metadata.

Owns joining the three into the claims of a card. None of them is believed over the file's own content.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigError
from core.models.claimed_name import parse_name
from core.models.model_info import require_described
from core.models.model_metadata import METADATA_NAME, read_metadata

MAX_CLAIMS = 40


def claims_beside(path: Path) -> dict[str, str]:
    """The claims about a checkpoint, each under a name that begins with `claimed_`.

    Raises
    ------
    CheckpointError : S4's metadata beside it gives another size or checksum. ConfigError : it cannot be read.
    """
    claims = parse_name(path.name).claims()
    described = require_described(path)
    if described is not None:
        claims |= described.info.claims()
        claims |= {"claimed_info_checked": ", ".join(described.checked)} if described.checked else {}
    claims |= _metadata_claims(path)
    return {name[:100]: claims[name] for name in sorted(claims)[:MAX_CLAIMS]}


def _metadata_claims(path: Path) -> dict[str, str]:
    """Of the folder's metadata; the documents give no form for it, so another's form is told and left out."""
    beside = path.parent / METADATA_NAME
    if not beside.is_file():
        return {}
    try:
        entry = read_metadata(beside).entry_of(path.name)
    except ConfigError as error:
        return {"claimed_metadata": f"Left out. {error.found}"[:500]}
    return {} if entry is None else entry.claims()
