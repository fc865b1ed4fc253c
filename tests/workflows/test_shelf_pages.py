"""The shelf's pages: the tables that S1 and S2 ask for, made of the checkpoints, and our own ones true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.models.catalog import read_model
from core.models.checkpoint import save_model_with_config
from core.models.ensembles import write_ensemble
from core.models.hashing import file_sha256
from core.models.loading import load_network
from core.models.model import EnsembleRule
from core.models.saved_points import write_points
from core.settings import SHELF
from core.workflows.claims import claims_page_document
from core.workflows.shelf_pages import README, readme, shelf_models, shelf_pages, write_pages
from tests.workflows.tiny_cards import CHEST, ORGAN, make_shelf


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.mark.seeds(4)
def test_selection_guide_names_scenario_model_and_key_figure(shelf: Path) -> None:
    """Whoever opens the shelf must not read every card to choose."""
    page = readme(shelf_models(shelf))

    assert f"| Best overall | [Tiny chest]({CHEST}.md) | released | auc 0.970, 0.950 to 0.980 | test |" in page
    assert f"| Volumes | [Tiny organ]({ORGAN}.md) | early | dice front 0.900, 0.890 to 0.910 | test |" in page


@pytest.mark.seeds(8)
def test_integrity_table_holds_the_files_own_size_and_hash(shelf: Path) -> None:
    """A backup is compared with this table."""
    page = readme(shelf_models(shelf))

    for name in (CHEST, ORGAN):
        path = shelf / name / f"{name}.safetensors"
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{path.name}`")]
        assert f"| {path.stat().st_size:,} |" in line
        assert file_sha256(path) in line


@pytest.mark.seeds(16)
def test_benchmark_table_has_overlap_rates_and_time(shelf: Path) -> None:
    """The four columns of the source document, with where they come from."""
    page = readme(shelf_models(shelf))

    assert f"| {CHEST} | test | 0.970 | 99.2 % (125 of 126) | 95.1 % (58 of 61) | 0.02 |" in page
    assert f"| {ORGAN}: front | test | 0.900 | 0.910 | 0.990 | – |" in page


def test_points_that_a_user_saved_change_no_page(shelf: Path) -> None:
    """A page is about what ships, on every machine the same."""
    before = shelf_pages(shelf)
    chest = next(m for m in shelf_models(shelf) if m.id == CHEST)

    mine = replace(chest.operating_points[0], name="my own")
    write_points(chest.weights_sha256, chest.fed_sha256, [mine])

    assert shelf_pages(shelf) == before


def test_ensemble_has_a_page_and_one_without_its_members_has_none(tmp_path: Path) -> None:
    """A page about a model that cannot be used would send people to it."""
    folder = make_shelf(tmp_path / "shelf")
    chest = next(m for m in shelf_models(folder) if m.id == CHEST)
    card = chest.card.model_copy(update={"display_name": "Two organs"})
    twin = make_shelf(tmp_path / "other") / ORGAN / f"{ORGAN}.safetensors"
    organ = next(m for m in shelf_models(folder) if m.id == ORGAN)
    write_ensemble(folder / "gone_v1.0.0.ensemble.json", [organ, replace(organ, id="x_v1.0.0")], rule=EnsembleRule.MEAN)
    save_as(twin, folder / "tiny_twin_v1.0.0.safetensors")
    twins = [m for m in shelf_models(folder) if m.labels]
    write_ensemble(folder / "tiny_both_v1.0.0.ensemble.json", twins, rule=EnsembleRule.MEAN, card=card)

    pages = shelf_pages(folder)

    assert "gone_v1.0.0.md" not in pages
    assert f"| member | `{ORGAN}`, share 0.5 |" in pages["tiny_both_v1.0.0.md"]
    assert "python -m core ensemble --config core/training/ensembles/tiny.json" in pages["tiny_both_v1.0.0.md"]


def save_as(source: Path, target: Path) -> None:
    """The same network under another id."""
    model = read_model(source)
    save_model_with_config(load_network(model), target, model.config, card=model.card)


def test_pages_are_written_whole(shelf: Path, tmp_path: Path) -> None:
    """One command brings the shelf up to date."""
    folder = make_shelf(tmp_path / "shelf")

    written = write_pages(folder)

    assert sorted(path.name for path in written) == [README, f"{CHEST}.md", f"{ORGAN}.md"]
    assert {path.name: path.read_text(encoding="utf-8") for path in written} == shelf_pages(folder)


@pytest.mark.seeds(3, 4, 8, 14, 16)
def test_our_own_pages_are_those_of_our_own_checkpoints(request: pytest.FixtureRequest) -> None:
    """A card that lags behind its weights is a false card."""
    pages = shelf_pages(SHELF)
    if request.config.getoption("--update-goldens"):
        write_pages(SHELF)

    assert {path.name for path in SHELF.glob("*.md")} == set(pages)
    for name, text in pages.items():
        assert (SHELF / name).read_text(encoding="utf-8") == text, f"{name}: run python -m core card --write"


@pytest.mark.parametrize("name", sorted(path.name for path in SHELF.glob("*.md")))
def test_our_own_pages_pass_the_claims_check(name: str) -> None:
    """Whoever checks the figures of others has to be checkable."""
    claims = claims_page_document(SHELF / name)["claims"]

    for claim in claims:
        assert claim["verdict"] == "possible", claim
        assert int(claim["figure"].split(" of ")[0]) in claim["counts"], claim
