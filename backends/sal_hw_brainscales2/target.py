"""The target ``brainscales2``: its description and the passes that compile for it; needs no vendor software."""

from __future__ import annotations

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.machine.costs import run_costs
from sal_hw_brainscales2.machine.front_ends import FRONT_END_FEATURES
from sal_hw_brainscales2.machine.program_files import program_files
from sal_hw_brainscales2.passes.finish_chip import finish_chip
from sal_hw_brainscales2.passes.lower_kernels import lower_kernels
from sal_hw_brainscales2.passes.place_and_route import place_and_route
from sal_hw_brainscales2.passes.quantize_weights import quantize_weights
from sal_hw_brainscales2.passes.realize_circuits import realize_circuits
from sal_hw_brainscales2.passes.sampling_circuits import add_sampling_noise
from sal_hw_brainscales2.report.reporter import ChipReporter

brainscales2_target = Target(
    description=brainscales2_description,
    passes=(
        check_capabilities,
        realize_neurons,
        realize_weights,
        realize_stimuli,
        lower_plasticity,
        add_sampling_noise,
        place_and_route,
        realize_circuits,
        quantize_weights,
        lower_kernels,
        finish_chip,
    ),
    backend="brainscales2",
    emulator="emulator:brainscales2",
    files=program_files,
    report=ChipReporter(),
    costs=run_costs,
    front_ends=FRONT_END_FEATURES,
)
