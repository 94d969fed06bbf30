"""The target ``tiny``: its limits as data, and its passes."""

from __future__ import annotations

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.target.description import Range, TargetDescription
from tiny_machine.store_weights import store_weights

_DESIGN = "made up for this example"

tiny_target = Target(
    description=TargetDescription(
        family="tiny",
        summary="made up: 16 LIF neurons with weights of at most 1 mV, in emulation only",
        capabilities=("lif", "signed_weights", "plasticity", "constant_drive", "poisson_noise", "record_spikes"),
        limits={
            "neurons": Range(low=1, high=16, step=1, source=_DESIGN),
            "weight": Range(low=-1.0, high=1.0, unit="mV", source=_DESIGN),
            "update_intervals": Range(low=0, high=1, step=1, source=_DESIGN),
        },
        emulated=True,
        learning="native",
        weights="float, at most 1 mV",
    ),
    passes=(check_capabilities, realize_neurons, realize_weights, store_weights, realize_stimuli, lower_plasticity),
    backend=None,
    emulator="emulator:tiny",
)
