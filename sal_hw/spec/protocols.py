"""Experiments on a network, as the user states them; how they run is the business of :mod:`sal_hw.experiment`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Gt, Le
from pydantic import Tag

from sal_hw.spec.fields import Because, Count, DurationMs, Name, Number, Seed, Whole
from sal_hw.spec.values import ValueSource
from sal_hw.storage.document import choose_by, document


@document
class EffectiveCouplings:
    """Measure how neurons act on each other, whatever their weights are, before the first and after the last update.

    At random moments the network, without plasticity, is continued twice with the same noise: once with a spike forced
    on one neuron, and once without; apart from that this neuron is kept silent. The effective coupling from neuron i
    to neuron j is the logarithm of the ratio of the rates of j in both continuations, spikes per time in which j is not
    refractory. Between two sampling neurons it is their weight; in networks, ways over other neurons are part of
    it. Where neurons and synapses differ, SAL aligns the couplings, not the weights.

    Attributes
    ----------
    window_ms
        How long the two continuations are compared; about as long as a PSP.
    trials
        Spikes forced on each neuron in all.
    batches
        Independent stretches that share the trials; standard errors come from how much they differ.
    warmup_ms
        Time at the start of each batch that does not count.
    """

    window_ms: DurationMs
    trials: Annotated[Whole, Ge(1), Le(10**7)] = 2000
    batches: Annotated[Whole, Ge(4), Le(256), Because("standard errors come from the differences of batches")] = 8
    warmup_ms: Annotated[DurationMs, Gt(0.0)] = 200.0


@document
class AlignProtocol:
    """Let the SAL rules run and record the weights.

    Attributes
    ----------
    duration_ms
        Model time of the whole run; a multiple of the rules' update interval.
    average_last_updates
        Final weights are means over this many updates at the end.
    record_every_updates
        Updates between two records of the weights.
    effective
        Measure effective couplings as well; needs a backend that can force spikes. None does not.
    """

    duration_ms: DurationMs
    average_last_updates: Count = 1
    record_every_updates: Count = 1
    effective: EffectiveCouplings | None = None
    kind: Literal["align"] = "align"


@document
class BoltzmannTarget:
    """The distribution a sampling network shall reach: ``p(z) ~ exp(z W z / 2 + b z)``.

    Attributes
    ----------
    weight, bias
        Its symmetric weights (the upper triangle of `weight` is mirrored) and its biases.
    """

    weight: ValueSource
    bias: ValueSource
    kind: Literal["boltzmann"] = "boltzmann"


@document
class BetaTarget:
    """A random Boltzmann distribution: weights, then biases, drawn from Beta(alpha, beta), scaled to +-1.

    Source: arXiv 2503.02642, figures 4 and 5; one generator, N x N weight draws first, then N bias draws.
    """

    seed: Seed
    alpha: Annotated[Number, Gt(0.0), Le(1e3)] = 1.0
    beta: Annotated[Number, Gt(0.0), Le(1e3)] = 1.0
    kind: Literal["beta"] = "beta"


Target: TypeAlias = Annotated[
    Annotated[BoltzmannTarget, Tag("=boltzmann")] | Annotated[BetaTarget, Tag("=beta")],
    choose_by("kind"),
]


@document
class Validation:
    """Sampling phases without learning, in which the distribution is measured.

    Attributes
    ----------
    every_updates
        Updates between two validation phases; there is one before the first and one after the last update.
    duration_ms
        Length of one phase, summed over the chains.
    chains
        Independent chains that share the duration; they may run on several threads with the same result.
    warmup_ms
        Time at the start of each chain that does not count.
    """

    every_updates: Count
    duration_ms: DurationMs
    chains: Annotated[Whole, Ge(1), Le(256)] = 4
    warmup_ms: Annotated[DurationMs, Gt(0.0)] = 200.0


@document
class TrainDistributionProtocol:
    """Train a recurrent sampling network towards a Boltzmann distribution by wake-sleep learning.

    Attributes
    ----------
    population
        The population whose states are the samples (at most 20 neurons).
    updates
        Number of weight updates.
    target
        The wanted distribution.
    moments
        ``analytic``: the wake phase's moments are enumerated; ``sampled``: they are estimated by a network
        that runs with the target's parameters for `wake_duration_ms`.
    """

    population: Name
    updates: Count
    target: Target
    validation: Validation
    moments: Literal["analytic", "sampled"] = "analytic"
    wake_duration_ms: DurationMs | None = None
    kind: Literal["train_distribution"] = "train_distribution"


@document
class SampleProtocol:
    """Let a recurrent sampling network run without learning, and compare it with the distribution it stands for.

    That is the Boltzmann distribution of its own weights and biases, ``p(z) ~ exp(z W z / 2 + b z)``; its recurrent
    weights must be symmetric.

    Attributes
    ----------
    population
        The population whose states are the samples (at most 20 neurons).
    duration_ms
        Model time in all, summed over the chains.
    records
        The divergence is recorded after this many equal parts of the duration.
    chains
        Independent chains per part; they may run on several threads with the same result.
    warmup_ms
        Time at the start of each chain that does not count.
    """

    population: Name
    duration_ms: DurationMs
    records: Annotated[Whole, Ge(1), Le(1000)] = 10
    chains: Annotated[Whole, Ge(1), Le(256)] = 1
    warmup_ms: Annotated[DurationMs, Gt(0.0)] = 200.0
    kind: Literal["sample"] = "sample"


#: experiments on a network, which is compiled for a target; all others are studies, see :mod:`sal_hw.spec.experiments`
NetworkProtocol: TypeAlias = AlignProtocol | TrainDistributionProtocol | SampleProtocol
NETWORK_PROTOCOLS = (AlignProtocol, TrainDistributionProtocol, SampleProtocol)
