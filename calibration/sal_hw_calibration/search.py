"""Search: bring an analog parameter to a target by its digital code, whatever is measured.

All instances of a chip are searched at the same time: a measurement takes one code per instance and returns one
number per instance. What an algorithm knows of a parameter is its :class:`Knob`; calix divides the work in the same
way.

Of many noisy observations, the one that comes closest to the target is close by chance. What a search has found is
therefore observed once more, and only that observation decides whether an instance is ok.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Doubles = NDArray[np.float64]

#: takes a code per instance, shape (instances,), and returns what is observed, of the same shape
Measure: TypeAlias = Callable[[Codes], Doubles]

#: reasons why an instance was not brought to its target
OK, NOT_OBSERVED, OUT_OF_REACH, TOO_FAR, NO_TARGET = (
    "ok",
    "it could not be measured",
    "the target is out of reach of the codes",
    "it stayed too far from the target",
    "its target is no finite number",
)

#: share of repeated observations that must have succeeded for their mean to count
_LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Knob:
    """An adjustable parameter.

    Attributes
    ----------
    low, high
        Ends of the legal codes.
    rises
        Whether what is observed rises with the code; it must be monotone apart from noise.
    """

    low: int
    high: int
    rises: bool = True

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"a knob from {self.low} to {self.high} has no codes")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Found:
    """Where a search has ended; every array has shape (instances,).

    Attributes
    ----------
    codes
        Best codes.
    observed, deviation
        What was observed at them after the search, and by how much it misses the target; NaN where it could not be.
    ok, why, reasons
        Which instances have reached their target, and index into `reasons` of why others have not.
    evaluations
        How often the measurement was made.
    """

    codes: Codes
    observed: Doubles
    deviation: Doubles
    ok: NDArray[np.bool_]
    why: NDArray[np.uint8]
    reasons: tuple[str, ...]
    evaluations: int


class Search(Protocol):
    """An algorithm."""

    def __call__(
        self, knob: Knob, measure: Measure, target: Doubles | float, *, instances: int, tolerance: float
    ) -> Found:
        """Bring all instances to the target.

        Parameters
        ----------
        target
            What is wanted, one number or one per instance, in the unit of the observation.
        tolerance
            An instance that misses its target by more is not ok; larger than 0.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class BinarySearch:
    """Halve the interval of codes until one is left; of the last two codes the better one is kept."""

    def __call__(
        self, knob: Knob, measure: Measure, target: Doubles | float, *, instances: int, tolerance: float
    ) -> Found:
        """Bring all instances to the target; see :class:`Search`."""
        low, high = np.full(instances, knob.low), np.full(instances, knob.high)
        tried = _Tried(target, instances, tolerance)
        while (high > low).any():
            middle = (low + high) // 2
            above = _above(tried.take(measure, middle), target, knob)
            low, high = np.where(above, low, np.minimum(middle + 1, high)), np.where(above, middle, high)
        tried.take(measure, low)
        return tried.found(knob, measure)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisyBinarySearch:
    """A binary search that takes each decision from the mean of several observations and doubts it afterwards.

    Attributes
    ----------
    repeats
        Observations per code.
    doubt
        After the search, codes up to this far from its end are compared with each other.
    """

    repeats: int = 4
    doubt: int = 2

    def __call__(
        self, knob: Knob, measure: Measure, target: Doubles | float, *, instances: int, tolerance: float
    ) -> Found:
        """Bring all instances to the target; see :class:`Search`."""
        mean = _Averaged(measure, self.repeats)
        first = BinarySearch()(knob, mean, target, instances=instances, tolerance=tolerance)
        tried = _Tried(target, instances, tolerance)
        for step in range(-self.doubt, self.doubt + 1):
            tried.take(mean, np.clip(first.codes + step, knob.low, knob.high))
        return replace(tried.found(knob, mean), evaluations=mean.evaluations)


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearSearch:
    """Step to where a straight line through the last observations meets the target.

    Attributes
    ----------
    start
        First code; None begins in the middle.
    first_step
        Distance of the second code from the first one.
    steps
        Observations after these two.
    memory
        Observations that the line goes through: more make it steadier against noise, fewer let it follow a curve.
    """

    start: int | None = None
    first_step: int = 16
    steps: int = 8
    memory: int = 5

    def __call__(
        self, knob: Knob, measure: Measure, target: Doubles | float, *, instances: int, tolerance: float
    ) -> Found:
        """Bring all instances to the target; see :class:`Search`."""
        tried = _Tried(target, instances, tolerance)
        start = (knob.low + knob.high) // 2 if self.start is None else self.start
        codes = [np.full(instances, np.clip(start, knob.low, knob.high))]
        values = [tried.take(measure, codes[0])]
        towards = np.where(_above(values[0], target, knob), -self.first_step, self.first_step)
        following = np.clip(codes[0] + towards, knob.low, knob.high)
        for _ in range(self.steps):
            codes.append(following)
            values.append(tried.take(measure, following))
            wanted, slope = _meets(np.array(codes[-self.memory :]), np.array(values[-self.memory :]), target)
            # a slope of the wrong sign is noise: one code is then a step that cannot do much harm
            sound = np.isfinite(wanted) & ((slope > 0.0) == knob.rises)
            small = following + np.where(_above(values[-1], target, knob), -1, 1)
            chosen = np.where(sound, np.rint(np.where(sound, wanted, 0.0)), small)
            following = np.clip(chosen, knob.low, knob.high).astype(np.int64)
        return tried.found(knob, measure)


