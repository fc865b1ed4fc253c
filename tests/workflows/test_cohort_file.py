"""The cohort file, sentence by sentence."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as check
from hypothesis import strategies as st

from core.errors import TableError
from core.metrics.cohort import Missing
from core.workflows.class_file import read_classes
from core.workflows.cohort_file import read_cohort

from .answers import ORACLES, answers

FAULTS = answers("errors.json")["faults"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where a test writes its table."""
    return tmp_path / "scores.csv"


def _messages(path: Path, **asked: Any) -> list[str]:
    with pytest.raises(TableError) as refusal:
        read_cohort(path, **asked)
    return [fault.text for fault in refusal.value.faults]


def _option(arguments: list[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments else None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: Path(fault["file"]).stem)
def test_each_bad_file_is_answered_in_the_very_words(fault: dict[str, Any]) -> None:
    """Scripts and people find the cell by these sentences, so not a letter may differ."""
    arguments = fault["arguments"].split()
    models = (_option(arguments, "--models") or _option(arguments, "--model") or "model_a").split(",")
    path = ORACLES / fault["file"]

    try:
        if "multiclass" in arguments:
            read_classes(path)
            told = []
        else:
            file = read_cohort(path, models=models, positive=_option(arguments, "--positive"))
            told = [note.text for note in file.notes]
        code = 0
    except TableError as refusal:
        told, code = [each.text for each in refusal.faults], 1

    assert told == fault["messages"]
    assert code == fault["exit"]


def test_faults_are_listed_by_row_then_column_and_counted_beyond_twenty(table: Path) -> None:
    """Twenty cells can be mended in one go; a thousand lines would hide them."""
    rows = "\n".join(f"c{i},1,x,y" for i in range(13))
    table.write_text(f"case_id,label,a,b\n{rows}\n")

    told = _messages(table, models=["b", "a"])

    assert told[0] == 'scores.csv, row 2, column "a": "x" is not a number.'
    assert told[1] == 'scores.csv, row 2, column "b": "y" is not a number.'
    assert told[19] == 'scores.csv, row 11, column "b": "y" is not a number.'
    assert told[20:] == ["scores.csv: 6 more faults."]


def test_exactly_twenty_faults_need_no_count(table: Path) -> None:
    """The nearest file that is still told whole."""
    table.write_text("case_id,label,a\n" + "\n".join(f"c{i},1,x" for i in range(20)))

    assert len(_messages(table, models=["a"])) == 20


def test_header_faults_do_not_hide_those_of_cells(table: Path) -> None:
    """Who mends one fault and asks again should not meet the next one only then."""
    table.write_text("case_id,a,a\nc1,high,0.1\n,0.2,0.2\n")

    told = _messages(table, models=["a"])

    assert told == [
        'scores.csv: there is no column "label". The columns are: case_id, a, a.',
        'scores.csv: the column "a" appears twice (columns 2 and 3).',
        'scores.csv, row 2, column "a": "high" is not a number.',
        'scores.csv, row 3, column "case_id": empty. Every case needs an identifier.',
    ]


def test_message_uses_the_files_own_name_and_not_its_folder(table: Path) -> None:
    """A folder can carry a person's name."""
    assert _messages(table) == ["scores.csv: there is no such file."]


def test_cells_are_trimmed_and_missing_is_missing_in_any_case(table: Path) -> None:
    """Spreadsheets add spaces, and every package writes its own NA."""
    table.write_text("case_id,label,a\n c1 , 1 , 0.5 \nc2,0,na\nc3,0, NaN\nc4,1,\n")

    file = read_cohort(table, missing=Missing.DROP)

    assert file.cohort.cases == ("c1",)
    assert [(d.row, d.case_id, d.reason) for d in file.dropped] == [
        (3, "c2", "no score of a"), (4, "c3", "no score of a"), (5, "c4", "no score of a"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["1_000", "0x1p3", "٣", "1e", "--1", "1,5,0", "0.5.1", "1 2"])
def test_what_python_or_a_spreadsheet_might_read_is_not_a_number_here(table: Path, text: str) -> None:
    """A lenient parser turns a typing error into a score."""
    table.write_text(f'case_id,label,a\nc1,1,"{text}"\n', encoding="utf-8")

    assert _messages(table, models=["a"]) == [f'scores.csv, row 2, column "a": "{text}" is not a number.']


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-inf", "is not a finite number."),
        ("Infinity", "is not a finite number."),
        ("1e999", "is not a finite number."),
        ("-12,25", "has a comma as decimal mark. Write -12.25."),
        ("12.5 %", "has a percent sign. Write 0.125."),
        ("100%", "has a percent sign. Write 1."),
        ("50,5%", "has a percent sign. Write 0.505."),
    ],
)
def test_near_numbers_are_told_with_what_to_write(table: Path, text: str, said: str) -> None:
    """The sentence should be the repair."""
    table.write_text(f'case_id,label,a\nc1,1,"{text}"\n')

    assert _messages(table, models=["a"]) == [f'scores.csv, row 2, column "a": "{text}" {said}']


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
@check(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_number_comes_back_as_the_same_number(table: Path, values: list[float]) -> None:
    """Scores are compared exactly, so reading may not round."""
    table.write_text("case_id,label,a\n" + "\n".join(f"c{i},{i % 2},{v!r}" for i, v in enumerate(values)))

    assert read_cohort(table).cohort.scores["a"].tolist() == values


def test_without_names_every_numeric_column_is_a_model_and_the_rest_is_ignored(table: Path) -> None:
    """A sheet with a comment column is welcome, and nothing is left aside silently."""
    table.write_text("case_id,label,a,comment,b,slice_site\nc1,1,0.5,fine,7,north\nc2,0,0.1,,8,south\n")

    file = read_cohort(table)

    assert file.models == ("a", "b")
    assert file.ignored == ("comment",)
    assert file.cohort.slices == {"slice_site": ("north", "south")}


def test_named_models_come_in_the_order_asked_for(table: Path) -> None:
    """The first of a pair is the new one, the second the reference."""
    table.write_text("case_id,label,a,b\nc1,1,0.5,0.7\nc2,0,0.1,0.8\n")

    file = read_cohort(table, models=["b", "a"])

    assert file.models == ("b", "a")
    assert file.ignored == ()


def test_only_column_with_a_typing_error_is_told_and_not_passed_over(table: Path) -> None:
    """ "No score column" would be wrong where there is one with a typing error in it."""
    table.write_text("case_id,label,a\nc1,1,0.5\nc2,0,0;1\n")

    assert _messages(table) == ['scores.csv, row 3, column "a": "0;1" is not a number.']


def test_positive_label_is_any_text_that_is_named(table: Path) -> None:
    """Files say tumour and normal more often than 1 and 0."""
    table.write_text("case_id,label,a\nc1,tumour,0.5\nc2,normal,0.1\n")

    file = read_cohort(table, positive="tumour")

    assert file.cohort.labels.tolist() == [True, False]
    assert file.positive == "tumour"


def test_single_negative_class_is_told_with_what_can_be_answered(table: Path) -> None:
    """The mirror of the sentence about positives."""
    table.write_text("case_id,label,a\nc1,0,0.5\nc2,0,0.1\n")

    (note,) = read_cohort(table).notes

    assert note.code == "single_class"
    assert note.text == (
        'scores.csv: all 2 labels are "0". Specificity can be answered; whatever needs both classes is left empty.'
    )


def test_patients_are_all_or_none(table: Path) -> None:
    """Half a patient column cannot say who is the unit; an empty one says one image a patient."""
    table.write_text("case_id,patient_id,label,a\nc1,,1,0.5\nc2,,0,0.1\n")

    assert read_cohort(table).cohort.patients is None


def test_blank_lines_at_the_end_are_no_cases_and_one_inside_is_a_fault(table: Path) -> None:
    """An editor's last line end is not a case; a gap may be a lost one."""
    table.write_text("case_id,label,a\nc1,1,0.5\nc2,0,0.1\n\n\n")
    assert read_cohort(table).rows == 2

    table.write_text("case_id,label,a\nc1,1,0.5\n\nc2,0,0.1\n")
    assert _messages(table) == ["scores.csv, row 3: 0 fields where the header has 3."]


def test_quoted_line_ends_count_as_one_row(table: Path) -> None:
    """Rows are counted as a spreadsheet shows them, not as lines of text."""
    table.write_text('case_id,label,a,note\nc1,1,0.5,"two\nlines"\nc2,0,high,x\n')

    assert _messages(table, models=["a"]) == ['scores.csv, row 3, column "a": "high" is not a number.']


@pytest.mark.parametrize(
    ("text", "row"), [('case_id,label,a\nc1,1,"0.5\n', 2), ('case_id,label,a\nc1,1,"0.5"1\n', 2), ('"case_id,label', 1)]
)
def test_broken_quotes_are_told_with_their_row(table: Path, text: str, row: int) -> None:
    """An open quotation mark swallows the rest of the file: figures of what is left would be wrong."""
    table.write_text(text)

    (told,) = _messages(table)

    assert told.startswith(f"scores.csv, row {row}: not readable as CSV")


def test_file_without_line_ends_does_not_fill_the_memory(table: Path) -> None:
    """A picture or a disk image brought by mistake is told from its first megabyte."""
    table.write_text("case_id,label,a" + "x" * (3 * 2**20))

    assert len(_messages(table)) == 1


def test_more_columns_than_the_limit_are_refused_and_the_limit_itself_is_read(table: Path) -> None:
    """The limit is of the safety page: 64 columns."""
    names = ",".join(f"m{i}" for i in range(62))
    cells = ",".join("0.5" for _ in range(62))
    table.write_text(f"case_id,label,{names}\nc1,1,{cells}\n")
    assert len(read_cohort(table).models) == 62

    table.write_text(f"case_id,label,{names},more\nc1,1,{cells},0.5\n")
    assert _messages(table) == ["scores.csv: 65 columns, where at most 64 can be read. Remove some."]


def test_more_rows_than_the_limit_are_refused(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the safety page: two million rows; here a smaller one stands in for it."""
    monkeypatch.setattr("core.workflows._table_rows.MAX_ROWS", 3)
    table.write_text("case_id,label,a\n" + "\n".join(f"c{i},1,0.5" for i in range(4)))
    assert _messages(table) == ["scores.csv: more than 3 rows. Split it into several files."]

    table.write_text("case_id,label,a\n" + "\n".join(f"c{i},1,0.5" for i in range(3)))
    assert read_cohort(table).rows == 3


def test_reading_takes_a_bounded_multiple_of_the_files_size(table: Path) -> None:
    """Two million rows must fit beside a page: at most ten times the file, patients and ids included."""
    rng = np.random.default_rng(3)
    scores = rng.random(60_000)
    rows = "\n".join(f"case-{i:07d},p{i:06d},{i % 2},{s:.6f}" for i, s in enumerate(scores))
    table.write_text(f"case_id,patient_id,label,a\n{rows}")
    read_cohort(table)

    tracemalloc.start()
    read_cohort(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 10 * table.stat().st_size


@given(
    rows=st.lists(
        st.tuples(
            st.text("ab é", min_size=1, max_size=4),
            st.sampled_from("01"),
            st.sampled_from(["0.5", " .25 ", "1e-3", "NA", ""]),
        ),
        min_size=1,
        max_size=12,
    ),
    ends=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
@check(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_and_single_rows_are_read_alike(
    table: Path, rows: list[tuple[str, str, str]], ends: str, last: bool
) -> None:
    """One quotation mark turns the quick way off; nothing else may change, no fault and no row number either."""
    lines = ["case_id,label,slice_x,a", *(f"{case},{label},{case},{score}" for case, label, score in rows)]
    quoted = [lines[0], *(f'{case},"{label}",{case},{score}' for case, label, score in rows)]

    answers = []
    for held in (lines, quoted):
        table.write_bytes((ends.join(held) + ends * last).encode())
        try:
            file = read_cohort(table, missing=Missing.DROP)
            answers.append((list(file.cohort.cases), file.cohort.labels.tolist(), file.dropped, file.notes, file.rows))
        except TableError as refusal:
            answers.append([fault.text for fault in refusal.faults])

    assert answers[0] == answers[1]


@pytest.mark.parametrize("bad", ['"c"x,1,0.5', "c\rx,1,0.5", "c\xffx,1,0.5", "c,x,1,0.5", "c,1,high"])
def test_special_byte_deep_in_a_file_is_met_at_its_row(table: Path, bad: str) -> None:
    """The quick way ends at the block with the byte, and rows are counted on from there."""
    rows = [f"case-{i:06d},{i % 2},0.5" for i in range(30_000)]
    rows[25_000] = bad
    table.write_bytes(("case_id,label,a\n" + "\n".join(rows) + "\n").encode("latin-1"))

    (told, *_) = _messages(table, models=["a"])

    assert ", row 25002" in told


def test_byte_order_mark_and_old_line_ends_are_read(table: Path) -> None:
    """Spreadsheets of every age."""
    for text in ("case_id,label,a\nc1,1,0.5\nc2,0,0.1\n", "case_id,label,a\rc1,1,0.5\rc2,0,0.1\r"):
        table.write_bytes(b"\xef\xbb\xbf" + text.encode())

        assert read_cohort(table).cohort.cases == ("c1", "c2")


def test_dropping_leaves_the_same_cases_to_every_model() -> None:
    """Models are compared on the same cases or not at all."""
    known = answers("missing.json")

    file = read_cohort(ORACLES / "missing.csv", missing=Missing.DROP)

    assert file.holes == known["missing"]
    assert [case.row for case in file.dropped] == known["drop"]["dropped_rows"]
    assert file.cohort.n == known["drop"]["used"]
    assert file.cohort.positives == known["drop"]["model_a"]["positives"]


def test_bounds_turn_into_each_other() -> None:
    """The worst and the best case are of one file, read once."""
    worst = read_cohort(ORACLES / "missing.csv", missing=Missing.WORST)
    best = read_cohort(ORACLES / "missing.csv", missing=Missing.BEST)

    assert worst.bounded(Missing.BEST).scores["model_a"].tolist() == best.cohort.scores["model_a"].tolist()
    assert worst.calibrated == frozenset()
    with pytest.raises(ValueError, match="bounds"):
        read_cohort(ORACLES / "two_models.csv").bounded(Missing.BEST)


def test_classes_are_read_by_model_in_column_order() -> None:
    """A tie goes to the first column, so their order is part of the answer."""
    file = read_classes(ORACLES / "multiclass.csv", models=["net_b"])

    assert file.classes == {"net_b": ("normal", "bacterial", "viral")}
    assert file.truth["net_b"][:3].tolist() == [2, 2, 0]
    assert file.probabilities["net_b"][0].tolist() == [0.124, 0.04, 0.836]
    assert file.ignored == ("net_a__normal", "net_a__bacterial", "net_a__viral")


def test_class_without_a_column_is_a_fault(table: Path) -> None:
    """Without its probability the model could not have been right about it."""
    table.write_text("case_id,label,net__a,net__b\nc1,a,0.5,0.5\nc2,c,0.5,0.5\n")

    with pytest.raises(TableError) as refusal:
        read_classes(table)

    assert [f.text for f in refusal.value.faults] == ['scores.csv, row 3, column "label": "c" has no column "net__c".']


def test_no_case_left_of_several_classes_is_told(table: Path) -> None:
    """A confusion matrix of nothing is no answer."""
    table.write_text("case_id,label,net__a,net__b\nc1,a,0.5,\nc2,b,NA,0.5\n")

    with pytest.raises(TableError, match="no case has all its probabilities"):
        read_classes(table, missing=Missing.DROP)


@pytest.mark.parametrize(("total", "refused"), [("0.501", False), ("0.502", True)])
def test_probabilities_may_miss_one_by_a_thousandth(table: Path, total: str, refused: bool) -> None:
    """Three decimals are how they are written."""
    table.write_text(f"case_id,label,net__a,net__b\nc1,a,0.5,{total}\n")

    if refused:
        with pytest.raises(TableError, match=r"add up to 1\.002, not 1"):
            read_classes(table)
    else:
        assert read_classes(table).rows == 1
