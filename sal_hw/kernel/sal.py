"""Spike-based alignment learning as an integer program, also together with the sleep phase of wake-sleep learning.

The rule is ``dB = eta ((A - a0) - rho (C - c0))``: A and C are what the anti-causal and the causal sensor of a synapse
have collected, rho is the ratio of the sensors' strengths. Raw readings *fall* with correlation, so that
``A - a0`` is ``baseline_anticausal - raw reading``, and the same for C. A sleep phase adds
``wake - sleep_gain ((A - a0) + (C - c0))``. Synapses store magnitudes: the kernel for inhibitory ones subtracts what
the kernel for excitatory ones adds.

Weights have six bits, so rounding decides about small changes. *Stochastic* rounding keeps them on average; *symmetric*
rounding goes to the nearest weight, halves away from zero, and drops changes below half a weight.
"""

from __future__ import annotations

from typing_extensions import assert_never

from sal_hw.kernel import gains
from sal_hw.kernel.builder import KernelBuilder, Value
from sal_hw.kernel.gains import SENSOR_BITS, WEIGHT_BITS, KernelError, Rounding, Width, representable_gain
from sal_hw.kernel.ir import Kernel
from sal_hw.spec.signs import Polarity, sign_of

__all__ = [
    "BALANCE_STEPS",
    "RESIDUAL_STEPS",
    "WAKE_STEPS",
    "KernelError",
    "learning_kernel",
    "representable_gain",
]

#: the constant ``balance`` is rho in steps of 1 / 64
BALANCE_STEPS = 64

#: the constant ``residual`` is in steps of 1 / 32 sensor LSB
RESIDUAL_STEPS = 32

#: the constant ``wake`` is in steps of 1 / 32 weight
WAKE_STEPS = 32


def learning_kernel(
    *,
    polarity: Polarity,
    width: Width,
    rounding: Rounding,
    balanced: bool,
    sal_gain: float,
    sleep_gain: float = 0.0,
    wake: bool = False,
    residual: bool = False,
    baseline_reads: int = 0,
) -> Kernel:
    """Return the kernel of SAL, or of SAL and a sleep phase in one update.

    Parameters
    ----------
    polarity
        Of the synapses: an inhibitory weight is stored as a magnitude and takes the opposite change.
    width
        16: exact differences; each gain's term saturates beyond a change of at least 64 weights, more than there are.
        8: fewer instructions. Differences saturate at +-127 sensor LSB, and at +-63 if balanced.
    rounding
        ``stochastic`` draws one random number per synapse and update; with 8 bits it needs a gain of 2**-n. With 16
        bits each term first loses less than 1 / 256 weight, towards zero.
    balanced
        Whether the causal term is multiplied by the constant ``balance`` (mod8, 1 / 64); with 8 bits that is at
        most 127, so that the ratio stays below 2. With 16 bits the product loses 0 or 1 / 64 sensor LSB, with 8 it
        is off by less than half a sensor LSB, without a direction.
    sal_gain
        Weight LSB per sensor LSB. Negative: the inverted rule. Zero: a control that leaves weights alone.
    sleep_gain
        The same for the sleep term; 16 bits only.
    wake
        Whether the constant ``wake`` (frac16, 1 / 32 weight LSB) is added in every update; 16 bits only.
    residual
        Whether the constant ``residual`` (frac8, 1 / 32 sensor LSB) is added to the difference: what the baselines,
        which are whole numbers, leave over; 16 bits only.
    baseline_reads
        How often the kernel reads each sensor before its first update to measure baselines and residual itself; a
        power of two, 4 to 1024. 0: they are given. 16 bits with residual only.

    Returns
    -------
    Kernel
        Its constants are ``baseline_causal`` and ``baseline_anticausal`` (mod8), or with 8 bits and without balance
        ``baseline_difference`` (frac8, causal minus anti-causal), and ``balance``, ``residual`` and ``wake`` where they
        are used.

    Raises
    ------
    KernelError
        If a gain cannot be represented, see :func:`representable_gain`.
    """
    builder = KernelBuilder()
    representable_gain(sal_gain, width=width, rounding=rounding, balanced=balanced)
    flipped = sign_of(polarity) < 0
    match width:
        case 16:
            representable_gain(sleep_gain, width=width, rounding=rounding, balanced=balanced)
            change = _change_16(
                builder,
                rounding=rounding,
                balanced=balanced,
                sal_gain=sal_gain,
                sleep_gain=sleep_gain,
                wake=wake,
                residual=residual,
            )
        case 8 if sleep_gain != 0.0 or wake or residual:
            raise KernelError("a sleep phase or a residual needs 16 bits; with 8 bits there is no gain but 0", 0.0)
        case 8:
            flipped ^= sal_gain < 0.0
            change = _change_8(builder, rounding, balanced, sal_gain)
        case _:
            assert_never(width)
    weight = builder.reinterpret(builder.weight())
    combine = builder.subtract if flipped else builder.add
    builder.clip_weight(combine(weight, change, saturates=True))
    phase = "sal_sleep" if sleep_gain != 0.0 or wake else "sal"
    name = f"{phase}_{polarity}_{width}_{rounding}{'_balanced' if balanced else ''}"
    return builder.finish(name, baseline_reads=baseline_reads)


