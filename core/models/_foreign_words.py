"""Two refusals that several readers of foreign checkpoints share."""

from __future__ import annotations

from core.errors import CheckpointError


def damaged() -> CheckpointError:
    """It begins like a checkpoint, and its content does not hold together."""
    return CheckpointError(
        found="The checkpoint begins like one and cannot be read to its end.",
        why="It is cut short, damaged, or not made of plain weights.",
        do="Copy or download it again, or save it again with torch.save(model.state_dict(), …).",
    )


def over(found: str, limit: str) -> CheckpointError:
    """It holds more than a limit allows."""
    return CheckpointError(
        found=f"The checkpoint holds {found}.",
        why=f"At most {limit} are read.",
        do="Save the weights of the network alone.",
    )
