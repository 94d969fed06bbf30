"""A learning network replayed by hand: from its recorded spikes to the same codes after every update."""

import numpy as np
import pytest

from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    BackgroundModel,
    KernelModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.simulation import LifSimulation

SIZE, HALF = 16, 8
STEPS, PERIOD = 12_000, 800.0
POLARITIES = ("excitatory", "inhibitory")

#: row times of the two processors, in steps: neither of them divides a period
STARTS, ROW_TIMES = (800.0, 533.7), (7.3, 41.9)


def neurons():
    values = {
        "v_leak": 0.8,
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": 100.0,
        "tau_exc": 50.0,
        "tau_inh": 50.0,
        "refractory": 30.0,
        "noise": 0.0,
    }
    return NeuronModel(**{name: np.full(SIZE, value) for name, value in values.items()})


def plastic_tile(rng, kernels, *, source, target, polarity, processor, order, all_pairs):
    shape = (HALF // 2, HALF)
    code = rng.integers(5, 60, shape).astype(np.float32)
    strength = rng.uniform(0.004, 0.008, shape).astype(np.float32)
    baselines = {f"baseline_{branch}": rng.uniform(170.0, 200.0, shape).astype(np.float32) for branch in BRANCHES}
    known = {name: np.rint(values).astype(np.int64) for name, values in baselines.items()}
    known["baseline_difference"] = known["baseline_causal"] - known["baseline_anticausal"]
    known["balance"] = rng.integers(50, 90, shape)
    number = POLARITIES.index(polarity)
    _, names = steps_of(kernels[number])
    return TileModel(
        source=source,
        target=target,
        inhibitory=polarity == "inhibitory",
        weights=code * strength,
        sensors=SensorModel(
            **{f"amplitude_{branch}": rng.uniform(2.0, 5.0, shape).astype(np.float32) for branch in BRANCHES},
            **{f"tau_{branch}": rng.uniform(50.0, 150.0, shape).astype(np.float32) for branch in BRANCHES},
            all_pairs=all_pairs,
        ),
        plastic=PlasticModel(
            processor=processor,
            order=order,
            kernel=number,
            code=code,
            strength=strength,
            noise_causal=np.zeros(shape, dtype=np.float32),
            noise_anticausal=np.zeros(shape, dtype=np.float32),
            constants=np.array([known[name] for name in names], dtype=np.float32).reshape(len(names), *shape),
            **baselines,
        ),
    )


BRANCHES = ("causal", "anticausal")


def learning_network(width, balanced, all_pairs, seed):
    """Two populations, both directions plastic: half of each population excites, half inhibits."""
    rng = np.random.default_rng(seed)
    kernels = [
        learning_kernel(polarity=polarity, width=width, rounding="symmetric", balanced=balanced, sal_gain=0.25)
        for polarity in POLARITIES
    ]
    tiles = []
    for processor, (pre, post) in enumerate(((0, HALF), (HALF, 0))):
        order = rng.permutation(HALF)
        for half, polarity in enumerate(POLARITIES):
            rows = slice(half * HALF // 2, (half + 1) * HALF // 2)
            tiles.append(
                plastic_tile(
                    rng,
                    kernels,
                    source=pre + half * HALF // 2,
                    target=post,
                    polarity=polarity,
                    processor=processor,
                    order=order[rows],
                    all_pairs=all_pairs,
                )
            )
    drive = BackgroundModel(
        size=SIZE,
        rate=0.03,
        target=np.arange(SIZE),
        weight=np.full(SIZE, 0.6),
        inhibitory=np.zeros(SIZE, dtype=np.int64),
        seed=np.random.SeedSequence(seed),
    )
    model = LifModel(
        neurons=neurons(),
        tiles=tiles,
        background=[drive],
        kernels=[KernelModel(steps=steps_of(kernel)[0], draws=kernel.random_draws) for kernel in kernels],
        processors=[
            ProcessorModel(start=start, period=PERIOD, row_time=row_time)
            for start, row_time in zip(STARTS, ROW_TIMES, strict=True)
        ],
    )
    return model, kernels


def collected(first, second, amplitude, tau, all_pairs, read_steps):
    """Return what a sensor holds at each of its readings, each time since the one before.

    A spike of `second` in step t adds the last spike of `first` before it, or all of them; a reading in step t comes
    first.
    """
    held = np.zeros(len(read_steps) + 1)
    for now in second:
        earlier = first[first < now][0 if all_pairs else -1 :]
        held[np.searchsorted(read_steps, now, side="right")] += amplitude * np.exp(-(now - earlier) / tau).sum()
    return held[:-1]


def readings(tile, branch, spikes, read_steps):
    """Return all readings of a tile's sensors, shape (updates, rows, columns), and how near they are to a tie."""
    rows, columns = tile.weights.shape
    held = np.zeros((len(read_steps[0]), rows, columns))
    amplitude = getattr(tile.sensors, f"amplitude_{branch}")
    tau = getattr(tile.sensors, f"tau_{branch}")
    for row, column in np.ndindex(rows, columns):
        pre, post = spikes[tile.source + row], spikes[tile.target + column]
        first, second = (pre, post) if branch == "causal" else (post, pre)
        held[:, row, column] = collected(
            first,
            second,
            float(amplitude[row, column]),
            float(tau[row, column]),
            tile.sensors.all_pairs,
            read_steps[row],
        )
    level = getattr(tile.plastic, f"baseline_{branch}") - held + 0.5
    margin = np.abs(level - np.rint(level)).min()
    return np.clip(np.floor(level), 0, 255).astype(np.int64), margin


def replay(model, kernels, spikes):
    """Return, per tile, the codes after each update, shape (updates + 1, rows, columns)."""
    every = []
    for tile in model.tiles:
        plastic = tile.plastic
        schedule = model.processors[plastic.processor]
        begins = np.arange(schedule.start, STEPS, PERIOD)
        read_steps = [np.ceil(begins + place * schedule.row_time) for place in plastic.order]
        read = {}
        for branch in BRANCHES:
            read[branch], margin = readings(tile, branch, spikes, read_steps)
            # so far from the next tie that the sensors' single precision, 1e-6 of some 10 LSB, decides nothing
            assert margin > 3e-5
        _, names = steps_of(kernels[plastic.kernel])
        constants = dict(zip(names, plastic.constants.astype(np.int64), strict=True))
        codes = [plastic.code.astype(np.int64)]
        for causal, anticausal in zip(read["causal"], read["anticausal"], strict=True):
            codes.append(
                evaluate(
                    kernels[plastic.kernel], causal=causal, anticausal=anticausal, weight=codes[-1], constants=constants
                )
            )
        every.append(np.array(codes))
    return every


@pytest.mark.parametrize(
    ("width", "balanced", "all_pairs", "seed"),
    [(16, True, False, 1), (16, False, True, 2), (8, False, False, 3), (8, True, True, 4)],
)
def test_all_codes_follow_from_the_recorded_spikes(width, balanced, all_pairs, seed):
    model, kernels = learning_network(width, balanced, all_pairs, seed)
    run = LifSimulation(model, np.random.SeedSequence(seed))
    steps, who, snapshots = [], [], {}
    while run.step < STEPS:
        # just before the next update of either processor begins: all rows of the one before are done
        target = min(
            [begin for start in STARTS for begin in np.arange(start, STEPS, PERIOD) if begin > run.step] + [STEPS]
        )
        piece = run.run(int(np.ceil(target)) - run.step)
        steps.append(piece.spike_step)
        who.append(piece.spike_neuron)
        snapshots[run.step] = [run.codes(index).copy() for index in range(len(model.tiles))]
    steps, who = np.concatenate(steps), np.concatenate(who)
    spikes = [steps[who == n] for n in range(SIZE)]
    assert min(map(len, spikes)) > 50
    expected = replay(model, kernels, spikes)
    for step, codes in snapshots.items():
        for index, tile in enumerate(model.tiles):
            start = STARTS[tile.plastic.processor]
            row_time = ROW_TIMES[tile.plastic.processor]
            done = [
                int((np.ceil(np.arange(start, STEPS, PERIOD) + place * row_time) < step).sum())
                for place in tile.plastic.order
            ]
            wanted = np.array([expected[index][count, row] for row, count in enumerate(done)])
            np.testing.assert_array_equal(codes[index], wanted, err_msg=f"tile {index} at step {step}")
    changed = [np.mean(each[-1] != each[0]) for each in expected]
    assert min(changed) > 0.5
    assert max(np.abs(np.diff(each, axis=0)).max() for each in expected) > 3
    assert run.schedule.progress[:, 4].tolist() == [0.0, 0.0]


def test_what_is_left_in_the_sensors_belongs_to_the_next_update():
    model, _ = learning_network(16, True, False, 5)
    run = LifSimulation(model, np.random.SeedSequence(5))
    piece = run.run(STEPS)
    spikes = [piece.spike_step[piece.spike_neuron == n] for n in range(SIZE)]
    for index, tile in enumerate(model.tiles):
        schedule = model.processors[tile.plastic.processor]
        begins = np.arange(schedule.start, STEPS, PERIOD)
        for row, place in enumerate(tile.plastic.order):
            last_read = np.ceil(begins + place * schedule.row_time)
            last_read = last_read[last_read < STEPS][-1]
            for column in range(HALF):
                pre, post = spikes[tile.source + row], spikes[tile.target + column]
                expected = collected(
                    pre,
                    post,
                    float(tile.sensors.amplitude_causal[row, column]),
                    float(tile.sensors.tau_causal[row, column]),
                    False,
                    np.array([last_read, STEPS]),
                )[1]
                assert run.causal(index)[row, column] == pytest.approx(expected, rel=2e-6, abs=1e-12)
