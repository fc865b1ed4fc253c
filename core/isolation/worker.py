"""One warm process in which everything that comes from outside is opened.

Owns starting, watching, killing and replacing it, and bringing answers and refusals back. It knows no reader:
the caller names a table of functions and one of its entries.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import select
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

import core.errors
from core.errors import Choice, ChoiceNeeded, ReadroomError, WorkerBreach
from core.isolation._wire import LENGTH, MAX_MESSAGE, Arrays, load_arrays, parse_message, write_message
from core.isolation.limits import Limits
from core.settings import settings

_ROOT: Final = Path(__file__).resolve().parents[2]
_LOOK_EVERY_S: Final = 0.02
"""How often the child is looked at. In this time a decoder can fill at most some 100 MiB."""
_WARM_SHARE: Final = 0.5
"""A child that keeps more than this share of its memory after a task is replaced, lest it run into the next one."""
_log = logging.getLogger(__name__)

_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readroom-worker-starter")
"""Children die with the thread that started them (PR_SET_PDEATHSIG); a page's thread ends with its run, this one
only with the process."""


class Worker:
    """Runs tasks of one table in a process of its own, one at a time; further calls wait their turn.

    table : 'package.module:TABLE', a mapping from a name to a function of (request, scratch folder) that returns
    JSON-ready facts and arrays. limits : of each task.
    """

    def __init__(self, table: str, limits: Limits) -> None:
        self._table = table
        self._limits = limits
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        _sweep_scratch()

    def call(self, name: str, request: dict[str, Any], *, wall_s: float | None = None) -> tuple[dict[str, Any], Arrays]:
        """The answer of one task: its facts and its arrays.

        Parameters
        ----------
        name : the task's name in the table. request : JSON-ready. wall_s : a tighter wall limit for this call.

        Raises
        ------
        ReadroomError : what the task raised, as the same class.
        WorkerBreach : the task ran past a limit, or the process died; it has been replaced.
        """
        with self._turn:
            scratch = _new_scratch()
            try:
                answer = self._exchange(name, request, scratch, wall_s or self._limits.wall_s)
                if "answer" in answer:
                    arrays = load_arrays(scratch)
                    return answer["answer"], arrays
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        raise _refusal(answer)

    def start(self) -> None:
        """Start the child now, so that the first call finds it warm."""
        with self._turn:
            self._alive()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the child. A later call starts a new one."""
        with self._turn:
            self._kill()

    def _exchange(self, name: str, request: dict[str, Any], scratch: Path, wall_s: float) -> dict[str, Any]:
        process = self._alive()
        limits = {
            "cpu_s": self._limits.cpu_s,
            "open_files": self._limits.open_files,
            "file_mib": self._limits.file_mib,
        }
        message = {"task": name, "request": request, "scratch": str(scratch), "limits": limits}
        try:
            try:
                write_message(_pipe(process.stdin), message)
            except BrokenPipeError as gone:
                raise _died(process, self._limits) from gone
            answer = self._await_answer(process, wall_s)
        except BaseException:
            # A breach, a broken pipe, or the caller's own interrupt: the child's state is unknown, a fresh one is not.
            self._kill()
            self._process = _start(self._table)
            raise
        used = _usage(process)
        if used is None or used.memory_mib > _WARM_SHARE * self._limits.memory_mib:
            self._kill()
        return answer

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._kill()
            self._process = _start(self._table)
        return self._process

    def _await_answer(self, process: subprocess.Popen[bytes], wall_s: float) -> dict[str, Any]:
        """Read the answer while looking at what the child uses."""
        stream = _pipe(process.stdout)
        begun, before = time.monotonic(), _usage(process)
        cpu_before = 0.0 if before is None else before.cpu_s
        received = bytearray()
        while True:
            ready, _, _ = select.select([stream], [], [], _LOOK_EVERY_S)
            if ready:
                chunk = os.read(stream.fileno(), 1 << 16)
                if not chunk:
                    raise _died(process, self._limits)
                received += chunk
                if (body := _complete(received)) is not None:
                    return parse_message(body)
            used = _usage(process)
            if used is not None:  # otherwise its end is about to be seen on the pipe
                self._require_within(used, cpu_before)
            if time.monotonic() - begun > wall_s:
                raise _breach(f"more than {wall_s:g} seconds")

    def _require_within(self, used: _Usage, cpu_before: float) -> None:
        if used.memory_mib > self._limits.memory_mib:
            raise _breach(f"more than {self._limits.memory_mib} MiB of memory")
        if used.cpu_s - cpu_before > self._limits.cpu_s:
            raise _breach(f"more than {self._limits.cpu_s} seconds of computing")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # a pipe with unsent bytes cannot be flushed any more
                _pipe(stream).close()


