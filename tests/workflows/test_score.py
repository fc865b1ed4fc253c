"""Scoring a cohort: the same numbers as a single run, kept case by case, gone on with after whatever stopped it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import AdmissionError, Cancelled, NotFound, TableError
from core.inference.predictor import Predictor
from core.metrics.cohort import Missing
from core.models.catalog import get_model, list_models
from core.models.checkpoint import save_model_with_config
from core.models.loading import load_network
from core.models.model import Model
from core.workflows import cohorts
from core.workflows.cohorts_cases import case_study
from core.workflows.open_study import open_study
from core.workflows.score import left_to_score, models_that_fit, score
from core.workflows.score_masks import mask_file
from core.workspace.cohort_record import KeptCohort
from tests.pages.tiny_shelf import CHEST, CHEST_TWO, HIPPOCAMPUS, HIPPOCAMPUS_WIDE, TWO_CHANNELS


@pytest.fixture
def models(tiny: Path) -> list[Model]:
    """Two classifiers of the same question."""
    return [get_model(CHEST), get_model(CHEST_TWO)]


@pytest.fixture
def kept(tiny: Path, film_folder: Path) -> KeptCohort:
    """Five films and a broken file, not scored yet."""
    return cohorts.keep_path(film_folder)


def test_scores_are_those_of_a_single_run(kept: KeptCohort, models: list[Model], film_folder: Path) -> None:
    """A cohort's figures speak of the model that Predict runs."""
    done = score(kept, models)

    file = cohorts.read_scores(done, missing=Missing.DROP)
    for model in models:
        single = Predictor(model, "cpu").predict(open_study([film_folder / "normal" / "b.png"]))
        assert file.cohort.scores[model.id][1] == single.scores["pneumonia"]
    assert file.cohort.labels.tolist() == [False] * 3 + [True] * 2


def test_unreadable_case_is_listed_in_words_and_stops_nothing(kept: KeptCohort, models: list[Model]) -> None:
    """One bad file in five thousand must not cost the night; nor may it vanish."""
    done = score(kept, models)

    (unread,) = done.unread
    assert (unread.case, unread.model_id) == ("case-0006", None)
    assert "file-01" in unread.text
    assert "john" not in unread.text
    assert [one.scored for one in done.models] == [5, 5]
    assert done.scores_csv.read_text().splitlines()[6] == "case-0006,1,,"
    (dropped,) = cohorts.read_scores(done, missing=Missing.DROP).dropped
    assert dropped.case_id == "case-0006"
    assert unread.text in dropped.reason


