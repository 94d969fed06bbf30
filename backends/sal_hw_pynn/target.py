"""The targets ``pynn:brian2`` and ``pynn:nest``: their descriptions and passes; needs neither PyNN nor a simulator."""

from __future__ import annotations

from functools import partial

from sal_hw.contracts.targets import Target
from sal_hw.passes.check_capabilities import check_capabilities
from sal_hw.passes.lower_plasticity import lower_plasticity
from sal_hw.passes.realize_neurons import realize_neurons
from sal_hw.passes.realize_stimuli import realize_stimuli
from sal_hw.passes.realize_weights import realize_weights
from sal_hw_pynn.choose_learning import choose_learning
from sal_hw_pynn.description import DESCRIPTIONS, Simulator


def _target(simulator: Simulator) -> Target:
    return Target(
        description=DESCRIPTIONS[simulator],
        passes=(
            check_capabilities,
            realize_neurons,
            realize_weights,
            realize_stimuli,
            lower_plasticity,
            partial(choose_learning, simulator=simulator),
        ),
        backend=DESCRIPTIONS[simulator].family,
        emulator=None,
    )


brian2_target = _target("brian2")
nest_target = _target("nest")
