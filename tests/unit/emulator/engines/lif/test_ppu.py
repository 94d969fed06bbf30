"""The plasticity processor: when it reads which row, what it reads, and what it writes."""

import numpy as np
import pytest
from scipy.stats import chisquare

from sal_hw.kernel.builder import KernelBuilder
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    KernelModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.ppu import BEGUN, LOWEST_RELIABLE, MISSED
from sal_hw_emulator.engines.lif.simulation import LifSimulation

BASELINE = 160.0


def neurons(size):
    values = {
        "v_leak": 0.0,
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": 100.0,
        "tau_exc": 50.0,
        "tau_inh": 50.0,
        "refractory": 10.0,
        "noise": 0.0,
    }
    return NeuronModel(**{name: np.full(size, value) for name, value in values.items()})


def machine(kernel):
    return KernelModel(steps=steps_of(kernel)[0], draws=kernel.random_draws)


def step_kernel(change):
    """Each update adds the same number to the weight."""
    build = KernelBuilder()
    build.clip_weight(build.add(build.reinterpret(build.weight()), build.literal(change, "frac8"), saturates=True))
    return build.finish("step")


def reading_kernel(branch, offset):
    """The weight becomes the reading minus `offset`, within 0 and 63."""
    build = KernelBuilder()
    value = build.subtract(build.widen_low(getattr(build, branch)()), build.literal(offset, "frac16"))
    for _ in range(8):
        value = build.add(value, value, saturates=True)
    build.clip_weight(build.narrow(value))
    return build.finish("reading")


def difference_kernel():
    """The weight becomes 32 plus the causal minus the anti-causal reading."""
    build = KernelBuilder()
    difference = build.subtract(
        build.convert_contiguous(build.causal()), build.convert_contiguous(build.anticausal()), saturates=True
    )
    build.clip_weight(build.add(difference, build.literal(32, "frac8"), saturates=True))
    return build.finish("difference")


def random_kernel(draws):
    """The weight becomes the upper six bits of the last of `draws` random numbers."""
    build = KernelBuilder()
    value = [build.random() for _ in range(draws)][-1]
    build.clip_weight(build.reinterpret(build.shift_right(value, 2)))
    return build.finish("random")


def plastic_tile(shape, *, source=0, target=0, inhibitory=False, noise=0.0, baseline=BASELINE, **plastic):
    def full(value):
        return np.broadcast_to(np.asarray(value, dtype=np.float32), shape).copy()

    values = {"processor": 0, "kernel": 0, "code": 20.0, "strength": 0.25, "order": np.arange(shape[0])} | plastic
    code, strength = full(values.pop("code")), full(values.pop("strength"))
    return TileModel(
        source=source,
        target=target,
        inhibitory=inhibitory,
        weights=code * strength,
        sensors=SensorModel(
            amplitude_causal=full(1.0),
            amplitude_anticausal=full(1.0),
            tau_causal=full(100.0),
            tau_anticausal=full(50.0),
        ),
        plastic=PlasticModel(
            code=code,
            strength=strength,
            baseline_causal=full(baseline),
            baseline_anticausal=full(baseline),
            noise_causal=full(noise),
            noise_anticausal=full(noise),
            constants=np.zeros((0, *shape), dtype=np.float32),
            **values,
        ),
    )


def simulation(tiles, kernels, *processors, size=None, seed=1):
    size = size or max(max(t.source + t.weights.shape[0], t.target + t.weights.shape[1]) for t in tiles)
    model = LifModel(
        neurons=neurons(size),
        tiles=tiles,
        kernels=[machine(kernel) for kernel in kernels],
        processors=[ProcessorModel(start=start, period=period, row_time=row) for start, period, row in processors],
    )
    return LifSimulation(model, np.random.SeedSequence(seed))


def read_steps(run, steps, tile):
    """Return, per row, the steps before whose integration its weights changed; the run goes step by step."""
    found = [[] for _ in range(len(run.codes(tile)))]
    for _ in range(steps):
        before = run.codes(tile)[:, 0].copy()
        run.run(1)
        for row in np.flatnonzero(run.codes(tile)[:, 0] != before):
            found[row].append(run.step - 1)
    return found


@pytest.mark.parametrize(("start", "period", "row_time"), [(0.0, 50.0, 0.0), (7.0, 50.0, 10.0), (3.25, 40.6, 7.3)])
def test_rows_are_read_in_order_one_row_time_after_the_other(start, period, row_time):
    order = np.array([3, 0, 4, 1, 2])
    run = simulation([plastic_tile((5, 3), order=order)], [step_kernel(1)], (start, period, row_time))
    for row, steps in enumerate(read_steps(run, 400, 0)):
        begins = start + period * np.arange(20) + row_time * order[row]
        expected = np.ceil(begins)
        np.testing.assert_array_equal(steps, expected[expected < 400])
    assert run.schedule.progress[0, MISSED] == 0.0


