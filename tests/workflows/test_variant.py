"""Variants in lower precision: models of their own, held against float32, that nobody gets unasked."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx
import openvino
import pytest
import torch
from typer.testing import CliRunner

from core.cli import app
from core.engines import runtimes
from core.engines.choose import engine_title, engines_for, runs_on_torch, variant_graph
from core.engines.graph import find_graph, graph_places, write_graph
from core.engines.graph_export import trace_graph
from core.engines.quantise import ROUNDED
from core.errors import CheckpointError, ConfigError, InferenceError
from core.inference.predictor import Predictor
from core.models import Card, Model, ModelConfig, save_model_with_config, variants
from core.models.catalog import get_model, list_unreadable
from core.models.exporting import export_model
from core.models.formats import ExportFormat
from core.models.loading import load_network, read_weights, self_test_state
from core.models.variants import Precision
from core.registry.audit import FileState, Policy, audit
from core.settings import settings
from core.studies import read_study
from core.studies.study import Kind, Study
from core.workflows import recheck
from core.workflows.choose_model import first_fitting, models_for
from core.workflows.engines import rows_of
from core.workflows.report import result_json
from core.workflows.shelf_pages import shelf_pages
from core.workflows.variant import make_variant, variant_path
from core.workspace import Workspace
from tests.models.conftest import point, tiny_network
from tests.phantoms import add_phantom
from tests.training.conftest import film, film_recipe, table, write_recipe

BASE = "tiny_films_v0.1.0"
SIDE_BY_SIDE = {
    Precision.BF16: ("bfloat16", "tiny_films_bf16_v0.1.0"),
    Precision.INT8: ("int8", "tiny_films_int8_v0.1.0"),
}
HERE = [
    pytest.param(Precision.BF16, marks=pytest.mark.skipif(
        "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        reason="this processor does not compute in bfloat16",
    )),
    pytest.param(Precision.INT8, marks=pytest.mark.skipif(find_spec("nncf") is None, reason="nncf is not installed")),
]  # fmt: skip


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few drawn films of each split."""
    root = tmp_path_factory.mktemp("drawn")
    rows = []
    for n, split in enumerate(("train",) * 6 + ("val",) * 4 + ("test",) * 4):
        name, label = f"{split}{n}.png", "pneumonia" if n % 2 else "normal"
        film(root / name, spot=n % 2 == 1, seed=n)
        rows.append({"file": name, "split": split, "label": label, "patient": f"P{n}"})
    table(root / "index.csv", rows)
    return root


@pytest.fixture(scope="module")
def base_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with its graph and two points: one chosen on val, and one on cases that nobody compares."""
    config = ModelConfig.checked({
        "model_type": "multitask", "base_filters": 4, "depth": 2, "in_channels": 1, "classes": ("normal", "pneumonia"),
        "labels": ("spot",),
        "input": {"kind": "film", "size": (32, 32), "fit": "stretch", "divisor": 4, "normalisation": "zscore"},
    })  # fmt: skip
    network = tiny_network(config, 4)
    with torch.no_grad():  # nothing is drawn anywhere: of labels at random every precision draws others
        network.get_parameter("segmentation_head.bias").fill_(-9)
    points = [point(name=name, threshold=0.01, chosen_on=on) for name, on in (("kept", "val"), ("left", "elsewhere"))]
    path = tmp_path_factory.mktemp("base") / BASE / f"{BASE}.safetensors"
    card = Card(display_name="Tiny", limits=("Knows drawings only.",), provenance={"recipe": "tiny_films.json"})
    save_model_with_config(network, path, config, card=card, operating_points=points)
    model = get_model(BASE, [path.parent])
    write_graph(graph_places(model)[0], trace_graph(model))
    return path


@pytest.fixture
def base(base_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The network on a shelf of this test's own, and its recipe where the card's name of it leads."""
    folder = tmp_path / "shelf" / BASE
    folder.mkdir(parents=True)
    for file in base_file.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "recipes").mkdir()
    write_recipe(tmp_path / "recipes" / "tiny_films.json", film_recipe())
    monkeypatch.setattr(recheck, "HERE", tmp_path)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path / "shelf"))
    settings.cache_clear()
    return get_model(BASE)


