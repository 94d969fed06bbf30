"""What runs in a process of its own: one chunk, with the vendor's software; see :mod:`.spinnaker2_process`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sal_hw.storage.files import npz_bytes, write_atomic
from sal_hw.storage.reading import read_npz
from sal_hw_spinnaker.spinnaker2.network import UnbelievableError, run_chunk
from sal_hw_spinnaker.spinnaker2.process import (
    ARRAYS,
    FAILED,
    JOB,
    RECORDS,
    UNBELIEVABLE,
    read_chunk,
    record_arrays,
)
from sal_hw_spinnaker.spinnaker2.sdk import load_vendor


def main(folder: Path) -> int:
    """Run the chunk of a folder, leave its records there, and return the exit code."""
    job = json.loads((folder / JOB).read_bytes())
    arrays = read_npz((folder / ARRAYS).read_bytes())
    try:
        records = run_chunk(load_vendor(), job["plan"], arrays, read_chunk(job, arrays), job["address"])
    except UnbelievableError as error:
        return _end(UNBELIEVABLE, str(error))
    except Exception as error:  # whatever the vendor's software raises
        return _end(FAILED, f"the vendor's software failed: {type(error).__name__}: {error}")
    write_atomic(folder / RECORDS, npz_bytes(record_arrays(records)))
    return 0


def _end(code: int, cause: str) -> int:
    sys.stderr.write(f"\ncause: {' '.join(cause.split())}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
