"""The command line: `python -m core …`, the same workflows as the pages, for a terminal.

Results go to stdout, everything else to stderr. Exit codes: 0 all accepted, 1 something refused, 2 wrong
usage, 3 a fault of ours (its place is in the log, under the reference shown), 130 stopped by Ctrl-C.
"""

from core.cli.app import app, main

__all__ = ["app", "main"]
