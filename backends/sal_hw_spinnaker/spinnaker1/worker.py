"""The process that loads sPyNNaker: maps or runs one network, writes what it found, and ends.

``python -m sal_hw_spinnaker.spinnaker1.worker FOLDER`` reads ``job.json`` and ``job.npz`` and writes ``result.npz`` and
``result.json``, in this order.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.storage.codec import decode
from sal_hw.storage.files import json_bytes, npz_bytes, write_atomic
from sal_hw.storage.reading import read_npz
from sal_hw_spinnaker.spinnaker1 import sdk
from sal_hw_spinnaker.spinnaker1.job import Arrays
from sal_hw_spinnaker.spinnaker1.network import Network
from sal_hw_spinnaker.spinnaker1.network_plan import NetworkPlan

#: exit code after an error of sPyNNaker or of the machine
FAILED = 4


def map_network(network: Network, plan: NetworkPlan) -> tuple[dict[str, Any], Arrays]:
    """Map a network and return where everything lies; nothing that its populations recorded is read."""
    # the first piece of a run: memory for recorded data depends on its length
    network.run(plan.read_every_updates * plan.update_steps)
    memory, data = sdk.regions()
    found = {
        "virtual": sdk.is_virtual(),
        "size": sdk.machine_size(),
        "placed": [[*item, memory.get(item[3], 0)] for item in sdk.placed()],
        "keys": list(sdk.keys()),
        "routes": list(sdk.routes()),
    }
    return found, dict(data)


def run_network(network: Network, plan: NetworkPlan) -> tuple[dict[str, Any], Arrays]:
    """Run a network on a machine and return its weights over time, its spikes, and what its cores counted."""
    updates, every = plan.updates, plan.read_every_updates
    read_after, weights = [], []
    counted: dict[str, int] = {}
    for done in range(0, updates, every):
        now = min(done + every, updates)
        network.run((now - done) * plan.update_steps)
        if sdk.is_virtual():
            raise RuntimeError("the configuration names a virtual board, which runs nothing")
        read_after.append(now)
        weights.append(network.learning_weights())
        # whether cores begin anew at 0 after a pause is not documented; the largest count is never 0 for a bad run
        for name, count in sdk.provenance().items():
            counted[name] = max(count, counted.get(name, 0))
    arrays: Arrays = {"read_after": np.array(read_after, dtype=np.int64), **network.spikes()}
    for index in weights[0] if weights else {}:
        arrays[f"weights.{index}"] = np.stack([item[index] for item in weights])
    return {"virtual": False, "provenance": counted}, arrays


def work(folder: Path) -> None:
    """Do the job in a folder."""
    plan = decode(NetworkPlan, json.loads((folder / "job.json").read_bytes()), {})
    network = Network(sdk.load_simulator(), plan, read_npz((folder / "job.npz").read_bytes()))
    try:
        found, arrays = {"map": map_network, "run": run_network}[plan.mode](network, plan)
    finally:
        network.end()
    found |= {"mode": plan.mode, "software": sdk.software()}
    write_atomic(folder / "result.npz", npz_bytes(arrays))
    write_atomic(folder / "result.json", json_bytes(found))


def main() -> int:
    """Work in the folder that the command line names."""
    try:
        work(Path(sys.argv[1]))
    except Exception as error:
        traceback.print_exc()
        sys.stderr.write(f"cause: {type(error).__name__}: {' '.join(str(error).split())}\n")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
