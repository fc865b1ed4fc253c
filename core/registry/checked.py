"""What comes in at the registry's door, checked by pydantic and refused in words.

Owns the words. Which fields there are is told in `core.registry.models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import RegistryError

M = TypeVar("M", bound=BaseModel)


def checked(kind: type[M], fields: Mapping[str, Any]) -> M:  # Any: what a caller gave
    """The entity of these fields.

    Raises
    ------
    RegistryError : a field is missing, unknown or out of range.
    """
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:5]
        said = "; ".join(f"{'.'.join(str(part)[:40] for part in fault['loc'])}: {fault['msg']}" for fault in faults)
        raise RegistryError(
            found=f"The {kind.__name__} does not fit: {said}.",
            why="A record that breaks its own bounds cannot be compared with others.",
            do=f"Correct these fields. The known ones are: {', '.join(kind.model_fields)}.",
        ) from error
