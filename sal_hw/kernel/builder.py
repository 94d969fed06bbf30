"""Writes kernels whose widths and ranges are right by construction.

Each method adds one instruction and returns its value. The builder follows the range of every value, from the ranges
of readings, weights, random numbers and constants through all operations, and refuses what could leave its type
unless the author says that saturation is meant. What it raises are programming errors: TypeError for a value of the
wrong type or of another kernel, ValueError for a number or a result out of range.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sal_hw.kernel.arithmetic import FRACTION_BITS
from sal_hw.kernel.baselines import read_bits
from sal_hw.kernel.ir import LIMITS, MAX_WEIGHT, MEASURED, Instruction, Kernel, Kind, Operation, wraps

#: widest shift of each type
_MAX_SHIFT: dict[Kind, int] = {"mod8": 7, "frac8": 7, "frac16": 15}

_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Value:
    """Result of an instruction.

    Attributes
    ----------
    index
        Which instruction makes it.
    lowest, highest
        Range that it is proven to stay in.
    owner
        The builder that it belongs to.
    """

    index: int
    kind: Kind
    lowest: int
    highest: int
    owner: KernelBuilder = field(repr=False, compare=False)


class KernelBuilder:
    """A kernel in the making."""

    def __init__(self) -> None:
        self._instructions: list[Instruction] = []
        self._constants: dict[str, Kind] = {}
        self._sources: dict[tuple[Operation, str, Kind, int], Value] = {}

    def causal(self) -> Value:
        """Return the raw reading of the causal sensor, 0 to 255; it is read once."""
        return self._source("causal", "mod8", LIMITS["mod8"])

    def anticausal(self) -> Value:
        """Return the raw reading of the anti-causal sensor, 0 to 255; it is read once."""
        return self._source("anticausal", "mod8", LIMITS["mod8"])

    def weight(self) -> Value:
        """Return the stored magnitude, 0 to 63."""
        return self._source("weight", "mod8", (0, MAX_WEIGHT))

    def random(self) -> Value:
        """Return eight fresh random bits per synapse: every call draws anew."""
        return self._append("random", "mod8", (), LIMITS["mod8"])

    def literal(self, number: int, kind: Kind) -> Value:
        """Return the same number for all synapses."""
        if not LIMITS[kind][0] <= number <= LIMITS[kind][1]:
            raise ValueError(f"{number} does not fit into {kind}")
        return self._source("literal", kind, (number, number), number=number)

    def constant(self, name: str, kind: Kind, *, lowest: int | None = None, highest: int | None = None) -> Value:
        """Return a number per synapse.

        Parameters
        ----------
        lowest, highest
            Its legal range, if that is narrower than the type's.
        """
        low, high = LIMITS[kind]
        legal = (low if lowest is None else lowest, high if highest is None else highest)
        if not low <= legal[0] <= legal[1] <= high:
            raise ValueError(f"{name}: {legal[0]} .. {legal[1]} is no range of {kind}")
        if not name.isidentifier():
            raise ValueError(f"{name!r} is no name of a constant")
        known = next((item for item in self._instructions if item.name == name), None)
        if known is not None and (known.kind, known.lowest, known.highest) != (kind, *legal):
            raise ValueError(f"{name} is already a constant of another type or range")
        self._constants[name] = kind
        return self._source("constant", kind, legal, name=name)

    def convert_contiguous(self, value: Value) -> Value:
        """Return a ``mod8`` number minus 128, as ``frac8``."""
        self._expect(value, "mod8")
        return self._append("convert_contiguous", "frac8", (value,), (value.lowest - 128, value.highest - 128))

    def reinterpret(self, value: Value) -> Value:
        """Return a ``mod8`` number as ``frac8``; it must be below 128, since larger ones become negative."""
        self._expect(value, "mod8")
        if value.highest > LIMITS["frac8"][1]:
            raise ValueError(f"reinterpret: {value.highest} would become negative")
        return self._append("reinterpret", "frac8", (value,), (value.lowest, value.highest))

    def widen_low(self, value: Value) -> Value:
        """Return a ``mod8`` number as the same ``frac16`` number."""
        self._expect(value, "mod8")
        return self._append("widen_low", "frac16", (value,), (value.lowest, value.highest))

    def widen_high(self, value: Value) -> Value:
        """Return a ``frac8`` number times 256, as ``frac16``."""
        self._expect(value, "frac8")
        return self._append("widen_high", "frac16", (value,), (value.lowest * 256, value.highest * 256))

    def narrow(self, value: Value) -> Value:
        """Return the floor of a 256th of a ``frac16`` number, as ``frac8``."""
        self._expect(value, "frac16")
        return self._append("narrow", "frac8", (value,), (value.lowest >> 8, value.highest >> 8))

    def add(self, a: Value, b: Value, *, saturates: bool = False) -> Value:
        """Return a + b."""
        kind = self._expect_alike(a, b)
        exact = (a.lowest + b.lowest, a.highest + b.highest)
        return self._append("add", kind, (a, b), _fitted("add", exact, kind, saturates))

    def subtract(self, a: Value, b: Value, *, saturates: bool = False) -> Value:
        """Return a - b."""
        kind = self._expect_alike(a, b)
        exact = (a.lowest - b.highest, a.highest - b.lowest)
        return self._append("subtract", kind, (a, b), _fitted("subtract", exact, kind, saturates))

    def multiply(self, a: Value, b: Value, *, saturates: bool = False) -> Value:
        """Return the fractional product, rounded down: of magnitudes, unless the direction of rounding is meant."""
        kind = self._expect_alike(a, b)
        if kind not in FRACTION_BITS:
            raise TypeError("multiply takes frac8 or frac16")
        corners = [x * y >> FRACTION_BITS[kind] for x in (a.lowest, a.highest) for y in (b.lowest, b.highest)]
        return self._append(
            "multiply", kind, (a, b), _fitted("multiply", (min(corners), max(corners)), kind, saturates)
        )

    def shift_right(self, value: Value, bits: int) -> Value:
        """Return the floor of a division by ``2**bits``."""
        self._expect(value, value.kind)
        _check_shift(bits, value.kind)
        reach = (value.lowest >> bits, value.highest >> bits)
        return self._append("shift_right", value.kind, (value,), reach, number=bits)

    def shift_left(self, value: Value, bits: int) -> Value:
        """Return the number times ``2**bits``, which has to fit."""
        self._expect(value, value.kind)
        _check_shift(bits, value.kind)
        exact = (value.lowest << bits, value.highest << bits)
        return self._append("shift_left", value.kind, (value,), _fitted("shift_left", exact, value.kind), number=bits)

    def if_negative(self, condition: Value, then: Value, otherwise: Value) -> Value:
        """Return `then` where the condition is below zero, else `otherwise`."""
        kind = self._expect_alike(condition, then, otherwise)
        if kind == "mod8":
            raise TypeError("mod8 is never negative")
        reached: list[_Range] = []
        if condition.lowest < 0:
            reached.append(self._restricted(then, condition, (condition.lowest, min(condition.highest, -1))))
        if condition.highest >= 0:
            reached.append(self._restricted(otherwise, condition, (max(condition.lowest, 0), condition.highest)))
        reach = (min(low for low, _ in reached), max(high for _, high in reached))
        return self._append("if_negative", kind, (condition, then, otherwise), reach)

    def negate(self, value: Value, *, saturates: bool = False) -> Value:
        """Return 0 - value."""
        return self.subtract(self.literal(0, value.kind), value, saturates=saturates)

    def magnitude(self, value: Value, *, saturates: bool = False) -> Value:
        """Return the value without its sign; of the lowest number of a type only a saturated one exists."""
        return self.if_negative(value, self.negate(value, saturates=saturates), value)

    def with_sign_of(self, sign: Value, magnitude: Value) -> Value:
        """Return the magnitude, negative where `sign` is below zero."""
        return self.if_negative(sign, self.negate(magnitude), magnitude)

    def split(self, value: Value, bits: int) -> tuple[Value, Value]:
        """Return floor(value / 2**bits) and what is left of the value, 0 to ``2**bits - 1``."""
        floor = self.shift_right(value, bits)
        rest = self._append("subtract", value.kind, (value, self.shift_left(floor, bits)), (0, (1 << bits) - 1))
        return floor, rest

    def clip_weight(self, value: Value) -> Value:
        """Return the nearest weight of a ``frac8`` number, as ``mod8``."""
        self._expect(value, "frac8")
        reach = (min(max(value.lowest, 0), MAX_WEIGHT), min(max(value.highest, 0), MAX_WEIGHT))
        return self._append("clip_weight", "mod8", (value,), reach)

    def finish(self, name: str, *, resets: bool = True, baseline_reads: int = 0) -> Kernel:
        """Return the kernel; its last instruction has to make a weight.

        With `baseline_reads` it measures its baselines itself, and has to have exactly the constants that this makes.
        """
        if not self._instructions:
            raise ValueError("a kernel needs at least one instruction")
        last = self._instructions[-1]
        if last.operation not in {"clip_weight", "weight"}:
            raise ValueError(f"a kernel ends with a weight, not with {last.operation}")
        if baseline_reads:
            read_bits(baseline_reads)
            if any(self._constants.get(each) != kind for each, kind in MEASURED.items()):
                raise ValueError(f"a kernel that measures its baselines has the constants {', '.join(MEASURED)}")
        return Kernel(
            name=name,
            instructions=tuple(self._instructions),
            constants=dict(self._constants),
            resets=resets,
            baseline_reads=baseline_reads,
        )

    def _restricted(self, value: Value, condition: Value, reach: _Range) -> _Range:
        """Return the range of `value` where the condition's is `reach`: the condition itself, or its negation."""
        if value.index == condition.index:
            return reach
        made = self._instructions[value.index]
        if made.operation == "subtract" and made.inputs[1] == condition.index:
            minuend = self._instructions[made.inputs[0]]
            if (minuend.lowest, minuend.highest) == (0, 0):
                # the lowest number's negation saturates
                return (min(-reach[1], value.highest), min(-reach[0], value.highest))
        return (value.lowest, value.highest)

    def _expect(self, value: Value, kind: Kind) -> None:
        if value.owner is not self:
            raise TypeError("the value belongs to another kernel")
        if value.kind != kind:
            raise TypeError(f"expected {kind}, not {value.kind}")

    def _expect_alike(self, *values: Value) -> Kind:
        for value in values:
            self._expect(value, values[0].kind)
        return values[0].kind

    def _source(self, operation: Operation, kind: Kind, reach: _Range, *, name: str = "", number: int = 0) -> Value:
        """Return a value that needs no other: made once, however often it is asked for."""
        key = (operation, name, kind, number)
        if key not in self._sources:
            self._sources[key] = self._append(operation, kind, (), reach, number=number, name=name)
        return self._sources[key]

    def _append(
        self,
        operation: Operation,
        kind: Kind,
        inputs: tuple[Value, ...],
        reach: _Range,
        *,
        number: int = 0,
        name: str = "",
    ) -> Value:
        index = len(self._instructions)
        made = Instruction(
            operation=operation,
            kind=kind,
            inputs=tuple(value.index for value in inputs),
            number=number,
            name=name,
            lowest=reach[0],
            highest=reach[1],
        )
        self._instructions.append(made)
        return Value(index=index, kind=kind, lowest=reach[0], highest=reach[1], owner=self)


def _fitted(operation: str, exact: _Range, kind: Kind, saturates: bool = False) -> _Range:
    """Return the range that is left of an exact one within a type."""
    lowest, highest = LIMITS[kind]
    if lowest <= exact[0] and exact[1] <= highest:
        return exact
    if saturates and wraps(kind):
        raise ValueError(f"{operation}: mod8 wraps, it does not saturate")
    if not saturates:
        raise ValueError(f"{operation}: {exact[0]} .. {exact[1]} can leave {kind}, {lowest} .. {highest}")
    return (min(max(exact[0], lowest), highest), min(max(exact[1], lowest), highest))


def _check_shift(bits: int, kind: Kind) -> None:
    if not 1 <= bits <= _MAX_SHIFT[kind]:
        raise ValueError(f"{kind} is shifted by 1 to {_MAX_SHIFT[kind]} bits, not {bits}")
