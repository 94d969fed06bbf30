"""The ``psp_shapes`` study, see :mod:`sal_hw_studies.schemas.psp_shapes`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sal_hw.experiment.base import Outcome
from sal_hw.results.metrics import Found, finite
from sal_hw.results.result import Trace
from sal_hw_studies.engines.ages import drift_plane, mean_deviation, nullcline
from sal_hw_studies.pointwise import Floats, PointwiseStudy
from sal_hw_studies.reciprocal import longest_difference, psp_values, window_sides
from sal_hw_studies.schemas.psp_shapes import PspShapesProtocol


class PspShapesStudy(PointwiseStudy):
    """Calculates nullclines for one shape and one bias of the first neuron after the other.

    Parameters
    ----------
    protocol
        What the user wants.
    seed, threads, folder
        As for every study; nothing is drawn here, and no file is read.
    """

    def __init__(self, protocol: PspShapesProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        del seed, threads, folder
        super().__init__(len(protocol.psps) * protocol.biases.points)
        self._protocol = protocol
        self._weights, self._biases = np.array(protocol.weights.numbers), np.array(protocol.biases.numbers)
        longest = longest_difference(protocol.longest_difference_steps, protocol.tau_ref_steps)
        self._window = window_sides(protocol.window, protocol.tau_ref_steps, longest)
        self._psps = {psp.name: psp_values(psp, protocol.tau_ref_steps) for psp in protocol.psps}

    def calculate(self, point: int) -> Floats:
        """Return the nullcline of weight_21 for each bias of the second neuron, shape (biases, weights)."""
        shape, row = divmod(point, self._biases.size)
        return np.array([self._line(list(self._psps.values())[shape], self._biases[row], two) for two in self._biases])

    def _line(self, psp: Floats, bias_1: float, bias_2: float) -> Floats:
        causal, anticausal = self._window
        drifts = drift_plane(
            self._weights,
            self._weights,
            bias_1=bias_1,
            bias_2=bias_2,
            tau_ref_steps=self._protocol.tau_ref_steps,
            psp=psp,
            causal=causal,
            anticausal=anticausal,
        )
        return nullcline(self._weights, drifts[0])

    def outcome(self) -> Outcome:
        """Return the nullclines and how far each is from the diagonal."""
        count = self._biases.size
        lines = self.results().reshape(len(self._psps), count, count, self._weights.size)
        metrics: dict[str, Found] = {}
        traces = {
            "psp_shapes.biases": Trace(at=np.arange(count), values=self._biases, axis="index"),
            "psp_shapes.weights": Trace(at=np.arange(self._weights.size), values=self._weights, axis="index"),
        }
        for (name, psp), line in zip(self._psps.items(), lines, strict=True):
            deviation = np.array([[mean_deviation(self._weights, one) for one in row] for row in line])
            metrics |= _summary(name, deviation, line)
            traces[f"psp.{name}"] = Trace(at=np.arange(psp.size), values=psp, axis="step")
            traces[f"nullcline.{name}"] = Trace(at=self._biases, values=line, axis="index")
            traces[f"deviation.{name}"] = Trace(at=self._biases, values=deviation, axis="index")
        return Outcome(metrics=metrics, traces=traces)


def _summary(name: str, deviation: Floats, lines: Floats) -> dict[str, Found]:
    """Return the deviations of one shape with the most unequal biases, with equal ones, and at most."""
    chosen = {
        "opposite_biases": deviation[-1, 0],
        "equal_biases": _largest(np.diag(deviation)),
        "largest": _largest(deviation),
    }
    metrics: dict[str, Found] = {
        f"deviation_{name}_{which}": finite(value, "the drift vanishes nowhere in the scanned range of weights")
        for which, value in chosen.items()
    }
    return metrics | {f"nullcline_{name}_share": float(np.isfinite(lines).mean())}


def _largest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else np.nan
