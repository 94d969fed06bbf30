"""A simulator in a process of its own: started, asked, and ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import DeviceError, Problem, quote_value
from sal_hw.storage.codec import encode
from sal_hw_pynn.network_plan import NetworkPlan
from sal_hw_pynn.wire import Arrays, receive, send

Integers = NDArray[np.int64]

#: wall-clock seconds between two looks whether the process still lives, and to wait for its end
_LOOK_S, _END_S = 0.5, 5.0


class Process:
    """A simulator's process with one network.

    Parameters
    ----------
    plan, arrays
        The network, see :mod:`sal_hw_pynn.network_plan`.
    """

    def __init__(self, plan: NetworkPlan, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._simulator = plan.simulator
        # simulators write files and logs into their working folder
        self._folder = Path(tempfile.mkdtemp(prefix="sal-hw-pynn-"))
        self._connection, theirs = Pipe()
        with (self._folder / "simulator.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, and no shell
                [sys.executable, "-W", "ignore", "-m", "sal_hw_pynn.worker", str(theirs.fileno())],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
                start_new_session=True,  # an interruption reaches the session only, which ends it between two steps
            )
        theirs.close()
        self._ask({"do": "build", "network": encode(plan)[0]}, arrays)

    def advance(self, steps: int, inputs: Mapping[str, tuple[Integers, Integers]]) -> Arrays:
        """Run a stretch and return its spikes: ``step.NAME`` and ``neuron.NAME`` per population.

        Parameters
        ----------
        inputs
            Per target population, the steps and sources of the stretch's inputs.
        """
        arrays: Arrays = {}
        for name, (step, source) in inputs.items():
            arrays |= {f"step.{name}": step, f"source.{name}": source}
        return self._ask({"do": "advance", "steps": steps, "inputs": sorted(inputs)}, arrays)

    def weights(self, synapses: str) -> NDArray[np.float64]:
        """Return the present weights of synapses, mV, shape (pre, post)."""
        return self._ask({"do": "read", "synapses": synapses}, {})["weights"]

    def set_weights(self, synapses: str, weights_mv: NDArray[np.float64]) -> None:
        """Replace the weights of synapses, mV, shape (pre, post)."""
        self._ask({"do": "write", "synapses": synapses}, {"weights": weights_mv})

    def _ask(self, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Arrays:
        try:
            send(self._connection, document, arrays)
            while not self._connection.poll(_LOOK_S):
                if self._process.poll() is not None:
                    raise EOFError
            reply, found = receive(self._connection)
        except (EOFError, OSError) as error:
            raise self._failure(f"its process ended with code {self._process.wait()}") from error
        if not reply["ok"]:
            raise self._failure(reply["error"])
        return found

    def _failure(self, words: str) -> DeviceError:
        """Return the error of a failure; the log is kept, since it is what helps."""
        log = self._folder / "simulator.log"
        self._end()
        return DeviceError(
            Problem(
                code="E821",
                field="target",
                value=quote_value(f"pynn:{self._simulator}"),
                allowed=f"a simulator that runs the program; {words[:300]}",
                hint=f"read its log, {log}",
            )
        )

    def _end(self) -> None:
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_END_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process and remove what it has written."""
        if not self._connection.closed:
            self._end()
            shutil.rmtree(self._folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Return the environment of the process: one thread, and no tool that makes PyNN compile extensions of NEST."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    kept = [folder for folder in folders if not (Path(folder or ".") / "nest-config").exists()]
    return {**os.environ, "PATH": os.pathsep.join(kept), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
