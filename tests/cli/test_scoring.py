"""`score`, and the images that `sweep`, `compare` and `evaluate` score first, as they are typed."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from core.models import build_network, save_model_with_config
from core.models.catalog import get_model
from core.settings import settings
from core.studies.synthetic import synthetic_film, synthetic_volume
from core.workflows import cohorts
from core.workspace import Workspace

from .conftest import FILMS, VOLUMES, Answer

Run = Callable[..., Answer]
QUICK = ("--resamples", "100")
SECOND = "tiny_second_v0.1.0"


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two splits of class folders, twelve films of each class and split."""
    folder = tmp_path_factory.mktemp("scored") / "films"
    for split in ("val", "test"):
        for label in ("normal", "=finding"):
            (folder / split / label).mkdir(parents=True)
            for number in range(12):
                seed = number + 50 * (split == "test") + 100 * (label == "normal")
                synthetic_film(folder / split / label / f"doe-{number}.png", seed)
    return folder


@pytest.fixture(scope="session")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two volumes with masks of two labels."""
    folder = tmp_path_factory.mktemp("masked") / "volumes"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for seed in range(2):
        synthetic_volume(folder / "images" / f"doe-{seed}.nii.gz", seed)
        held = nibabel.load(folder / "images" / f"doe-{seed}.nii.gz")
        mask = np.zeros(held.shape, np.uint8)
        mask[5:12, 8:20, 6:15], mask[12:18, 8:20, 6:15] = 1, 2
        nibabel.save(nibabel.Nifti1Image(mask, held.affine), folder / "labels" / f"doe-{seed}.nii.gz")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    """The table that was written."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.seeds(6, 9)
def test_score_writes_the_table_that_sweep_reads(shelf: Path, films: Path, run: Run, tmp_path: Path) -> None:
    """Images in, figures out, and the same figures whichever way they are asked for."""
    out = tmp_path / "scores.csv"

    scored = run("score", films, "--model", FILMS, "--split", "test", "--out", out)
    from_file = run("sweep", out, "--json", *QUICK)
    from_images = run("sweep", "--data", films, "--split", "test", "--model", FILMS, "--json", *QUICK)

    assert scored.code == 0, scored.err
    assert f"{FILMS}: 24 of 24 scored" in scored.out
    assert "No patients are named: one image per patient is assumed." in scored.err
    held = rows(out)
    assert list(held[0]) == ["case_id", "label", FILMS]
    assert [row["label"] for row in held] == ["1"] * 12 + ["0"] * 12
    (first,), (second,) = from_file.json_lines, from_images.json_lines
    for key in ("auc", "average_precision", "operating_points", "table", "calibration"):
        assert first[key] == second[key]
    assert second["input"]["file"] == "films, split test"
    assert "patients_assumed" in [note["code"] for note in second["warnings"]]


def test_json_tells_what_was_scored_and_where_it_is_kept(shelf: Path, films: Path, run: Run, tmp_path: Path) -> None:
    """A script goes on from it."""
    answer = run("score", films, "--model", FILMS, "--out", tmp_path / "s.csv", "--json")

    (document,) = answer.json_lines
    assert (document["schema"], document["input"]["path"]) == ("core.score/1", str(films))
    assert document["input"]["labels"] == {"=finding": 24, "normal": 24}
    assert (document["input"]["positive"], document["input"]["splits"]) == ("=finding", ["test", "val"])
    (model,) = document["models"]
    assert (model["columns"], model["scored"]) == ({FILMS: "=finding"}, 48)
    assert document["unread"] == []
    assert {row["slice_split"] for row in rows(tmp_path / "s.csv")} == {"test", "val"}
    assert cohorts.find_cohort(Workspace("browser"), document["cohort"]["id"]).cases == 48


def test_no_name_from_inside_the_folder_is_told(shelf: Path, films: Path, run: Run, tmp_path: Path) -> None:
    """A file is called after its patient; only the map that was asked for may say it."""
    shutil.copytree(films / "val", tmp_path / "val")
    (tmp_path / "val" / "normal" / "doe-broken.png").write_bytes(b"nothing")
    out, case_map = tmp_path / "s.csv", tmp_path / "map.csv"

    answer = run("score", tmp_path / "val", "--model", FILMS, "--out", out, "--map", case_map)

    assert answer.code == 0
    assert "1 of 25 cases have no score" in answer.err
    assert "doe" not in answer.out + answer.err + out.read_text()
    assert "doe-broken.png" in case_map.read_text()


