"""`sweep`, `compare`, `evaluate` and `claims` as they are typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch

from core.metrics.operating_points import OperatingPoint, Rule
from core.models import ModelConfig, build_network, save_model_with_config, weights_sha256
from core.settings import settings

from .conftest import Answer

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
FAULTS = json.loads((ORACLES / "errors.json").read_text())["faults"]
TWO = ORACLES / "two_models.csv"
QUICK = ("--resamples", "100")

Run = Callable[..., Answer]


def _command(fault: dict[str, Any]) -> list[str]:
    """The command that an entry of errors.json is about."""
    arguments = fault["arguments"].split()
    command = arguments.pop(0) if arguments[:1] == ["compare"] else "sweep"
    if "multiclass" in arguments:
        command = "evaluate"
    elif not {"--model", "--models"} & set(arguments):
        arguments = ["--model", "model_a", *arguments]
    return [command, str(ORACLES / fault["file"]), *arguments]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: Path(fault["file"]).stem)
def test_each_bad_file_ends_in_its_sentences_and_exit_code(fault: dict[str, Any], run: Run) -> None:
    """What a terminal shows is what the evaluation page prints."""
    answer = run(*_command(fault), *QUICK)

    assert answer.code == fault["exit"]
    name = Path(fault["file"]).name
    # Of an answered file the figures have warnings of their own, such as few cases; they do not name the file.
    assert [line for line in answer.err.splitlines() if line.startswith(name) or fault["exit"]] == fault["messages"]
    assert (answer.out == "") is (fault["exit"] == 1)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f["exit"]], ids=lambda fault: Path(fault["file"]).stem)
def test_refusal_in_json_is_one_object_with_every_fault(fault: dict[str, Any], run: Run) -> None:
    """A program reads row and column; the text stays the same."""
    answer = run(*_command(fault), "--json")

    (document,) = answer.json_lines
    assert (answer.code, answer.err) == (1, "")
    assert document["schema"] == "core.error/1"
    assert [error["text"] for error in document["errors"]] == fault["messages"]
    for error in document["errors"]:
        assert set(error) == {"row", "column", "text"}
        assert (f", row {error['row']}" in error["text"]) is (error["row"] is not None)


@pytest.mark.seeds(6)
def test_sweep_in_json_is_one_object_of_its_schema(run: Run) -> None:
    """The page's numbers, for a script."""
    (document,) = run("sweep", TWO, "--model", "model_a", "--json", *QUICK).json_lines

    assert document["schema"] == "core.sweep/1"
    assert (document["input"]["file"], document["input"]["rows"]) == ("two_models.csv", 200)
    assert document["input"]["ignored"] == ["model_b", "model_c"]
    assert document["settings"] == {
        "positive": "1", "level": 0.95, "resamples": 100, "seed": 0, "cluster": None, "missing": "refuse",
        "prevalence": None, "auc_interval": "logit",
    }  # fmt: skip
    assert [point["rule"] for point in document["operating_points"]] == [
        *["sensitivity_guarantee"] * 2, *["specificity_guarantee"] * 2, "youden",
    ]  # fmt: skip


def test_sweep_as_text_shows_figures_with_interval_method_and_denominator(run: Run) -> None:
    """A figure without its interval is half a figure, on a terminal too."""
    answer = run("sweep", TWO, "--model", "model_a", "--prevalence", "0.01", *QUICK)

    assert answer.code == 0
    assert "200 of 200 cases, 77 positive and 123 negative" in answer.out
    assert "0.800 to 0.906" in answer.out
    assert "delong_logit" in answer.out
    assert "With 95 % confidence the sensitivity is at least 90 %" in answer.out
    assert "10 equal-mass bins" in answer.out
    assert "This assumes that sensitivity and specificity carry over" in answer.out
    assert "sensitivity within 0.166, specificity within 0.132" in answer.out


def test_target_alone_is_a_guaranteed_sensitivity(run: Run) -> None:
    """The default rule is the one that promises something."""
    (document,) = run("sweep", TWO, "--model", "model_a", "--target", "0.9", "--json", *QUICK).json_lines

    (point,) = document["operating_points"]
    assert (point["rule"], point["target"], point["threshold"]) == ("sensitivity_guarantee", 0.9, 0.19)


def test_table_is_written_whole_and_an_old_one_needs_force(tmp_path: Path, run: Run) -> None:
    """An export that vanishes under another is a lost result."""
    table = tmp_path / "table.csv"

    first = run("sweep", TWO, "--model", "model_a", "--table", table, *QUICK)
    second = run("sweep", TWO, "--model", "model_a", "--table", table, *QUICK)
    third = run("sweep", TWO, "--model", "model_a", "--table", table, "--force", *QUICK)

    assert (first.code, second.code, third.code) == (0, 2, 0)
    assert len(table.read_text().splitlines()) == 1 + 81
    assert f"Wrote {table}." in first.out


