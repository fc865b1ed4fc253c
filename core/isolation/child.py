"""The worker's own side: `python -m core.isolation.child TABLE`. Runs one named task after the other.

Owns shutting itself in (limits, no network, death with its parent) and turning whatever a task raises into an
answer. It knows no reader: the table says which functions there are. This is one of the three places where every
exception is caught.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from core.errors import ChoiceNeeded, NotInstalled, ReadroomError
from core.isolation import _confine
from core.isolation._wire import Arrays, read_message, save_arrays, write_message

Task = Callable[[dict[str, Any], Path], tuple[dict[str, Any], Arrays]]


def main() -> None:
    """Serve the tasks of the table named on the command line until the parent closes the pipe."""
    table_name, parent = sys.argv[1], int(sys.argv[2])
    requests, answers = _private_pipes()
    _confine.leave_network()
    _confine.die_with_parent(parent)
    # Decoders log what they find in headers; the parent's log must not hold it.
    logging.disable(logging.CRITICAL)
    table = _load(table_name)
    while (message := read_message(requests)) is not None:
        limits = message["limits"]
        _confine.set_limits(limits["cpu_s"], limits["open_files"], limits["file_mib"])
        write_message(answers, dict(table) if "fault" in table else _run(table, message))


def _load(table_name: str) -> Mapping[str, Any]:
    """The table, or the fault to answer with when it cannot be imported. Any: a function, or the fault's parts."""
    module, _, name = table_name.partition(":")
    try:
        table: Mapping[str, Task] = getattr(importlib.import_module(module), name)
    except Exception as fault:  # noqa: BLE001  # told to the first caller, since there is no log here
        return _as_fault(fault)
    return table


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes under descriptors of their own: a decoder that prints must not speak into the answers."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    return requests, answers


def _run(table: Mapping[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    scratch = Path(message["scratch"])
    tempfile.tempdir = str(scratch)
    try:
        answer, arrays = table[message["task"]](message["request"], scratch)
        save_arrays(scratch, arrays)
        json.dumps(answer, allow_nan=False)  # what cannot cross the pipe is a fault of this task, not of the process
    except ReadroomError as error:
        return {"error": _as_parts(error)}
    except BaseException as fault:  # noqa: BLE001  # whatever a decoder raises must become an answer, panics too
        absent = NotInstalled.told_by(fault)
        return _as_fault(fault) if absent is None else {"error": _as_parts(absent)}
    return {"answer": answer}


def _as_parts(error: ReadroomError) -> dict[str, Any]:
    choices = [[one.id, one.what] for one in error.choices] if isinstance(error, ChoiceNeeded) else []
    return {
        "class": type(error).__name__,
        "found": error.found,
        "why": error.why,
        "do": error.do,
        "choices": choices,
    }


def _as_fault(fault: BaseException) -> dict[str, Any]:
    """What happened and where, without the message: it can quote a header."""
    trace = [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in traceback.extract_tb(fault.__traceback__)]
    return {"fault": {"type": type(fault).__name__, "trace": trace}}


if __name__ == "__main__":
    main()
