"""A small network of LIF neurons for a chip, and snapshots in which all but a few numbers are nominal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.values import Constant, Table
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.model import nominal_chip

#: 15 mV from rest to threshold are 45 LSB on the chip: 3 LSB per mV
NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=4.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-70.0,
    v_threshold_mv=-50.0,
)


class Chip:
    """Makes networks, snapshots and programs; everything that is not said is ordinary."""

    neuron = NEURON
    #: 0.01 mV per pair at zero lag
    rule = SalRule(
        name="alignment",
        forward="forward",
        backward="feedback",
        learning_rate=0.01,
        rate_per="pair",
        update_every_ms=1000.0,
        tau_causal_ms=10.0,
        tau_anticausal_ms=10.0,
    )

    @staticmethod
    def weights(*values: object) -> Table:
        """Return weights in mV, one per synapse or one per neuron."""
        return Table(values=np.array(values, dtype=np.float64), unit="mV")

    @staticmethod
    def constant(value: float) -> Constant:
        """Return the same number of mV everywhere."""
        return Constant(value=value, unit="mV")

    def network(
        self,
        visible: int = 2,
        hidden: int = 2,
        *,
        neuron: Any = NEURON,
        forward: Any = None,
        feedback: Any = None,
        **parts: Any,
    ) -> NetworkSpec:
        """Return two populations that are connected both ways; `forward` and `feedback` replace fields of either."""
        projections = (
            Projection(name="forward", source="visible", target="hidden", weight=self.constant(6.3)),
            Projection(name="feedback", source="hidden", target="visible", weight=self.constant(6.3)),
        )
        populations = (
            Population(name="visible", size=visible, neuron=neuron),
            Population(name="hidden", size=hidden, neuron=neuron),
        )
        changed = tuple(
            replace(item, **(given or {})) for item, given in zip(projections, (forward, feedback), strict=True)
        )
        return NetworkSpec(**{"timestep_ms": 0.1, "populations": populations, "projections": changed, **parts})

    @staticmethod
    def known(**values: Any) -> CalibrationSnapshot:
        """Return a snapshot of these tables only; a number stands for all instances, None for a failed measurement."""
        tables = []
        for table in nominal_chip().tables:
            if table.name in values:
                value = values[table.name]
                measured = np.broadcast_to(table.measured if value is None else np.asarray(value), table.measured.shape)
                ok = np.full(table.ok.shape, value is not None)
                tables.append(replace(table, measured=measured.astype(table.measured.dtype), ok=ok))
        assert len(tables) == len(values)
        return replace(nominal_chip(), tables=tuple(tables))

    @staticmethod
    def compiled(spec: NetworkSpec, known: CalibrationSnapshot | None = None, **options: Any) -> CompiledProgram:
        """Return the program for a chip."""
        return compile_network(spec, target="brainscales2", snapshot=known, **options)


@pytest.fixture
def chip() -> Chip:
    return Chip()