def test_compare_as_text_ends_in_a_plain_sentence(run: Run) -> None:
    """The table is for the statistician, the sentence for the reader."""
    answer = run("compare", TWO, "--models", "model_a,model_b", "--margin", "0.05", "--threshold", "0.5", *QUICK)

    assert answer.code == 0
    assert "mcnemar_mid_p" in answer.out
    assert "exploratory" in answer.out
    assert "model_a is not inferior to the reference model_b by a margin of 0.05." in answer.out


def test_compare_takes_every_numeric_column_where_none_is_named(run: Run) -> None:
    """Three models make three pairs."""
    (document,) = run("compare", TWO, "--json", *QUICK).json_lines

    assert [made["model"] for made in document["models"]] == ["model_a", "model_b", "model_c"]
    assert len([pair for pair in document["pairs"] if pair["primary"]]) == 3


def test_compare_by_a_rule_on_another_file_says_where(tmp_path: Path, run: Run) -> None:
    """A threshold chosen on the very cases is marked; one from elsewhere names its file."""
    other = shutil.copy(TWO, tmp_path / "tuning.csv")
    asked = ("compare", TWO, "--models", "model_a,model_b", "--rule", "youden", "--json", *QUICK)

    (here,), (elsewhere,) = run(*asked).json_lines, run(*asked, "--chosen-on", other).json_lines

    assert (here["chosen_on"], elsewhere["chosen_on"]) == ("same_cases", "tuning.csv")
    assert [made["threshold"] for made in elsewhere["models"]] == [0.49, 0.33]


def test_evaluate_at_a_threshold_tells_counts_and_subgroups(run: Run) -> None:
    """What a reader signs: counts, figures, and who they hold for."""
    answer = run("evaluate", ORACLES / "slices.csv", "--threshold", "0.5", *QUICK)

    assert answer.code == 0
    assert "TP 59, FP 24, FN 18, TN 99." in answer.out
    assert "59 of 77" in answer.out
    assert "few cases" in answer.out


def test_evaluate_by_a_rule_that_cannot_be_kept_is_refused_in_the_rules_words(run: Run) -> None:
    """No threshold is better than one that promises too much."""
    answer = run("evaluate", TWO, "--model", "model_a", "--target", "0.99", *QUICK)

    assert answer.code == 1
    assert answer.err.startswith("two_models.csv: No threshold of this cohort can promise 99 % sensitivity")


def test_evaluate_of_classes_and_its_text(run: Run) -> None:
    """Rows are the truth, columns what was called."""
    answer = run("evaluate", ORACLES / "multiclass.csv", "--task", "multiclass", "--model", "net_a", *QUICK)

    assert answer.code == 0
    assert "Ties for the largest probability, where the first column is called: 1." in answer.out


def test_evaluate_of_masks_reads_nifti_beside_the_table(tmp_path: Path, run: Run) -> None:
    """Paths stand as the table's folder sees them."""
    mask = np.zeros((8, 8, 8), np.uint8)
    mask[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(mask, np.eye(4)), tmp_path / "m.nii.gz")
    (tmp_path / "MASKS.csv").write_text("case_id,reference,prediction\na,m.nii.gz,m.nii.gz\n")

    answer = run("evaluate", tmp_path / "MASKS.csv", "--task", "segmentation", "--json", *QUICK)
    text = run("evaluate", tmp_path / "MASKS.csv", "--task", "segmentation", *QUICK)

    (document,) = answer.json_lines
    assert (document["cases"][0]["dice"], document["cases"][0]["hd95_mm"]) == (1.0, 0.0)
    assert "Present in both 1, reference only 0, prediction only 0, neither 0." in text.out


@pytest.fixture
def model_with_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OperatingPoint:
    """A shelf with one classifier that has an operating point, and the point."""
    torch.manual_seed(5)
    config = ModelConfig.checked(
        {"model_type": "multitask", "base_filters": 4, "depth": 2, "classes": ("normal", "finding"),
         "labels": ("spot",), "input": {"kind": "film", "size": (64, 64), "divisor": 4}}
    )  # fmt: skip
    network = build_network(config).eval()
    point = OperatingPoint(
        "screening", "finding", 0.49, Rule.YOUDEN, None, None, False, "tuning films", "tuning", 10, 10, 9, 2, 1, 8
    ).bound_to(weights_sha256(network.state_dict()))
    name = "saved_v0.1.0"
    path = tmp_path / "shelf" / name / f"{name}.safetensors"
    save_model_with_config(network, path, config, operating_points=(point,))
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    return point


@pytest.mark.seeds(9)
def test_evaluate_without_a_threshold_takes_the_saved_operating_point(
    model_with_point: OperatingPoint, tmp_path: Path, run: Run
) -> None:
    """A model is judged at the threshold that it ships with, and the answer says which that is."""
    scores = tmp_path / "scores.csv"
    scores.write_text(TWO.read_text().replace("model_a", "saved_v0.1.0"))
    asked = ("evaluate", scores, "--model", "saved_v0.1.0", *QUICK)

    (document,) = run(*asked, "--json").json_lines
    text = run(*asked)

    assert document["threshold"] == model_with_point.threshold
    assert document["chosen_on"] == "tuning films"
    assert document["operating_point"]["name"] == "screening"
    assert document["confusion"] == {"tp": 60, "fp": 25, "fn": 17, "tn": 98}
    assert "saved with the model as 'screening' for finding" in text.out


