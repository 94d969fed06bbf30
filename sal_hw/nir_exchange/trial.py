"""Reads a NIR file in a process of its own first: the HDF5 library may crash on a damaged file, or never end.

Run as a module, it takes the bytes of a file from standard input, reads them as ``nir.read`` does, and prints why that
cannot be done; nothing is printed of a file that can be read.
"""

from __future__ import annotations

import importlib
import io
import math
import subprocess
import sys
from typing import Any

from sal_hw.nir_exchange.sealed_file import check_sealed
from sal_hw.storage.reading import BROKEN

#: numbers in one file, as for files of weights; read before they are unpacked
MAX_VALUES = 2**28
#: seconds of computing that reading may take, besides those per MB of the file: hundreds of times what it takes
LEAST_CPU_S, CPU_S_PER_MB = 4, 2
#: seconds on the clock after which a process is given up that computes nothing any more
GIVEN_UP_S = 600.0
#: bytes of memory that the process may take, besides twenty times those of the file
LEAST_MEMORY = 2**32


def try_reading(data: bytes) -> None:
    """Read the bytes of a NIR file in another process.

    Raises
    ------
    ValueError
        With the reason if they cannot be read there.
    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=GIVEN_UP_S, check=False)  # noqa: S603 - our own module, and no shell
    except subprocess.TimeoutExpired:
        raise ValueError("reading it does not end") from None
    said = done.stdout.decode(errors="replace").strip()
    if said or done.returncode:
        raise ValueError(said or f"the HDF5 library fails on it, or does not end (code {done.returncode})")


def look_through(data: bytes) -> None:
    """Check that a file holds everything itself; see :func:`sal_hw.nir_exchange.sealed_file.check_sealed`."""
    h5py: Any = importlib.import_module("h5py")
    with h5py.File(io.BytesIO(data), "r") as file:
        check_sealed(file, len(data), MAX_VALUES)


def _limit(size: int) -> None:
    """Bound what this process may take; Windows has no such limits."""
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:
        return
    used = math.ceil(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    seconds = used + LEAST_CPU_S + CPU_S_PER_MB * (size // 10**6)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = LEAST_MEMORY + 20 * size
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Read standard input, and print why it cannot be read."""
    data = sys.stdin.buffer.read()
    nir: Any = importlib.import_module("nir")
    # loading libraries takes longer than reading does, and on a slow computer as long as reading may take
    _limit(len(data))
    try:
        look_through(data)
        nir.read(io.BytesIO(data), type_check=False)
    except (AssertionError, MemoryError, *BROKEN) as error:
        sys.stdout.write(str(error) or type(error).__name__)


if __name__ == "__main__":
    main()
