"""Stand-in of PyNN on BrainScaleS-2 (pynn-brainscales, brainscales2/pynn_brainscales/brainscales2/__init__.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from dlens_vx_v3 import lola, sta
from fake_chip import LOG, SCRIPT, write_log

from pynn_brainscales.brainscales2 import machine, simulator, standardmodels
from pynn_brainscales.brainscales2.network import (
    AllToAllConnector,
    ArrayConnector,
    FromListConnector,
    Population,
    Projection,
)
from pynn_brainscales.brainscales2.plasticity_rules import PlasticityRule, Timer
from pynn_brainscales.brainscales2.standardmodels import cells

__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "FromListConnector",
    "InjectedConfiguration",
    "InjectedReadout",
    "PlasticityRule",
    "Population",
    "Projection",
    "RunCommand",
    "Timer",
    "cells",
    "end",
    "get_execution_instance_data",
    "get_post_realtime_read_ppu_symbols",
    "run",
    "setup",
    "standardmodels",
]

__version__ = "stand-in"


@dataclass
class InjectedConfiguration:
    """What is written besides the network."""

    pre_non_realtime: Any = field(default_factory=dict)
    pre_realtime: Any = field(default_factory=dict)
    ppu_symbols: dict[str, Any] = field(default_factory=dict)


@dataclass
class InjectedReadout:
    """What is read besides the recordings."""

    ppu_symbols: set[str] = field(default_factory=set)


class RunCommand(Enum):
    """What run() does."""

    PREPARE = auto()
    APPEND = auto()
    EXECUTE = auto()


def setup(timestep: float = 3.4e-05, min_delay: str = "auto", **extra_params: Any) -> None:
    """Begin; keywords that are not known raise."""
    del timestep, min_delay
    state = simulator.State()
    state.neuron_permutation = _permutation(extra_params.pop("neuronPermutation", range(512)), 512)
    state.background_permutation = _permutation(extra_params.pop("backgroundPermutation", range(4)), 4)
    state.initial_config = extra_params.pop("initial_config", None)
    state.injected_config = extra_params.pop("injected_config", InjectedConfiguration())
    state.injected_readout = extra_params.pop("injected_readout", InjectedReadout())
    if extra_params:
        raise KeyError(f"unhandled extra_params in call to pynn.setup(...):{extra_params}")
    if not isinstance(state.initial_config, lola.Chip):
        raise TypeError("HXNeuron is silent without the settings of a calibrated chip")
    if not isinstance(state.injected_config.pre_non_realtime, sta.PlaybackProgramBuilder):
        raise TypeError("without the board's voltages the correlation sensors see nothing")
    simulator.state = state


def _permutation(entries: Any, size: int) -> list[int]:
    found = list(entries)
    if len(found) != len(set(found)) or any(not 0 <= each < size for each in found):
        raise ValueError("Non unique entries in HW LUT.")
    return found


def run(runtime: float | None, command: RunCommand = RunCommand.EXECUTE) -> None:
    """Place the network, or run it for a hardware time in ms."""
    state = simulator.current()
    if command is RunCommand.PREPARE:
        machine.place(state)
        state.fill(0.0)
        state.prepared = True
        return
    if command is not RunCommand.EXECUTE or runtime is None:
        raise ValueError("No experiment scheduled for execution yet.")
    if state.running:
        raise RuntimeError("Call `pynn.reset()` before calling `pynn.run()` again.")
    if not state.prepared:
        machine.place(state)
    state.runtime = runtime
    state.fill(runtime)
    state.running = True
    LOG["open"] = LOG.get("open", 0) + 1
    machine.execute(state)
    machine.describe(state)


def end() -> None:
    """Clean up."""
    if simulator.current().running:
        LOG["open"] -= 1
    write_log()
    simulator.state = None


def get_post_realtime_read_ppu_symbols() -> dict[Any, dict[str, Any]]:
    """Return symbols that were read after the run, by chip (simulator.py: ppu_symbols_read)."""
    if not simulator.current().running:
        raise RuntimeError("Read PPU symbols are only available after emulation on hardware.")
    return simulator.current().ppu_symbols_read


def get_execution_instance_data() -> Any:
    """Return results by execution instance (simulator.py: execution_instance_data)."""
    if not simulator.current().running:
        raise RuntimeError("Only available after execution.")
    return simulator.current().execution_instance_data


for _lacking in SCRIPT.get("lacks", []):
    del globals()[_lacking]
