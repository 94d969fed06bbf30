"""The target ``spinnaker2``: its description and the passes that compile for it; needs no vendor software."""

from __future__ import annotations

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw.program import CompiledProgram
from sal_hw_spinnaker.passes.host_chunks import host_chunks, place_on_elements, tick_parameters
from sal_hw_spinnaker.passes.integer_weights import integer_weights
from sal_hw_spinnaker.spinnaker2.description import spinnaker2_description
from sal_hw_spinnaker.spinnaker2.report import ElementReporter
from sal_hw_spinnaker.ticks import Rounding


def _files(program: CompiledProgram, *, updates: int, seed: int, via: str | None = None) -> dict[str, bytes]:
    from sal_hw_spinnaker.spinnaker2.files import program_files

    return program_files(program, updates=updates, seed=seed, via=via)


def spinnaker2_with(*, shadow: bool = True, rounding: Rounding = "nearest") -> Target:
    """Return the target with a choice of how the host learns, for :func:`sal_hw.passes.compile.compile_network`.

    Parameters
    ----------
    shadow
        Whether the host keeps learning weights as floating-point numbers, of which the machine gets rounded copies.
    rounding
        How they become whole numbers; without a shadow, ``nearest`` is refused (E339).
    """
    return Target(
        description=spinnaker2_description,
        passes=(
            check_capabilities,
            realize_neurons,
            realize_weights,
            realize_stimuli,
            lower_plasticity,
            integer_weights,
            host_chunks(shadow=shadow, rounding=rounding),
            tick_parameters,
            place_on_elements,
        ),
        backend="spinnaker2",
        emulator="emulator:spinnaker",
        files=_files,
        report=ElementReporter(),
    )


spinnaker2_target = spinnaker2_with()
