"""How each projection learns on a simulator: by its own pair STDP, or by pair sums that the host computes.

Standard pair STDP can express SAL with both amplitudes negative: causal pairs weaken, anti-causal ones strengthen. But
the simulators keep such weights within bounds on one side only, refuse negative bounds, and on the inhibitory receptor
they never learn or learn with the wrong sign. The learning synapse is therefore an excitatory one that stays far from
its bounds, and a static inhibitory one of the same delay takes the excess away: ``w = m - c``. The host keeps w in the
range that the specification asks for, at each update. Both receptors must have the same time constant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sal_hw.program import LoweredRule, LoweredSal, NeuronBlock, SynapseBlock
from sal_hw.spec.windows import pairs_nearest
from sal_hw_pynn.description import TIMING, Simulator

Way: TypeAlias = Literal["static", "native", "host"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PairStdp:
    """Parameters of a simulator's own pair STDP with additive weight dependence.

    Attributes
    ----------
    offset_mv
        Strength c of the static inhibitory synapse: the signed weight is the learning one minus this.
    weight_max_mv
        Upper bound of the learning weight; the lower one is 0.
    amplitude_plus, amplitude_minus
        In units of `weight_max_mv`, which both simulators multiply them by; negative for SAL.
    tau_plus_ms, tau_minus_ms
        Time constants of the causal and of the anti-causal window.
    """

    offset_mv: float
    weight_max_mv: float
    amplitude_plus: float
    amplitude_minus: float
    tau_plus_ms: float
    tau_minus_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mechanism:
    """How one projection learns.

    Attributes
    ----------
    rules
        Indices of the rules that change it.
    reason
        Why the host computes, in words; empty otherwise.
    stdp
        Parameters of native learning; None otherwise.
    """

    projection: str
    way: Way
    rules: tuple[int, ...] = ()
    reason: str = ""
    stdp: PairStdp | None = None


def plan_mechanisms(
    simulator: Simulator,
    rules: Sequence[LoweredRule],
    synapses: Sequence[SynapseBlock],
    neurons: Sequence[NeuronBlock],
    timestep_ms: float,
) -> tuple[Mechanism, ...]:
    """Return how each projection learns, in their order; equal arguments give equal plans."""
    planner = _Planner(simulator, {block.population: block for block in neurons}, timestep_ms)
    return tuple(planner.plan(rules, block) for block in synapses)


class _Planner:
    """Plans projections one after the other."""

    def __init__(self, simulator: Simulator, neurons: Mapping[str, NeuronBlock], timestep_ms: float) -> None:
        self._simulator: Simulator = simulator
        self._neurons = neurons
        self._timestep_ms = timestep_ms
        #: the anti-causal window of each population that has one of its own, in steps
        self._tau_minus: dict[str, float] = {}

    def plan(self, rules: Sequence[LoweredRule], block: SynapseBlock) -> Mechanism:
        """Return how a projection learns."""
        name = block.projection
        acting = {
            index: rule
            for index, rule in enumerate(rules)
            if isinstance(rule, LoweredSal) and rule.gain != 0.0 and name in rule.learned
        }
        if not acting:
            return Mechanism(projection=name, way="static")
        rule = next(iter(acting.values()))
        reason = next(iter(self._obstacles(len(acting), rule, block)), None)
        if reason is not None:
            return Mechanism(projection=name, way="host", rules=tuple(acting), reason=reason)
        if TIMING[self._simulator].shared_tau_minus:
            self._tau_minus[block.target] = rule.anticausal.trace_tau_steps
        stdp = _pair_stdp(self._simulator, rule, block, self._timestep_ms)
        return Mechanism(projection=name, way="native", rules=tuple(acting), stdp=stdp)

    def _obstacles(self, rules: int, rule: LoweredSal, block: SynapseBlock) -> Iterator[str]:
        """Yield what keeps a simulator's own STDP from being this rule."""
        lif, amplitude = self._neurons[block.target].lif, rule.amplitudes[block.projection]
        if rules > 1:
            yield "several rules change it, and a synapse has one mechanism"
        if pairs_nearest(rule.causal.pairing) or pairs_nearest(rule.anticausal.pairing):
            yield "standard STDP pairs every spike with every earlier one, and the rule pairs nearest neighbours"
        if len(np.unique(amplitude[block.exists])) != 1:
            yield "its synapses differ in amplitude"
        if block.weight_min is None or block.weight_max is None or not block.weight_min < block.weight_max:
            yield "it has no range, from weight_min to weight_max, that bounds could be chosen for"
        if lif is not None and lif.tau_syn_exc_ms != lif.tau_syn_inh_ms:
            yield "the receptors of its target have different time constants, so that m - c would not cancel"
        if self._tau_minus.get(block.target, rule.anticausal.trace_tau_steps) != rule.anticausal.trace_tau_steps:
            yield "the anti-causal window is the postsynaptic neuron's here, and another rule has chosen it"


def _pair_stdp(simulator: Simulator, rule: LoweredSal, block: SynapseBlock, timestep_ms: float) -> PairStdp:
    """Return STDP that counts a pair by the lag of its spikes, although the delay shifts it on the synapse."""
    low, high = float(block.weight_min or 0.0), float(block.weight_max or 0.0)
    span = high - low
    timing, largest = TIMING[simulator], 3.0 * span
    gain = rule.gain * float(rule.amplitudes[block.projection][block.exists][0]) / largest
    plus = math.exp(timing.shift_steps / rule.causal.trace_tau_steps)
    minus = math.exp(-timing.shift_steps / rule.anticausal.trace_tau_steps)
    return PairStdp(
        # weights of the range are in the middle third, so that an update may change them by the whole range
        offset_mv=span - low,
        weight_max_mv=largest,
        amplitude_plus=-gain * plus,
        amplitude_minus=-gain * minus,
        tau_plus_ms=rule.causal.trace_tau_steps * timestep_ms,
        tau_minus_ms=rule.anticausal.trace_tau_steps * timestep_ms,
    )
