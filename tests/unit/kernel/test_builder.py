"""The builder refuses what could leave its type, and what it proves is true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_rows import run_row

from sal_hw.kernel.builder import KernelBuilder
from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.ir import Kernel
from sal_hw.storage.codec import decode, digest, encode
from sal_hw_emulator.engines.lif.kernel_code import machine_code, steps_of

SYNAPSES = 64


def reach(value):
    return (value.lowest, value.highest)


def keep_weight():
    builder = KernelBuilder()
    builder.clip_weight(builder.reinterpret(builder.weight()))
    return builder


def test_ranges_follow_the_operations():
    build = KernelBuilder()
    causal = build.convert_contiguous(build.causal())
    assert reach(causal) == (-128, 127)
    assert reach(build.shift_right(causal, 1)) == (-64, 63)
    assert reach(build.multiply(causal, build.literal(-64, "frac8"))) == (-64, 64)
    wide = build.subtract(build.widen_low(build.anticausal()), build.widen_low(build.causal()))
    assert reach(wide) == (-255, 255)
    assert reach(build.shift_left(wide, 7)) == (-32640, 32640)
    assert reach(build.magnitude(wide)) == (0, 255)
    assert reach(build.with_sign_of(wide, build.magnitude(wide))) == (-255, 255)
    assert reach(build.narrow(build.shift_left(wide, 7))) == (-128, 127)
    assert reach(build.split(causal, 3)[1]) == (0, 7)
    assert reach(build.clip_weight(causal)) == (0, 63)


def test_a_negation_in_a_branch_is_known_to_be_positive():
    build = KernelBuilder()
    value = build.subtract(build.reinterpret(build.weight()), build.literal(20, "frac8"))
    assert reach(build.if_negative(value, build.negate(value), build.literal(0, "frac8"))) == (0, 20)
    assert reach(build.if_negative(value, build.literal(0, "frac8"), value)) == (0, 43)
    assert reach(build.if_negative(build.literal(3, "frac8"), value, build.literal(7, "frac8"))) == (7, 7)


def test_sums_that_can_overflow_are_refused_unless_saturation_is_meant():
    build = KernelBuilder()
    a, b = build.convert_contiguous(build.causal()), build.convert_contiguous(build.anticausal())
    for operation in (build.add, build.subtract):
        with pytest.raises(ValueError, match="can leave frac8"):
            operation(a, b)
        assert reach(operation(a, b, saturates=True)) == (-128, 127)
    with pytest.raises(ValueError, match="can leave frac8"):
        build.negate(a)
    with pytest.raises(ValueError, match="can leave frac8"):
        build.multiply(a, b)
    assert reach(build.multiply(a, b, saturates=True)) == (-127, 127)


def test_unsigned_sums_have_to_fit():
    build = KernelBuilder()
    assert reach(build.add(build.weight(), build.literal(192, "mod8"))) == (192, 255)
    with pytest.raises(ValueError, match="can leave mod8"):
        build.add(build.weight(), build.causal())
    with pytest.raises(ValueError, match="wraps"):
        build.add(build.weight(), build.causal(), saturates=True)


def test_shifts_to_the_left_never_overflow():
    build = KernelBuilder()
    wide = build.widen_low(build.causal())
    assert reach(build.shift_left(wide, 7)) == (0, 32640)
    with pytest.raises(ValueError, match=r"shift_left: 0 \.\. 65280 can leave frac16"):
        build.shift_left(wide, 8)
    with pytest.raises(TypeError):
        build.shift_left(wide, 8, saturates=True)


@pytest.mark.parametrize("bits", [-1, 0, 8])
def test_the_width_of_a_shift_is_checked(bits):
    build = KernelBuilder()
    with pytest.raises(ValueError, match="1 to 7 bits"):
        build.shift_right(build.weight(), bits)


def test_types_are_checked():
    build = KernelBuilder()
    raw, signed = build.causal(), build.convert_contiguous(build.causal())
    for wrong in (
        lambda: build.add(raw, signed),
        lambda: build.multiply(raw, raw),
        lambda: build.convert_contiguous(signed),
        lambda: build.reinterpret(signed),
        lambda: build.widen_low(signed),
        lambda: build.widen_high(raw),
        lambda: build.narrow(signed),
        lambda: build.if_negative(raw, raw, raw),
        lambda: build.clip_weight(raw),
        lambda: build.clip_weight(build.widen_high(signed)),
        lambda: build.add(raw, KernelBuilder().causal()),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_numbers_that_would_become_negative_are_not_reinterpreted():
    build = KernelBuilder()
    with pytest.raises(ValueError, match="255 would become negative"):
        build.reinterpret(build.causal())
    assert reach(build.reinterpret(build.shift_right(build.causal(), 1))) == (0, 127)


def test_literals_and_constants_are_checked():
    build = KernelBuilder()
    with pytest.raises(ValueError, match="does not fit"):
        build.literal(128, "frac8")
    with pytest.raises(ValueError, match="no range"):
        build.constant("balance", "mod8", lowest=-1)
    with pytest.raises(ValueError, match="no name"):
        build.constant("int main()", "mod8")
    build.constant("balance", "mod8", highest=127)
    with pytest.raises(ValueError, match="another type or range"):
        build.constant("balance", "frac8")
    with pytest.raises(ValueError, match="another type or range"):
        build.constant("balance", "mod8")


def test_sources_are_read_once_but_every_draw_is_new():
    build = KernelBuilder()
    for source in (build.causal, build.anticausal, build.weight):
        assert source() == source()
    assert build.constant("baseline", "mod8") == build.constant("baseline", "mod8")
    assert build.random() != build.random()


def test_a_kernel_ends_with_a_weight():
    with pytest.raises(ValueError, match="at least one instruction"):
        KernelBuilder().finish("empty")
    build = keep_weight()
    build.literal(3, "mod8")
    with pytest.raises(ValueError, match="ends with a weight"):
        build.finish("late")
    kernel = keep_weight().finish("keep", resets=False)
    weights = np.arange(64)
    unchanged = evaluate(kernel, causal=weights, anticausal=weights, weight=weights, constants={})
    np.testing.assert_array_equal(unchanged, weights)
    assert not kernel.resets


def test_a_kernel_survives_being_written_and_read():
    build = keep_weight()
    build.constant("wake", "frac16")
    build.constant("balance", "mod8", lowest=1, highest=127)
    build.clip_weight(build.reinterpret(build.weight()))
    kernel = build.finish("kept")
    again = decode(Kernel, *encode(kernel))
    assert digest(again) == digest(kernel)
    assert again.constant_bytes == 3
    assert again.constant_ranges == {"wake": (-32768, 32767), "balance": (1, 127)}


def test_evaluation_checks_its_inputs():
    build = KernelBuilder()
    build.constant("balance", "mod8", lowest=1, highest=127)
    build.random()
    build.clip_weight(build.reinterpret(build.weight()))
    kernel = build.finish("checked")
    zeros = np.zeros(3, dtype=np.int64)
    good = {"causal": zeros, "anticausal": zeros, "weight": zeros, "constants": {"balance": zeros + 1}}
    good["random"] = np.zeros((1, 3), dtype=np.int64)
    assert evaluate(kernel, **good).dtype == np.uint8
    for change in (
        {"causal": zeros + 256},
        {"anticausal": zeros - 1},
        {"weight": zeros + 64},
        {"weight": np.zeros(4, dtype=np.int64)},
        {"constants": {}},
        {"constants": {"balance": zeros + 1, "wake": zeros}},
        {"constants": {"balance": zeros}},
        {"random": np.zeros((0, 3), dtype=np.int64)},
        {"random": np.full((1, 3), 256)},
    ):
        with pytest.raises(ValueError, match=r"leaves|shape|constants|draws"):
            evaluate(kernel, **{**good, **change})
    with pytest.raises(TypeError, match="whole numbers"):
        evaluate(kernel, **{**good, "weight": zeros + 0.5})


CONVERSIONS = ["convert_contiguous", "reinterpret", "widen_low", "widen_high", "narrow", "clip_weight"]
SUMS = ["add", "subtract", "multiply"]
OTHERS = ["magnitude", "negate", "random", "shift_right", "shift_left", "split", "if_negative"]

steps = st.lists(
    st.tuples(
        st.sampled_from(CONVERSIONS + SUMS + OTHERS), *[st.integers(0, 1000)] * 3, st.integers(1, 9), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


def grow(build, values, step):
    """Add one instruction if the builder lets it."""
    name, first, second, third, bits, saturates = step
    inputs = [values[pick % len(values)] for pick in (first, second, third)]
    operation = getattr(build, name)
    if name == "random":
        return [operation()]
    if name in {"shift_right", "shift_left"}:
        return [operation(inputs[0], bits)]
    if name == "split":
        return list(operation(inputs[0], bits))
    if name in {"magnitude", "negate"}:
        return [operation(inputs[0], saturates=saturates)]
    if name in SUMS:
        return [operation(inputs[0], inputs[1], saturates=saturates)]
    return [operation(*inputs)] if name == "if_negative" else [operation(inputs[0])]


def random_kernel(plan):
    """Return a kernel whose result depends on everything that could be built of a plan."""
    build = KernelBuilder()
    values = [build.causal(), build.anticausal(), build.weight(), build.constant("wake", "frac16")]
    values += [build.literal(-128, "frac8"), build.constant("balance", "mod8", lowest=1, highest=127)]
    for step in plan:
        try:
            values += grow(build, values, step)
        except (TypeError, ValueError):
            continue
    total = build.reinterpret(build.weight())
    for value in values:
        if value.kind == "mod8":
            value = build.convert_contiguous(value)  # noqa: PLW2901
        elif value.kind == "frac16":
            value = build.narrow(value)  # noqa: PLW2901
        total = build.subtract(value, total, saturates=True)
    build.clip_weight(total)
    return build.finish("random")


@settings(max_examples=150)
@given(plan=steps, seed=st.integers(0, 2**32 - 1))
def test_proofs_hold_and_the_machine_agrees_for_any_kernel(plan, seed):
    kernel = random_kernel(plan)
    rng = np.random.default_rng(seed)
    draws = kernel.random_draws
    inputs = {
        "causal": rng.choice([0, 1, 127, 128, 200, 255], SYNAPSES),
        "anticausal": rng.integers(0, 256, SYNAPSES),
        "weight": rng.integers(0, 64, SYNAPSES),
        "random": rng.integers(0, 256, (draws, SYNAPSES)),
    }
    constants = {"wake": rng.integers(-32768, 32768, SYNAPSES), "balance": rng.integers(1, 128, SYNAPSES)}
    # this raises if a value leaves the range that the builder proved
    expected = evaluate(kernel, constants=constants, **inputs)
    steps, order = steps_of(kernel)
    single = {name: values.astype(np.float32) for name, values in inputs.items()}
    strength, weight = np.ones(SYNAPSES, dtype=np.float32), np.full(SYNAPSES, -1, dtype=np.float32)
    run_row(
        machine_code(steps).address,
        SYNAPSES,
        single["causal"],
        single["anticausal"],
        single["weight"],
        strength,
        weight,
        np.array([constants[name] for name in order], dtype=np.float32).reshape(len(order), SYNAPSES),
        single["random"],
    )
    np.testing.assert_array_equal(weight, expected)
