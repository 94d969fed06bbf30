"""Kernels as machine code give the reference's weights, bit for bit."""

import numpy as np
import pytest
from kernel_rows import run_row

from sal_hw.kernel.builder import KernelBuilder
from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.ir import Instruction, Kernel
from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif.kernel_code import machine_code, steps_of

COLUMNS = 256
ROWS_AT_ONCE = 256
#: operations of the engine, but for those that only the compiler's own kernels have
EVERY = {
    *("causal", "anticausal", "weight", "constant", "random", "literal", "convert_contiguous", "widen_high", "narrow"),
    *("shift_left", "shift_right", "add", "subtract", "multiply_8", "multiply_16", "multiply_8_by", "multiply_16_by"),
    *("if_negative", "with_sign", "weight_plus", "clip_weight"),
}


def draw_rows(kernel, rng):
    """Draw readings, weights and constants over all of their ranges; every eighth row has extremes only."""

    def draw(lowest, highest, *shape):
        values = rng.integers(lowest, highest + 1, (*shape, ROWS_AT_ONCE, COLUMNS))
        values[..., ::8, :] = rng.choice([lowest, highest], values[..., ::8, :].shape)
        return values

    return {
        "causal": draw(0, 255),
        "anticausal": draw(0, 255),
        "weight": draw(0, 63),
        "random": draw(0, 255, kernel.random_draws),
        "constants": {name: draw(*reach) for name, reach in kernel.constant_ranges.items()},
    }


def run_rows(kernel, drawn):
    """Return the new weights of all rows, and what the membranes see of them."""
    steps, order = steps_of(kernel)
    code = machine_code(steps)
    single = {name: drawn[name].astype(np.float32) for name in ("causal", "anticausal", "weight", "random")}
    constants = np.array([drawn["constants"][name] for name in order], dtype=np.float32)
    stored, strength = single["weight"], np.full((ROWS_AT_ONCE, COLUMNS), 0.37, dtype=np.float32)
    weight = np.empty_like(strength)
    for row in range(ROWS_AT_ONCE):
        run_row(
            code.address,
            COLUMNS,
            single["causal"][row],
            single["anticausal"][row],
            stored[row],
            strength[row],
            weight[row],
            np.ascontiguousarray(constants[:, row]).reshape(len(order), COLUMNS),
            np.ascontiguousarray(single["random"][:, row]).reshape(kernel.random_draws, COLUMNS),
        )
    np.testing.assert_array_equal(weight, stored * strength)
    return stored


