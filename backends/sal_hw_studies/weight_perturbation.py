"""The ``weight_perturbation`` study, see :mod:`sal_hw_studies.schemas.weight_perturbation`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sal_hw.experiment.base import Outcome
from sal_hw.results.metrics import Found
from sal_hw.results.result import Trace
from sal_hw_studies.engines.ages import spike_timing
from sal_hw_studies.pointwise import Floats, PointwiseStudy
from sal_hw_studies.reciprocal import longest_difference, pair_model
from sal_hw_studies.schemas.weight_perturbation import WeightPerturbationProtocol

#: differences smaller than this share of the largest one have no sign but that of rounding
_ROUNDING = 1e-12


class WeightPerturbationStudy(PointwiseStudy):
    """Calculates the difference function of one pair after the other.

    Parameters
    ----------
    protocol
        What the user wants.
    seed, threads, folder
        As for every study; nothing is drawn here, and no file is read.
    """

    def __init__(self, protocol: WeightPerturbationProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        del seed, threads, folder
        super().__init__(len(protocol.pairs))
        self._protocol = protocol
        self._longest = longest_difference(protocol.longest_difference_steps, protocol.tau_ref_steps)

    def calculate(self, point: int) -> Floats:
        """Return p(t) - p(-t) with and without the perturbation at t = 1, 2, ..., shape (2, longest)."""
        weight, by = self._protocol.pairs[point].weight, self._protocol.perturbation
        return np.stack([self._difference(weight + by, weight - by), self._difference(weight, weight)])

    def _difference(self, weight_21: float, weight_12: float) -> Floats:
        model = pair_model(self._protocol, weight_21=weight_21, weight_12=weight_12)
        timing = spike_timing(model, self._longest)
        return np.asarray(timing.later - timing.earlier)

    def outcome(self) -> Outcome:
        """Return the difference functions, their extremes, and how often they change their sign."""
        metrics: dict[str, Found] = {}
        traces = {}
        at = np.arange(1, self._longest + 1)
        for pair, (perturbed, equal) in zip(self._protocol.pairs, self.results(), strict=True):
            metrics |= {
                f"difference_at_1_{pair.name}": float(perturbed[0]),
                f"difference_lowest_{pair.name}": float(perturbed.min()),
                f"difference_lowest_at_steps_{pair.name}": int(at[perturbed.argmin()]),
                f"difference_sum_{pair.name}": float(perturbed.sum()),
                # from t = 0, where it is 0, by the trapezoidal rule
                f"difference_integral_{pair.name}": float(perturbed.sum() - perturbed[-1] / 2.0),
                f"sign_changes_{pair.name}": sign_changes(perturbed),
                f"difference_unperturbed_{pair.name}": float(np.abs(equal).max()),
            }
            traces[f"difference.{pair.name}"] = Trace(at=at, values=perturbed, axis="step")
        return Outcome(metrics=metrics, traces=traces)


def sign_changes(values: Floats) -> int:
    """Return how often a sequence of numbers changes its sign; zeros within rounding are left out."""
    signs = np.sign(values[np.abs(values) > _ROUNDING * np.abs(values).max(initial=0.0)])
    return int((signs[1:] != signs[:-1]).sum())
