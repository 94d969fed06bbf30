"""Where compiled functions are kept between processes: beside their source, or wherever else this user may write."""

from __future__ import annotations

import importlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def compiler(**options: Any) -> Callable[[F], F]:
    """Return a decorator that compiles a function and keeps what was compiled, if there is any place for it.

    Numba looks beside the source and in the user's cache folder, or in ``NUMBA_CACHE_DIR``. Where none of them can be
    written (a read-only installation without a home), a folder of this user below the temporary one is taken; without
    that, every process compiles anew.

    Parameters
    ----------
    options
        Of ``numba.njit``, other than ``cache``.
    """

    def compiled(function: F) -> F:
        numba: Any = importlib.import_module("numba")

        while True:
            try:
                return cast("F", numba.njit(cache=True, **options)(function))
            except RuntimeError:
                if not _use_temporary_folder():
                    return cast("F", numba.njit(**options)(function))

    return compiled


def _use_temporary_folder() -> bool:
    """Have numba keep its files in the temporary folder; return whether that is news and can be done."""
    config: Any = importlib.import_module("numba.core.config")

    folder = _temporary_folder()
    if folder is None or str(folder) == config.CACHE_DIR:
        return False
    config.CACHE_DIR = str(folder)
    return True


def _temporary_folder() -> Path | None:
    """Return this user's own folder below the temporary one; None if there is none that nobody else can write to.

    What is kept is code: files that others could have put there must never be read.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    try:
        folder = Path(tempfile.gettempdir()) / f"sal-hw-compiled-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    private = os.name != "posix" or (found.st_uid == user and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return folder if stat.S_ISDIR(found.st_mode) and private else None


def place_of_compiled_code() -> Path | None:
    """Return the folder in which functions of this package are kept compiled; None if they are not kept."""

    def probe() -> None:
        """Do nothing; only where it would be kept is asked."""

    compiled: Any = compiler()(probe)
    place = compiled.stats.cache_path
    return None if place is None else Path(place)