@pytest.mark.parametrize("synapses", [1 << 18, pytest.param(1 << 20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("rounding", ["symmetric", "stochastic"])
@pytest.mark.parametrize("width", [8, 16, "sleep"])
@pytest.mark.parametrize("polarity", ["excitatory", "inhibitory"])
def test_many_synapses(polarity, width, rounding, balanced, synapses):
    rng = np.random.default_rng(20_260_829)
    sleep = {"sleep_gain": 0.07, "wake": True} if width == "sleep" else {}
    bits = 16 if width == "sleep" else width
    changes = 0
    for gain in (0.125, -0.5, 0.03125, 1.0 if rounding == "stochastic" or not balanced else 0.99):
        kernel = learning_kernel(
            polarity=polarity, width=bits, rounding=rounding, balanced=balanced, sal_gain=gain, **sleep
        )
        for _ in range(synapses // 4 // ROWS_AT_ONCE // COLUMNS):
            drawn = draw_rows(kernel, rng)
            expected = evaluate(kernel, **drawn)
            np.testing.assert_array_equal(run_rows(kernel, drawn), expected)
            changes += np.count_nonzero(expected != drawn["weight"])
    assert changes > synapses // 2


def test_only_the_columns_asked_for_are_written():
    kernel = learning_kernel(polarity="excitatory", width=16, rounding="symmetric", balanced=False, sal_gain=1.0)
    steps, order = steps_of(kernel)
    row, strength = np.full(COLUMNS, 7, dtype=np.float32), np.full(COLUMNS, 2, dtype=np.float32)
    stored, weight = (np.full(COLUMNS, value, dtype=np.float32) for value in (9, -1))
    constants = np.full((len(order), COLUMNS), 7, dtype=np.float32)
    address = machine_code(steps).address
    for columns in (0, 37):
        run_row(address, columns, row, row, stored, strength, weight, constants, constants[:0])
        assert weight[columns:].tolist() == [-1] * (COLUMNS - columns)
    assert stored.tolist() == [9] * COLUMNS
    assert weight[:37].tolist() == [18] * 37


def test_conversions_that_keep_the_number_are_free_and_equal_kernels_are_one():
    rule = {"polarity": "excitatory", "width": 16, "rounding": "stochastic", "balanced": True, "sal_gain": 0.1}
    kernel = learning_kernel(**rule)
    steps, order = steps_of(kernel)
    assert len(steps) < len(kernel.instructions)
    assert order == ("baseline_causal", "baseline_anticausal", "balance")
    assert machine_code(steps) is machine_code(steps_of(learning_kernel(**rule))[0])


ONE = ("convert_contiguous", "reinterpret", "widen_low", "widen_high", "narrow", "magnitude")
SHIFTS = ("shift_left", "shift_right")
TWO = ("add", "subtract", "multiply", "with_sign_of")


def random_kernel(rng, length):
    """Return a kernel of operations that were drawn, where the builder accepts them, and a weight at the end."""
    build = KernelBuilder()
    values = [build.causal(), build.anticausal(), build.weight(), build.random(), build.random()]
    values += [build.constant("small", "frac8"), build.constant("large", "frac16"), build.constant("level", "mod8")]
    values += [
        build.literal(int(rng.integers(-128, 128)), "frac8"),
        build.literal(int(rng.integers(-999, 999)), "frac16"),
    ]
    for _ in range(length):
        name = rng.choice([*ONE, *SHIFTS, *TWO, "if_negative"])
        a = values[rng.integers(len(values))]
        alike = [value for value in values if value.kind == a.kind]
        b, c = (alike[place] for place in rng.integers(0, len(alike), 2))
        try:
            if name in ONE:
                values.append(getattr(build, name)(a))
            elif name in SHIFTS:
                values.append(getattr(build, name)(a, int(rng.integers(1, 8))))
            elif name in ("multiply", "add", "subtract"):
                values.append(getattr(build, name)(a, b, saturates=bool(rng.integers(2))))
            elif name == "with_sign_of":
                values.append(build.with_sign_of(a, b))
            else:
                values.append(build.if_negative(a, b, c))
        except (TypeError, ValueError):
            continue
    # all of them take part, since what the weight does not depend on is left out
    total = build.literal(0, "frac16")
    for value in values:
        wide = {"mod8": build.widen_low, "frac8": build.widen_high, "frac16": lambda same: same}[value.kind](value)
        total = build.add(total, wide, saturates=True)
    build.clip_weight(build.add(build.reinterpret(build.weight()), build.narrow(total), saturates=True))
    return build.finish("random")


@pytest.mark.parametrize("seed", range(60))
def test_kernels_of_random_operations(seed):
    rng = np.random.default_rng(seed)
    kernel = random_kernel(rng, 24)
    drawn = draw_rows(kernel, rng)
    np.testing.assert_array_equal(run_rows(kernel, drawn), evaluate(kernel, **drawn))


def test_random_kernels_have_every_operation():
    found = {
        step.operation for seed in range(60) for step in steps_of(random_kernel(np.random.default_rng(seed), 24))[0]
    }
    assert found >= EVERY


def test_a_kernel_that_only_loads_the_weight():
    build = KernelBuilder()
    build.weight()
    steps, order = steps_of(build.finish("still"))
    assert (len(steps), order) == (1, ())
    stored = np.arange(64, dtype=np.float32)
    strength, weight, none = np.full(64, 0.5, np.float32), np.zeros(64, np.float32), np.zeros((0, 64), np.float32)
    run_row(machine_code(steps).address, 64, stored, stored, stored.copy(), strength, weight, none, none)
    np.testing.assert_array_equal(weight, stored * strength)


def test_kernels_that_would_read_elsewhere_are_refused():
    clip = Instruction(operation="clip_weight", kind="mod8", inputs=(1,), highest=63)
    weight = Instruction(operation="weight", kind="mod8", highest=63)
    with pytest.raises(ValueError, match="refers to 1"):
        steps_of(Kernel(name="bad", instructions=(weight, clip), constants={}))
    with pytest.raises(ValueError, match="ends with a weight"):
        steps_of(Kernel(name="bad", instructions=(), constants={}))
    causal = Instruction(operation="causal", kind="mod8", highest=255)
    with pytest.raises(ValueError, match="ends with a weight"):
        steps_of(Kernel(name="bad", instructions=(weight, causal), constants={}))
