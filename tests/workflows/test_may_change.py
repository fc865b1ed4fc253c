"""Who may change the shelf: one rule, closed where in doubt, open for one person at their own machine."""

from __future__ import annotations

import getpass
from typing import Any

import pytest

from core.errors import NotAllowed
from core.settings import settings
from core.workflows.may_change import Asker, may_change, require_change

ALONE = Asker(single_use=True, sign_in=False)


@pytest.fixture
def editors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people by e-mail and one group by its claim."""
    monkeypatch.setenv("READROOM_EDITORS", "ana@lab.example, Bo@Lab.Example,groups=readroom-editors")
    settings.cache_clear()


def _signed(single_use: bool = False, **claims: Any) -> Asker:
    return Asker(single_use=single_use, sign_in=True, claims=claims)


def test_one_person_at_their_own_machine_changes_without_sign_in() -> None:
    """A lock that nobody needs would only be taken off."""
    found = may_change(ALONE)

    assert found.allowed
    assert found.actor == getpass.getuser()


def test_a_server_for_others_without_sign_in_is_read_only() -> None:
    """Anybody on the network could otherwise promote a model."""
    found = may_change(Asker(single_use=False, sign_in=False))

    assert not found.allowed
    assert "read only" in found.why


@pytest.mark.seeds(40)
@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"email": "ana@lab.example"}, True),
        ({"email": "bo@lab.example", "email_verified": True}, True),
        ({"email": "ana@lab.example", "email_verified": False}, False),
        ({"email": "eve@lab.example"}, False),
        ({"email": "eve@lab.example", "groups": ["staff", "readroom-editors"]}, True),
        ({"email": "eve@lab.example", "groups": "readroom-editors"}, True),
        ({"email": "eve@lab.example", "groups": ["readroom-editors-guests"]}, False),
        ({"groups": ["readroom-editors"]}, False),
        ({}, False),
    ],
)
def test_only_whom_the_setting_names_may_change(editors: None, claims: dict[str, Any], allowed: bool) -> None:
    """E-mail in either case, or a claim's whole value; never an address that the provider calls unverified."""
    found = may_change(_signed(**claims))

    assert found.allowed is allowed
    assert found.actor == (claims["email"] if allowed else "")


def test_configured_sign_in_counts_on_the_own_machine_too(editors: None) -> None:
    """Who set it up wants it; a name from the machine would go around it."""
    assert not may_change(Asker(single_use=True, sign_in=True)).allowed
    assert not may_change(_signed(single_use=True, email="eve@lab.example")).allowed


def test_sign_in_without_editors_lets_nobody_change() -> None:
    """An empty list must not mean everybody."""
    assert not may_change(_signed(email="ana@lab.example")).allowed


def test_a_refused_change_says_why_and_whom_to_ask() -> None:
    """The page shows this sentence where somebody sends what it did not offer."""
    with pytest.raises(NotAllowed, match="Sign in to change the shelf"):
        require_change(Asker(single_use=True, sign_in=True))
    assert require_change(ALONE) == getpass.getuser()
