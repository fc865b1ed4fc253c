"""What one task in the worker may use.

Owns the numbers only; the child sets those the system enforces, the parent watches the others.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one task.

    memory_mib : resident memory, watched from outside, since an address-space limit also counts mapped libraries.
    cpu_s, wall_s : seconds. open_files : file descriptors. file_mib : the largest file that may be written.
    """

    memory_mib: int
    cpu_s: int
    wall_s: float
    open_files: int = 256
    file_mib: int = 8192

    def __post_init__(self) -> None:
        if min(self.memory_mib, self.cpu_s, self.wall_s, self.open_files, self.file_mib) <= 0:
            raise ValueError("limits are positive")
