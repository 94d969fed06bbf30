"""The ``phase_plane`` study, see :mod:`sal_hw_studies.schemas.phase_plane`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sal_hw.experiment.base import Outcome
from sal_hw.results.metrics import Found, Undefined
from sal_hw.results.result import Trace
from sal_hw_studies.engines.ages import drift_plane, nullcline
from sal_hw_studies.pointwise import Floats, PointwiseStudy
from sal_hw_studies.reciprocal import longest_difference, psp_values, window_sides
from sal_hw_studies.schemas.phase_plane import PhasePlaneProtocol

_NO_ROOT = "the drift vanishes nowhere in the scanned range of weights"


class PhasePlaneStudy(PointwiseStudy):
    """Calculates the drift of both weights, one row of the plane after the other.

    Parameters
    ----------
    protocol
        What the user wants.
    seed, threads, folder
        As for every study; nothing is drawn here, and no file is read.
    """

    def __init__(self, protocol: PhasePlaneProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        del seed, threads, folder
        super().__init__(protocol.weights.points)
        self._protocol = protocol
        self._weights = np.array(protocol.weights.numbers)
        longest = longest_difference(protocol.longest_difference_steps, protocol.tau_ref_steps)
        self._causal, self._anticausal = window_sides(protocol.window, protocol.tau_ref_steps, longest)
        self._psp = psp_values(protocol.psp, protocol.tau_ref_steps)

    def calculate(self, point: int) -> Floats:
        """Return the drifts of weight_21 and weight_12 at one weight_12, shape (2, weights)."""
        return drift_plane(
            self._weights[point : point + 1],
            self._weights,
            bias_1=self._protocol.bias_1,
            bias_2=self._protocol.bias_2,
            tau_ref_steps=self._protocol.tau_ref_steps,
            psp=self._psp,
            causal=self._causal,
            anticausal=self._anticausal,
        )[:, 0]

    def outcome(self) -> Outcome:
        """Return the drifts, the nullclines, and how far they are from the diagonal."""
        planes = np.moveaxis(self.results(), 1, 0)
        lines = {"21": nullcline(self._weights, planes[0]), "12": nullcline(self._weights, planes[1])}
        metrics: dict[str, Found] = {
            "drift_21_largest": float(np.abs(planes[0]).max()),
            "drift_12_largest": float(np.abs(planes[1]).max()),
            "drift_21_largest_on_diagonal": float(np.abs(np.diag(planes[0])).max()),
            "drift_12_largest_on_diagonal": float(np.abs(np.diag(planes[1])).max()),
        }
        traces = {}
        for plane, (name, line) in zip(planes, lines.items(), strict=True):
            away = np.abs(line - self._weights)[np.isfinite(line)]
            metrics[f"nullcline_{name}_rows"] = int(away.size)
            metrics[f"nullcline_{name}_from_diagonal"] = float(away.max()) if away.size else Undefined(_NO_ROOT)
            traces[f"plane.drift_{name}"] = Trace(at=self._weights, values=plane, axis="index")
            traces[f"plane.nullcline_{name}"] = Trace(at=self._weights, values=line, axis="index")
        return Outcome(metrics=metrics, traces=traces)
