"""Neuron models, in model units."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Tag

from sal_hw.spec.fields import PotentialMv, TimeConstantMs
from sal_hw.spec.values import Constant, ValueSource
from sal_hw.storage.document import choose_by, document


@document
class SamplingNeuron:
    """The stochastic neuron of neural sampling.

    It spikes with probability ``1 / (1 + tau_ref exp(-u))`` per step (`tau_ref` in steps) unless it is
    refractory; ``u = bias + sum of the weights of active PSPs``, and a PSP is a rectangle of length
    `tau_syn`. Weights and biases are dimensionless (log-odds). Source: Buesing et al. 2011, as used in arXiv
    2503.02642, methods.

    Attributes
    ----------
    tau_ref_ms
        Refractory time; a neuron's state is 1 for this long after its spike.
    tau_syn_ms
        Length of a PSP; None means `tau_ref_ms`.
    bias
        Log-odds of the state being 1 without input, one per neuron.
    """

    tau_ref_ms: TimeConstantMs
    tau_syn_ms: TimeConstantMs | None = None
    bias: ValueSource = Constant(value=0.0)
    model: Literal["sampling"] = "sampling"


@document
class LifNeuron:
    """Leaky integrate-and-fire neuron with current-based exponential synapses.

    ``tau_mem dv/dt = -(v - v_rest) + s_exc - s_inh`` with ``tau_syn ds/dt = -s``; an input spike raises `s`
    by the weight, in mV of steady-state drive. At `v_threshold` the neuron spikes, is set to `v_reset` and
    stays there for `tau_ref`.

    Attributes
    ----------
    tau_mem_ms, tau_syn_exc_ms, tau_syn_inh_ms, tau_ref_ms
        Membrane, excitatory and inhibitory synaptic time constants and the refractory time.
    v_rest_mv, v_reset_mv, v_threshold_mv
        Resting, reset and threshold potentials.
    """

    tau_mem_ms: TimeConstantMs
    tau_syn_exc_ms: TimeConstantMs
    tau_syn_inh_ms: TimeConstantMs
    tau_ref_ms: TimeConstantMs
    v_rest_mv: PotentialMv
    v_reset_mv: PotentialMv
    v_threshold_mv: PotentialMv
    model: Literal["lif"] = "lif"


Neuron: TypeAlias = Annotated[
    Annotated[SamplingNeuron, Tag("=sampling")] | Annotated[LifNeuron, Tag("=lif")],
    choose_by("model"),
]

#: unit of weights, biases and drives of a neuron model
VALUE_UNIT = {"sampling": "1", "lif": "mV"}
