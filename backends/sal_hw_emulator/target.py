"""The target ``ideal``: what SAL does without a chip's limits, on the emulator's engines."""

from __future__ import annotations

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.target.description import Range, TargetDescription

_ENGINE = "a choice of the emulator's engines"

ideal_target = Target(
    description=TargetDescription(
        family="ideal",
        summary="float weights, ideal sensors, no placement; sampling or LIF neurons on the embedded emulator",
        capabilities=(
            "sampling",
            "lif",
            "signed_weights",
            "plasticity",
            "wake_sleep",
            "constant_drive",
            "poisson_noise",
            "spike_lists",
            "record_spikes",
            "record_states",
            "record_membrane",
        ),
        limits={
            "neurons": Range(low=1, high=20_000, step=1, source="a dense weight matrix of 3.2 GB"),
            "synapses": Range(low=0, high=2**28, step=1, source="a dense weight matrix of 2.1 GB"),
            "update_intervals": Range(low=0, high=1, step=1, source=_ENGINE),
            "spike_latency": Range(low=1, high=1, step=1, unit="steps", source=_ENGINE),
        },
        emulated=True,
        learning="native",
        weights="float",
    ),
    passes=(check_capabilities, realize_neurons, realize_weights, realize_stimuli, lower_plasticity),
    backend=None,
    emulator="emulator",
)