def test_unread_cases_refuse_the_sweep_until_somebody_decides(
    shelf: Path, films: Path, run: Run, tmp_path: Path
) -> None:
    """Left out in silence they would be the hardest cases, gone."""
    shutil.copytree(films / "val", tmp_path / "val")
    (tmp_path / "val" / "normal" / "zz.png").write_bytes(b"nothing")
    asked = ("sweep", "--data", tmp_path / "val", "--model", FILMS, "--json", *QUICK)

    refused, dropped = run(*asked), run(*asked, "--missing", "drop")

    assert refused.code == 1
    assert "no score. Use --missing drop" in refused.json_lines[0]["errors"][0]["text"]
    assert dropped.code == 0
    (left,) = dropped.json_lines[0]["input"]["dropped"]
    assert (left["case_id"], "file-01" in left["reason"]) == ("case-0025", True)


def test_file_that_is_there_is_replaced_only_when_asked(shelf: Path, films: Path, run: Run, tmp_path: Path) -> None:
    """Hours of scores under the same name."""
    out = tmp_path / "s.csv"
    out.write_text("mine")
    asked = ("score", films, "--split", "val", "--model", FILMS, "--out", out)

    assert run(*asked).code == 2
    assert out.read_text() == "mine"
    assert run(*asked, "--resume").code == 0
    assert len(rows(out)) == 24
    assert run(*asked, "--force").code == 0


def test_threshold_is_chosen_on_one_split_and_judged_on_another(shelf: Path, films: Path, run: Run) -> None:
    """The clean way, in one command."""
    asked = (
        "--data",
        films,
        "--split",
        "test",
        "--model",
        FILMS,
        "--rule",
        "youden",
        "--chosen-split",
        "val",
        "--json",
    )

    (evaluated,) = run("evaluate", *asked, *QUICK).json_lines
    (swept,) = run("sweep", *asked, *QUICK).json_lines

    assert evaluated["chosen_on"] == "films, split val"
    assert evaluated["threshold"] == swept["operating_points"][0]["threshold"]
    assert evaluated["confusion"]["tp"] == swept["operating_points"][0]["tp"]


def test_split_of_a_file_is_its_column(run: Run, tmp_path: Path) -> None:
    """What score wrote with both splits is read split by split."""
    path = tmp_path / "s.csv"
    body = "\n".join(f"c{i},{i % 2},{'val' if i < 20 else 'test'},{i / 40}" for i in range(40))
    path.write_text(f"case_id,label,slice_split,m\n{body}\n")

    (document,) = run("sweep", path, "--split", "test", "--json", *QUICK).json_lines

    assert (document["input"]["rows"], document["input"]["file"]) == (20, "s.csv, split test")
    assert run("sweep", path, "--split", "dev").code == 1
    assert run("sweep", path).code == 0


@pytest.mark.seeds(39)
def test_models_are_compared_on_images(shelf: Path, films: Path, run: Run, tmp_path: Path) -> None:
    """The second model is scored on the very same cases."""
    answer = run("compare", "--data", films, "--split", "val", "--models", f"{FILMS},{FILMS}_copy", *QUICK)
    assert answer.code == 2
    assert "There is no model" in answer.err


def test_masks_are_evaluated_with_unions_and_written_case_by_case(
    shelf: Path, volumes: Path, run: Run, tmp_path: Path
) -> None:
    """The same door for segmentation."""
    asked = ("evaluate", "--task", "segmentation", "--data", volumes, "--model", VOLUMES, *QUICK)
    (document,) = run(*asked, "--union", "whole=1+2", "--json").json_lines

    assert document["labels"] == ["1", "2", "any", "whole"]
    assert document["settings"]["unions"] == {"whole": [1, 2]}
    whole = [case for case in document["cases"] if case["label"] == "whole"]
    everything = [case for case in document["cases"] if case["label"] == "any"]
    assert [case["dice"] for case in whole] == [case["dice"] for case in everything]
    assert document["summary"]["label"] == "any"
    assert document["input"]["file"] == "volumes"
    assert run("score", volumes, "--model", VOLUMES, "--out", tmp_path / "figures.csv").code == 0
    written = rows(tmp_path / "figures.csv")
    assert {row["case_id"] for row in written} == {"case-0001", "case-0002"}
    assert float(written[0]["dice"]) == document["cases"][0]["dice"]


