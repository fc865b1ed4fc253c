"""The worker: answers, refusals, limits, replacement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import ChoiceNeeded, GeometryError, WorkerBreach
from core.isolation import Limits, Worker
from core.settings import settings

TABLE = "tests.isolation.tasks:TABLE"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(TABLE, Limits(memory_mib=400, cpu_s=20, wall_s=20, open_files=64, file_mib=50))
    yield made
    made.close()


def test_answers_bring_facts_and_arrays(worker: Worker) -> None:
    """Both ways of an answer, with an array that is not contiguous."""
    facts, arrays = worker.call("echo", {"text": "ä", "number": 1.5})

    assert facts["said"] == {"text": "ä", "number": 1.5}
    assert np.array_equal(arrays["ramp"], np.arange(6.0).reshape(2, 3).T)
    assert facts["pid"] != os.getpid()


def test_one_process_stays_warm(worker: Worker) -> None:
    """Starting Python and numpy for each file would take longer than reading it."""
    assert len({worker.call("echo", {})[0]["pid"] for _ in range(5)}) == 1


def test_scratch_is_gone_after_the_answer(worker: Worker) -> None:
    """Pixels of one user must not lie about for the next."""
    facts, _ = worker.call("echo", {})

    assert not Path(facts["scratch"]).exists()
    assert list((settings().home / "scratch").iterdir()) == []


def test_refusals_come_back_as_their_own_class(worker: Worker) -> None:
    """The page catches our classes; three sentences and choices must survive the way."""
    with pytest.raises(GeometryError, match=r"A\. B\. C\.") as raised:
        worker.call("refuse", {})
    with pytest.raises(ChoiceNeeded) as choice:
        worker.call("choose", {})

    assert (raised.value.found, raised.value.why, raised.value.do) == ("A.", "B.", "C.")
    assert [one.id for one in choice.value.choices] == ["series-1", "series-2"]


def test_unforeseen_fault_is_logged_by_place_and_shown_by_reference(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """The log must tell where, and neither log nor page may quote the value: it can be a name."""
    with caplog.at_level("ERROR"), pytest.raises(WorkerBreach, match="reference") as raised:
        worker.call("fail", {})

    reference = str(raised.value).partition("reference ")[2][:8]
    assert reference in caplog.text
    assert "KeyError" in caplog.text
    assert "tasks.py" in caplog.text
    assert "DOE" not in caplog.text + str(raised.value)


@pytest.mark.parametrize(
    ("task", "request_", "limits", "word"),
    [
        ("sleep", {"seconds": 30}, {"wall_s": 0.5}, "0.5 seconds"),
        ("spin", {}, {"cpu_s": 1}, "1 seconds of computing"),
        ("swell", {"mib": 3000}, {}, "400 MiB of memory"),
        ("die", {}, {}, "crashed"),
    ],
)
def test_breach_kills_and_replaces_the_process(
    task: str, request_: dict[str, int], limits: dict[str, float], word: str
) -> None:
    """A hostile file costs its sender a sentence, and the next caller nothing."""
    sizes = {"memory_mib": 400, "cpu_s": 20, "wall_s": 20} | limits
    worker = Worker(TABLE, Limits(**sizes))  # type: ignore[arg-type]
    before = worker.call("echo", {}, wall_s=20)[0]["pid"]

    with pytest.raises(WorkerBreach, match=word):
        worker.call(task, request_)

    after = worker.call("echo", {}, wall_s=20)[0]["pid"]
    assert after != before
    assert not psutil.pid_exists(before)
    worker.close()


def test_wall_limit_can_be_tighter_for_one_call(worker: Worker) -> None:
    """A preview may be given less time than an import."""
    with pytest.raises(WorkerBreach, match=r"0\.3 seconds"):
        worker.call("sleep", {"seconds": 5}, wall_s=0.3)


def test_cpu_limit_counts_each_task_for_itself(worker: Worker) -> None:
    """A warm process has used seconds before; they are not the next file's."""
    limited = Worker(TABLE, Limits(memory_mib=400, cpu_s=1, wall_s=20))
    for _ in range(4):
        limited.call("swell", {"mib": 150})
    limited.close()


def test_open_files_are_limited(worker: Worker) -> None:
    """An archive bomb of another kind."""
    with pytest.raises(WorkerBreach):
        worker.call("many_files", {})
    assert worker.call("echo", {})