def _start(table: str) -> subprocess.Popen[bytes]:
    return _STARTER.submit(_spawn, table).result()


def _spawn(table: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_proxy")}
    path = [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module; the table is a constant of the caller
        [sys.executable, "-m", "core.isolation.child", table, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # an interrupt typed in the terminal is for the parent
    )


def _pipe(stream: Any) -> Any:  # Any: Popen types its pipes as optional
    if stream is None:
        raise RuntimeError("the worker was started without pipes")
    return stream


def _complete(received: bytearray) -> bytes | None:
    """The body of the message if it is there whole."""
    if len(received) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack_from(received)
    if length > MAX_MESSAGE:
        raise _breach("an answer of more bytes than any report has")
    return bytes(received[LENGTH.size :]) if len(received) >= LENGTH.size + length else None


@dataclass(frozen=True, slots=True)
class _Usage:
    memory_mib: float
    cpu_s: float


def _usage(process: subprocess.Popen[bytes]) -> _Usage | None:
    """What the child uses now; None when it has ended."""
    try:
        child = psutil.Process(process.pid)
        times = child.cpu_times()
        return _Usage(float(child.memory_info().rss) / 2**20, float(times.user + times.system))
    except psutil.NoSuchProcess:
        return None


def _breach(used: str) -> WorkerBreach:
    _log.warning("worker breach: %s", used)
    return WorkerBreach(
        found=f"Opening it took {used}.",
        why="It was stopped so that nobody else has to wait; the worker has been replaced.",
        do="If the file is sound, bring a smaller part of it.",
    )


def _died(process: subprocess.Popen[bytes], limits: Limits) -> WorkerBreach:
    code = process.wait()
    _log.warning("worker died: code %d", code)
    if code == -24:  # SIGXCPU
        return _breach(f"more than {limits.cpu_s} seconds of computing")
    if code == -25:  # SIGXFSZ
        return _breach(f"a file of more than {limits.file_mib} MiB")
    return WorkerBreach(
        found=f"The decoder crashed on it (code {code}).",
        why="A damaged or hostile file does that; the worker has been replaced and nothing else was touched.",
        do="Export the file again, or bring it in another format.",
    )


def _refusal(answer: dict[str, Any]) -> ReadroomError:
    """The exception that the child's answer stands for."""
    if "error" in answer:
        parts = answer["error"]
        words = {key: str(parts[key]) for key in ("found", "why", "do")}
        kind = getattr(core.errors, str(parts["class"]), ReadroomError)
        if kind is ChoiceNeeded:
            return ChoiceNeeded(**words, choices=tuple(Choice(str(id_), str(what)) for id_, what in parts["choices"]))
        if isinstance(kind, type) and issubclass(kind, ReadroomError):
            return kind(**words)
        return ReadroomError(**words)
    fault = answer["fault"]
    reference = secrets.token_hex(4)
    _log.error("worker fault %s: %s at %s", reference, fault["type"], " < ".join(reversed(fault["trace"])))
    return WorkerBreach(
        found=f"Opening it failed in a way that we did not foresee (reference {reference}).",
        why="That is a fault of ours or a damaged file; nothing of it is shown.",
        do="Try another export of the file, and report the reference.",
    )


def _scratch_root() -> Path:
    root = settings().home / "scratch"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


def _new_scratch() -> Path:
    folder = _scratch_root() / f"{os.getpid()}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    return folder


def _sweep_scratch() -> None:
    """Remove what processes that were killed have left behind."""
    for folder in _scratch_root().iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
