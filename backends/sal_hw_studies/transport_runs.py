"""The three methods of the ``weight_transport`` study behind one face: they advance part by part and have weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays
from sal_hw.results.metrics import Found
from sal_hw.spec.discretizations import convention
from sal_hw_studies.schemas.weight_transport import (
    RECORD_MS,
    RegressionDiscontinuity,
    SpikeBasedAlignment,
    WeightInference,
)

if TYPE_CHECKING:
    from sal_hw_studies.engines.weight_transport import RddTransport, StdwiTransport

Floats = NDArray[np.float64]


class MethodRun(Protocol):
    """One method on its way.

    Attributes
    ----------
    parts
        In how many parts it runs.
    part_ms
        Model time of a part, as the time axis shows it.
    """

    parts: int
    part_ms: float

    def advance(self, part: int) -> bool:
        """Run a part, counted from 0; return whether the weights may have changed."""

    @property
    def feedback(self) -> Floats:
        """The present feedback weights, shape (n_above, n_below), [pre, post]."""

    def metrics(self) -> dict[str, Found]:
        """Return what else there is to say at the end, by names without the method's."""

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""


class SalRun:
    """SAL in two layers; a part is an epoch of all chains.

    Parameters
    ----------
    options
        What the user wants.
    forward, feedback
        Initial weights, [pre, post].
    sequence
        Seed of biases and chains.
    threads
        Chains that may run at the same time.
    published
        Whether the time axis adds up the chains.
    """

    def __init__(
        self,
        options: SpikeBasedAlignment,
        forward: Floats,
        feedback: Floats,
        sequence: np.random.SeedSequence,
        *,
        threads: int,
        published: bool,
    ) -> None:
        from sal_hw_studies.engines.layers import LayerLearning, LayerModel, exponential_window

        tau, meant = options.tau_ref_steps, convention(options.discretization)
        own, *chains = sequence.spawn(1 + options.chains)
        rng = np.random.default_rng(own)
        model = LayerModel(
            forward=(forward,),
            feedback=(feedback,),
            biases=tuple(rng.uniform(-1.0, 1.0, size) / np.sqrt(size) for size in forward.shape),
            tau_ref_steps=tau,
            psp_steps=tau + meant.psp,
            dead_steps=tau + meant.dead,
            window=exponential_window(tau, 2 * tau),
        )
        self._options = options
        self._epoch_ms = options.steps_per_epoch * options.timestep_ms
        self.parts, self.part_ms = options.epochs, self._epoch_ms * (options.chains if published else 1)
        self._learning = LayerLearning(
            model,
            learning_rate=options.learning_rate,
            steps_per_update=options.steps_per_epoch,
            entropies=chains,
            threads=threads,
        )

    def advance(self, part: int) -> bool:
        """Run all chains for an epoch and update the weights."""
        while self._learning.updates <= part:
            self._learning.advance()
        return True

    @property
    def feedback(self) -> Floats:
        """The present feedback weights."""
        return self._learning.model.feedback[0]

    def metrics(self) -> dict[str, Found]:
        """Return the refractory time, and the model time of one chain and of all."""
        options, time_s = self._options, self.parts * self._epoch_ms * 1e-3
        return {
            "tau_ref_ms": options.tau_ref_steps * options.timestep_ms,
            "model_time_s": time_s,
            "model_time_all_chains_s": time_s * options.chains,
        }

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""
        return self._learning.checkpoint()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._learning.restore(arrays)


class DrivenRun:
    """RDD or STDWI, in parts of one second."""

    part_ms = RECORD_MS

    def __init__(self, transport: RddTransport | StdwiTransport, duration_ms: float) -> None:
        from sal_hw_studies.engines.weight_transport.stimulus import Stimulus

        self.parts = round(duration_ms / RECORD_MS)
        self._transport = transport
        self._periods = round(RECORD_MS / Stimulus().period_ms)

    def advance(self, part: int) -> bool:  # noqa: ARG002 - the transport counts itself
        """Run for a second."""
        self._transport.advance(self._periods)
        return True

    @property
    def feedback(self) -> Floats:
        """The present feedback weights."""
        return self._transport.feedback

    def metrics(self) -> dict[str, Found]:
        """Return the model time and the mean rates of both layers."""
        time_s = self.parts * RECORD_MS * 1e-3
        n_above, n_below = self.feedback.shape
        below, above = self._transport.spikes / (np.array([n_below, n_above]) * time_s)
        return {"model_time_s": time_s, "rate_below_hz": float(below), "rate_above_hz": float(above)}

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""
        return self._transport.checkpoint()

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._transport.restore(arrays)


class RddRun(DrivenRun):
    """RDD: weights take over the estimates every so many seconds of the whole run."""

    def __init__(
        self,
        options: RegressionDiscontinuity,
        forward: Floats,
        feedback: Floats,
        sequence: np.random.SeedSequence,
    ) -> None:
        from sal_hw_studies.engines.weight_transport import RddConstants, RddTransport

        constants = RddConstants(learning_rate=options.learning_rate)
        self._rdd = RddTransport(forward, feedback, sequence, constants=constants)
        self._update_every = round(options.update_every_ms / RECORD_MS)
        super().__init__(self._rdd, options.duration_ms)

    def advance(self, part: int) -> bool:
        """Run for a second, and update the weights if it is time."""
        super().advance(part)
        if (part + 1) % self._update_every:
            return False
        self._rdd.update()
        return True


def stdwi_run(
    options: WeightInference, forward: Floats, feedback: Floats, sequence: np.random.SeedSequence
) -> DrivenRun:
    """Return a run of STDWI."""
    from sal_hw_studies.engines.weight_transport import StdwiConstants, StdwiTransport

    constants = StdwiConstants(learning_rate=options.learning_rate, decay=options.decay)
    return DrivenRun(StdwiTransport(forward, feedback, sequence, constants=constants), options.duration_ms)