def test_what_was_answered_is_not_asked_again(
    kept: KeptCohort, models: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rerun goes on; a second model costs only its own runs."""
    score(kept, models[:1])
    assert left_to_score(kept, models[:1]) == 1  # the unread case is tried again
    assert left_to_score(kept, models) == 7
    asked: list[str] = []
    monkeypatch.setattr("core.workflows.score._ask", _spy(asked))

    done = score(kept, models)

    assert asked == [CHEST_TWO] * 5
    assert [one.model_id for one in done.models] == [CHEST, CHEST_TWO]


def _spy(asked: list[str]) -> object:
    from core.workflows import score as module

    real = module._ask

    def ask(store, cohort, case, model, study, cancelled):  # type: ignore[no-untyped-def]
        asked.append(model.id)
        return real(store, cohort, case, model, study, cancelled)

    return ask


def test_again_asks_for_everything_anew(kept: KeptCohort, models: list[Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever doubts a kept answer can have another."""
    score(kept, models[:1])
    asked: list[str] = []
    monkeypatch.setattr("core.workflows.score._ask", _spy(asked))

    score(kept, models[:1], again=True)

    assert len(asked) == 5


def test_mended_label_and_more_images_cost_only_what_is_new(
    kept: KeptCohort, models: list[Model], film_folder: Path, tmp_path: Path
) -> None:
    """Another cohort of the same images has the same answers: they do not depend on labels."""
    score(kept, models[:1])
    shutil.copytree(film_folder, tmp_path / "mended")
    (tmp_path / "mended" / "normal" / "a.png").rename(tmp_path / "mended" / "pneumonia" / "a.png")

    other = cohorts.keep_path(tmp_path / "mended")

    assert other.id != kept.id
    assert left_to_score(other, models[:1]) == 1


def test_cancelling_keeps_what_was_answered(kept: KeptCohort, models: list[Model]) -> None:
    """The button stops the run, not the work."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 12

    with pytest.raises(Cancelled):
        score(kept, models[:1], cancelled=stop)

    held = cohorts.find_cohort(None, kept.id)
    assert 0 < held.models[0].scored < 5
    assert left_to_score(held, models[:1]) == 6 - held.models[0].scored
    assert score(held, models[:1]).models[0].scored == 5


def test_killed_process_leaves_what_was_answered(kept: KeptCohort, models: list[Model], home: Path) -> None:
    """A power cut at case 4,000 of 5,000 costs one case."""
    script = (
        "from core.workflows import cohorts; from core.workflows.score import score;"
        "from core.models.catalog import get_model; import sys;"
        f"kept = cohorts.find_cohort(None, {kept.id!r});"
        f"score(kept, [get_model({CHEST!r})], progress=lambda s, w: print(w, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "case-0004" in line:
            process.kill()
            break
    process.wait()
    process.stdout.close()

    assert left_to_score(kept, models[:1]) in (3, 2)  # the broken file among them
    assert score(kept, models[:1]).models[0].scored == 5


def test_progress_is_the_share_of_what_is_left(kept: KeptCohort, models: list[Model]) -> None:
    """The time left is reckoned from it; what was there before must not make it look quick."""
    score(kept, models[:1])
    told: list[tuple[float, str]] = []

    score(kept, models[:1], progress=lambda share, stage: told.append((share, stage)))

    assert told == [(0.0, "case-0006, 6 of 6"), (1.0, "Done")]


def test_changed_file_is_not_the_case_that_was_brought(models: list[Model], film_folder: Path, tmp_path: Path) -> None:
    """Scores of another picture under the old case would be wrong without looking so."""
    shutil.copytree(film_folder / "normal", tmp_path / "normal")
    kept = cohorts.keep_path(tmp_path)
    shutil.copy(film_folder / "pneumonia" / "d.png", tmp_path / "normal" / "a.png")
    (tmp_path / "normal" / "b.png").unlink()

    done = score(kept, models[:1])

    assert [one.text.split(".")[0] for one in done.unread] == [
        "The file of case-0001 is not the one that was brought", "The file of case-0002 is not there any more",
    ]  # fmt: skip


def test_kinds_that_do_not_fit_are_refused_before_anything_is_run(
    kept: KeptCohort, models: list[Model], tiny: Path
) -> None:
    """A segmentation has no score for a label."""
    with pytest.raises(AdmissionError, match="They have labels"):
        score(kept, [get_model(HIPPOCAMPUS)])
    assert [model.id for model in models_that_fit(kept, list_models())] == [CHEST, CHEST_TWO]


def test_model_that_does_not_admit_the_cases_leaves_them_unread(tiny: Path, mask_folder: Path, tmp_path: Path) -> None:
    """A film model asked about volumes: each case is told with the admission's own sentence."""
    (tmp_path / "pneumonia").mkdir()
    shutil.copy(mask_folder / "images" / "v0.nii.gz", tmp_path / "pneumonia" / "a.nii.gz")

    done = score(cohorts.keep_path(tmp_path), [get_model(CHEST)])

    assert [(one.case, one.model_id) for one in done.unread] == [("case-0001", CHEST)]
    assert done.models[0].scored == 0
    with pytest.raises(TableError, match="no model has scored these cases yet"):
        cohorts.read_scores(done)


def test_a_run_stopped_before_its_first_answer_leaves_no_empty_column(kept: KeptCohort, models: list[Model]) -> None:
    """A column that is empty from end to end is no score column, and the file would be refused for it."""
    with pytest.raises(Cancelled):
        score(kept, models[:1], cancelled=lambda: True)
    nothing_yet = kept.scores_csv.exists()
    score(kept, models[1:])
    with pytest.raises(Cancelled):
        score(kept, models[:1], cancelled=lambda: True)

    assert not nothing_yet
    assert cohorts.read_scores(cohorts.find_cohort(None, kept.id), missing=Missing.DROP).models == (CHEST_TWO,)


def test_masks_are_predicted_and_held_against_their_references(tiny: Path, mask_folder: Path) -> None:
    """A segmentation cohort needs masks on one grid; one on another is told, not resampled."""
    kept = cohorts.keep_path(mask_folder)

    done = score(kept, [get_model(HIPPOCAMPUS)])

    assert [model.id for model in models_that_fit(kept, list_models())] == [HIPPOCAMPUS, HIPPOCAMPUS_WIDE]
    assert TWO_CHANNELS in {model.id for model in list_models()}
    assert done.models[0].scored == 2
    (unread,) = done.unread
    assert unread.text.startswith("Its reference mask: the spacings differ")
    table = mask_file(done, done.models[0])
    assert table.cases == ("case-0001", "case-0002")
    assert [(one.row, one.case_id) for one in table.dropped] == [(4, "case-0003")]


def test_answer_of_other_weights_never_stands_for_a_model(
    kept: KeptCohort, models: list[Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retrained model of the same name starts from nothing."""
    from core.settings import settings

    score(kept, models[:1])
    network = load_network(models[0], "cpu")
    with __import__("torch").no_grad():
        next(network.parameters()).add_(0.01)
    save_model_with_config(network, tmp_path / CHEST / "model.safetensors", models[0].config)
    monkeypatch.setenv("READROOM_SHELF", str(tmp_path))
    settings.cache_clear()

    other = get_model(CHEST)

    assert other.weights_sha256 != models[0].weights_sha256
    assert left_to_score(kept, [other]) == 6


def test_two_runs_at_once_leave_one_whole_record(kept: KeptCohort, models: list[Model]) -> None:
    """The page and the command line may score the same cohort."""
    runs = [threading.Thread(target=score, args=(kept, [model])) for model in models]
    for run in runs:
        run.start()
    deadline = time.monotonic() + 120
    for run in runs:
        run.join(max(0.0, deadline - time.monotonic()))

    held = cohorts.find_cohort(None, kept.id)
    assert {one.model_id: one.scored for one in held.models} == {CHEST: 5, CHEST_TWO: 5}
    assert set(cohorts.read_scores(held, missing=Missing.DROP).models) == {CHEST, CHEST_TWO}


def test_deleted_cohort_does_not_come_back(kept: KeptCohort, models: list[Model]) -> None:
    """What its owner deleted while it was scored stays deleted."""

    def delete(share: float, stage: str) -> None:
        cohorts.delete_cohort(kept)

    with pytest.raises(NotFound):
        score(kept, models[:1], progress=delete)

    assert not kept.folder.exists()


def test_deleting_forgets_answers_that_no_other_cohort_needs(
    kept: KeptCohort, models: list[Model], film_folder: Path, tmp_path: Path
) -> None:
    """Scores of deleted images are about those images."""
    done = score(kept, models[:1])
    (tmp_path / "normal").mkdir()
    shutil.copy(film_folder / "normal" / "a.png", tmp_path / "normal" / "a.png")
    other = cohorts.keep_path(tmp_path)

    cohorts.delete_cohort(done)

    assert left_to_score(other, models[:1]) == 0
    assert left_to_score(cohorts.keep_path(film_folder), models[:1]) == 5


def test_case_opens_as_the_study_that_was_scored(kept: KeptCohort, film_folder: Path) -> None:
    """The picture behind a number is that number's."""
    assert case_study(kept, "case-0002").sha256 == open_study([film_folder / "normal" / "b.png"]).sha256
    with pytest.raises(NotFound):
        case_study(kept, "case-0099")
