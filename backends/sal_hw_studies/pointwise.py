"""Studies whose points do not depend on each other, nor on chance: one point after the other is calculated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays
from sal_hw.results.result import Finding

Floats: TypeAlias = NDArray[np.float64]


class PointwiseStudy(ABC):
    """A study that calculates an array for each of its points.

    Parameters
    ----------
    points
        Number of points.

    Attributes
    ----------
    done, total
        Points so far and in all.
    """

    def __init__(self, points: int) -> None:
        self.done = 0
        self.total = points
        self._found: list[Floats] = []

    @abstractmethod
    def calculate(self, point: int) -> Floats:
        """Return the result at a point; all points give arrays of the same shape."""

    def results(self) -> Floats:
        """Return the results so far, shape (done, ...)."""
        return np.array(self._found, dtype=np.float64)

    def step(self) -> None:
        """Calculate the next point."""
        self._found.append(self.calculate(self.done))
        self.done += 1

    def findings(self) -> Sequence[Finding]:
        """Return what the user should know: nothing, since nothing can be lost on the way."""
        return ()

    def checkpoint(self) -> Arrays:
        """Return the results so far."""
        return {"found": self.results()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._found = list(arrays["found"])
        self.done = len(self._found)
