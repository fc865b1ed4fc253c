"""What of a model is its architecture: everything that decides which tensors it has, and nothing else.

Owns that list. A version that differs in any of it is a new major one; weights, names of classes and preprocessing may
change within a major version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models import architectures
from core.models.model import Model

BESIDES = ("spatial_dims", "norm", "res_units", "top_stride")
"""Fields that shape tensors besides those that an architecture must be told."""


def architecture_facts(model: Model) -> dict[str, Any]:
    """The architecture as JSON-ready values. Of an ensemble: its rule and its members' architectures."""
    if model.members or model.rule:
        members = sorted(member.model.architecture for member in model.members)
        return {"architecture": "ensemble", "rule": str(model.rule), "members": members}
    fields = (*architectures.get(model.config.model_type).fields, *BESIDES)
    sizes = {name: getattr(model.config, name) for name in fields}
    return {"architecture": model.config.model_type, **sizes}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """In what two architectures differ, in words; "" where they do not."""
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return ", ".join(f"{name.replace('_', ' ')} {_said(new.get(name))} for {_said(old.get(name))}" for name in names)


def _said(value: Any) -> str:  # a JSON value
    if value is None:
        return "none"
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
