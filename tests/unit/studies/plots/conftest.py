"""Small results of studies, made up so that each number in a figure is known."""

from collections.abc import Callable

import numpy as np
import pytest

from sal_hw.results.result import Health, RunResult, Trace

Make = Callable[..., RunResult]


def result(seed: int = 1, **fields: object) -> RunResult:
    contents = {"metrics": {}, "weights": {}, "weights_initial": {}, "traces": {}} | fields
    return RunResult(program_hash="0", backend="emulator", target="ideal", seed=seed, health=Health(), **contents)


@pytest.fixture
def make_stack() -> Make:
    """Three layers whose angles a study followed over epochs, with a sample of their weights."""

    def make(seed: int = 1, epochs: int = 12) -> RunResult:
        rng = np.random.default_rng(seed)
        traces = {}
        for layer in (1, 2, 3):
            angles = np.linspace(90.0, 10.0 * layer + 0.1 * seed, epochs + 1)
            pairs = rng.uniform(-0.1, 0.1, (50 * layer, 3))
            traces[f"layer_angle.layer_{layer}"] = Trace(at=np.arange(epochs + 1), values=angles, axis="epoch")
            traces[f"layer_pairs.layer_{layer}"] = Trace(at=np.arange(len(pairs)), values=pairs, axis="index")
        return result(seed, traces=traces)

    return make


@pytest.fixture
def make_timing() -> Make:
    """Distributions of time differences of two pairs."""

    def make(seed: int = 1, longest: int = 30) -> RunResult:
        at = np.concatenate([-np.arange(1, longest + 1)[::-1], np.arange(1, longest + 1)])
        traces = {
            f"timing.{name}": Trace(at=at, values=np.exp(-np.abs(at) / (10.0 + seed)), axis="step")
            for name in ("one", "other")
        }
        return result(seed, traces=traces)

    return make


@pytest.fixture
def make_difference() -> Make:
    """A difference function that changes its sign between the steps 9 and 10."""

    def make(seed: int = 1) -> RunResult:
        at = np.arange(1, 31)
        return result(seed, traces={"difference.pair": Trace(at=at, values=(9.5 - at) * 1e-4 * seed, axis="step")})

    return make


@pytest.fixture
def make_shapes() -> Make:
    """Two shapes of PSPs on four weights and three biases; the second moves the nullcline."""

    def make(seed: int = 1) -> RunResult:
        weights, biases = np.linspace(-1.5, 1.5, 4), np.array([-1.0, 0.0, 1.0])
        traces = {
            "psp_shapes.biases": Trace(at=np.arange(3), values=biases, axis="index"),
            "psp_shapes.weights": Trace(at=np.arange(4), values=weights, axis="index"),
        }
        for index, name in enumerate(("rectangular", "alpha")):
            lines = np.tile(weights * (1.0 + 0.5 * index * seed), (3, 3, 1))
            traces |= {
                f"psp.{name}": Trace(at=np.arange(20), values=np.exp(-np.arange(20) / 5.0), axis="step"),
                f"nullcline.{name}": Trace(at=biases, values=lines, axis="index"),
                f"deviation.{name}": Trace(at=biases, values=np.full((3, 3), 0.1 * index), axis="index"),
            }
        return result(seed, traces=traces)

    return make


@pytest.fixture
def make_dale() -> Make:
    """Drifts of excitatory neurons with interneurons, which vanish 0.1 beside the diagonal, and two rates."""

    def make(seed: int = 1) -> RunResult:
        weights = np.linspace(0.0, 2.0, 5)
        drift = 0.05 * seed * (weights[:, None] - 0.1 - weights)

        def over(values: object) -> Trace:
            return Trace(at=weights, values=np.asarray(values), axis="index")

        traces = {
            "dale.rates": over(np.stack([0.4 + 0.1 * weights, 0.41 + 0.1 * weights], axis=1)),
            "dale.drift_21": over(drift),
            "dale.drift_error": over(np.full((5, 5), 0.001)),
            "dale.rest_21": over([np.nan, *(weights[1:] - 0.1)]),
            "dale.equal_effective_21": over(weights - 0.2),
        }
        return result(seed, traces=traces)

    return make


@pytest.fixture
def make_microcircuit() -> Make:
    """Three networks of two rules: losses fall from epoch to epoch, one feedback weight of FA has the wrong sign."""

    def make(seed: int = 1) -> RunResult:
        epochs = np.arange(6)
        losses = 10.0 ** -epochs[:, None] * np.array([1.0, 2.0, 4.0]) * seed
        traces = {}
        for rule, end in (("sal", 1.0), ("fa", -1.0)):
            signs = np.ones((6, 3))
            signs[:, 2] = end > 0.0
            pairs = np.array([[1.0, 0.5, 2.0, 1.5], [-1.0, 0.5, 2.0, 1.0], [0.5, -1.0, 1.0, end]])
            traces |= {
                f"microcircuit_loss.{rule}": Trace(at=epochs, values=losses, axis="epoch"),
                f"microcircuit_signs.{rule}": Trace(at=epochs, values=signs, axis="epoch"),
                f"microcircuit_pairs.{rule}": Trace(at=np.arange(3), values=pairs, axis="index"),
            }
        return result(seed, traces=traces)

    return make


@pytest.fixture
def showing(
    make_stack: Make,
    make_timing: Make,
    make_difference: Make,
    make_shapes: Make,
    make_dale: Make,
    make_microcircuit: Make,
) -> dict[str, Make]:
    """What makes a result that can show a kind of figure."""
    return {
        "spike-timing": make_timing,
        "difference-function": make_difference,
        "psp-shapes": make_shapes,
        "layer-angles": make_stack,
        "layer-weights": make_stack,
        "microcircuit-loss": make_microcircuit,
        "microcircuit-weights": make_microcircuit,
        "dale": make_dale,
    }


@pytest.fixture
def make_run(kind: str, showing: dict[str, Make]) -> Make:
    """What makes a result that can show one kind of figure."""
    return showing[kind]
