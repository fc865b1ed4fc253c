"""A model by what somebody typed or a link holds: an id, `models:/name/version` or `models:/name@alias`.

Owns that one way in. An address is answered by the registered file alone; which version it means is
`core.registry`'s to say.
"""

from __future__ import annotations

from core.errors import RegistryError
from core.models.catalog import get_model
from core.models.model import Model
from core.registry.shelf import Shelf
from core.registry.versions import SCHEME


def addressed_model(text: str) -> Model:
    """The model of an id or an address.

    Raises
    ------
    ModelNotFound : there is none of that id.
    RegistryError : the address is none of ours, nothing answers under the alias, or the file behind it is not the
        one that was registered.
    """
    if not text.startswith(SCHEME):
        return get_model(text)
    shelf = Shelf()
    model = get_model(shelf.find(text))
    held = shelf.versions().get(model.id)
    if held is not None and held.file_sha256 != model.file_sha256:
        raise RegistryError(
            found=f"The file of {model.id} is not the one that was registered: its SHA-256 differs.",
            why="An address promises the version that was registered, and a registered version never changes.",
            do="Restore the file from a backup, or register the new one under a new version.",
        )
    return model
