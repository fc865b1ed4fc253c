"""Ensembles: a model of its own whose members are certain."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import CheckpointError, ConfigError
from core.models import Card, Model, loading
from core.models.catalog import list_models, list_unreadable, read_model
from core.models.ensembles import write_ensemble
from core.models.loading import load_network, self_test_state
from core.models.model import EnsembleRule

from .conftest import point, tiny_config


@pytest.fixture
def members(shelve: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Model, Model]:
    """Two networks that answer the same question, and that no test before has loaded."""
    monkeypatch.setattr(loading, "_loaded", OrderedDict())
    monkeypatch.setattr(loading, "_tested", {})
    config = tiny_config(classes=["normal", "pneumonia"])
    one, two = (read_model(shelve(f"m{n}_v1.0.0", config=config, seed=n)) for n in range(2))
    return one, two


def found(shelf: Path) -> Model:
    """The ensemble on the shelf."""
    return next(model for model in list_models([shelf]) if model.rule)


@pytest.mark.seeds(11)
def test_an_ensemble_is_listed_as_a_model_with_its_members(tmp_path: Path, members: tuple[Model, Model]) -> None:
    """It has its own hash, its own points, and the members' classes and input."""
    shelf = tmp_path / "shelf"
    bound = write_ensemble(
        shelf / "pair_v1.0.0.ensemble.json", members, rule=EnsembleRule.WEIGHTED, weights=(3, 1),
        card=Card(display_name="Pair"), operating_points=(point(),),
    )  # fmt: skip

    model = found(shelf)

    assert (model.id, model.architecture, model.task) == ("pair_v1.0.0", "ensemble", members[0].task)
    assert model.classes == ("normal", "pneumonia")
    assert [(m.model.id, m.weight) for m in model.members] == [("m0_v1.0.0", 0.75), ("m1_v1.0.0", 0.25)]
    assert model.verified
    assert model.problem is None
    assert model.weights_sha256 == bound == model.operating_points[0].weights_sha256
    assert model.to_public_dict()["architecture"] == "ensemble"
    assert self_test_state(model) == "not run"


def test_the_hash_follows_rule_weights_and_shares_but_not_the_order(
    tmp_path: Path, members: tuple[Model, Model]
) -> None:
    """A threshold of one ensemble must not fit another one."""
    one, two = members

    def written(*models: Model, rule: EnsembleRule = EnsembleRule.WEIGHTED, weights: tuple[float, ...] = ()) -> str:
        return write_ensemble(tmp_path / "e.ensemble.json", models, rule=rule, weights=weights)

    assert written(one, two, weights=(2, 2)) == written(two, one) == written(one, two, weights=(1, 1))
    assert len({written(one, two), written(one, two, weights=(2, 1)), written(one, two, rule=EnsembleRule.MEAN)}) == 3


def test_a_member_that_is_missing_changed_or_broken_is_named(tmp_path: Path, members: tuple[Model, Model]) -> None:
    """An ensemble of other weights would answer under the old name."""
    shelf = tmp_path / "shelf"
    path = shelf / "pair_v1.0.0.ensemble.json"
    write_ensemble(path, members, rule=EnsembleRule.MEAN)
    plain = json.loads(path.read_text())

    content = bytearray(members[1].path.read_bytes())
    content[-1] ^= 1
    members[1].path.write_bytes(content)
    assert "m1_v1.0.0 cannot be used" in str(found(shelf).problem)
    members[1].path.unlink()
    assert "m1_v1.0.0 is missing" in str(found(shelf).problem)
    plain["members"][0]["weights_sha256"] = "0" * 64
    path.write_text(json.dumps(plain))
    assert "m0_v1.0.0 has other weights" in str(found(shelf).problem)
    assert not found(shelf).verified
    members[0].path.unlink()
    assert "None of the members" in list_unreadable([shelf])["pair_v1.0.0"]


def test_members_that_answer_another_question_cannot_be_joined(
    tmp_path: Path, members: tuple[Model, Model], shelve: Callable[..., Path]
) -> None:
    """Averaging 'pneumonia' with 'normal' gives a number that means nothing."""
    turned = shelve("t_v1.0.0", config=tiny_config(classes=["pneumonia", "normal"]))

    with pytest.raises(ConfigError, match="differ in their classes"):
        write_ensemble(tmp_path / "e.ensemble.json", (members[0], read_model(turned)), rule=EnsembleRule.MEAN)
    with pytest.raises(ConfigError, match="differ in their task"):
        write_ensemble(
            tmp_path / "e.ensemble.json",
            (members[0], read_model(shelve(name="mobilenet_v3_small"))),
            rule=EnsembleRule.MEAN,
        )
    with pytest.raises(ConfigError, match=r"\.ensemble\.json"):
        write_ensemble(tmp_path / "e.json", members, rule=EnsembleRule.MEAN)


def test_what_was_assumed_of_a_member_is_shown_of_the_ensemble(
    tmp_path: Path, members: tuple[Model, Model], shelve: Callable[..., Path]
) -> None:
    """A joined score rests on every member's preprocessing."""
    config = tiny_config(classes=["normal", "pneumonia"]).model_copy(update={"input": None})
    guess = read_model(shelve("g_v1.0.0", config=config))
    write_ensemble(tmp_path / "shelf" / "e.ensemble.json", (members[0], guess), rule=EnsembleRule.MEAN)

    assert found(tmp_path / "shelf").card.assumed == (f"g_v1.0.0: {guess.card.assumed[0]}",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "luck"}, "rule"),
        ({"surprise": 1}, "surprise"),
        ({"members": []}, "members"),
        ({"rule": "mean"}, "only the rule weighted"),
        ({"operating_points": [{}]}, "operating point"),
        ({"id": "../up"}, "not usable"),
    ],
)
def test_a_damaged_description_is_told(
    tmp_path: Path, members: tuple[Model, Model], change: dict[str, object], said: str
) -> None:
    """It is a file like any other, and comes from anywhere."""
    shelf = tmp_path / "shelf"
    path = shelf / "pair_v1.0.0.ensemble.json"
    write_ensemble(path, members, rule=EnsembleRule.WEIGHTED, weights=(2, 1))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    assert said in list_unreadable([shelf])["pair_v1.0.0"]


def test_an_ensemble_has_no_weights_to_load(tmp_path: Path, members: tuple[Model, Model]) -> None:
    """Its members have; asking the loader for it is a mistake of the caller."""
    shelf = tmp_path / "shelf"
    write_ensemble(shelf / "pair_v1.0.0.ensemble.json", members, rule=EnsembleRule.VOTE)

    with pytest.raises(CheckpointError, match="no weights of its own"):
        load_network(found(shelf))
