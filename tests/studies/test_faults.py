"""What decoders raise."""

from __future__ import annotations

import pytest
from isal import isal_zlib

from core.studies.faults import damaged, is_decoder_fault


class PanicException(BaseException):  # the name that Rust's bridge gives it
    """Stands for the panic of a codec written in Rust."""


@pytest.mark.parametrize(
    ("fault", "decoders"),
    [
        (ValueError(), True),
        (isal_zlib.error(), True),
        (PanicException(), True),
        (KeyboardInterrupt(), False),
        (MemoryError(), False),
    ],
)
def test_damage_is_told_from_an_interrupt(fault: BaseException, decoders: bool) -> None:
    """A panic is no Exception, and an interrupt must never be taken for a damaged file."""
    assert is_decoder_fault(fault) is decoders


def test_refusal_names_the_file_neutrally() -> None:
    """Three sentences, the neutral name in the first."""
    assert str(damaged("file-03", "a DICOM file")).startswith("file-03 is a DICOM file, but")
