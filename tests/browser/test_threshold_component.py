"""The threshold instrument by itself: what is drawn is what core says, a drag asks nobody, a hand finds everything."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from core.metrics.counts import count_at
from core.metrics.decision import shift
from core.metrics.sweep import sweep
from core.workflows.cohort_file import CohortFile, read_cohort
from core.workflows.documents import Method
from core.workflows.instrument import Instrument, instrument, interval_text, percent_text
from core.workflows.thresholds import choose, fixed
from tests.browser.threshold_harness.cohorts import write_csv
from tests.browser.threshold_harness.static import component_data, static_server

FRAME_MS = 16


@pytest.fixture(scope="module")
def address():
    """The bare page with the instrument's own files."""
    with static_server() as url:
        yield url


@pytest.fixture(scope="module")
def big(tmp_path_factory) -> CohortFile:
    """5,000 cases with as many distinct scores."""
    return read_cohort(write_csv(tmp_path_factory.mktemp("big") / "scores.csv", cases=5_000))


def drawn_of(file: CohortFile, **options: object) -> Instrument:
    return instrument(file, "net_a", Method(), **options)


def open_instrument(page, address: str, drawn: Instrument, threshold: float = 0.3, turn: int = 1) -> None:
    page.goto(address)
    page.wait_for_function("window.loaded")
    page.evaluate(f"window.show({component_data(drawn.data, threshold, turn)})")
    page.locator(".roc svg").wait_for()
    settle(page)