def test_written_files_are_limited(worker: Worker) -> None:
    """A decoder must not fill the disk."""
    with pytest.raises(WorkerBreach):
        worker.call("large_file", {"mib": 60})
    worker.call("large_file", {"mib": 40})


def test_there_is_no_network(worker: Worker) -> None:
    """Even loopback: an answer must have come from the file alone."""
    facts, _ = worker.call("connect", {})

    assert facts["reached"] is False


def test_printing_decoders_do_not_spoil_the_answer(worker: Worker, capfd: pytest.CaptureFixture[str]) -> None:
    """Codecs write to the terminal; neither the pipe nor our log may get it."""
    assert worker.call("print", {})[0] == {"ok": True}
    assert capfd.readouterr() == ("", "")


def test_child_imports_no_torch(worker: Worker) -> None:
    """A decoder needs no network library, and a second copy of it would cost seconds and memory."""
    assert worker.call("modules", {})[0]["loaded"] == []


def test_fat_process_is_replaced_quietly(worker: Worker) -> None:
    """What one large study leaves in memory must not run the next one into the limit."""
    before = worker.call("swell", {"mib": 300})[0]["pid"]

    assert worker.call("echo", {})[0]["pid"] == before or not psutil.pid_exists(before)
    for _ in range(3):
        worker.call("swell", {"mib": 300})


def test_calls_from_many_threads_wait_their_turn(worker: Worker) -> None:
    """A page's runs come from threads of the server; answers must not be mixed up."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: worker.call("echo", {"n": n})[0], range(40)))

    assert [answer["said"]["n"] for answer in answers] == list(range(40))
    assert len({answer["pid"] for answer in answers}) == 1


def test_child_outlives_the_thread_that_first_called(worker: Worker) -> None:
    """A page's thread ends with its run; the kernel ties a child's life to the thread that started it."""
    pids = []
    thread = threading.Thread(target=lambda: pids.append(worker.call("echo", {})[0]["pid"]))
    thread.start()
    thread.join()
    time.sleep(0.2)

    assert worker.call("echo", {})[0]["pid"] == pids[0]


def test_child_that_died_idle_is_replaced(worker: Worker) -> None:
    """The system may kill it for memory between two files."""
    pid = worker.call("echo", {})[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)

    assert worker.call("echo", {})[0]["pid"] != pid


def test_child_dies_with_its_parent_in_the_middle_of_a_task(tmp_path: Path) -> None:
    """A killed server must not leave processes that hold patients' pixels."""
    code = f"""
        import threading, time
        from core.isolation import Limits, Worker
        worker = Worker("{TABLE}", Limits(memory_mib=400, cpu_s=20, wall_s=60))
        worker.start()
        print(worker.pid, flush=True)
        worker.call("sleep", {{"seconds": 60}})
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(1.0)
        parent.kill()
        parent.wait()
        gone, _ = psutil.wait_procs([child], timeout=5)

    assert gone


def test_leftovers_of_killed_processes_are_swept(worker: Worker) -> None:
    """A power cut leaves pixels in the scratch folder; the next start removes them, and only them."""
    root = settings().home / "scratch"
    dead, alive = root / "999999-dead", root / f"{os.getpid()}-alive"
    for folder in (dead, alive):
        folder.mkdir(parents=True)

    Worker(TABLE, Limits(memory_mib=400, cpu_s=20, wall_s=20))

    assert not dead.exists()
    assert alive.exists()


def test_table_that_cannot_be_imported_is_a_fault_with_a_reference() -> None:
    """A mistake of ours must be told as one, not as a damaged file."""
    broken = Worker("tests.isolation.nowhere:TABLE", Limits(memory_mib=400, cpu_s=20, wall_s=20))

    with pytest.raises(WorkerBreach, match="reference"):
        broken.call("echo", {})
    broken.close()


def test_answer_that_cannot_be_told_costs_its_caller_alone(worker: Worker) -> None:
    """Found by `make fuzz`: a number that JSON does not know ended the process instead of the task."""
    pid = worker.call("echo", {})[0]["pid"]

    with pytest.raises(WorkerBreach, match="did not foresee"):
        worker.call("no_number", {})

    assert worker.call("echo", {})[0]["pid"] == pid
