"""A simulator in a process of its own: started, asked, and ended."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import never
from sal_hw.errors import DeviceError, Interrupted, Problem, quote_value
from sal_hw.processes import Child
from sal_hw.storage.codec import encode
from sal_hw_pynn.network_plan import NetworkPlan
from sal_hw_pynn.wire import Arrays, receive, send

Integers = NDArray[np.int64]

#: wall-clock seconds between two looks whether the process still lives, and to wait for its end
_LOOK_S, _END_S = 0.5, 5.0

#: wall-clock seconds that a step may go on after an interruption, so that it can be kept; a choice
PATIENCE_S = 5.0

#: wall-clock seconds allowed for an answer, since Brian2 may compile; per time step; and numbers of the network with
#: which that doubles: choices, tens of times what is usual
ANSWER_S, PER_STEP_S, DOUBLED_BY = 600.0, 0.1, 100_000


class Process:
    """A simulator's process with one network.

    Parameters
    ----------
    plan, arrays
        The network, see :mod:`sal_hw_pynn.network_plan`.
    interrupted
        Asked whether to stop.
    deadline_s
        Wall-clock limit of an answer, seconds; None allows a generous time, by the size of what is asked for.
    """

    def __init__(
        self,
        plan: NetworkPlan,
        arrays: Mapping[str, NDArray[Any]],
        *,
        interrupted: Callable[[], bool] = never,
        deadline_s: float | None = None,
    ) -> None:
        self._simulator = plan.simulator
        self._interrupted, self._deadline_s = interrupted, deadline_s
        self._patient_until: float | None = None
        self._per_step_s = PER_STEP_S * (1.0 + sum(item.size for item in arrays.values()) / DOUBLED_BY)
        # simulators write files and logs into their working folder
        self._folder = Path(tempfile.mkdtemp(prefix="sal-hw-pynn-"))
        self._connection, theirs = Pipe()
        # it has a group of its own: an interruption reaches the session only, which ends it between two steps
        self._process = Child(
            [sys.executable, "-W", "ignore", "-m", "sal_hw_pynn.worker", str(theirs.fileno())],
            folder=self._folder,
            log=self._folder / "simulator.log",
            environment=_environment(),
            descriptors=(theirs.fileno(),),
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
        return self._ask({"do": "advance", "steps": steps, "inputs": sorted(inputs)}, arrays, steps)

    def weights(self, synapses: str) -> NDArray[np.float64]:
        """Return the present weights of synapses, mV, shape (pre, post)."""
        return self._ask({"do": "read", "synapses": synapses}, {})["weights"]

    def set_weights(self, synapses: str, weights_mv: NDArray[np.float64]) -> None:
        """Replace the weights of synapses, mV, shape (pre, post)."""
        self._ask({"do": "write", "synapses": synapses}, {"weights": weights_mv})

    def _ask(self, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], steps: int = 0) -> Arrays:
        limit_s = self._deadline_s or ANSWER_S + steps * self._per_step_s
        begin = time.monotonic()
        try:
            send(self._connection, document, arrays)
            while not self._connection.poll(_LOOK_S):
                if self._process.ended() is not None:
                    raise EOFError
                self._stop_if_interrupted()
                if time.monotonic() - begin > limit_s:
                    raise self._failure(f"it did not answer within {limit_s:.0f} s and was ended")
            reply, found = receive(self._connection)
        except (EOFError, OSError) as error:
            raise self._failure(f"its process ended with code {self._process.wait(_END_S)}") from error
        if not reply["ok"]:
            raise self._failure(reply["error"])
        self._stop_if_interrupted()
        return found

    def _stop_if_interrupted(self) -> None:
        """Give up if the user wants that and the step, which is made of many answers, has not ended soon after."""
        if not self._interrupted():
            return
        if self._patient_until is None:
            self._patient_until = time.monotonic() + PATIENCE_S
        if time.monotonic() > self._patient_until:
            self.close()
            raise Interrupted(
                Problem(
                    code="E602",
                    field="run",
                    value=quote_value(f"pynn:{self._simulator}"),
                    allowed="the run was interrupted within a step; what was kept before it is kept",
                    hint="repeat the command with --resume to go on, if it has a folder",
                )
            )

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

    def _end(self, patience_s: float = 0.0) -> None:
        self._connection.close()
        if patience_s:
            self._process.wait(patience_s)
        self._process.end()

    def close(self) -> None:
        """End the process and remove what it has written."""
        if not self._connection.closed:
            self._end(0.0 if self._interrupted() else _END_S)
            shutil.rmtree(self._folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Return the environment of the process: one thread, and no tool that makes PyNN compile extensions of NEST."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    kept = [folder for folder in folders if not (Path(folder or ".") / "nest-config").exists()]
    return {**os.environ, "PATH": os.pathsep.join(kept), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
