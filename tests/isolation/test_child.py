"""The child's own side."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.isolation._wire import read_message, write_message

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "core.isolation.child", "tests.isolation.tasks:TABLE", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


def test_child_answers_and_ends_when_the_pipe_closes(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """A parent that ends in order leaves no process behind."""
    assert child.stdin is not None
    assert child.stdout is not None
    limits = {"cpu_s": 5, "open_files": 64, "file_mib": 10}
    write_message(child.stdin, {"task": "echo", "request": {"a": 1}, "scratch": str(tmp_path), "limits": limits})

    answer = read_message(child.stdout)
    child.stdin.close()

    assert answer is not None
    assert answer["answer"]["said"] == {"a": 1}
    assert child.wait(timeout=5) == 0
    child.stdout.close()


def test_child_of_a_parent_that_is_gone_ends_at_once() -> None:
    """Between its start and its first call to the kernel the parent may die."""
    orphan = subprocess.run(
        [sys.executable, "-m", "core.isolation.child", "tests.isolation.tasks:TABLE", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        timeout=20,
        check=False,
    )

    assert orphan.returncode == (1 if os.getpid() != 1 else 0)
