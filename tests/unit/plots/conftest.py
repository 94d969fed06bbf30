"""Small results of every experiment, made up so that each number in a figure is known."""

from collections.abc import Callable

import numpy as np
import pytest

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
def make_sweep() -> Make:
    """Two levels, two variants and two repetitions: levels 0 and 0.5, angles 90 - 10 * variant + repetition."""

    def make(seed: int = 1) -> RunResult:
        index = np.arange(8)
        level, repeat, variant = 0.5 * (index // 4), index // 2 % 2, index % 2

        def over(values: object) -> Trace:
            return Trace(at=index, values=np.asarray(values, dtype=np.float64), axis="index")

        decay = np.exp(-np.arange(6.0))[:, None] * (1.0 + index + seed)
        traces = {
            "sweep.level": over(level),
            "sweep.variant": over(variant),
            "sweep_metric.angle_final": over(90.0 - 10.0 * variant + repeat),
            "sweep_metric.dkl_final": over(decay[-1]),
            "sweep_trace.dkl": Trace(at=100 * np.arange(6), values=decay),
        }
        metrics = {"level": "noise", "variant_0": "without_SAL", "variant_1": "with_SAL"}
        return result(seed, traces=traces, metrics=metrics)

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
    make_pair: Make,
    make_layers: Make,
    make_sampler: Make,
    make_spiking: Make,
    make_membranes: Make,
    make_stack: Make,
    make_timing: Make,
    make_difference: Make,
    make_shapes: Make,
    make_dale: Make,
    make_sweep: Make,
    make_microcircuit: Make,
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
        "spike-timing": make_timing,
        "difference-function": make_difference,
        "psp-shapes": make_shapes,
        "layer-angles": make_stack,
        "layer-weights": make_stack,
        "microcircuit-loss": make_microcircuit,
        "microcircuit-weights": make_microcircuit,
        "dale": make_dale,
        "sweep-curves": make_sweep,
        "sweep-levels": make_sweep,
    }
