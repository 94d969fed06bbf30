"""The target ``spinnaker1``: limits of a SpiNNaker machine run by sPyNNaker 1!7.4.1, as data.

Sources are modules of the Python packages sPyNNaker, SpiNNFrontEndCommon and SpiNNMachine of that release, and files of
the public repository SpiNNakerManchester/sPyNNaker. "Tried" means that a virtual board accepted or refused it.
"""

from __future__ import annotations

import math

from sal_hw.target.description import Range, TargetDescription

_VERSION = "SpiNNMachine, version/version_spin1.py"
_VERTEX = "sPyNNaker, neuron/population_vertex.py"
_STDP = "sPyNNaker, neural_modelling/src/neuron/plasticity/stdp"
_TRIED = "tried on a virtual board"
_RESOLUTION = (
    "a choice: rounding down costs half a word per update, so that below 8 words it is more than a sixteenth of a pair"
)


def _fixed(number: float, source: str, unit: str = "1") -> Range:
    """Return a quantity that has one value."""
    return Range(low=number, high=number, unit=unit, source=source)


def _whole(low: int, high: int, source: str, unit: str = "1") -> Range:
    return Range(low=low, high=high, step=1, unit=unit, source=source)


_MACHINE = {
    "neurons": _whole(1, 20_000, "a dense matrix of words of 0.8 GB"),
    "synapses": _whole(0, 2**28, "a dense matrix of words of 0.5 GB"),
    "cores": _whole(1, 808, f"one SpiNN-5 board: 48 chips, all cores but one per chip ({_VERSION}; {_TRIED})"),
    "core_memory": _whole(0, 65_536, f"{_VERSION}: 64 kB of fast data memory; a virtual board does not check it", "B"),
    "timestep": Range(low=0.05, high=10.0, unit="ms", source=f"0.05, 0.1, 0.5 and 1 ms {_TRIED}; 10 ms is a choice"),
    "shortest_real_step": _fixed(1.0, "a choice: below 1 ms cores may not finish a step in real time", "ms"),
    "update_intervals": _whole(0, 1, "weights are read at one interval"),
}

_CORES = {
    "neurons_per_core": _whole(1, 256, f"default of all neuron models; 512 is cut to 256 ({_TRIED})"),
    "plastic_neurons_per_core": _whole(1, 128, f"dense learning rows onto 256 are refused, onto 128 fit ({_TRIED})"),
    "plastic_row_synapses": _whole(0, 254, f"SynapseRowTooBigException beyond ({_TRIED})"),
    "plastic_events_per_core": Range(
        low=0, high=1.4e6, unit="1/s", source="sPyNNaker, neuron/synapse_dynamics, synapses_per_second of STDP"
    ),
    "ring_buffer_entries": _whole(
        1, 2**14, "sPyNNaker, neural_modelling/src/neuron/synapses.c: 14 bits for delay, receptor and neuron"
    ),
}

_WEIGHTS = {
    "weight": _whole(0, 65_535, f"{_STDP}: weight_t has 16 bits without sign; ring buffers saturate there", "LSB"),
    "ring_buffer_sigma": _fixed(5.0, "sPyNNaker, default of the configuration, ring_buffer_sigma"),
    "planned_rate": _fixed(30.0, "sPyNNaker, default of the configuration, spikes_per_second", "Hz"),
    "delay": Range(
        low=0.0,
        unit="ms",
        source=f"{_VERTEX}: at least one step; 0 ms stands for the next step",
    ),
    "spike_latency": Range(low=1, step=1, unit="steps", source=f"{_VERTEX}: the delay in steps, at least one"),
}

_PLASTICITY = {
    "post_history": _fixed(16, f"{_STDP}/post_events.h: entries per neuron, of which the first is no spike"),
    "window_length": _fixed(11 * math.log(2.0), f"{_STDP}/stdp_typedefs.h: exp(-t/tau) with 11 fractional bits"),
    "learning_step": Range(low=8.0, unit="LSB", source=_RESOLUTION),
}

spinnaker1_description = TargetDescription(
    family="spinnaker1",
    summary="SpiNNaker through sPyNNaker: LIF neurons in time steps, 16-bit weights of one sign, native pair STDP",
    capabilities=(
        "lif",
        "signed_weights",
        "delays",
        "plasticity",
        "constant_drive",
        "poisson_noise",
        "spike_lists",
        "record_spikes",
        "record_membrane",
    ),
    limits=_MACHINE | _CORES | _WEIGHTS | _PLASTICITY,
    learning="native",
    weights="16 bit, one sign per synapse",
    tested="mapped",
)
