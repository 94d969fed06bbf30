"""The targets ``pynn:brian2`` and ``pynn:nest``: limits of two simulators used through PyNN 0.13, as data.

Sources are modules of the Python package PyNN of that release; "tried" means that the simulator itself was run. How the
two time spikes and STDP pairs is in :data:`TIMING`, since amplitudes depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sal_hw.target.description import Range, TargetDescription

Simulator: TypeAlias = Literal["brian2", "nest"]
SIMULATORS: tuple[Simulator, ...] = ("brian2", "nest")

#: steps from an input's time to its arrival, so that input which is handed over between two stretches is never late; a
#: step later it moves membranes
INPUT_STEPS = 3
#: steps from the step of a spike to the first in which it moves other membranes: the shortest delay of both simulators,
#: and the step that follows
SPIKE_STEPS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How a simulator counts time; tried with single neurons and given spikes.

    Attributes
    ----------
    spike_steps
        Steps from the beginning of the step in which a neuron spikes to the time that is recorded.
    emission_steps
        Steps from an input's time to the time that its source is given, so that it arrives after INPUT_STEPS.
    pending_steps
        Sources still have to emit what is due this many steps after the simulator's time, or later.
    refractory_steps
        What is added to the refractory time, so that the shortest interval between two spikes is that time.
    first_causal_lag, first_anticausal_lag
        Shortest lag in steps of an STDP pair of either kind, with the delay of one step. Brian2 takes the delay for an
        axonal one and counts a pair at lag 0 as causal; NEST takes it for a dendritic one and leaves such a pair out
        (PyNN, brian2/standardmodels/synapses.py and nest/standardmodels/synapses.py; tried).
    shift_steps
        Lag of a causal pair on the synapse minus that of its spikes, in steps; an anti-causal one is shifted the other
        way.
    defers
        Whether a synapse takes in post spikes at its next pre spike only.
    shared_tau_minus
        Whether the anti-causal window belongs to the postsynaptic neuron.
    """

    spike_steps: int
    emission_steps: int
    pending_steps: float
    refractory_steps: int
    first_causal_lag: int
    first_anticausal_lag: int
    shift_steps: int
    defers: bool
    shared_tau_minus: bool


TIMING: dict[Simulator, Timing] = {
    "brian2": Timing(
        spike_steps=0,
        emission_steps=INPUT_STEPS - 1,
        pending_steps=-0.5,
        refractory_steps=0,
        first_causal_lag=0,
        first_anticausal_lag=1,
        shift_steps=-1,
        defers=False,
        shared_tau_minus=False,
    ),
    # PyNN runs NEST one step ahead of the time that it reports
    "nest": Timing(
        spike_steps=1,
        emission_steps=INPUT_STEPS,
        pending_steps=2.5,
        refractory_steps=-1,
        first_causal_lag=1,
        first_anticausal_lag=1,
        shift_steps=1,
        defers=True,
        shared_tau_minus=True,
    ),
}

_CAPABILITIES: tuple[str, ...] = (
    "lif",
    "signed_weights",
    "plasticity",
    "constant_drive",
    "poisson_noise",
    "spike_lists",
    "record_spikes",
)
_SUMMARIES = {
    "brian2": "Brian2 through PyNN: float LIF neurons; pair STDP native for all pairs in a range, otherwise host loop",
    "nest": "NEST through PyNN: float LIF neurons on a grid; pair STDP native for all pairs in a range, otherwise "
    "host loop",
}


def _limits(simulator: Simulator) -> dict[str, Range]:
    return {
        "neurons": Range(low=1, high=5_000, step=1, source="a choice: synapses are handed over one by one"),
        "synapses": Range(low=0, high=2**20, step=1, source="a choice: synapses are handed over one by one"),
        "update_intervals": Range(low=0, high=1, step=1, source="weights are read and kept in range at one interval"),
        "timestep": Range(low=0.001, high=10.0, unit="ms", source="0.1 and 1 ms tried; NEST counts whole microseconds"),
        "synaptic_delay": Range(low=1, high=1, step=1, unit="steps", source=f"PyNN, {simulator}: at least one step"),
        "spike_latency": Range(
            low=SPIKE_STEPS,
            high=SPIKE_STEPS,
            step=1,
            unit="steps",
            source=f"{simulator}, tried: a delay of one step, and the step in which membranes move",
        ),
    }


DESCRIPTIONS: dict[Simulator, TargetDescription] = {
    simulator: TargetDescription(
        family=f"pynn:{simulator}",
        summary=_SUMMARIES[simulator],
        capabilities=_CAPABILITIES,
        limits=_limits(simulator),
        learning="native",
        weights="float",
    )
    for simulator in SIMULATORS
}
