"""Small results of every experiment, made up so that each number in a figure is known."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes

from sal_hw.results.result import Health, RunResult, Spikes, Trace

Make = Callable[..., RunResult]


def result(seed: int = 1, **fields: object) -> RunResult:
    contents = {"metrics": {}, "weights": {}, "weights_initial": {}, "traces": {}} | fields
    return RunResult(program_hash="0", backend="emulator", target="ideal", seed=seed, health=Health(), **contents)


def at_updates(values: object, *, every: int = 1) -> Trace:
    array = np.asarray(values, dtype=np.float64)
    return Trace(at=every * np.arange(len(array)), values=array)


@pytest.fixture
def make_pair() -> Make:
    """One reciprocal pair of synapses, as the align experiment records it."""

    def make(seed: int = 1, updates: int = 60) -> RunResult:
        half = 0.5 * np.exp(-np.arange(updates + 1) / 15.0) + 0.001 * seed
        forward, backward = 1.0 + half, 1.0 - half
        return result(
            seed,
            weights={"forward": forward[-1:, None], "backward": backward[-1:, None]},
            weights_initial={"forward": forward[:1, None], "backward": backward[:1, None]},
            traces={
                "alignment.difference": at_updates(forward - backward),
                "weight.forward": at_updates(forward),
                "weight.backward": at_updates(backward),
            },
        )

    return make


@pytest.fixture
def make_layers() -> Make:
    """Two layers with two rules that follow the alignment angle."""

    def make(seed: int = 1, updates: int = 40) -> RunResult:
        rng = np.random.default_rng(seed)
        weights, initial, traces = {}, {}, {}
        for rule, up, down, shape in (("first", "up1", "down1", (4, 3)), ("second", "up2", "down2", (3, 2))):
            forward, start = rng.normal(size=shape), rng.normal(size=shape[::-1])
            end = forward.T + 0.1 * start
            initial |= {down: start, up: forward}
            weights |= {down: end, up: forward}
            ends = [np.linalg.norm(forward.T - backward) for backward in (start, end)]
            ratios = [np.linalg.norm(backward) / np.linalg.norm(forward) for backward in (start, end)]
            traces |= {
                f"{rule}.difference": at_updates(np.linspace(*ends, updates + 1)),
                f"{rule}.angle": at_updates(np.linspace(90.0 + seed, 5.0, updates + 1)),
                f"{rule}.norm_ratio": at_updates(np.linspace(*ratios, updates + 1)),
            }
        return result(seed, weights=weights, weights_initial=initial, traces=traces)

    return make


@pytest.fixture
def make_sampler() -> Make:
    """A recurrent network trained on a distribution of three neurons."""

    def make(seed: int = 1, validations: int = 9) -> RunResult:
        rng = np.random.default_rng(seed)
        symmetric, noise = np.ones((3, 3)), rng.normal(size=(3, 3))
        decay = np.exp(-np.arange(validations + 1.0))
        weights = symmetric + decay[:, None, None] * noise
        target = np.arange(1.0, 9.0) / 36.0
        counts = np.array([0.0, *rng.integers(900, 1100, 7) * target[1:]])
        return result(
            seed,
            metrics={"dkl_sampling_floor": 3e-4},
            weights={"recurrent": weights[-1]},
            weights_initial={"recurrent": weights[0]},
            traces={
                "dkl": at_updates(decay + 1e-3, every=20),
                "asymmetry": at_updates(decay**2, every=20),
                "weights.recurrent": at_updates(weights, every=20),
                "state_counts": at_updates(counts[None]),
                "state_target": at_updates(target[None]),
            },
        )

    return make


@pytest.fixture
def make_spiking() -> Make:
    """Two recorded populations, one neuron of which is silent in the first second."""

    def make(seed: int = 1) -> RunResult:
        rng = np.random.default_rng(seed)
        time_ms = np.sort(rng.uniform(0.0, 2000.0, 300))
        late = Spikes(time_ms=np.array([500.0, 1500.0, 2000.0]), neuron=np.array([0, 1, 0], dtype=np.int32))
        neuron = rng.integers(0, 4, 300).astype(np.int32)
        return result(seed, spikes={"input": Spikes(time_ms=time_ms, neuron=neuron), "output": late})

    return make


@pytest.fixture
def make_membranes() -> Make:
    """Potentials of two populations, one of them larger than what is drawn, for longer than what is drawn."""

    def make(seed: int = 1) -> RunResult:
        rng = np.random.default_rng(seed)
        at = np.arange(1.0, 801.0)
        traces = {
            f"membrane.{name}": Trace(at=at, values=rng.normal(size=(len(at), size)), axis="ms")
            for name, size in (("small", 2), ("large", 9))
        }
        return result(seed, traces=traces)

    return make


@pytest.fixture
def make_plane() -> Make:
    """Drifts on a grid of five weights that vanish where both are equal."""

    def make(seed: int = 1) -> RunResult:
        weights = np.linspace(-1.0, 1.0, 5)
        drift = 0.1 * seed * (weights[:, None] - weights[None, :])
        drifts = {"plane.drift_21": drift, "plane.drift_12": -drift}
        lines = {"plane.nullcline_21": weights, "plane.nullcline_12": np.where(weights > 0.9, np.nan, weights)}
        traces = {name: Trace(at=weights, values=values, axis="index") for name, values in (drifts | lines).items()}
        return result(seed, traces=traces)

    return make


@pytest.fixture
def showing(
    make_pair: Make,
    make_layers: Make,
    make_sampler: Make,
    make_spiking: Make,
    make_membranes: Make,
) -> dict[str, Make]:
    """What makes a result that can show a kind of figure."""
    return {
        "alignment": make_pair,
        "phase-plane": make_pair,
        "weights": make_layers,
        "asymmetry": make_sampler,
        "dkl": make_sampler,
        "distribution": make_sampler,
        "raster": make_spiking,
        "membrane": make_membranes,
    }


@pytest.fixture
def make_run(kind: str, showing: dict[str, Make]) -> Make:
    """What makes a result that can show one kind of figure."""
    return showing[kind]


@pytest.fixture
def lines() -> Callable[..., list[object]]:
    """Return what finds the drawn lines of a length, without reference lines."""

    def find(axes: Axes, length: int) -> list[object]:
        return [line for line in axes.get_lines() if len(line.get_xdata()) == length]

    return find
