"""How the child shuts itself in: limits of the system, no network, death with its parent.

Owns the calls into the system. Memory, CPU and wall time are also watched from outside by `worker`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
import time
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_LINUX: Final = sys.platform == "linux"
_NETWORK_EVENTS: Final = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
}


def die_with_parent(parent: int) -> None:
    """End this process as soon as the parent is gone, even in the middle of a task.

    On Linux the kernel does it when the thread that started us ends, which is why the parent starts children from
    a thread that lives as long as itself. Elsewhere a thread of ours looks for it.
    """
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def leave_network() -> None:
    """Take the network away: an empty network namespace where the system allows one, and in any case a guard.

    The guard stops Python code; the namespace stops everything. Called before numpy starts threads, since a user
    namespace needs a process with one thread.
    """
    if _LINUX:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _NETWORK_EVENTS:
        raise PermissionError("the worker has no network")


def set_limits(cpu_s: int, open_files: int, file_mib: int) -> None:
    """Limits for the next task. CPU seconds count from now: the process is warm and has used some."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    # One second above the parent's own limit: where both see it, the parent's sentence is the one to show.
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + cpu_s + 2)
    _lower(resource.RLIMIT_NOFILE, open_files)
    _lower(resource.RLIMIT_FSIZE, file_mib << 20)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):  # a system without this limit is watched from outside
        resource.setrlimit(which, (value, hard))