def test_point_of_other_weights_is_not_taken() -> None:
    """Another model never inherits a threshold silently."""
    from types import SimpleNamespace

    from core.workflows.thresholds import saved_point

    point = OperatingPoint("p", "finding", 0.5, Rule.FIXED, None, None, False, "c", "c", 1, 1, 1, 0, 0, 1, "case", "aa")
    own = replace(point, weights_sha256="bb", finding="other")
    model: Any = SimpleNamespace(operating_points=(point, own), weights_sha256="bb")

    assert asdict(saved_point(model, "finding") or point) == asdict(own)
    model.operating_points = (point,)
    assert saved_point(model, "finding") is None


def test_claims_are_answered_and_an_impossible_one_is_no_fault(tmp_path: Path, run: Run) -> None:
    """Exit 0: the answer is that it cannot be."""
    table = tmp_path / "claims.csv"
    table.write_text("figure,printed,n\nmacro,98.00,213\n")

    single, joint = (
        run("claims", "97.18", "99.06", "--n", 213, "--json"),
        run("claims", "--recall", "97.18", "--accuracy", "97.30", "--macro-recall", "97.39", "--n", 213, "--json"),
    )
    file, none = (
        run("claims", table),
        run("claims", "--recall", "99.06", "--accuracy", "98.31", "--macro-recall", "98.00", "--n", 213),
    )

    assert [claim["counts"] for claim in single.json_lines[0]["claims"]] == [[207], [211]]
    assert joint.json_lines[0]["solutions"][0]["total"] == 296
    assert (file.code, none.code) == (0, 0)
    assert "impossible" in file.out
    assert "No test set of two classes gives these three figures together." in none.out


@pytest.mark.parametrize(
    "typed",
    [
        ("sweep", TWO),
        ("sweep", TWO, "--model", "model_a", "--level", "95"),
        ("sweep", TWO, "--model", "model_a", "--rule", "youden", "--target", "0.9"),
        ("sweep", TWO, "--model", "model_a", "--rule", "observed_sensitivity"),
        ("sweep", TWO, "--model", "model_a", "--rule", "cost", "--cost-missed", "5"),
        ("sweep", TWO, "--model", "model_a", "--rule", "beauty"),
        ("sweep", TWO, "--model", "model_a", "--resamples", "3"),
        ("sweep", TWO, "--model", "model_a", "--threshold", "nan"),
        ("compare", TWO, "--models", "model_a"),
        ("compare", TWO, "--models", "model_a,model_b", "--margin", "0"),
        ("compare", TWO, "--models", "model_a,model_b", "--primary", "beauty"),
        ("compare", TWO, "--models", "model_a,model_b", "--threshold", "0.1,0.2,0.3"),
        ("compare", TWO, "--models", "model_a,model_b", "--threshold", "half"),
        ("evaluate", TWO, "--model", "model_a"),
        ("evaluate", TWO, "--model", "model_a", "--threshold", "0.5", "--rule", "youden"),
        ("evaluate", ORACLES / "multiclass.csv", "--task", "multiclass"),
        ("evaluate", ORACLES / "multiclass.csv", "--task", "multiclass", "--model", "net_a", "--missing", "worst"),
        ("evaluate", ORACLES / "multiclass.csv", "--task", "multiclass", "--threshold", "0.5"),
        ("claims",),
        ("claims", "97.18"),
        ("claims", "97.18", "--n", "0"),
        ("claims", "lots", "--n", "213"),
        ("claims", "--recall", "97.18", "--n", "213"),
    ],
    ids=lambda typed: "-".join(str(getattr(word, "name", word)) for word in typed),
)
def test_what_cannot_be_meant_is_wrong_usage(typed: tuple[object, ...], run: Run) -> None:
    """Exit 2: the words were wrong, not the data; nothing is guessed."""
    answer = run(*typed)

    assert answer.code == 2
    assert answer.out == ""


@pytest.mark.parametrize("command", ["sweep", "compare", "evaluate", "claims"])
def test_file_that_is_not_there_is_refused_by_name(command: str, run: Run) -> None:
    """The typed folder is not repeated, the name is."""
    answer = run(command, "some/where/none.csv")

    assert (answer.code, answer.err) == (1, "none.csv: there is no such file.\n")


def test_foreign_names_are_shown_and_not_obeyed(tmp_path: Path, run: Run) -> None:
    """A label can carry the codes that clear a terminal, and markup that a table would read."""
    path = tmp_path / "scores.csv"
    rows = "\n".join(f"c{i},{i % 2},0.{i % 7},[red]\x1b[2Jnorth[/red]" for i in range(30))
    path.write_text(f"case_id,label,[bold]a,slice_site\n{rows}\n")

    answer = run("evaluate", path, "--threshold", "0.3", *QUICK)

    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert "[bold]a" in answer.out
    assert "[red]" in answer.out
