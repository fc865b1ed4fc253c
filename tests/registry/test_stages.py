"""Which stage may follow which."""

from __future__ import annotations

import pytest

from core.errors import RegistryError
from core.registry.stages import Stage, named_stage, step_problem

ALLOWED = {
    "Development": {"Testing", "Retirement"},
    "Testing": {"Development", "Staging", "Retirement"},
    "Staging": {"Development", "Testing", "Production", "Retirement"},
    "Production": {"Development", "Testing", "Staging", "Retirement"},
    "Retirement": {"Development", "Testing", "Staging"},
}


@pytest.mark.seeds(24)
@pytest.mark.parametrize("now", list(Stage))
def test_up_one_step_down_any_and_out_of_retirement_below_production(now: Stage) -> None:
    """The document's five stages, each looked at before the next."""
    assert {str(wanted) for wanted in Stage if step_problem(now, wanted) is None} == ALLOWED[now]


def test_stage_is_found_by_its_name_in_either_case() -> None:
    """And an unknown one is answered with the list."""
    assert named_stage("production") is Stage.PRODUCTION
    with pytest.raises(RegistryError, match="Development, Testing, Staging, Production, Retirement"):
        named_stage("live")