def settle(page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def slider(page):
    return page.get_by_role("slider", name="Cut-off")


def sent(page, name: str) -> list:
    return [value for key, value in page.evaluate("window.sent") if key == name]


def told(page) -> dict[str, str]:
    """The cards as text: four counts, then four rates with limits and k of n."""
    texts = [card.inner_text().split("\n") for card in page.locator(".card").all()]
    counts = {name: int(number.replace(",", "")) for number, name, _ in texts[:4]}
    rates = {name: (value, of) for name, value, of in texts[4:]}
    return counts | rates


@pytest.mark.parametrize("options", [{"cases": 400}, {"cases": 400, "digits": 2}, {"cases": 301, "patients": True}])
def test_every_number_on_the_cards_is_cores_at_every_cutoff(page, address, tmp_path, options):
    """Counts, rates, limits and denominators: read off the screen at each distinct score and asked of core again."""
    file = read_cohort(write_csv(tmp_path / "scores.csv", **options))
    open_instrument(page, address, drawn_of(file), float("inf"))
    thresholds = sweep(file.cohort.scores["net_a"], file.cohort.labels).thresholds

    for place, threshold in enumerate(thresholds):
        if place % 7 and place > 3:
            slider(page).press("ArrowLeft")
            continue
        settle(page)
        shown = told(page)
        counts = count_at(file.cohort.scores["net_a"], file.cohort.labels, threshold)
        found = fixed(float(threshold), file.cohort, "net_a", Method(), "here").figures
        assert [shown[name] for name in ("found", "missed", "false alarms", "rightly clear")] == [
            counts.tp, counts.fn, counts.fp, counts.tn,
        ]  # fmt: skip
        for name, text in {
            "sensitivity": "Sensitivity",
            "specificity": "Specificity",
            "ppv": "PPV",
            "npv": "NPV",
        }.items():
            figure = found.get(name)
            if figure is None or figure.value is None:
                assert shown[text] == ("–", "nobody")
                continue
            limits = interval_text(figure)
            assert shown[text] == (f"{percent_text(figure.value)} {limits}".strip(), f"{figure.k:,} of {figure.n:,}"), (
                threshold
            )
        slider(page).press("ArrowLeft")


def test_a_thousand_people_are_those_of_core(page, address, big):
    """Expected counts and predictive values at another prevalence follow the cut-off live, and agree with core."""
    open_instrument(page, address, drawn_of(big), 0.3)
    prevalence = page.get_by_role("slider", name="Prevalence elsewhere")
    prevalence.focus()
    for _ in range(12):
        prevalence.press("ArrowLeft")
    settle(page)
    share = float(page.locator("output[for=prevalence]").inner_text().removesuffix(" %")) / 100

    made = shift(count_at(big.cohort.scores["net_a"], big.cohort.labels, 0.3), share)
    said = page.locator(".thousand").inner_text()

    people = made.per_1000
    assert f"found {people['true_positives']:.1f}, missed {people['false_negatives']:.1f}" in said
    assert f"false alarms {people['false_positives']:.1f}, rightly clear {people['true_negatives']:.1f}" in said
    assert f"PPV {100 * made.ppv.value:.1f} %" in said
    assert f"NPV {100 * made.npv.value:.1f} %" in said
    assert sent(page, "prevalence")[-1] == pytest.approx(share)


def test_a_drag_tells_python_once_and_each_frame_stays_under_16_ms(page, address, big):
    """The reach of the issue: 5,000 cases, every frame drawn without the server."""
    open_instrument(page, address, drawn_of(big), 0.3)
    box = page.locator(".rates svg").bounding_box()
    page.evaluate("performance.clearMeasures()")
    page.mouse.move(box["x"] + 60, box["y"] + 100)
    page.mouse.down()
    for step in range(100):
        page.mouse.move(box["x"] + 60 + 2 * step, box["y"] + 100)
    assert sent(page, "move") == []
    page.mouse.up()
    settle(page)

    frames = page.evaluate("performance.getEntriesByName('readroom:cutoff').map(e => e.duration)")
    assert len(frames) > 20
    assert statistics.median(frames) < FRAME_MS / 4
    assert sorted(frames)[int(len(frames) * 0.95)] < FRAME_MS
    assert len(sent(page, "move")) == 1


def test_a_click_on_each_curve_moves_the_one_cutoff(page, address, big):
    """ROC, precision-recall, rates, scores, calibration and decision curve all take hold of the same thing."""
    open_instrument(page, address, drawn_of(big), 0.3)
    places = {
        "roc": (0.5, 0.1),
        "pr": (0.8, 0.5),
        "rates": (0.7, 0.5),
        "scores": (0.4, 0.5),
        "calibration": (0.6, 0.5),
        "decision": (0.2, 0.5),
    }
    rows = []
    for name, (x, y) in places.items():
        frame = page.locator(f".{name} svg .frame").bounding_box()
        page.mouse.click(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        settle(page)
        rows.append(page.locator(".threshold").get_attribute("data-row"))

    assert len(set(rows)) == len(rows)
    moves = [float(move["threshold"]) for move in sent(page, "move")]
    assert len(moves) == len(places)
    for name, index in (("rates", 2), ("scores", 3), ("calibration", 4), ("decision", 5)):
        assert moves[index] == pytest.approx(places[name][0], abs=0.02)
    assert set(moves) <= set(big.cohort.scores["net_a"].tolist())


def test_keys_step_over_distinct_scores_and_ends(page, address, tmp_path):
    """An arrow is the next distinct score, never a round number; ten with Shift; the ends are both answers."""
    file = read_cohort(write_csv(tmp_path / "scores.csv", cases=60, digits=2))
    thresholds = sweep(file.cohort.scores["net_a"], file.cohort.labels).thresholds
    open_instrument(page, address, drawn_of(file), float(thresholds[5]))
    hand = slider(page)

    hand.press("ArrowRight")
    hand.press("ArrowLeft")
    hand.press("ArrowLeft")
    hand.press("Shift+ArrowLeft")
    page.wait_for_function("window.sent.length > 0")
    assert float(sent(page, "move")[-1]["threshold"]) == thresholds[16]

    hand.press("Home")
    settle(page)
    assert told(page)["missed"] == 0
    hand.press("End")
    settle(page)
    assert told(page)["found"] == 0
    assert "above every score" in hand.get_attribute("aria-valuetext")
    page.wait_for_function("window.sent.at(-1)[1].threshold === 'inf'")


def test_the_rules_promise_is_shown_at_its_own_threshold_alone(page, address, big):
    """A pointwise bound at a cut-off found by looking is no promise: there the band's limit stands."""
    chosen = choose(big.cohort, "net_a", None, Method())[0]
    open_instrument(page, address, drawn_of(big, chosen=[chosen]), chosen.threshold)
    promise = page.locator(".promise")

    assert promise.inner_text() == chosen.text
    slider(page).press("ArrowLeft")
    settle(page)
    assert "Found by looking" in promise.inner_text()
    assert "for every cut-off at once" in promise.inner_text()
    slider(page).press("ArrowRight")
    settle(page)
    assert promise.inner_text() == chosen.text


def test_repeated_patients_have_pointwise_intervals_that_say_so(page, address, tmp_path):
    """A band for all cut-offs is not known there; what is drawn instead must not pass for one."""
    file = read_cohort(write_csv(tmp_path / "scores.csv", cases=300, patients=True))
    open_instrument(page, address, drawn_of(file))

    assert "pointwise" in page.locator(".roc .legend").inner_text()
    assert "patients as units" in page.locator(".roc .legend").inner_text()
    assert page.locator(".roc .band").count() == 1
    assert "Patients repeat" in page.locator(".promise").inner_text()


def test_python_moves_the_cutoff_by_another_turn_and_never_otherwise(page, address, big):
    """A rerun of the page must not pull the cut-off out of the reader's hand; a rule must."""
    drawn = drawn_of(big)
    open_instrument(page, address, drawn, 0.3)
    slider(page).press("Shift+ArrowLeft")
    settle(page)
    row = page.locator(".threshold").get_attribute("data-row")

    page.evaluate(f"window.show({component_data(drawn.data, 0.3, 1)})")
    settle(page)
    assert page.locator(".threshold").get_attribute("data-row") == row
    page.evaluate(f"window.show({component_data(drawn.data, 0.7, 2)})")
    settle(page)
    assert page.locator("output[for=cutoff]").inner_text() == "0.7"


@pytest.mark.parametrize("what", ["positive", "logits", "few"])
def test_what_cannot_be_drawn_says_why(page, address, tmp_path, what):
    """One class, scores that are no probabilities, a handful of cases: a sentence in the picture's place, no error."""
    options = {"positive": {"prevalence": 1.0}, "logits": {"logits": True}, "few": {"cases": 12, "seed": 5}}[what]
    file = read_cohort(write_csv(tmp_path / "scores.csv", **{"cases": 80, **options}))
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    open_there = drawn_of(file)
    page.goto(address)
    page.wait_for_function("window.loaded")
    page.evaluate(f"window.show({component_data(open_there.data, 0.3)})")
    settle(page)

    if what == "positive":
        assert "A curve needs both kinds of cases." in page.locator(".roc").inner_text()
    if what == "logits":
        assert "not all between 0 and 1" in page.locator(".calibration").inner_text()
        assert page.locator(".roc svg").count() == 1
    slider(page).press("ArrowLeft")
    slider(page).press("Home")
    slider(page).press("End")
    settle(page)
    assert problems == []


def test_a_count_opens_its_cases(page, address, big):
    """The confusion matrix is a door."""
    open_instrument(page, address, drawn_of(big))

    page.get_by_role("button", name="missed").click()

    assert sent(page, "cell") == ["fn"]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1130, 700])
def test_axe_finds_nothing(page, address, big, theme, width):
    """Names, contrast and target sizes, in both themes and both widths."""
    page.set_viewport_size({"width": width, "height": 900})
    open_instrument(page, address, drawn_of(big))
    page.evaluate(f"document.documentElement.classList.toggle('light', {json.dumps(theme == 'light')})")

    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    found = Axe().run(page, options=options).response["violations"]

    assert [f"{v['id']}: {node['html'][:120]}" for v in found for node in v["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_files_stand_in_the_package(address):
    """Modules that are not shipped are a blank page after an installation."""
    folder = Path(__file__).resolve().parents[2] / "pages" / "_ui" / "components" / "threshold"

    assert {file.name for file in folder.glob("*.js")} >= {
        "threshold.js",
        "figures.js",
        "page.js",
        "plot.js",
        "table.js",
    }
