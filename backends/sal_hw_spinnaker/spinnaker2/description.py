"""The target ``spinnaker2``: limits of one SpiNNaker2 chip run by py-spinnaker2, as data.

No hard limits of neurons and synapses are published: they depend on the memory of a processing element, of which the
compiler only has an estimate. "Examples" are the programs that come with py-spinnaker2 and public code that uses it.
"""

from __future__ import annotations

from sal_hw.target.description import Range, TargetDescription

#: what the target and its backend are called, and the one front end of the vendor's software
NAME, FRONT_END = "spinnaker2", "py-spinnaker2"

_CHIP = "SpiNNaker2, chip paper arXiv 2607.24396"
_GUESS = "an estimate, not published"


def _fixed(number: float, source: str, unit: str = "1") -> Range:
    """Return a quantity that has one value."""
    return Range(low=number, high=number, unit=unit, source=source)


def _whole(low: int, high: int, source: str, unit: str = "1") -> Range:
    return Range(low=low, high=high, step=1, unit=unit, source=source)


_MACHINE = {
    "neurons": _whole(1, 20_000, "a dense matrix of whole numbers of 0.8 GB"),
    "synapses": _whole(0, 2**28, "a dense matrix of whole numbers of 0.5 GB"),
    "update_intervals": _whole(0, 1, "the host learns at one interval"),
    "cores": _whole(1, 148, f"processing elements of a chip that can be used ({_CHIP})"),
    "neurons_per_core": _whole(1, 250, "the most neurons per processing element in examples"),
    "core_memory": _whole(0, 96 * 1024, f"128 kB less some 32 kB of code ({_CHIP})", "B"),
    "timestep": Range(low=0.05, high=10.0, unit="ms", source="a choice; what is loaded has no unit of time"),
    "shortest_real_tick": _fixed(1.0, "default of py-spinnaker2; examples have longer ticks, none shorter", "ms"),
}

_WEIGHTS = {
    "weight": _whole(-127, 127, "py-spinnaker2, models without delay: NIR conversion", "LSB"),
    "weight_delayed": _whole(-15, 15, "py-spinnaker2, models with delay: comment of examples, for lif", "LSB"),
    "delay": _whole(1, 8, "py-spinnaker2, models with delay: fields 0 .. 7, and a tick", "ticks"),
    "spike_latency": _whole(1, 8, "py-spinnaker2: the delay in ticks, at least one", "ticks"),
}

_MEMORY = {
    "synapse_memory": _fixed(2.0, f"{_GUESS}: a 16-bit word holds index, weight and delay", "B"),
    "neuron_memory": _fixed(64.0, f"{_GUESS}: ten 32-bit numbers, and the sums of spikes on their way", "B"),
    "input_spike_memory": _fixed(4.0, f"{_GUESS}: one 32-bit number per given spike", "B"),
    "spike_record_memory": _fixed(4.0, f"{_GUESS}: a bit per neuron and tick, in 32-bit words", "B"),
    "potential_record_memory": _fixed(4.0, f"{_GUESS}: a 32-bit number per neuron and tick", "B"),
}

_LEARNING = {
    "chunk_length": Range(
        low=20.0,
        unit="time constants",
        source="a choice: at 20 time constants, state that is lost between chunks changed the final asymmetry of a "
        "simulated network by 2 %, at 5 by 10 %",
    ),
    "free_chunk": _fixed(3000, f"ticks at most without a rule; {_GUESS}: 250 neurons record 32 B per tick", "ticks"),
}

spinnaker2_description = TargetDescription(
    family=NAME,
    summary="SpiNNaker2 through py-spinnaker2: LIF neurons in ticks, whole-number weights, learning by the host",
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
    limits=_MACHINE | _WEIGHTS | _MEMORY | _LEARNING,
    learning="host",
    weights="whole numbers up to 127, or 15 with delays",
    tested="contract",
)
