"""The fast machine gives the reference's weights, bit for bit."""

import numpy as np
import pytest

from sal_hw.kernel.builder import KernelBuilder
from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.ir import Instruction, Kernel
from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif.kernel_machine import CODE_WIDTH, encode, run_row

COLUMNS = 256
ROWS_AT_ONCE = 256


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
    code, order = encode(kernel)
    registers = np.empty((len(code), COLUMNS), dtype=np.float32)
    single = {name: drawn[name].astype(np.float32) for name in ("causal", "anticausal", "weight", "random")}
    constants = np.array([drawn["constants"][name] for name in order], dtype=np.float32)
    changed = np.empty((ROWS_AT_ONCE, COLUMNS), dtype=np.float32)
    for row in range(ROWS_AT_ONCE):
        run_row(
            code,
            registers,
            COLUMNS,
            single["causal"][row],
            single["anticausal"][row],
            single["weight"][row],
            np.ascontiguousarray(constants[:, row]),
            np.ascontiguousarray(single["random"][:, row]),
            changed[row],
        )
    return changed


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
    code, order = encode(kernel)
    row = np.full(COLUMNS, 7, dtype=np.float32)
    changed = np.full(COLUMNS, -1, dtype=np.float32)
    constants = np.full((len(order), COLUMNS), 7, dtype=np.float32)
    run_row(code, np.empty((len(code), COLUMNS), np.float32), 37, row, row, row, constants, constants[:0], changed)
    assert changed[:37].tolist() == [7] * 37
    assert changed[37:].tolist() == [-1] * (COLUMNS - 37)


def test_the_code_is_a_compact_table():
    kernel = learning_kernel(polarity="excitatory", width=16, rounding="stochastic", balanced=True, sal_gain=0.1)
    code, order = encode(kernel)
    assert code.dtype == np.int32
    assert code.shape == (len(code), CODE_WIDTH)
    assert len(code) < len(kernel.instructions)  # conversions that keep the number are free
    assert order == ("baseline_causal", "baseline_anticausal", "balance")
    # a quarter of the first-level cache, whatever the kernel's length
    assert code[:, 1].max() < 8
    results, operands = code[:, 1], code[:, 2:5]
    has_inputs = code[:, 0] > 5
    assert not np.any(has_inputs & (results == operands[:, 0]))


def test_a_kernel_that_only_loads_the_weight():
    build = KernelBuilder()
    build.weight()
    code, order = encode(build.finish("still"))
    assert (code.shape, order) == ((1, CODE_WIDTH), ())
    weight, changed = np.arange(64, dtype=np.float32), np.zeros(64, dtype=np.float32)
    none = np.zeros((0, 64), dtype=np.float32)
    run_row(code, np.zeros((1, 64), np.float32), 64, weight, weight, weight, none, none, changed)
    np.testing.assert_array_equal(changed, weight)


def test_tables_that_would_read_elsewhere_are_refused():
    clip = Instruction(operation="clip_weight", kind="mod8", inputs=(1,), highest=63)
    weight = Instruction(operation="weight", kind="mod8", highest=63)
    with pytest.raises(ValueError, match="refers to 1"):
        encode(Kernel(name="bad", instructions=(weight, clip), constants={}))
    with pytest.raises(ValueError, match="ends with a weight"):
        encode(Kernel(name="bad", instructions=(), constants={}))
    causal = Instruction(operation="causal", kind="mod8", highest=255)
    with pytest.raises(ValueError, match="ends with a weight"):
        encode(Kernel(name="bad", instructions=(weight, causal), constants={}))