@pytest.fixture
def study(films: Path) -> Study:
    return read_study([films / "val7.png"])


@pytest.mark.parametrize("precision", HERE)
def test_a_variant_is_made_listed_and_names_its_precision(
    base: Model, films: Path, study: Study, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command makes it; every result of it says what it was computed in, under a hash of its own."""
    monkeypatch.setattr(variants, "MAX_HEAT_DIFFERENCE", 1.0)  # the maps of an untrained network are small differences
    words, name = SIDE_BY_SIDE[precision]

    said = CliRunner().invoke(app, ["variant", BASE, "--precision", precision, "--data", str(films)])

    assert said.exit_code == 0, said.output
    assert f"{name}, weights" in said.stdout
    model = get_model(name)
    assert (model.problem, model.verified, model.architecture) == (None, True, base.architecture)
    assert variant_path(base, precision) == model.path
    assert model.path.stat().st_size < 1 << 16
    assert model.weights_sha256 != base.weights_sha256
    assert [p.name for p in model.operating_points] == ["kept"]
    assert model.operating_points[0].weights_sha256 == model.weights_sha256
    assert model.card.display_name == f"Tiny {precision}"
    assert "8 cases of" in model.card.limits[0]
    assert "left out" in model.card.limits[2]
    assert model.card.limits[-1] == "Knows drawings only."

    graph = variant_graph(model)
    assert graph is not None
    constants = onnx.load_from_string(graph.content).graph.initializer
    assert not any(tensor.name.startswith(ROUNDED) for tensor in constants)  # rounded or not, it holds no weight
    assert not any(tensor.HasField("raw_data") for tensor in constants if tensor.name in read_weights(base))

    found, own = (Predictor(one, "cpu").predict(study, explain=True) for one in (model, base))
    assert (found.provenance.device, found.provenance.precision) == ("cpu, OpenVINO", words)
    assert found.weights_sha256 == model.weights_sha256
    assert 0 < max(abs(found.scores[n] - own.scores[n]) for n in own.scores) <= 0.02
    assert found.heat is not None
    told = result_json(found, study, model, "case-01", "")
    assert (told["precision"], told["model"]["base"]["id"]) == (words, BASE)
    assert self_test_state(model) == "passed"
    assert engine_title(model) == f"CPU, OpenVINO, {words}"
    assert not runs_on_torch(model)
    assert model.variant is not None
    assert [(row.used, row.check) for row in rows_of(model)] == [(True, model.variant.check)]


@pytest.mark.parametrize("precision", HERE[:1])
def test_a_graph_that_computes_something_else_makes_no_variant(base: Model, films: Path, precision: Precision) -> None:
    """Speed may not change a decision: what differs too much is not written."""
    graph = find_graph(base)
    assert graph is not None
    program = onnx.load_from_string(graph.content)
    maker = next(node for node in program.graph.node if "logits" in node.output)
    maker.output[list(maker.output).index("logits")] = "before"
    program.graph.node.append(onnx.helper.make_node("Reciprocal", ["before"], ["logits"]))
    write_graph(graph_places(base)[0], program.SerializeToString())

    with pytest.raises(InferenceError, match="differs too much from float32"):
        make_variant(base, precision, films)
    assert not variant_path(base, precision).exists()


@pytest.fixture
def described(base: Model) -> Model:
    """A variant in bfloat16 as somebody else's processor made it: nothing of it is run here."""
    graph = find_graph(base)
    assert graph is not None
    check = {
        "engine": "openvino", "version": "1", "torch": "2", "cohort": "films val", "cases": 400, "logits": 0.1,
        "scores": 0.02, "decisions": 400, "changed": 2, "heat": 0.05, "holds": True,
    }  # fmt: skip
    plain = {
        "precision": "bf16", "base": BASE, "weights_sha256": base.weights_sha256, "fed_sha256": base.fed_sha256,
        "graph_sha256": graph.sha256, "check": check, "self_test": {},
    }  # fmt: skip
    path = variant_path(base, Precision.BF16)
    path.parent.mkdir()
    path.write_text(json.dumps(plain))
    return get_model("tiny_films_bf16_v0.1.0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights_sha256": "0" * 64}, "other weights"),
        ({"fed_sha256": "0" * 64}, "preprocessing"),
        ({"check": {"scores": 0.021}}, "differ too much"),
        ({"check": {"scores": float("nan")}}, "does not fit|not JSON|NaN"),
        ({"check": {"changed": 3}}, "differ too much"),
        ({"check": {"dice": 0.98}}, "differ too much"),
        ({"check": {"heat": 0.2}}, "differ too much"),
        ({"check": {"cases": 0}}, "differ too much"),
        ({"base": "gone_v1.0.0"}, "not at hand"),
        ({"precision": "fp4"}, "does not fit"),
        ({"operating_points": [{}]}, "operating point"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_variant_whose_proof_does_not_hold_is_refused(described: Model, change: dict[str, Any], said: str) -> None:
    """The figures are looked at again each time, whatever the file says of them."""
    assert described.problem is None
    plain = json.loads(described.path.read_text())
    for key, held in change.items():
        plain[key] = plain[key] | held if isinstance(held, dict) else held
    described.path.write_text(json.dumps(plain))

    unreadable = list_unreadable().get(described.id)
    problem = unreadable or get_model(described.id).problem

    assert problem is not None
    assert any(part in problem for part in said.split("|"))


def test_a_variant_runs_in_its_own_engine_or_not_at_all(described: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another engine, or in torch, it would be another model under its name."""
    with pytest.raises(InferenceError, match="a GPU was asked for"):
        next(engines_for(described, "cuda"))
    monkeypatch.setenv("READROOM_ENGINE", "onnxruntime")
    settings.cache_clear()
    with pytest.raises(InferenceError, match="onnxruntime was asked for"):
        next(engines_for(described, "cpu"))
    monkeypatch.setenv("READROOM_ENGINE", "auto")
    settings.cache_clear()
    graph_places(described.stored)[0].unlink()
    with pytest.raises(InferenceError, match="is gone"):
        next(engines_for(described, "cpu"))
    assert [row.used for row in rows_of(described)] == [False]
    with pytest.raises(CheckpointError, match="only OpenVINO"):
        load_network(described)
    with pytest.raises(CheckpointError, match=f"Export {BASE}"):
        export_model(described, ExportFormat.PTH, described.path.with_name("x.pth"))
    with pytest.raises(ConfigError, match="a variant itself"):
        make_variant(described, Precision.INT8, described.path.parent)


def test_a_processor_without_bfloat16_refuses_it(described: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO would compute in float32 and say nothing."""
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32", "INT8"])
    runtimes._computes_in_bfloat16.cache_clear()
    try:
        with pytest.raises(InferenceError, match="does not compute in bfloat16"):
            next(engines_for(described, "cpu"))
        with pytest.raises(InferenceError, match="no variant in bf16 can be made here"):
            make_variant(described.stored, Precision.BF16, described.path.parent)
        assert rows_of(described)[0].why_not == "This processor does not compute in bfloat16."
    finally:
        runtimes._computes_in_bfloat16.cache_clear()


def test_a_variant_is_never_chosen_unasked(described: Model, home: Path) -> None:
    """It stands behind its base in every list, and is no default even where it is alone."""
    case = add_phantom(Workspace("owner-one"), Kind.FILM)

    assert [m.id for m in models_for(case)] == [BASE, described.id]
    best = first_fitting(models_for(case), case)
    assert best is not None
    assert best.id == BASE
    assert first_fitting([described], case) is None


def test_the_shelf_tells_of_a_variant_and_knows_its_file(described: Model) -> None:
    """Its card says what it is of, how far off it is, and how to make it again."""
    pages = shelf_pages(settings().shelf)
    states = {one.name: one.state for one in audit({"shelf": settings().shelf}, Policy())}

    assert f"python -m core variant {BASE} --precision bf16" in pages[f"{described.id}.md"]
    assert "scores within 2.0e-02, 2 of 400 decisions changed" in pages[f"{described.id}.md"]
    assert "never chosen unasked" in pages["README.md"]
    assert states[f"{described.id}/{described.path.name}"] is FileState.UNSIGNED
