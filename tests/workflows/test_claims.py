"""`core.claims/1` against exhaustive search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import TableError
from core.workflows.claims import claims_document, claims_file_document, claims_page_document, joint_document

from .answers import answers, as_json

KNOWN = answers("claims.json")
CLAIM = {"printed", "n", "counts", "counts_if_truncated", "verdict"}


@pytest.mark.parametrize("known", KNOWN["single"], ids=lambda k: f"{k['printed']}-of-{k['n']}")
def test_single_figure_is_that_of_exact_fractions(known: dict[str, Any]) -> None:
    """Conflict 8 of the seeds: a percentage that no count can give was not measured."""
    document = as_json(claims_document([known["printed"]], known["n"]))

    (found,) = document["claims"]
    assert set(document) == {"schema", "claims", "solutions"}
    assert document["schema"] == "core.claims/1"
    assert {name: found[name] for name in CLAIM} == {name: known[name] for name in CLAIM}


@pytest.mark.parametrize("known", KNOWN["joint_two_classes"], ids=lambda k: k["name"])
def test_joint_search_finds_every_test_set_and_no_other(known: dict[str, Any]) -> None:
    """Figures of one table must come from one table."""
    document = as_json(joint_document(known["positives"], known["recall"], known["accuracy"], known["macro_recall"]))

    assert document["solutions"] == known["solutions"]
    assert document["claims"] == []


def test_file_of_claims_is_answered_row_by_row(tmp_path: Path) -> None:
    """A table of a paper is checked in one go; an impossible figure is an answer."""
    path = tmp_path / "claims.csv"
    path.write_text("figure,printed,n\nrecall,97.18,213\nmacro recall,98.00,213\n")

    document = claims_file_document(path)

    assert [(c["figure"], c["verdict"]) for c in document["claims"]] == [
        ("recall", "possible"), ("macro recall", "impossible"),
    ]  # fmt: skip


def test_faults_of_a_file_of_claims_name_row_and_column(tmp_path: Path) -> None:
    """The same way of telling as for scores."""
    path = tmp_path / "claims.csv"
    path.write_text("figure,printed,n\nrecall,97%,213\naccuracy,98.0,many\n")

    with pytest.raises(TableError) as refusal:
        claims_file_document(path)

    assert [fault.text for fault in refusal.value.faults] == [
        'claims.csv, row 2, column "printed": "97%" is not a percentage written like 97.18.',
        'claims.csv, row 3, column "n": "many" is not a number of cases from 1 to 10,000,000.',
    ]


@pytest.mark.parametrize("n", [0, -1, 10_000_001])
def test_number_of_cases_out_of_range_is_refused(n: int) -> None:
    """Beyond, every percentage is possible and the list of counts fills the memory."""
    with pytest.raises(ValueError, match="number of cases"):
        claims_document(["50"], n)
    assert len(claims_document(["50"], 10_000)["claims"][0]["counts"]) == 101


def test_page_is_answered_share_by_share(tmp_path: Path) -> None:
    """A card prints shares beside their counts, in two ways; each can be held against its own counts."""
    path = tmp_path / "card.md"
    path.write_text(
        "| sensitivity | 97.2 % (207 of 213) |\n- Reached: test 210 of 213 (98.6%, kept); 99.7 % (211 of 213).\n"
    )

    document = claims_page_document(path)

    assert [(c["figure"], c["verdict"], c["counts"]) for c in document["claims"]] == [
        ("207 of 213", "possible", [207]), ("210 of 213", "possible", [210]), ("211 of 213", "impossible", []),
    ]  # fmt: skip


def test_page_that_cannot_be_read_or_counts_nobody_is_refused(tmp_path: Path) -> None:
    """'50 % (0 of 0)' is no share at all."""
    path = tmp_path / "card.md"
    path.write_text("50.0 % (0 of 0)")

    with pytest.raises(TableError, match="at least one case"):
        claims_page_document(path)
    path.write_bytes(b"\xe9")
    with pytest.raises(TableError, match="UTF-8"):
        claims_page_document(path)