def _meets(codes: Codes, values: Doubles, target: Doubles | float) -> tuple[Doubles, Doubles]:
    """Return where straight lines through observations, shape (tries, instances), meet the target, and their slopes."""
    code, value = codes.mean(axis=0), values.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = ((codes - code) * (values - value)).sum(axis=0) / ((codes - code) ** 2).sum(axis=0)
        return np.asarray(code + (target - value) / slope), np.asarray(slope)


#: all algorithms by name
ALGORITHMS: dict[Literal["binary", "noisy-binary", "linear"], Search] = {
    "binary": BinarySearch(),
    "noisy-binary": NoisyBinarySearch(),
    "linear": LinearSearch(),
}


class _Averaged:
    """A measurement that is repeated; the mean is that of the repeats that have succeeded, if enough have."""

    def __init__(self, measure: Measure, repeats: int) -> None:
        self._measure = measure
        self._repeats = repeats
        self.evaluations = 0

    def __call__(self, codes: Codes) -> Doubles:
        self.evaluations += self._repeats
        values = np.array([self._measure(codes) for _ in range(self._repeats)], dtype=np.float64)
        seen = np.isfinite(values)
        count = seen.sum(axis=0)
        mean = np.where(seen, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        return np.where(count >= max(1.0, _LEAST_SHARE * self._repeats), mean, np.nan)


class _Tried:
    """What was observed so far, and the best of it."""

    def __init__(self, target: Doubles | float, instances: int, tolerance: float) -> None:
        if not tolerance > 0.0:
            raise ValueError(f"a tolerance of {tolerance} lets nothing pass")
        self._tolerance = tolerance
        self._target = np.broadcast_to(np.asarray(target, dtype=np.float64), (instances,))
        self._best = np.full(instances, np.nan)
        self._codes = np.zeros(instances, dtype=np.int64)
        self._begun = False
        self.evaluations = 0

    def take(self, measure: Measure, codes: Codes) -> Doubles:
        """Measure and remember what comes closest to the target."""
        values = self._observed(measure, codes)
        with np.errstate(invalid="ignore"):
            closer = np.abs(values - self._target) < np.abs(self._best - self._target)
        closer |= np.isfinite(values) & ~np.isfinite(self._best)
        self._best = np.where(closer, values, self._best)
        self._codes = codes.astype(np.int64) if not self._begun else np.where(closer, codes, self._codes)
        self._begun = True
        return values

    def _observed(self, measure: Measure, codes: Codes) -> Doubles:
        """Measure; what has failed is measured once more, unless it has never succeeded."""
        codes = codes.astype(np.int64)
        values = np.asarray(measure(codes), dtype=np.float64)
        self.evaluations += 1
        failed = ~np.isfinite(values)
        if (failed & (np.isfinite(self._best) if self._begun else True)).any():
            values = np.where(failed, measure(codes), values)
            self.evaluations += 1
        return np.where(np.isfinite(values), values, np.nan)

    def found(self, knob: Knob, measure: Measure) -> Found:
        """Observe the best codes once more, and return them and whether they are good enough."""
        observed = self._observed(measure, self._codes)
        deviation = observed - self._target
        # a comparison that NaN fails: nothing that is not known to be near is ok
        far = ~(np.abs(deviation) <= self._tolerance)
        ended = (self._codes == knob.low) | (self._codes == knob.high)
        cases = (~np.isfinite(self._target), ~np.isfinite(observed), far & ended, far)
        why = np.select(cases, (4, 1, 2, 3), 0).astype(np.uint8)
        return Found(
            codes=self._codes,
            observed=observed,
            deviation=deviation,
            ok=why == 0,
            why=why,
            reasons=(OK, NOT_OBSERVED, OUT_OF_REACH, TOO_FAR, NO_TARGET),
            evaluations=self.evaluations,
        )


def _above(value: Doubles, target: Doubles | float, knob: Knob) -> NDArray[np.bool_]:
    """Return where the code is too large; what was not observed counts as too small."""
    with np.errstate(invalid="ignore"):
        return np.asarray(value >= target if knob.rises else value <= target)
