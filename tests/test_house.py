"""The house rules that a machine can check: floors, sizes, words that must not occur, rows that must be shown."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import NOTICE

REPOSITORY = Path(__file__).resolve().parent.parent

SEEDS = {*range(1, 21), *range(22, 55)}
"""Rows of the source documents that this version shows."""

BIG_BYTES = 2**20
README_LINES = 150

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
UNPICKLERS = {"pickle.load", "pickle.loads", "pickle.Unpickler", "shelve.open", "marshal.load", "marshal.loads"}
FORBIDDEN_MODULES = {"dill", "cloudpickle", "joblib"}
FORBIDDEN_WORDS = ("unsafe_allow_html",)


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((REPOSITORY / folder).rglob("*.py"))
    yield REPOSITORY / "streamlit_app.py"


def _tracked() -> list[Path]:
    if shutil.which("git") is None or not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def test_import_contracts_hold() -> None:
    """A room that imports from above cannot be understood, or replaced, by itself."""
    tool = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([tool], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]


def test_readme_can_be_read_in_one_sitting() -> None:
    """The front door leads in; details stand in docs/."""
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= README_LINES


def test_no_file_is_too_large_for_a_clone() -> None:
    """A clone must stay quick; checkpoints alone may be large, and they have their own budget."""
    large = [
        str(path.relative_to(REPOSITORY))
        for path in _tracked()
        if path.stat().st_size > BIG_BYTES and REPOSITORY / "model_backups" not in path.parents
    ]

    assert large == []


def test_shelf_stays_within_its_budget() -> None:
    """Conflict 1 of the seeds: small weights ship with every clone, 48 MiB together; large ones go to the store."""
    together = sum(path.stat().st_size for path in _tracked() if REPOSITORY / "model_backups" in path.parents)

    assert together <= 48 * BIG_BYTES


def test_nothing_evaluates_text_or_unpickles() -> None:
    """A file that a stranger sends must never become code in this process."""
    found = []
    for path in _sources("core", "pages"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                found.append(f"{path.name}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in UNPICKLERS:
                found.append(f"{path.name}:{node.lineno} {node.attr}")
            if isinstance(node, ast.Import) and FORBIDDEN_MODULES & {alias.name for alias in node.names}:
                found.append(f"{path.name}:{node.lineno} import")
            if isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES | {"pickle", "marshal"}:
                found.append(f"{path.name}:{node.lineno} import from")

    assert found == []


def test_every_torch_load_is_weights_only() -> None:
    """torch.load without it is unpickling by another name."""
    loads = [
        (path.name, node)
        for path in _sources("core", "pages")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"
    ]

    assert loads, "the importer reads .pt files with torch.load"
    for name, call in loads:
        arguments = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert arguments.get("weights_only") == "True", f"{name}:{call.lineno}"


def test_foreign_text_is_never_drawn_as_html() -> None:
    """A label named <script> must be a label."""
    found = [path.name for path in _sources("core", "pages") if any(w in path.read_text() for w in FORBIDDEN_WORDS)]

    assert found == []


def test_core_prints_nothing() -> None:
    """What a library prints ends up in somebody's JSON."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in _sources("core")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert found == []


@pytest.mark.seeds(10)
def test_notice_is_the_one_text_and_stands_where_people_look() -> None:
    """The promise not to be a medical device must be on every surface, in the same words."""
    assert NOTICE == "Research use only. Not a medical device. Do not use for diagnosis or treatment."
    assert NOTICE in " ".join((REPOSITORY / "README.md").read_text().split())
    shown = [path for path in _sources("pages") if "NOTICE" in path.read_text()]
    assert any(path.name == "sidebar.py" for path in shown) or any(path.name == "shell.py" for path in shown)
    for name in ("report.py", "overlay.py"):
        (path,) = (REPOSITORY / "core").rglob(name)
        assert "NOTICE" in path.read_text()


def test_files_are_short_enough_to_hold_in_mind() -> None:
    """One idea a file; past 400 lines it is two."""
    long = [path.name for path in _sources("core", "pages") if len(path.read_text().splitlines()) > 400]

    assert long == []


def test_every_module_says_what_it_owns() -> None:
    """A reader should know in three lines whether to read on."""
    silent = [
        str(path.relative_to(REPOSITORY))
        for path in _sources("core", "pages")
        if len(ast.get_docstring(ast.parse(path.read_text())) or "") < 10
    ]

    assert silent == []


def test_every_row_of_the_source_documents_is_shown_by_a_test() -> None:
    """A row counts as working when a test runs it; the marker says which."""
    shown: set[int] = set()
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.seeds"):
                shown |= {ast.literal_eval(argument) for argument in node.args}

    assert sorted(SEEDS - shown) == []


def test_every_test_says_why_it_matters() -> None:
    """A claim without a reason is deleted by the next person in a hurry."""
    silent = [
        f"{path.name}::{node.name}"
        for path in sorted((REPOSITORY / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_nothing_tracked_names_a_machine_or_a_registry() -> None:
    """A clone must work anywhere, and tell nothing of where it was made."""
    here = re.escape(f"{REPOSITORY}/")
    words = re.compile(rf"{here}|https?://[^\s/]+/(?:\S+/)?simple/", re.IGNORECASE)  # this checkout; a package index
    text = {".py", ".md", ".toml", ".txt", ".lock", ".js", ".css", ".json", ".yml", ".cfg", ""}

    found = [
        str(path.relative_to(REPOSITORY))
        for path in _tracked()
        if path.suffix in text and words.search(path.read_text(errors="replace"))
    ]

    assert found == []
