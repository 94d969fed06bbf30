"""The ``dale_network`` study, see :mod:`sal_hw_studies.schemas.dale_network`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Outcome
from sal_hw.results.metrics import Found, Undefined
from sal_hw.results.result import Finding, Trace
from sal_hw.spec.discretizations import convention
from sal_hw_studies.dale_pairs import PairDrift
from sal_hw_studies.schemas.dale_network import DaleNetworkProtocol

if TYPE_CHECKING:
    from sal_hw_emulator.engines.sampling import SamplingModel

Floats: TypeAlias = NDArray[np.float64]

#: order of the neurons in all matrices
E1, E2, I1, I2 = range(4)

_DRIFT_STREAM, _DALE_STREAM, _DIRECT_STREAM = range(3)
_NO_REST = "the drift vanishes nowhere in the scanned range of weights"


def draw_network(protocol: DaleNetworkProtocol) -> tuple[Floats, Floats]:
    """Draw what belongs to the interneurons, in the order of the protocol.

    Returns
    -------
    tuple
        Weights, shape (4, 4) as [pre, post], those between e1 and e2 zero, and biases, shape (4,).
    """
    rng = np.random.default_rng(protocol.network_seed)
    weights, biases = np.zeros((4, 4)), np.full(4, protocol.excitatory_bias)
    for pre, post in ((E1, I1), (E2, I2)):
        weights[pre, post] = rng.normal(protocol.excitation.mean, protocol.excitation.std)
    for pre, post in ((I1, E2), (I2, E1)):
        weights[pre, post] = rng.normal(protocol.inhibition.mean, protocol.inhibition.std)
    for neuron in (I1, I2):
        biases[neuron] = rng.normal(protocol.inhibitory_bias.mean, protocol.inhibitory_bias.std)
    return weights, biases


def inhibition_by_interneuron(weights: Floats, biases: Floats) -> tuple[float, float]:
    """Return by how much the effective weights onto e2 and onto e1 are less than the direct ones.

    ``W_inh sigma(W_exc r + b_inh) / r`` with ``r = sigma(b_exc)``: the interneuron's mean activity while the excitatory
    neuron has its own mean activity. Source: arXiv 2503.02642, figure 10.
    """
    found = []
    for excitatory, inhibitory, reached in ((E1, I1, E2), (E2, I2, E1)):
        activity = _sigma(biases[excitatory])
        interneuron = _sigma(weights[excitatory, inhibitory] * activity + biases[inhibitory])
        found.append(float(weights[inhibitory, reached] * interneuron / activity))
    return found[0], found[1]


def _sigma(potential: float) -> float:
    return float(1.0 / (1.0 + np.exp(-potential)))


class DaleNetworkStudy:
    """Simulates the points of the comparison of rates, then those of the grid, each on a random stream of its own.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Seed of all spikes; the network has its own.
    threads
        Points that may run at the same time.
    folder
        Not used: there are no files.
    """

    def __init__(
        self,
        protocol: DaleNetworkProtocol,
        *,
        seed: int,
        threads: int,
        folder: Path | None,  # noqa: ARG002 - every study has one
    ) -> None:
        self._protocol, self._seed, self._threads = protocol, seed, threads
        self._network, self._biases = draw_network(protocol)
        self._weights, self._rate_weights = np.array(protocol.weights.numbers), np.array(protocol.rate_weights.numbers)
        self.done, self.total = 0, self._rate_weights.size + self._weights.size**2
        self._found: list[Floats] = []

    def step(self) -> None:
        """Simulate as many points as there are threads."""
        points = range(self.done, min(self.done + self._threads, self.total))
        if len(points) == 1:
            self._found.append(self._calculate(points[0]))
        else:
            with ThreadPoolExecutor(max_workers=len(points)) as pool:
                self._found += list(pool.map(self._calculate, points))
        self.done += len(points)

    def _calculate(self, point: int) -> Floats:
        """Return the rates of e2 (Dale, direct) of a weight, or drift and its error of a point of the grid."""
        if point < self._rate_weights.size:
            return self._compare_rates(point)
        row, column = divmod(point - self._rate_weights.size, self._weights.size)
        weights = self._network.copy()
        weights[E1, E2], weights[E2, E1] = self._weights[column], self._weights[row]
        drift = PairDrift(self._protocol.window, self._protocol.pairing, self._protocol.tau_ref_steps)
        self._simulate(weights, self._biases, self._protocol.steps_per_point, (_DRIFT_STREAM, point), drift)
        return drift.mean(self._protocol.steps_per_point)

    def _compare_rates(self, point: int) -> Floats:
        """Return spikes of e2 per refractory time, with interneurons and with one weight instead."""
        steps, weight = self._protocol.steps_per_rate, self._rate_weights[point]
        dale, direct = self._network.copy(), np.zeros((2, 2))
        dale[E2], dale[I2], dale[E1, E2] = 0.0, 0.0, weight
        direct[E1, E2] = weight + inhibition_by_interneuron(self._network, self._biases)[0]
        counts = [
            self._simulate(dale, self._biases, steps, (_DALE_STREAM, point)),
            self._simulate(direct, self._biases[:2], steps, (_DIRECT_STREAM, point)),
        ]
        return np.array([count[E2] for count in counts]) * self._protocol.tau_ref_steps / steps

    def _simulate(
        self, weights: Floats, biases: Floats, steps: int, stream: tuple[int, int], drift: PairDrift | None = None
    ) -> NDArray[np.int64]:
        """Simulate a network and return the spikes of each neuron."""
        from sal_hw_emulator.engines.sampling import SamplingState, simulate

        state = SamplingState.fresh(biases.size, np.random.SeedSequence(self._seed, spawn_key=stream))
        sink = None if drift is None else drift.consume
        return simulate(self._model(weights, biases), state, steps, spike_sink=sink).spike_counts

    def _model(self, weights: Floats, biases: Floats) -> SamplingModel:
        from sal_hw_emulator.engines.sampling import SamplingModel

        tau, meant = self._protocol.tau_ref_steps, convention(self._protocol.discretization)
        return SamplingModel(
            weights=weights,
            biases=biases,
            tau_ref_steps=tau,
            psp_steps=tau + meant.psp,
            dead_steps=tau + meant.dead,
            state_steps=tau,
        )

    def outcome(self) -> Outcome:
        """Return rates, drifts, the weights at which the drift vanishes, and those at which effective weights agree."""
        found, split = np.array(self._found), self._rate_weights.size
        rates, grid = found[:split], found[split:].reshape(self._weights.size, self._weights.size, 2)
        onto_e2, onto_e1 = inhibition_by_interneuron(self._network, self._biases)
        difference = np.abs(rates[:, 0] - rates[:, 1])
        metrics: dict[str, Found] = {
            "effective_minus_direct_21": onto_e2,
            "effective_minus_direct_12": onto_e1,
            "rates_differ_by_at_most": float(difference.max()),
            "drift_standard_error": _root_mean_square(grid[..., 1]),
        }
        for weight, (dale, direct) in zip(self._rate_weights, rates, strict=True):
            metrics |= {f"rate_dale_at_{weight:g}": float(dale), f"rate_direct_at_{weight:g}": float(direct)}
        metrics |= self._corner_drifts(grid[..., 0])
        rest = resting_weights(self._weights, grid[..., 0])
        known = np.isfinite(rest)
        away = (rest - self._weights)[known]
        metrics["rest_minus_diagonal"] = float(away.mean()) if away.size else Undefined(_NO_REST)
        metrics["rest_minus_diagonal_by_effective_weights"] = onto_e1 - onto_e2
        return Outcome(metrics=metrics, traces=self._traces(rates, grid, rest, onto_e1 - onto_e2))

    def _corner_drifts(self, drift: Floats) -> dict[str, Found]:
        """Return the drift of W_21 on the quarter points of the grid's anti-diagonal, corners included."""
        last = self._weights.size - 1
        chosen = [share * last // 4 for share in range(5)] if last % 4 == 0 else [0, last]
        return {
            f"drift_21_at_{self._weights[column]:g}_{self._weights[last - column]:g}": float(
                drift[last - column, column]
            )
            for column in chosen
        }

    def _traces(self, rates: Floats, grid: Floats, rest: Floats, shift: float) -> dict[str, Trace]:
        def over(at: Floats, values: Floats) -> Trace:
            return Trace(at=at, values=np.ascontiguousarray(values), axis="index")

        return {
            "dale.rates": over(self._rate_weights, rates),
            "dale.drift_21": over(self._weights, grid[..., 0]),
            "dale.drift_error": over(self._weights, grid[..., 1]),
            "dale.rest_21": over(self._weights, rest),
            "dale.equal_effective_21": over(self._weights, self._weights + shift),
        }

    def findings(self) -> Sequence[Finding]:
        """Return what the user should know: nothing, since nothing can be lost on the way."""
        return ()

    def checkpoint(self) -> Arrays:
        """Return the results so far."""
        return {"found": np.array(self._found).reshape(-1, 2)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._found = list(arrays["found"])
        self.done = len(self._found)


def _root_mean_square(values: Floats) -> float | Undefined:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if known.size else Undefined("no drift has a standard error")


def resting_weights(weights: Floats, drift: Floats) -> Floats:
    """Return where the drift vanishes along each row of a noisy plane.

    A cubic is fitted to every row, which averages the noise of its points.

    Parameters
    ----------
    weights
        Shape (weights,).
    drift
        Shape (weights, weights), one row per weight of the other neuron.

    Returns
    -------
    numpy.ndarray
        Shape (weights,); NaN where the row has no zero within the grid. Of several, the one nearest to the diagonal.
    """
    found = np.full(weights.size, np.nan)
    for row, values in enumerate(drift):
        roots = np.roots(np.polyfit(weights, values, 3))
        real = roots[np.abs(roots.imag) < 1e-9].real
        inside = real[(real >= weights[0]) & (real <= weights[-1])]
        if inside.size:
            found[row] = inside[np.argmin(np.abs(inside - weights[row]))]
    return found
