"""The ``spike_timing`` study, see :mod:`sal_hw_studies.schemas.spike_timing`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sal_hw.experiment.base import Outcome
from sal_hw.results.metrics import Found
from sal_hw.results.result import Trace
from sal_hw_studies.engines.ages import SpikeTiming, spike_timing
from sal_hw_studies.pointwise import Floats, PointwiseStudy
from sal_hw_studies.reciprocal import both_signs, longest_difference, pair_model, window_sides
from sal_hw_studies.schemas.spike_timing import SpikeTimingProtocol


class SpikeTimingStudy(PointwiseStudy):
    """Calculates the distribution of spike-timing differences of one pair after the other.

    Parameters
    ----------
    protocol
        What the user wants.
    seed, threads, folder
        As for every study; nothing is drawn here, and no file is read.
    """

    def __init__(self, protocol: SpikeTimingProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        del seed, threads, folder
        super().__init__(len(protocol.pairs))
        self._protocol = protocol
        self._longest = longest_difference(protocol.longest_difference_steps, protocol.tau_ref_steps)

    def calculate(self, point: int) -> Floats:
        """Return the probabilities of t = 1, 2, ... and of t = -1, -2, ..., shape (2, longest)."""
        pair = self._protocol.pairs[point]
        model = pair_model(self._protocol, weight_21=pair.weight_21, weight_12=pair.weight_12)
        found = spike_timing(model, self._longest)
        return np.stack([found.later, found.earlier])

    def outcome(self) -> Outcome:
        """Return drifts, the probabilities next to zero, and the distributions."""
        causal, anticausal = window_sides(self._protocol.window, self._protocol.tau_ref_steps, self._longest)
        metrics: dict[str, Found] = {}
        traces = {}
        for pair, (later, earlier) in zip(self._protocol.pairs, self.results(), strict=True):
            timing = SpikeTiming(later=later, earlier=earlier)
            metrics |= {
                f"drift_21_{pair.name}": timing.drift_21(causal, anticausal),
                f"drift_12_{pair.name}": timing.drift_12(causal, anticausal),
                f"probability_at_1_{pair.name}": float(later[0]),
                f"probability_at_-1_{pair.name}": float(earlier[0]),
            }
            at, values = both_signs(later, earlier)
            traces[f"timing.{pair.name}"] = Trace(at=at, values=values, axis="step")
        at, values = both_signs(causal, anticausal)
        traces["window"] = Trace(at=at, values=values, axis="step")
        return Outcome(metrics=metrics, traces=traces)
