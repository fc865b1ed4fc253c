"""Another card for the same weights: the words and figures of a checkpoint mended without touching what it answers.

Owns writing it back. The tensors are copied as they are stored, so the weights' hash and all that is bound to it stay.
"""

from __future__ import annotations

from dataclasses import replace

from core.models.card import Card
from core.models.catalog import read_model
from core.models.ensembles import read_ensemble, write_ensemble
from core.models.facts import read_facts
from core.models.model import EnsembleRule, Model
from core.models.tensor_file import read_arrays, read_header, write_tensors


def with_card(model: Model, card: Card) -> Model:
    """Write the model's file again with this card, atomically; the new handle.

    Raises
    ------
    CheckpointError : the file is damaged.
    """
    if model.rule is not None:
        members = [member.model for member in model.members]
        write_ensemble(
            model.path,
            members,
            rule=model.rule,
            weights=[member.weight for member in model.members] if model.rule is EnsembleRule.WEIGHTED else (),
            card=card,
            operating_points=model.operating_points,
        )
        return read_ensemble(model.path, {member.id: member for member in members})
    header = read_header(model.path)
    facts = replace(read_facts(header.metadata), card=card)
    write_tensors(model.path, read_arrays(model.path, header), facts.to_metadata())
    return read_model(model.path)
