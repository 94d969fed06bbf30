"""Reads a result of calix from a pickle and prints what is wanted of it as JSON; run as a script, never imported.

A pickle runs whatever code it contains. Only :mod:`sal_hw_brainscales2.machine.calix.reading` starts this file, in a
process of its own, and only if the user says that the pickle is trusted.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path


def main(path: str) -> None:
    """Print the chip's usable neurons as the last line."""
    result = pickle.loads(Path(path).read_bytes())  # noqa: S301 - see above
    neurons = getattr(result, "neuron_result", result)
    usable = [int(bool(each)) for each in neurons.success_mask]
    sys.stdout.write("\n" + json.dumps({"kind": "sal-hw-calix", "neurons": {"usable": usable}}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