def test_masks_are_swept_by_cut_off_and_smallest_lesion(shelf: Path, volumes: Path, run: Run, tmp_path: Path) -> None:
    """The document, the table on screen and the file say one thing."""
    asked = ("sweep", "--task", "segmentation", "--data", volumes, "--model", VOLUMES, *QUICK)
    table = tmp_path / "mask-sweep.csv"
    (document,) = run(*asked, "--table", table, "--json").json_lines

    assert (document["schema"], document["task"]) == ("core.sweep/1", "segmentation")
    assert document["input"]["used"] == document["input"]["rows"] == 2
    written = [row for row in rows(table) if row["smallest_mm3"] == "30.0"]
    assert [float(row["dice"]) for row in written] == [figure["value"] for figure in document["dice"]]
    found = document["lesion_sensitivity"][document["smallest_mm3"].index(30.0)]
    assert [int(row["lesions_detected"]) for row in written] == [figure["k"] for figure in found]
    said = run(*asked)
    assert f"{document['dice'][9]['value']:.3f}" in said.out
    assert "Below 10, resampled intervals are left empty." in said.err


def test_masks_of_two_models_are_compared_with_their_mean(
    shelf: Path, volumes: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said is the mean of the differences of the cases, each label and the mean's own."""
    both, config = tmp_path / "shelf", get_model(VOLUMES).config
    shutil.copytree(shelf / VOLUMES, both / VOLUMES)
    torch.manual_seed(9)
    save_model_with_config(build_network(config).eval(), both / SECOND / f"{SECOND}.safetensors", config)
    monkeypatch.setenv("READROOM_SHELF", str(both))
    settings.cache_clear()
    asked = (
        "compare",
        "--task",
        "segmentation",
        "--data",
        volumes,
        "--models",
        f"{VOLUMES},{SECOND}",
        "--mean",
        *QUICK,
    )

    answer = run(*asked, "--json")
    said = run(*asked, "--label", "2", "--primary", "nsd_1mm")

    assert answer.code == 0, answer.err
    (document,) = answer.json_lines
    assert [one["model"] for one in document["models"]] == [VOLUMES, SECOND, "mean of these"]
    assert (document["label"], document["primary"]) == ("any", "dice")
    primary = [pair for pair in document["pairs"] if pair["primary"]]
    assert [(pair["label"], pair["metric"]) for pair in primary] == [("any", "dice")] * 3
    dice = {
        name: [case["dice"] for case in document["cases"] if (case["model"], case["label"]) == (name, "any")]
        for name in (VOLUMES, SECOND)
    }
    expected = np.mean(np.subtract(dice[VOLUMES], dice[SECOND]))
    assert primary[0]["difference"]["value"] == pytest.approx(expected)
    assert f"{VOLUMES} less {SECOND}: mean NSD at 1 mm" in said.out
    assert run(*asked, "--label", "9").code == 2


def test_table_of_masks_is_compared_column_by_column(volumes: Path, run: Run, tmp_path: Path) -> None:
    """Masks that were made elsewhere need no model here."""
    masks = [f"{volumes}/labels/doe-{number}.nii.gz" for number in (0, 1)]
    table = tmp_path / "masks.csv"
    table.write_text(
        "case_id,reference,a,b\n" + "".join(f"c{n},{mask},{mask},{mask}\n" for n, mask in enumerate(masks))
    )
    (document,) = run("compare", table, "--task", "segmentation", "--models", "a,b", *QUICK, "--json").json_lines

    assert [summary["dice"]["mean"]["value"] for one in document["models"] for summary in one["summaries"]] == [1.0] * 6


@pytest.mark.parametrize(
    "typed",
    [
        ("sweep",),
        ("sweep", "--data", "{films}", "--model", FILMS, "--task", "segmentation"),
        ("sweep", "{films}/x.csv", "--task", "segmentation", "--model", VOLUMES),
        ("sweep", "--data", "{volumes}", "--model", VOLUMES, "--task", "segmentation", "--rule", "youden"),
        ("compare", "{films}/x.csv", "--task", "segmentation"),
        ("compare", "{films}/x.csv", "--task", "segmentation", "--models", "a,b", "--mean"),
        ("compare", "{films}/x.csv", "--task", "segmentation", "--models", "a,b", "--primary", "auc"),
        ("compare", "{films}/x.csv", "--models", "a,b", "--mean"),
        ("sweep", "{films}/scores.csv", "--data", "{films}"),
        ("sweep", "--data", "{films}"),
        ("sweep", "--data", "{films}", "--model", "unknown_v1.0.0"),
        ("compare", "--data", "{films}", "--models", FILMS),
        ("evaluate", "--data", "{films}", "--model", FILMS, "--task", "segmentation"),
        ("evaluate", "--data", "{volumes}", "--model", VOLUMES),
        ("evaluate", "{films}/x.csv", "--union", "a=1"),
        ("evaluate", "{films}/x.csv", "--task", "segmentation", "--union", "a:1"),
        ("evaluate", "{films}/x.csv", "--task", "segmentation", "--split", "val"),
        ("sweep", "{films}/x.csv", "--abstain", "0.9"),
        ("sweep", "{films}/x.csv", "--two-targets", "0.9,1.5"),
        ("sweep", "{films}/x.csv", "--level", "95"),
        ("score", "{films}", "--out", "{films}/s.csv"),
    ],
    ids=lambda typed: " ".join(typed),
)
def test_what_cannot_be_meant_is_wrong_usage(
    shelf: Path, films: Path, volumes: Path, run: Run, typed: tuple[str, ...]
) -> None:
    """Exit 2, and nothing is guessed."""
    answer = run(*(word.format(films=films, volumes=volumes) for word in typed))

    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("given", ["nowhere", "empty", "unlabelled"])
def test_what_holds_no_labelled_images_is_refused_in_words(
    shelf: Path, run: Run, tmp_path: Path, film: Path, given: str
) -> None:
    """Exit 1, with the layouts that would do."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "unlabelled").mkdir()
    shutil.copy(film, tmp_path / "unlabelled" / "a.png")

    answer = run("score", tmp_path / given, "--model", FILMS, "--out", tmp_path / "s.csv", "--json")

    assert answer.code == 1
    (document,) = answer.json_lines
    assert document["schema"] == "core.error/1"
    assert not (tmp_path / "s.csv").exists()


def test_nothing_that_could_be_scored_is_a_refusal(shelf: Path, run: Run, tmp_path: Path) -> None:
    """A table without a single score is no answer and is not written, but it is said why of each case."""
    (tmp_path / "normal").mkdir()
    (tmp_path / "normal" / "a.png").write_bytes(b"nothing")

    answer = run("score", tmp_path, "--model", FILMS, "--out", tmp_path / "s.csv", "--json")

    assert answer.code == 1
    assert [one["case_id"] for one in answer.json_lines[0]["unread"]] == ["case-0001"]
    assert answer.json_lines[0]["outputs"] == []
    assert not (tmp_path / "s.csv").exists()


def test_level_is_that_of_every_interval(run: Run) -> None:
    """A statistician who asks for 90 % gets 90 %."""
    two = Path(__file__).resolve().parents[1] / "oracles" / "two_models.csv"
    wide, narrow = (
        run("sweep", two, "--model", "model_a", "--level", level, "--json", *QUICK).json_lines[0]
        for level in ("0.95", "0.8")
    )

    assert (narrow["settings"]["level"], narrow["band"]["level"]) == (0.8, 0.8)
    for key in ("auc", "average_precision", "brier"):
        assert narrow[key]["value"] == wide[key]["value"]
        assert narrow[key]["hi"] - narrow[key]["lo"] < wide[key]["hi"] - wide[key]["lo"]
    for first, second in zip(wide["operating_points"], narrow["operating_points"], strict=True):
        assert first["threshold"] == second["threshold"]
        assert first["lower_bound"] == second["lower_bound"]


def test_net_benefit_at_another_prevalence_is_beside_the_cohorts_own(run: Run) -> None:
    """A decision curve of a case-control cohort is no clinic's."""
    two = Path(__file__).resolve().parents[1] / "oracles" / "two_models.csv"

    (document,) = run("sweep", two, "--model", "model_a", "--prevalence", "0.05", "--json", *QUICK).json_lines

    own, shifted = document["net_benefit"], document["net_benefit_shift"]
    assert (own["prevalence"], shifted["prevalence"]) == (0.385, 0.05)
    at = shifted["probability"].index(0.2)
    table = document["table"]
    row = max(i for i, t in enumerate(table["threshold"]) if t == "inf" or t >= 0.2)
    sensitivity, false_alarms = table["sensitivity"][row], 1 - table["specificity"][row]
    assert shifted["model"][at] == pytest.approx(0.05 * sensitivity - 0.95 * false_alarms * 0.25, abs=1e-12)


LARGE = "chest_pneumonia_mobilenet_v3_large_v1.0.0"


@pytest.fixture
def real_films(shared_data: Path, tmp_path: Path) -> Path:
    """The test films as they lie in their zip, beside a labels.csv that names their patients."""
    folder = tmp_path / "xray"
    with zipfile.ZipFile(shared_data / "xray" / "paediatric.zip") as bundle:
        bundle.extractall(folder, [name for name in bundle.namelist() if name.startswith("test/")])
    with (shared_data / "xray" / "index.csv").open(newline="") as file:
        held = [row for row in csv.DictReader(file) if row["split"] == "test"]
    lines = [f"{row['file']},{row['label']},{row['patient']},{row['split']}" for row in held]
    (folder / "labels.csv").write_text("\n".join(["file,label,patient_id,split", *lines]) + "\n")
    return folder


@pytest.mark.realdata
@pytest.mark.seeds(6, 9, 51)
def test_real_films_give_the_cards_figures_and_scikit_learns(real_films: Path, run: Run, tmp_path: Path) -> None:
    """Scored here, read back, they must be what was printed when the model was shipped."""
    out = tmp_path / "s.csv"
    scored = run("score", real_films, "--model", LARGE, "--out", out)

    (document,) = run("evaluate", out, "--model", LARGE, "--json", *QUICK).json_lines

    assert scored.code == 0, scored.err
    truth = [int(row["label"]) for row in rows(out)]
    scores = [float(row[LARGE]) for row in rows(out)]
    assert document["auc"]["value"] == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert document["average_precision"]["value"] == pytest.approx(average_precision_score(truth, scores), abs=1e-12)
    card = {(m.name, m.unit): m for m in get_model(LARGE).card.metrics if m.split == "test" and not m.subgroup}
    films = card["auc", "film"]
    assert (document["auc"]["value"], document["auc"]["lo"], document["auc"]["hi"]) == pytest.approx(
        (films.value, films.lo, films.hi), abs=1e-9
    )
    found = card[f"sensitivity at {document['operating_point']['name']}", "patient"]
    clear = card[f"specificity at {document['operating_point']['name']}", "patient"]
    people = document["patients"]
    assert (people["tp"], people["tp"] + people["fn"]) == (found.k, found.n)
    assert (people["tn"], people["tn"] + people["fp"]) == (clear.k, clear.n)


@pytest.mark.realdata
def test_real_films_are_scored_from_their_zip(shared_data: Path, run: Run, tmp_path: Path) -> None:
    """Split folders of class folders in a zip, as they were published."""
    answer = run(
        "score", shared_data / "xray" / "paediatric.zip", "--split", "val", "--model", LARGE,
        "--out", tmp_path / "s.csv", "--json",
    )  # fmt: skip

    (document,) = answer.json_lines
    assert (answer.code, document["input"]["labels"]) == (0, {"NORMAL": 43, "PNEUMONIA": 126})
    assert document["models"][0]["scored"] == 169
    assert document["unread"] == []
