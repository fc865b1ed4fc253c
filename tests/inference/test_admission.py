"""Which studies a model admits."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import AdmissionError, ReadroomError
from core.inference.admission import COLOURED, Verdict, check_admission, require_admission, said_once
from core.models.card import Card
from core.models.model import EnsembleRule, Member, Model
from core.studies.grey import to_grey
from core.studies.reader import read_study
from tests.studies.builders import dicom, film_pixels

PICTURE = np.random.default_rng(0).random((80, 90)) * 255
HEAD = np.random.default_rng(0).random((20, 24, 18))


@pytest.fixture
def chest(saved_model: Callable[..., Model]) -> Model:
    return saved_model("classifier", card=Card(display_name="chest-small"))


@pytest.fixture
def brain(saved_model: Callable[..., Model]) -> Model:
    spec = {"kind": "volume", "modalities": ("MR",), "spacing_mm": (1.0, 1.0, 1.0), "patch": (16, 16, 16)}
    return saved_model("segmenter", card=Card(display_name="hippocampus"), input=spec)


def test_plain_chest_film_is_accepted_without_a_word(chest: Model, film: Any) -> None:
    """Warnings that come with every film are read by nobody."""
    admission = check_admission(film(PICTURE, modality="DX", body_part="CHEST"), chest)

    assert admission.verdict is Verdict.ACCEPTED
    assert admission.reasons == ()


def test_volume_for_a_film_model_is_refused_naming_both(chest: Model, volume: Any) -> None:
    """The sentence says what to choose instead."""
    admission = check_admission(volume(HEAD, modality="MR"), chest)

    assert admission.verdict is Verdict.REFUSED
    assert admission.reasons == (
        "chest-small reads X-rays. This is an MRI volume. Choose a model that reads MRI volumes.",
    )


def test_film_for_a_volume_model_is_refused(brain: Model, film: Any) -> None:
    """The other way round."""
    admission = check_admission(film(PICTURE, modality="DX"), brain)

    assert admission.verdict is Verdict.REFUSED
    assert admission.reasons[0].startswith("hippocampus reads MRI volumes. This is an X-ray.")


@pytest.mark.parametrize(
    ("facts", "verdict", "word"),
    [
        ({"modality": "CT"}, Verdict.REFUSED, "CT"),
        ({"modality": "US"}, Verdict.REFUSED, "US"),
        ({"modality": "XA"}, Verdict.WARNED, "XA"),
        ({"modality": None}, Verdict.WARNED, "does not state"),
        ({"modality": "OT", "bits_stored": 12}, Verdict.WARNED, "OT"),
        ({"modality": "OT", "bits_stored": 8}, Verdict.REFUSED, "OT"),
        ({"modality": "CR", "body_part": "EXTREMITY"}, Verdict.WARNED, "EXTREMITY"),
        ({"modality": "CR", "body_part": "Thorax"}, Verdict.ACCEPTED, ""),
        ({"modality": "CR", "changed": (COLOURED,)}, Verdict.WARNED, "colour"),
    ],
)
def test_header_facts_decide(chest: Model, film: Any, facts: dict[str, Any], verdict: Verdict, word: str) -> None:
    """Another modality gives a score that looks right; its relatives and silent files are for the reader to judge."""
    admission = check_admission(film(PICTURE, **facts), chest)

    assert admission.verdict is verdict
    assert word in " ".join(admission.reasons)


def test_colour_is_known_by_the_readers_own_words() -> None:
    """The rule hangs on a sentence of another room."""
    assert to_grey(np.random.default_rng(0).integers(0, 9, (4, 4, 3)))[1] == COLOURED


@pytest.mark.parametrize(
    ("tags", "fact"),
    [
        ({"BodyPartExamined": "HIP"}, "body part HIP"),
        ({"Modality": "OT", "ImagerPixelSpacing": [0.1, 0.1]}, "Modality OT"),
        ({"Rows": 50}, "very small"),
    ],
)
def test_a_fact_that_reader_and_admission_both_tell_is_said_once(
    chest: Model, tmp_path: Path, tags: dict[str, Any], fact: str
) -> None:
    """Two wordings of one doubt read like two doubts."""
    pixels = film_pixels(rows=tags.pop("Rows", 80))
    study = read_study([dicom(tmp_path / "film", pixels, BitsStored=12, HighBit=11, **tags)])

    told = said_once(study.report.warnings, check_admission(study, chest).reasons)

    about = [sentence for sentence in told if fact in sentence]
    assert any(fact in sentence for sentence in study.report.warnings), "the reader tells it without a model too"
    assert len(about) == 1
    assert "fine structure" in about[0].lower() or "chest-small" in about[0]


def test_what_the_reader_alone_noticed_stays() -> None:
    """Leaving out repetitions must leave out nothing else."""
    assert said_once(("A.", "B."), ("A. So what.", "C.")) == ("B.", "A. So what.", "C.")
    assert said_once(("A.",), ()) == ("A.",)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [((15, 90), Verdict.REFUSED), ((16, 90), Verdict.WARNED), ((63, 90), Verdict.WARNED), ((64, 90), Verdict.ACCEPTED)],
)
def test_tiny_film_is_refused_and_a_thumbnail_warned_about(
    chest: Model, film: Any, shape: tuple[int, int], verdict: Verdict
) -> None:
    """Each limit with its nearest acceptance."""
    study = film(np.random.default_rng(0).random(shape) * 255, modality="DX", body_part="CHEST")

    assert check_admission(study, chest).verdict is verdict


def test_blank_film_and_values_that_are_no_numbers_are_refused(chest: Model, film: Any) -> None:
    """A network scores a blank film like any other."""
    holed = PICTURE.copy()
    holed[3, 3] = np.nan

    blank = check_admission(film(np.full((80, 80), 7.0), modality="DX"), chest)
    odd = check_admission(film(holed, modality="DX"), chest)

    assert (blank.verdict, odd.verdict) == (Verdict.REFUSED, Verdict.REFUSED)
    assert blank.reasons == ("Every value is 7. There is nothing to see.",)


@pytest.mark.parametrize(
    ("spacing", "verdict"),
    [((1.0, 1.0, 3.0), Verdict.ACCEPTED), ((1.0, 3.1, 1.0), Verdict.WARNED), ((0.3, 1, 1), Verdict.WARNED)],
)
def test_spacing_far_from_the_models_is_warned_about(
    brain: Model, volume: Any, spacing: tuple[float, float, float], verdict: Verdict
) -> None:
    """Thick slices blur what the network looks for."""
    study = volume(HEAD, np.diag([*spacing, 1.0]), modality="MR")

    assert check_admission(study, brain).verdict is verdict


def test_unknown_geometry_of_a_volume_is_warned_about(brain: Model, volume: Any) -> None:
    """Left and right are then an assumption."""
    admission = check_admission(volume(HEAD, known=False, modality="MR"), brain)

    assert admission.verdict is Verdict.WARNED
    assert "orientation is unknown" in admission.reasons[0]
    assert "spacing is unknown" in admission.reasons[1]


@pytest.mark.parametrize(
    ("taught", "view", "word"),
    [
        ((), "PA", ""),
        ((), None, ""),
        ((), "LL", "view LL, from the side"),
        (("PA", "AP"), "AP", ""),
        (("PA", "AP"), "LL", "view LL. chest-small was made for PA, AP."),
        (("LL",), "LL", ""),
        (("LL",), "PA", "view PA. chest-small was made for LL."),
    ],
)
def test_view_is_held_against_those_that_were_taught(
    saved_model: Callable[..., Model], film: Any, taught: tuple[str, ...], view: str | None, word: str
) -> None:
    """A side view is an X-ray of the chest too, and nothing that a frontal model has seen."""
    spec = {"kind": "film", "size": (64, 64), "modalities": ("DX",), "views": taught, "network_channels": 3}
    model = saved_model("classifier", card=Card(display_name="chest-small"), input=spec)

    admission = check_admission(film(PICTURE, modality="DX", view=view), model)

    assert admission.verdict is (Verdict.WARNED if word else Verdict.ACCEPTED)
    assert word in " ".join(admission.reasons)


@pytest.mark.parametrize(
    ("values", "window", "verdict", "word"),
    [
        ((0, 255), (0, 255), Verdict.ACCEPTED, ""),
        ((0, 4095), (0, 255), Verdict.WARNED, "94% of the values lie outside the grey range from 0 to 255"),
        ((300, 4095), (0, 255), Verdict.REFUSED, "100% of the values"),
        ((100, 110), (0, 255), Verdict.WARNED, "The values fill 3.8% of the grey range from 0 to 255"),
        ((100, 120), (0, 255), Verdict.ACCEPTED, ""),
    ],
)
def test_greys_that_do_not_fit_what_is_fed_are_told(
    saved_model: Callable[..., Model],
    film: Any,
    values: tuple[int, int],
    window: tuple[float, float],
    verdict: Verdict,
    word: str,
) -> None:
    """A window of eight bits over values of twelve feeds a white plate, which is scored like any film."""
    spec = {"kind": "film", "size": (64, 64), "modalities": ("DX",), "window": "study", "network_channels": 3}
    chest = saved_model("classifier", card=Card(display_name="chest-small"), input=spec)
    ramp = np.linspace(*values, 80 * 90).reshape(80, 90)

    admission = check_admission(film(ramp, window=window, modality="DX", body_part="CHEST"), chest)

    assert admission.verdict is verdict
    assert word in " ".join(admission.reasons)


def test_range_that_is_taken_from_the_values_always_fits(saved_model: Callable[..., Model], volume: Any) -> None:
    """Scanners have no common scale: a volume of any brightness is admitted."""
    brain = saved_model("segmenter", input={"kind": "volume", "patch": (16, 16, 16), "window": "percentile"})
    for scale in (1e-3, 1.0, 1e6):
        assert check_admission(volume(HEAD * scale, modality="MR"), brain).verdict is Verdict.ACCEPTED


def test_few_slices_are_warned_about(brain: Model, volume: Any) -> None:
    """A stack of three is hardly a volume."""
    admission = check_admission(volume(HEAD[:, :, :3], modality="MR"), brain)

    assert admission.verdict is Verdict.WARNED
    assert "20 x 24 x 3" in admission.reasons[0]


def test_missing_channel_is_refused_by_name(saved_model: Callable[..., Model], volume: Any) -> None:
    """Every contrast that the network was trained with is needed."""
    spec = {"kind": "volume", "channels": ("T1", "FLAIR"), "patch": (16, 16, 16)}
    model = saved_model("segmenter", in_channels=2, input=spec)

    admission = check_admission(volume({"T1": HEAD}), model)

    assert admission.verdict is Verdict.REFUSED
    assert "FLAIR is missing" in admission.reasons[0]


def test_ensemble_admits_what_each_member_admits(saved_model: Callable[..., Model], film: Any) -> None:
    """One member that reads another modality is enough to refuse."""
    films, anything = (
        saved_model("classifier"),
        saved_model("classifier", seed=1, input={"kind": "film", "size": (64, 64), "network_channels": 3}),
    )
    both = replace(anything, members=(Member(anything, 0.5), Member(films, 0.5)), rule=EnsembleRule.MEAN)

    assert check_admission(film(PICTURE, modality="CT"), anything).verdict is Verdict.ACCEPTED
    assert check_admission(film(PICTURE, modality="CT"), both).verdict is Verdict.REFUSED


def test_refusal_is_raised_with_all_its_reasons(chest: Model, film: Any) -> None:
    """The user should not have to find the second reason by mending the first."""
    with pytest.raises(AdmissionError) as caught:
        require_admission(film(np.ones((10, 10)), modality="CT"), chest)

    for words in ("modality CT", "10 x 10 pixels", "Every value"):
        assert words in caught.value.found


@pytest.mark.realdata
def test_every_dicom_of_the_real_set_gets_the_verdict_it_should(chest: Model, shared_data: Path) -> None:
    """Real headers, real pixels: chest films in, other X-rays with a warning, everything else out."""
    folder = shared_data / "xray" / "dicom"
    rows = list(csv.DictReader((folder / "manifest.csv").read_text().splitlines()))
    # We read by content, never by name: this JPEG is a picture of no stated modality to us.
    expected = {row["file"]: row["expected"] for row in rows} | {"made_jpeg_named_dcm.dcm": "warn"}
    wrong = {}
    for name, words in expected.items():
        try:
            verdict = check_admission(read_study([folder / name]), chest).verdict
        except ReadroomError:
            verdict = Verdict.REFUSED
        word = {"accepted": "read", "warned": "warn", "refused": "refuse"}[verdict]
        if word not in words.split("_or_"):
            wrong[name] = f"{word}, not {words}"

    assert len(expected) == 29
    assert wrong == {}
