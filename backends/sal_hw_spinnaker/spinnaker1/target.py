"""The target ``spinnaker1``: its description and the passes that compile for it; needs no vendor software."""

from __future__ import annotations

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw_spinnaker.passes.finish_digital import finish_digital
from sal_hw_spinnaker.passes.lower_stdp import lower_stdp
from sal_hw_spinnaker.passes.place_on_cores import place_on_cores
from sal_hw_spinnaker.passes.scale_words import scale_words
from sal_hw_spinnaker.passes.split_signs import split_signs
from sal_hw_spinnaker.spinnaker1.description import spinnaker1_description
from sal_hw_spinnaker.spinnaker1.report import CoreReporter

spinnaker1_target = Target(
    description=spinnaker1_description,
    passes=(
        check_capabilities,
        realize_neurons,
        realize_weights,
        realize_stimuli,
        lower_plasticity,
        split_signs,
        scale_words,
        place_on_cores,
        lower_stdp,
        finish_digital,
    ),
    backend="spinnaker1",
    emulator="emulator:spinnaker",
    report=CoreReporter(),
)
