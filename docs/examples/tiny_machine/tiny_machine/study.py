"""What runs the ``clip_share`` study, see :mod:`tiny_machine.schema`."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from sal_hw.experiment.base import Outcome
from sal_hw.results.result import Trace
from sal_hw_studies.pointwise import Floats, PointwiseStudy
from tiny_machine.schema import ClipShareProtocol
from tiny_machine.target import tiny_target


class ClipShareStudy(PointwiseStudy):
    """Calculates the share for one standard deviation after the other; nothing is drawn, and no file is read."""

    def __init__(self, protocol: ClipShareProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        del seed, threads, folder
        super().__init__(protocol.points)
        self._std_mv = np.linspace(0.0, protocol.largest_std_mv, protocol.points + 1)[1:]
        self._limit_mv = tiny_target.description.limits["weight"].high or 0.0

    def calculate(self, point: int) -> Floats:
        """Return the share of both tails of the normal distribution, shape ()."""
        return np.array(math.erfc(self._limit_mv / (math.sqrt(2.0) * self._std_mv[point])))

    def outcome(self) -> Outcome:
        """Return the share over the standard deviation, mV."""
        shares = self.results()
        trace = Trace(at=self._std_mv, values=shares, axis="index")
        return Outcome(metrics={"largest_share": float(shares[-1])}, traces={"clip_share": trace})