def _change_16(
    builder: KernelBuilder,
    *,
    rounding: Rounding,
    balanced: bool,
    sal_gain: float,
    sleep_gain: float,
    wake: bool,
    residual: bool,
) -> Value:
    """Return the change of an excitatory weight, ``frac8``."""
    causal = _collected_16(builder, "baseline_causal", builder.causal())
    anticausal = _collected_16(builder, "baseline_anticausal", builder.anticausal())
    if balanced:
        ratio = builder.widen_low(builder.constant("balance", "mod8"))
        # 7 + 7 - 15 bits, and 6 of the ratio: the product has 5 binary places
        expected = builder.multiply(builder.shift_left(causal, 7), builder.shift_left(ratio, 7))
        difference = builder.subtract(builder.shift_left(anticausal, SENSOR_BITS), expected, saturates=True)
    else:
        difference = builder.shift_left(builder.subtract(anticausal, causal), SENSOR_BITS)
    if residual:
        left = builder.shift_right(builder.widen_high(builder.constant("residual", "frac8")), 8)
        difference = builder.add(difference, left, saturates=True)
    change = _scaled(builder, difference, sal_gain)
    if sleep_gain != 0.0:
        both = builder.shift_left(builder.add(anticausal, causal), SENSOR_BITS)
        change = builder.subtract(change, _scaled(builder, both, sleep_gain), saturates=True)
    if wake:
        learned = _doubled(builder, builder.constant("wake", "frac16"), WEIGHT_BITS - 5)
        change = builder.add(change, learned, saturates=True)
    return _rounded_16(builder, change, rounding)


def _collected_16(builder: KernelBuilder, baseline: str, reading: Value) -> Value:
    return builder.subtract(builder.widen_low(builder.constant(baseline, "mod8")), builder.widen_low(reading))


def _scaled(builder: KernelBuilder, value: Value, gain: float) -> Value:
    """Return gain times value, from a sensor's to a weight's binary places, rounded towards zero."""
    factor, doublings = gains.factor(gain)
    size = _doubled(builder, builder.magnitude(value, saturates=True), doublings)
    product = builder.multiply(size, builder.literal(factor, "frac16"))
    if gain < 0.0:
        return builder.if_negative(value, product, builder.negate(product))
    return builder.with_sign_of(value, product)


def _doubled(builder: KernelBuilder, value: Value, times: int) -> Value:
    """Return value times ``2**times``, saturated."""
    for _ in range(times):
        value = builder.add(value, value, saturates=True)
    return value


