"""PyNN and its simulators: looked for without importing them, and imported and set up in a process of their own."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

from typing_extensions import assert_never

from sal_hw.errors import DeviceError, Problem, quote_value
from sal_hw_pynn.description import Simulator

#: modules that a simulator needs, outermost names only
MODULES: dict[Simulator, tuple[str, ...]] = {"brian2": ("pyNN", "neo", "brian2"), "nest": ("pyNN", "neo", "nest")}


def missing(simulator: Simulator) -> tuple[str, ...]:
    """Return the modules that a simulator needs and this computer lacks."""
    return tuple(name for name in MODULES[simulator] if not _installed(name))


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # ValueError: someone put a module without a specification into sys.modules
        return False


def require(simulator: Simulator) -> None:
    """Check that PyNN and a simulator are installed, without importing them.

    Raises
    ------
    DeviceError
        E820 with the command that installs them.
    """
    lacks = missing(simulator)
    if not lacks:
        return
    raise DeviceError(
        Problem(
            code="E820",
            field="target",
            value=quote_value(f"pynn:{simulator}"),
            allowed=f"PyNN with {simulator}; {', '.join(lacks)} cannot be found in this Python environment",
            hint="pip install 'sal-hw[pynn]'",
        )
    )


def set_up(simulator: Simulator, timestep_ms: float) -> Any:
    """Import PyNN's interface to a simulator and begin a network; the simulator is one per process.

    Parameters
    ----------
    timestep_ms
        Time step and shortest delay.
    """
    options: dict[str, Any] = {}
    match simulator:
        case "brian2":
            brian2 = importlib.import_module("brian2")
            # no compiler, so that the same program runs the same way on every computer
            brian2.prefs.codegen.target = "numpy"
            brian2.BrianLogger.log_level_error()
            # PyNN leaves spike sources on this clock; on another one they would spike between the network's steps
            brian2.defaultclock.dt = timestep_ms * brian2.ms
        case "nest":
            options["spike_precision"] = "on_grid"  # by default spikes lie between steps but STDP acts on the grid
        case _:
            assert_never(simulator)
    sim: Any = importlib.import_module(f"pyNN.{simulator}")
    sim.setup(timestep=timestep_ms, min_delay=timestep_ms, max_delay=10.0 * timestep_ms, **options)
    if simulator == "nest":
        # PyNN has given times taken for exact ones, which NEST moves up to its grid: 100.30000000000001 ms by a step
        importlib.import_module("nest").SetDefaults("spike_generator", {"precise_times": False})
    return sim


def spike_times(values: Any) -> Any:
    """Return spike times, in ms, as PyNN takes them for one source."""
    return importlib.import_module("pyNN.parameters").Sequence(values)
