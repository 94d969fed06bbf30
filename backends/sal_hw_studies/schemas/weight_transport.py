"""The ``weight_transport`` study: three ways in which spiking neurons find the weights of others, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Le

from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.fields import Count, DurationMs, LearningRate, Number, Seed
from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document
from sal_hw_studies.schemas.symmetrize_layers import (
    Chains,
    EpochSteps,
    LayerRefractorySteps,
    LayerSize,
    TimestepMs,
    find_odd_sizes,
)
from sal_hw_studies.schemas.variant import Variant

#: model time between two records of RDD and STDWI
RECORD_MS = 1000.0
#: RDD and STDWI drive a fifth of the neurons below, which must be at least one
SMALLEST_DRIVEN = 5


@document
class SpikeBasedAlignment:
    """Spike-based alignment learning (SAL): both layers are active by themselves, without a stimulus.

    Attributes
    ----------
    epochs, steps_per_epoch, learning_rate, tau_ref_steps, chains, discretization, timestep_ms
        As in the ``symmetrize_layers`` study.
    """

    epochs: Annotated[Count, Le(1_000_000)] = 100
    steps_per_epoch: EpochSteps = 1250
    learning_rate: LearningRate = 0.05
    tau_ref_steps: LayerRefractorySteps = 10
    chains: Chains = 8
    discretization: Discretization = "salnet"
    timestep_ms: TimestepMs = 0.1


@document
class RegressionDiscontinuity:
    """Regression discontinuity design (RDD, arXiv 1910.01689).

    Attributes
    ----------
    duration_ms
        Model time; a multiple of 1 s.
    update_every_ms
        After this time, again and again over the whole run, feedback weights take over the estimates.
    learning_rate
        Step size of the fitted lines.
    """

    duration_ms: DurationMs = 100_000.0
    update_every_ms: DurationMs = 10_000.0
    learning_rate: LearningRate = 0.001


@document
class WeightInference:
    """Spike-timing-dependent weight inference (STDWI, arXiv 2003.03988).

    Attributes
    ----------
    duration_ms
        Model time; a multiple of 1 s.
    learning_rate
        Step size with every spike of the neuron above.
    decay
        How strongly a weight decays, in units of the learning rate.
    """

    duration_ms: DurationMs = 100_000.0
    learning_rate: LearningRate = 0.02
    decay: Annotated[Number, Ge(0.0), Le(1e3)] = 0.1


@document
class WeightTransportProtocol:
    """Let the feedback weights of two layers follow the forward weights by SAL, RDD and STDWI.

    All start from the same weights, drawn uniformly from +-sqrt(3 / size_below) by one generator, forward first. RDD
    and STDWI drive a fifth of the neurons below at 200 Hz, other ones every 100 ms. Source: arXiv 2503.02642, figure 7,
    in whose code RDD never updates the feedback weights, since its clock starts again every second; here it does.

    Attributes
    ----------
    size_below, size_above
        Neurons of the two layers.
    weight_seed
        Seed of both weight matrices.
    sal, rdd, stdwi
        What runs, and how; ``null`` leaves a method away.
    protocol
        What the time axis of SAL shows. ``corrected``: the model time that each chain runs. ``published``: that time
        multiplied by the number of chains, as if they ran one after another.
    """

    size_below: LayerSize = 50
    size_above: LayerSize = 50
    weight_seed: Seed = 43
    sal: SpikeBasedAlignment | None = SpikeBasedAlignment()
    rdd: RegressionDiscontinuity | None = RegressionDiscontinuity()
    stdwi: WeightInference | None = WeightInference()
    protocol: Variant = "corrected"
    kind: Literal["weight_transport"] = "weight_transport"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find layers that are too large, times that are no whole seconds, and a run in which nothing happens."""
        yield from find_odd_sizes((self.size_below, self.size_above), ("size_below",))
        if self.sal is None and self.rdd is None and self.stdwi is None:
            yield SpecFinding(code="E214", path=("sal",), allowed="at least one of sal, rdd and stdwi", value=None)
        driven = (("rdd", self.rdd), ("stdwi", self.stdwi))
        if self.size_below < SMALLEST_DRIVEN and any(rule is not None for _, rule in driven):
            words = f"at least {SMALLEST_DRIVEN} neurons, since rdd and stdwi drive a fifth of them"
            yield SpecFinding(code="E214", path=("size_below",), allowed=words, value=self.size_below)
        for method, rule in driven:
            if rule is not None:
                yield from _find_odd_time(method, "duration_ms", rule.duration_ms)
        if self.rdd is not None:
            yield from _find_odd_time("rdd", "update_every_ms", self.rdd.update_every_ms)
            if self.rdd.update_every_ms > self.rdd.duration_ms:
                words = f"at most the duration, {self.rdd.duration_ms:g} ms, else no weight is ever updated"
                yield SpecFinding(
                    code="E214", path=("rdd", "update_every_ms"), allowed=words, value=self.rdd.update_every_ms
                )


def _find_odd_time(method: str, field: str, value_ms: float) -> Iterator[SpecFinding]:
    """Find a time that is no whole number of seconds."""
    seconds = value_ms / RECORD_MS
    if seconds < 1.0 or abs(seconds - round(seconds)) > 1e-9 * seconds:
        words = f"a multiple of the time between two records, {RECORD_MS:g} ms"
        nearest = max(1, round(seconds))
        yield SpecFinding(
            code="E215", path=(method, field), allowed=words, value=value_ms, hint=f"the nearest is {nearest} s"
        )
