"""What a run on a machine tells its user: what the cores counted, silent neurons, and weights at their limits.

Descriptions of counts: sPyNNaker 1!7.4.1, neuron/population_machine_synapses_provenance.py, and SpiNNFrontEndCommon
1!7.4.1, interface/provenance/provides_provenance_data_from_machine_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.learning_session import AtLimit, silent_neurons, weights_at_limit
from sal_hw.results.result import Finding

#: per kind of finding: the counts of the cores that it adds up, and what to do
COUNTED: dict[str, tuple[tuple[str, ...], str]] = {
    "timer_overruns": (
        ("Times_the_timer_tic_over_ran",),
        "cores did not finish a step in its time, so that neurons and spikes are late; lengthen the time step",
    ),
    "spikes_late": (
        ("Late spikes", "Skipped synapses"),
        "spikes arrived after their delay had passed; lengthen the time step or make populations smaller",
    ),
    "queues_overloaded": (
        (
            "Times_the_callback_queue_was_overloaded",
            "Times_the_dma_queue_was_overloaded",
            "Times_the_user_queue_was_overloaded",
            "Times_the_transmission_of_spikes_overran",
        ),
        "cores could not work off what arrived; lengthen the time step or make populations smaller",
    ),
    "ring_buffers_saturated": (
        ("Times_synaptic_weights_have_saturated",),
        "more arrived in one step than a ring buffer holds; make weights or rates smaller",
    ),
    "weights_saturated": (
        ("Times_plastic_synaptic_weights_have_saturated",),
        "learning weights left the 16 bits that they are stored in; lower the learning rate",
    ),
}


def counted(provenance: Mapping[str, int], kind: str) -> int:
    """Return how often the cores counted something of a kind."""
    return sum(provenance.get(name, 0) for name in COUNTED[kind][0])


def machine_findings(
    provenance: Mapping[str, int], *, counts: Mapping[str, NDArray[np.int64]], at_limit: AtLimit
) -> Iterator[Finding]:
    """Return what a user should know of a run.

    Parameters
    ----------
    provenance
        What the cores counted.
    counts
        Per population, how often each neuron spiked.
    at_limit
        Per projection, learning weights at an end of their range, and all of them.
    """
    if not provenance:
        advice = "the cores' counts could not be read, so that overruns and lost spikes are not known"
        yield Finding(kind="provenance_missing", severity="degraded", count=1, advice=advice)
    for kind, (_, advice) in COUNTED.items():
        if count := counted(provenance, kind):
            yield Finding(kind=kind, severity="degraded", count=count, advice=advice)
    yield from silent_neurons(counts)
    yield from weights_at_limit(at_limit)