def test_a_processor_takes_the_rows_of_all_its_tiles_in_one_order():
    """Two tiles on one processor, their rows interleaved; a third tile on another processor with its own schedule."""
    kernels = [step_kernel(1), step_kernel(-1)]
    tiles = [
        plastic_tile((3, 2), order=np.array([0, 2, 4])),
        plastic_tile((2, 2), order=np.array([1, 3]), kernel=1, inhibitory=True),
        plastic_tile((2, 2), processor=1),
    ]
    schedules = (10.0, 100.0, 5.0), (31.0, 60.0, 1.0)
    firsts = [[steps[0] for steps in read_steps(simulation(tiles, kernels, *schedules), 40, tile)] for tile in range(3)]
    assert firsts == [[10, 20, 30], [15, 25], [31, 32]]
    run = simulation(tiles, kernels, *schedules)
    run.run(200)  # updates of the first processor begin at 10 and 110, of the second at 31, 91 and 151
    assert [np.unique(run.codes(tile)).tolist() for tile in range(3)] == [[22.0], [18.0], [23.0]]


@pytest.mark.parametrize(
    ("rows", "row_time", "every"),
    [
        (4, 25.0, 1),  # 100 of 100 steps
        (7, 100.0 / 7.0, 1),  # the same, with rounded times
        (4, 26.0, 2),  # the last row begins before the next period and ends after it
        (4, 34.0, 2),
        (10, 25.0, 3),  # 250 steps: begins at 0, 300, 600, 900
    ],
)
def test_updates_are_missed_while_the_one_before_is_not_done(rows, row_time, every):
    run = simulation([plastic_tile((rows, 2))], [step_kernel(1)], (0.0, 100.0, row_time))
    run.run(1000)
    begins = np.arange(0, 1000, 100)[::every]
    assert run.schedule.progress[0, [BEGUN, MISSED]].tolist() == [len(begins), 10 - len(begins)]
    # every update that began reads each row once, if it had the time
    expected = [(np.ceil(begins + row * row_time) < 1000).sum() for row in range(rows)]
    assert (run.codes(0)[:, 0] - 20.0).tolist() == expected


def test_weights_change_in_place_and_act_at_once():
    """Codes times strength; the next spike of the row delivers the new weight, to the current of its polarity."""
    tiles = [
        plastic_tile((1, 3), target=2, strength=[0.5, 0.25, 0.125]),
        plastic_tile((1, 3), source=1, target=2, inhibitory=True, kernel=1, strength=[0.5, 0.25, 0.125]),
    ]
    run = simulation(tiles, [step_kernel(3), step_kernel(-2)], (5.0, 1000.0, 0.0), size=5)
    run.run(5)
    np.testing.assert_array_equal(run.weights(0), [[10.0, 5.0, 2.5]])
    run.neurons.v[:2] = 2.0
    run.run(1)
    np.testing.assert_array_equal(run.codes(0), [[23.0] * 3])
    np.testing.assert_array_equal(run.weights(0), [[11.5, 5.75, 2.875]])
    np.testing.assert_array_equal(run.codes(1), [[18.0] * 3])
    np.testing.assert_array_equal(run.neurons.current_exc[2:], [11.5, 5.75, 2.875])
    np.testing.assert_array_equal(run.neurons.current_inh[2:], [9.0, 4.5, 2.25])
    # the model that the simulation was made from is left as it was
    np.testing.assert_array_equal(run.model.tiles[0].weights, [[10.0, 5.0, 2.5]])


@pytest.mark.parametrize("branch", ["causal", "anticausal"])
@pytest.mark.parametrize("offset", [0, 64, 128, 192])
def test_a_reading_is_the_baseline_minus_what_is_held_rounded_and_clipped(branch, offset):
    """All readings, seen through four windows of 64; halves go up, ends are 0 and 255."""
    shape = (4, 200)
    rng = np.random.default_rng(offset)
    held = rng.uniform(0.0, 300.0, shape).astype(np.float32)
    held[0] = np.arange(200) / 2.0  # exact halves
    baseline = rng.uniform(120.0, 280.0, shape).astype(np.float32)
    baseline[0] = 190.0
    run = simulation([plastic_tile(shape, baseline=baseline)], [reading_kernel(branch, offset)], (3.0, 1e6, 0.0))
    getattr(run, branch)(0)[:] = held
    run.run(4)
    reading = np.clip(np.floor(baseline - held + np.float32(0.5)), 0, 255)
    assert reading.min() == 0
    assert reading.max() == 255
    np.testing.assert_array_equal(run.codes(0), np.clip(reading - offset, 0, 63))
    assert run.schedule.saturated[0] == (reading < LOWEST_RELIABLE).sum()
    assert not run.causal(0).any()
    assert not run.anticausal(0).any()


