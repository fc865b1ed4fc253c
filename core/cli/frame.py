"""What holds for every command: exit codes, refusals in words, faults in the log, never a traceback.

Owns the one place of the command line where every exception is caught.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from core.cli.say import complain
from core.errors import Cancelled, NotInstalled, ReadroomError
from core.settings import settings

LOG_NAME = "readroom.log"
LOG_BYTES = 1_000_000

_log = logging.getLogger(__name__)


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    REFUSED = 1
    WRONG_USAGE = 2
    OUR_FAULT = 3
    STOPPED = 130
    """128 + SIGINT, as shells expect."""


class Framed(TyperGroup):
    """All commands, run inside the frame; `ctx.obj` is the list of arguments as typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Any: typer keeps its context's type to itself
        """Remember the arguments before they are taken apart."""
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever goes wrong ends in an exit code and a sentence."""
        _require_settings()
        with logging_to_file():
            try:
                return super().invoke(ctx)
            except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
                raise  # typer's own: usage errors, and a reader such as `head` that has seen enough
            except KeyboardInterrupt:
                complain("Stopped.")
                raise typer.Exit(Exit.STOPPED) from None
            except Cancelled as refusal:
                complain(str(refusal))
                raise typer.Exit(Exit.STOPPED) from None
            except ReadroomError as refusal:
                complain(str(refusal))
                raise typer.Exit(Exit.REFUSED) from None
            except Exception as fault:  # noqa: BLE001 - the frame: whatever it is, no traceback on a terminal
                said, code = told_of(fault)
                complain(said)
                raise typer.Exit(code) from None


def _require_settings() -> None:
    """A variable out of range is wrong usage, told before anything begins."""
    try:
        settings()
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            complain(f"READROOM_{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}.")
        raise typer.Exit(Exit.WRONG_USAGE) from None


def told_of(fault: Exception) -> tuple[str, Exit]:
    """What is said of whatever was raised, and the exit code: a library that is left out, else a fault of ours.

    The place of a fault goes to the log under the reference given in the three sentences.
    """
    absent = NotInstalled.told_by(fault)
    if absent is not None:
        return str(absent), Exit.REFUSED
    reference = secrets.token_hex(4)
    _log.error("fault %s: %s", reference, _places(fault))
    said = (
        f"Something went wrong inside the program (reference {reference}). That is a fault of ours, and nothing "
        f"of it is shown as a result. Report the reference with {LOG_NAME} of the data folder and "
        "`python -m core versions`."
    )
    return said, Exit.OUR_FAULT


def _places(fault: BaseException | None) -> str:
    """Types and places without the messages: those can quote a header or a file name."""
    said = []
    while fault is not None:
        at = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__))
        said.append(f"{type(fault).__name__} at {' > '.join(at)}")
        fault = fault.__cause__ or fault.__context__
    return ", caused by ".join(said)


class _Log(RotatingFileHandler):
    """Opens the file with the first line, so that a command without faults leaves none."""

    def _open(self) -> IO[Any]:  # type: ignore[override]  # the stub names the concrete text class
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A log that cannot be written (full disk, read-only home) must not hide the answer."""


@contextmanager
def logging_to_file() -> Iterator[None]:
    """What `core` logs goes to the data folder while a command runs, and never to the terminal."""
    handler = _Log(settings().home / LOG_NAME, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("core")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