def _rounded_16(builder: KernelBuilder, change: Value, rounding: Rounding) -> Value:
    """Return the whole part; what saturates here is a change beyond 126 weights."""
    match rounding:
        case "stochastic":
            offset = builder.widen_low(builder.random())
        case "symmetric":
            # rounding down after adding one half takes halves up; one step less takes those of negative numbers down
            offset = builder.if_negative(change, builder.literal(127, "frac16"), builder.literal(128, "frac16"))
        case _:
            assert_never(rounding)
    return builder.narrow(builder.add(change, offset, saturates=True))


def _change_8(builder: KernelBuilder, rounding: Rounding, balanced: bool, gain: float) -> Value:
    """Return the change of an excitatory weight for the gain's magnitude, ``frac8``."""
    difference = _balanced_8(builder) if balanced else _difference_8(builder)
    match rounding:
        case "stochastic" if gain != 0.0:
            return _rounded_stochastically_8(builder, difference, gains.halvings(gain) + balanced)
        case "stochastic" | "symmetric":
            size = builder.magnitude(difference, saturates=True)
            steps = gains.steps(gain, balanced)
            return builder.with_sign_of(difference, _rounded_8(builder, size, steps if balanced else 2 * steps))
        case _:
            assert_never(rounding)


def _difference_8(builder: KernelBuilder) -> Value:
    """Return (A - a0) - (C - c0) in sensor LSB; readings are near each other, so the baselines are taken off first."""
    causal = builder.convert_contiguous(builder.causal())
    anticausal = builder.convert_contiguous(builder.anticausal())
    corrected = builder.subtract(causal, builder.constant("baseline_difference", "frac8"), saturates=True)
    return builder.subtract(corrected, anticausal, saturates=True)


def _balanced_8(builder: KernelBuilder) -> Value:
    """Return (A - a0) - rho (C - c0) in half sensor LSB, as 2 (A - C) - 2 (rho - 1) C.

    The sum of the product rounded down and of the product rounded up is twice the product, without a direction.
    """
    causal = _collected_8(builder, "baseline_causal", builder.causal())
    anticausal = _collected_8(builder, "baseline_anticausal", builder.anticausal())
    ratio = builder.reinterpret(builder.constant("balance", "mod8", lowest=1, highest=2 * BALANCE_STEPS - 1))
    excess = builder.shift_left(builder.subtract(ratio, builder.literal(BALANCE_STEPS, "frac8")), 1)
    down = builder.multiply(causal, excess)
    up_negated = builder.multiply(causal, builder.negate(excess))
    surplus = builder.subtract(down, up_negated, saturates=True)
    equal = _doubled(builder, builder.subtract(anticausal, causal, saturates=True), 1)
    return builder.subtract(equal, surplus, saturates=True)


def _collected_8(builder: KernelBuilder, baseline: str, reading: Value) -> Value:
    held = builder.convert_contiguous(builder.constant(baseline, "mod8"))
    return builder.subtract(held, builder.convert_contiguous(reading), saturates=True)


def _rounded_8(builder: KernelBuilder, size: Value, factor: int) -> Value:
    """Return a magnitude times factor / 256 to the nearest whole number, halves up: exactly.

    The product is that of factor / 128, rounded down; half of it plus one, rounded down, is the nearest. Where the
    factor does not fit, factor - 256 does, and the magnitude itself is added.
    """
    fits = factor <= 127
    product = builder.multiply(size, builder.literal(factor if fits else factor - 256, "frac8"))
    half = builder.shift_right(builder.add(product, builder.literal(1, "frac8")), 1)
    return half if fits else builder.add(size, half)


def _rounded_stochastically_8(builder: KernelBuilder, value: Value, bits: int) -> Value:
    """Return value / 2**bits, rounded up as often as its remainder says; nothing saturates on the way."""
    if bits == 0:
        return value
    floor, rest = builder.split(value, bits)
    noise = builder.reinterpret(builder.shift_right(builder.random(), 8 - bits))
    # remainder + noise may need one bit more than there is, so the carry is looked for one whole lower
    below = builder.add(noise, builder.literal(-(1 << bits), "frac8"))
    carry = builder.shift_right(builder.add(rest, below), bits)
    return builder.add(builder.add(floor, carry), builder.literal(1, "frac8"))
