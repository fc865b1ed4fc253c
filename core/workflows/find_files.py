"""From a path to the files of one study: a folder is walked, a NIfTI header finds its image.

Owns the bounds of the walk. What the files are is told by their content, in `core.studies`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from core.errors import StudyError, TooLarge
from core.settings import settings

_PAIR: Final = {".hdr": ".img", ".img": ".hdr"}


def find_files(path: Path) -> list[Path]:
    """The files that a path stands for, sorted: of a folder all below it, of half a NIfTI pair both halves.

    Links and hidden files are left aside: what lies elsewhere was not brought.

    Raises
    ------
    StudyError : there is no such path, or an empty folder. TooLarge : more files, or bytes, than a study may have.
    """
    if path.is_dir():
        return _walk(path)
    if not path.is_file():
        raise StudyError(
            found="There is no file or folder at the path that was given.",
            why="There is nothing to read.",
            do="Check the path.",
        )
    other = path.with_suffix(_PAIR.get(path.suffix.lower(), path.suffix))
    return [path, other] if other != path and other.is_file() else [path]


def _walk(folder: Path) -> list[Path]:
    files: list[Path] = []
    left = settings().unpacked_mib << 20
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place, name)
            if name.startswith(".") or file.is_symlink() or not file.is_file():
                continue
            files.append(file)
            left -= file.stat().st_size
            if len(files) > settings().archive_files or left < 0:
                raise TooLarge(
                    found=f"The folder holds more than {settings().archive_files} files "
                    f"or {settings().unpacked_mib} MiB.",
                    why="One study is smaller.",
                    do="Name the folder of one study.",
                )
    if not files:
        raise StudyError(
            found="The folder holds no file.", why="There is nothing to read.", do="Name the folder of one study."
        )
    return files