def test_only_the_row_that_is_read_is_reset():
    run = simulation([plastic_tile((3, 4))], [step_kernel(0)], (2.0, 100.0, 5.0))
    run.causal(0)[:], run.anticausal(0)[:] = 7.0, 9.0
    for steps, emptied in ((2, 0), (1, 1), (5, 2), (5, 3)):
        run.run(steps)
        np.testing.assert_array_equal(run.causal(0)[:, 0], [0.0] * emptied + [7.0] * (3 - emptied))
        np.testing.assert_array_equal(run.anticausal(0)[:, -1], [0.0] * emptied + [9.0] * (3 - emptied))


COLUMNS, UPDATES = 256, 400


def noisy_codes(kernel, noise, seed=5):
    """Return the codes of all columns after each of many updates, shape (updates, columns)."""
    run = simulation([plastic_tile((1, COLUMNS), noise=noise)], [kernel], (0.0, 1.0, 0.0), size=COLUMNS, seed=seed)
    codes = []
    for _ in range(UPDATES):
        run.run(1)
        codes.append(run.codes(0)[0].copy())
    return np.array(codes)


def test_readings_have_the_noise_that_is_asked_for():
    sigma = np.repeat([0.0, 2.0, 6.0, 1.0], COLUMNS // 4)
    read = noisy_codes(reading_kernel("causal", 128), sigma) + 128.0 - BASELINE
    for value in np.unique(sigma):
        some = read[:, sigma == value]
        if value == 0.0:
            assert not some.any()
            continue
        # rounding to whole numbers adds the variance of a uniform number, 1/12; errors are sigma / sqrt(n), and of
        # the variance sqrt(1.7 / n) with the kurtosis 2.7 of the engine's bell. Five deviations each.
        variance = value**2 + 1.0 / 12.0
        assert some.mean() == pytest.approx(0.0, abs=5 * np.sqrt(variance / some.size))
        assert some.var() == pytest.approx(variance, rel=5 * np.sqrt(1.7 / some.size))
        assert np.abs(some).max() <= np.ceil(3.4642 * value)


def test_noise_of_columns_and_of_successive_updates_is_independent():
    read = noisy_codes(reading_kernel("causal", 128), 4.0) + 128.0 - BASELINE
    read = read / read.std()
    error = 1.0 / np.sqrt(read.size)
    assert (read[1:] * read[:-1]).mean() == pytest.approx(0.0, abs=5 * error)
    assert (read[:, 1:] * read[:, :-1]).mean() == pytest.approx(0.0, abs=5 * error)
    # all pairs of columns: correlations over n updates have variance 1/n; the mean square of 32640 of them
    correlations = np.corrcoef(read.T)[np.triu_indices(COLUMNS, k=1)]
    assert (correlations**2).mean() * UPDATES == pytest.approx(1.0, abs=5 * np.sqrt(2.0 / len(correlations)))


def test_noise_of_the_two_branches_is_independent():
    difference = noisy_codes(difference_kernel(), 4.0) - 32.0
    variance = 2 * (4.0**2 + 1.0 / 12.0)
    assert difference.mean() == pytest.approx(0.0, abs=5 * np.sqrt(variance / difference.size))
    # a common part would show: kurtosis of a difference of two bells is 2.85
    assert difference.var() == pytest.approx(variance, rel=5 * np.sqrt(1.85 / difference.size))


@pytest.mark.parametrize("draws", [1, 2])
def test_random_numbers_are_uniform_and_independent(draws):
    codes = noisy_codes(random_kernel(draws), 0.0).astype(np.int64)
    assert chisquare(np.bincount(codes.ravel(), minlength=64)).pvalue > 1e-4
    pairs = codes[1:] // 8 * 8 + codes[:-1] // 8  # 8 x 8 classes of successive updates
    assert chisquare(np.bincount(pairs.ravel(), minlength=64)).pvalue > 1e-4
    neighbours = codes[:, 1:] // 8 * 8 + codes[:, :-1] // 8
    assert chisquare(np.bincount(neighbours.ravel(), minlength=64)).pvalue > 1e-4


def test_the_two_draws_of_an_update_are_independent():
    """Their difference of two uniform bytes has the triangular law's variance, (256^2 - 1) / 6, scaled by 1 / 8^2."""
    build = KernelBuilder()
    first, second = (build.reinterpret(build.shift_right(build.random(), 3)) for _ in range(2))
    build.clip_weight(build.add(build.subtract(first, second), build.literal(32, "frac8")))
    values = noisy_codes(build.finish("two"), 0.0) - 32.0
    variance = 2 * (32.0**2 - 1.0) / 12.0
    assert values.var() == pytest.approx(variance, rel=5 * np.sqrt(1.4 / values.size))
    assert values.mean() == pytest.approx(0.0, abs=5 * np.sqrt(variance / values.size))
