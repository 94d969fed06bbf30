"""The networks that measurements are made with: ordinary specifications, in units of the distance rest to threshold.

One millivolt of the model is the distance from the resting potential to the threshold, which every circuit's
calibration makes 45 LSB (brainscales2: leak 80, threshold 125).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.probes import CorrelationProbe, MembraneProbe, SpikeProbe
from sal_hw.spec.signs import Receptor
from sal_hw.spec.stimulus import ConstantDrive, SpikeList
from sal_hw.spec.values import Constant, Table

#: LSB per millivolt of the model, see above
LSB_PER_MV = 45.0

#: resting potential and threshold of the calibration's defaults, LSB
REST_LSB, THRESHOLD_LSB = 80.0, 125.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Circuit:
    """Settings of a circuit: model time, and potentials in LSB."""

    tau_mem_ms: float = 10.0
    tau_syn_ms: float = 5.0
    tau_ref_ms: float = 10.0
    leak_lsb: float = REST_LSB
    reset_lsb: float = 55.0

    def neuron(self) -> LifNeuron:
        """Return the model neuron; a leak potential other than the resting one is made by :meth:`drive_mv`."""
        return LifNeuron(
            tau_mem_ms=self.tau_mem_ms,
            tau_syn_exc_ms=self.tau_syn_ms,
            tau_syn_inh_ms=self.tau_syn_ms,
            tau_ref_ms=self.tau_ref_ms,
            v_rest_mv=0.0,
            v_reset_mv=(self.reset_lsb - REST_LSB) / LSB_PER_MV,
            v_threshold_mv=1.0,
        )

    @property
    def drive_mv(self) -> float:
        """Constant drive that makes the leak potential."""
        return (self.leak_lsb - REST_LSB) / LSB_PER_MV


def alone(
    circuit: Circuit,
    size: int,
    *,
    every_ms: float,
    timestep_ms: float = 0.1,
    leak_lsb: NDArray[np.float64] | None = None,
) -> NetworkSpec:
    """Return neurons without synapses whose membranes and spikes are recorded.

    Parameters
    ----------
    leak_lsb
        Shape (size,): leak potentials, instead of that of the circuit.
    """
    drive = Constant(value=circuit.drive_mv, unit="mV") if leak_lsb is None else _drive(leak_lsb)
    return NetworkSpec(
        timestep_ms=timestep_ms,
        populations=(Population(name="cells", size=size, neuron=circuit.neuron()),),
        stimuli=(ConstantDrive(name="drive", target="cells", amplitude=drive),),
        probes=(SpikeProbe(population="cells"), MembraneProbe(population="cells", every_ms=every_ms)),
    )


def _drive(leak_lsb: NDArray[np.float64]) -> Table:
    return Table(values=np.asarray((leak_lsb - REST_LSB) / LSB_PER_MV), unit="mV")


def stimulated(
    circuit: Circuit, size: int, *, spikes: NDArray[np.float64], weight_lsb: float, every_ms: float
) -> NetworkSpec:
    """Return neurons of which each has one synapse from outside, through which given spikes come.

    Parameters
    ----------
    spikes
        Shape (spikes, 2): time in ms and neuron.
    weight_lsb
        Steady drive of the synapse; negative for inhibition.
    """
    weight = Constant(value=weight_lsb / LSB_PER_MV, unit="mV")
    given = SpikeList(name="given", target="cells", spikes=Table(values=spikes, unit="1"), weight=weight)
    base = alone(circuit, size, every_ms=every_ms)
    return NetworkSpec(
        timestep_ms=base.timestep_ms,
        populations=base.populations,
        stimuli=(*base.stimuli, given),
        probes=base.probes,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Kicked:
    """How sources are made to fire one by one: a leak potential close below threshold, and one strong input spike."""

    circuit: Circuit = Circuit(tau_mem_ms=5.0, tau_syn_ms=5.0, tau_ref_ms=5.0, leak_lsb=112.0, reset_lsb=80.0)
    weight_lsb: float = 63.0


def kicked_sources(
    sizes: tuple[int, int],
    *,
    first_fires: bool,
    spikes: NDArray[np.float64],
    kicked: Kicked,
    watched: Circuit,
    weight_lsb: float,
    every_ms: float,
) -> NetworkSpec:
    """Return two populations, one on each hemisphere, of which one is kicked and projects to the other.

    Parameters
    ----------
    sizes
        Neurons of the first and of the second population.
    first_fires
        Whether the first one is kicked.
    spikes
        Shape (spikes, 2): time in ms and neuron of the kicks.
    weight_lsb
        Steady drive of the synapses between them.
    """
    names = ("first", "second")
    firing, seen = names if first_fires else names[::-1]
    circuits = {firing: kicked.circuit, seen: watched}
    return NetworkSpec(
        timestep_ms=0.1,
        populations=tuple(
            Population(name=name, size=size, neuron=circuits[name].neuron())
            for name, size in zip(names, sizes, strict=True)
        ),
        projections=(
            Projection(
                name="synapses",
                source=firing,
                target=seen,
                weight=Constant(value=weight_lsb / LSB_PER_MV, unit="mV"),
                receptor="excitatory",
            ),
        ),
        stimuli=(
            ConstantDrive(name="drive", target=firing, amplitude=Constant(value=kicked.circuit.drive_mv, unit="mV")),
            SpikeList(
                name="kicks",
                target=firing,
                spikes=Table(values=spikes, unit="1"),
                weight=Constant(value=kicked.weight_lsb / LSB_PER_MV, unit="mV"),
            ),
        ),
        probes=(SpikeProbe(population=firing), MembraneProbe(population=seen, every_ms=every_ms)),
    )


def sensed(
    sizes: tuple[int, int],
    circuit: Circuit,
    leak_lsb: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    update_every_ms: float,
    tau_ms: float,
    timestep_ms: float = 0.1,
) -> NetworkSpec:
    """Return two populations that are connected both ways with weights zero, and whose sensors are read.

    Two disabled rules read the sensors of both projections, which fill the synapses of a whole chip.

    Parameters
    ----------
    leak_lsb
        Leak potentials of both populations, each of shape (neurons,).
    tau_ms
        Time constant that the sensors are set to.
    """
    names = ("first", "second")
    pairs = (("forward", *names), ("feedback", *names[::-1]))
    reading = SalRule(
        name="reading",
        forward="forward",
        backward="feedback",
        learn="both",
        learning_rate=0.001,
        rate_per="pair",
        update_every_ms=update_every_ms,
        tau_causal_ms=tau_ms,
        tau_anticausal_ms=tau_ms,
        enabled=False,
    )
    return NetworkSpec(
        timestep_ms=timestep_ms,
        populations=tuple(
            Population(name=name, size=size, neuron=circuit.neuron()) for name, size in zip(names, sizes, strict=True)
        ),
        projections=tuple(_silent(*ends, receptor="excitatory") for ends in pairs),
        plasticity=(reading,),
        stimuli=tuple(
            ConstantDrive(name=f"drive_{name}", target=name, amplitude=_drive(leak))
            for name, leak in zip(names, leak_lsb, strict=True)
        ),
        probes=(
            *(SpikeProbe(population=name) for name in names),
            CorrelationProbe(projection="forward"),
            CorrelationProbe(projection="feedback"),
        ),
    )


def _silent(name: str, source: str, target: str, *, receptor: Receptor) -> Projection:
    return Projection(
        name=name,
        source=source,
        target=target,
        weight=Constant(value=0.0, unit="mV"),
        receptor=receptor,
        weight_min=0.0,
        weight_max=1.0,
    )
