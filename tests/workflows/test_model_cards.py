"""A card's page: made of the checkpoint alone, with every share beside its counts and every broken promise named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import NOTICE
from core.models.catalog import read_model
from core.models.model import Model
from core.workflows.card_rows import find, interval, value
from core.workflows.claims import claims_page_document
from core.workflows.model_cards import card_page, table
from tests.workflows.tiny_cards import CHEST, ORGAN, make_shelf


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def chest(shelf: Path) -> Model:
    return read_model(shelf / CHEST / f"{CHEST}.safetensors")


@pytest.mark.seeds(14)
def test_page_tells_use_data_licence_points_and_how_to_make_it_again(chest: Model) -> None:
    """A model without these is a file of numbers."""
    page = card_page(chest)

    sections = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert sections == [
        "Intended use", "Population and data", "Licence and citations", "Operating points", "Figures", "Subgroups",
        "Calibration", "Unfamiliar studies", "Where it fails", "Limits", "Make it again",
    ]  # fmt: skip
    assert NOTICE in page
    assert "- Somebody: A data set, 2018." in page
    assert "python -m core train --config core/training/recipes/tiny.json --data DIR --out" in page
    assert "Looks, this one included: test 1." in page
    assert chest.weights_sha256 in page


@pytest.mark.seeds(9)
def test_point_stands_with_its_promise_and_what_became_of_it(chest: Model) -> None:
    """A promise that broke elsewhere must stand where the point stands."""
    lines = card_page(chest).splitlines()

    (told,) = [line for line in lines if line.startswith("| screening | 0.25 |")]
    assert "sensitivity at least 95 %, 95 % confidence" in told
    assert "98.9 % (90 of 91)" in told
    assert (
        "| screening | test | 99.2 % (125 of 126) | 95.6 to 99.9 % | 95.1 % (58 of 61) | 86.5 to 98.3 % | kept |"
        in lines
    )
    (broken,) = [line for line in lines if line.startswith("| screening | adults |")]
    assert broken.endswith("| **broken** |")
    (balanced,) = [line for line in lines if line.startswith("| balanced | 0.25 |")]
    assert "best balance (Youden), not guaranteed" in balanced


def test_every_share_on_the_page_comes_from_its_counts(chest: Model, tmp_path: Path) -> None:
    """The claims check is for our own figures first."""
    path = tmp_path / "card.md"
    path.write_text(card_page(chest), encoding="utf-8")

    claims = claims_page_document(path)["claims"]

    assert len(claims) > 15
    assert {claim["verdict"] for claim in claims} == {"possible"}
    assert all(int(claim["figure"].split(" of ")[0]) in claim["counts"] for claim in claims)


def test_failures_name_the_broken_promise_the_worst_group_and_what_was_overlooked(chest: Model) -> None:
    """What a reader would look for in four tables is said once."""
    failures = card_page(chest).split("## Where it fails\n\n")[1].split("\n\n##")[0].splitlines()

    assert failures == [
        "- The promise of 'screening' broke on adults: sensitivity 55.6 % (70 of 126), 46.8 to 63.9 %.",
        "- On test the lowest sensitivity at screening of a subgroup is that of subtype virus: 89.3 % (50 of 56).",
        "- Of 27 strange files of the kind 'lateral chest' 1 got a score without a warning.",
    ]


def test_calibration_shows_each_bin_on_a_scale(chest: Model) -> None:
    """Ten pairs of numbers do not show on which side the scores are."""
    page = card_page(chest)

    assert "Temperature: 0.691, fitted on val." in page
    assert "| 1 | 0.100 | 3.8 % (1 of 26) | 0.7 to 18.9 % | `.os..................` |" in page
    assert "| 2 | 0.800 | 76.9 % (20 of 26)" in page


def test_segmentation_has_no_empty_sections_and_names_its_worst_case(shelf: Path) -> None:
    """A heading over nothing looks like something was lost."""
    page = card_page(read_model(shelf / ORGAN / f"{ORGAN}.safetensors"))

    assert "## Operating points" not in page
    assert "## Subgroups" not in page
    assert "- The worst of 47 cases of test: dice front 0.71." in page
    assert "\n\n\n" not in page


def test_figures_are_printed_with_counts_or_three_decimals(chest: Model) -> None:
    """A share without its n, or an area in percent, invites false comparison."""
    area, rate = find(chest, "auc", "test", "patient"), find(chest, "sensitivity at screening", "test")

    assert area is not None
    assert rate is not None
    assert (value(area), interval(area)) == ("0.970", "0.950 to 0.980")
    assert (value(rate), interval(rate)) == ("99.2 % (125 of 126)", "95.6 to 99.9 %")
    assert find(chest, "auc", "nowhere") is None
    assert table(("a",), []) == ""
    assert "| a / b |" in table(("x",), [("a | b",)])
