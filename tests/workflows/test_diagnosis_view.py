"""What the page says of a file that would not load: the sentences of the diagnosis, none added, none lost."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

from core.workflows.diagnosis_view import explain_upload


@pytest.mark.seeds(32)
def test_a_pickle_is_named_with_what_it_asks_for_and_is_not_run() -> None:
    """The reader sees the name of the code, and that nothing ran it."""
    found = explain_upload("scaler.pkl", io.BytesIO(pickle.dumps(Path("x"))))

    assert "It does not load." in found.said
    assert found.refusal is not None
    assert found.remedies
    assert any("pathlib" in name for name, _ in found.wanted)


def test_noise_is_said_to_be_no_checkpoint() -> None:
    """A wrong file dropped by mistake."""
    found = explain_upload("noise.bin", io.BytesIO(b"nothing that anybody knows" * 20))

    assert found.refusal is not None
    assert found.blocks == found.fields == ()
