"""Makes fewer operations of a kernel's instructions, with the same results.

Each operation costs a pass over a row, so instructions that belong together become one:

* Conversions that do not change the number cost nothing: the result is the operand. That holds for ``reinterpret``
  too, since the builder admits only numbers below 128.
* A choice between a value and its negation needs no negation of its own.
* A factor that is the same for all synapses needs no values of its own.
* A reading that is taken off a constant, a random number that is added and a weight that is changed are fetched where
  they are used. Their sums have one width each: differences of 8-bit numbers fit into 16 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import assert_never

from sal_hw.kernel.ir import Instruction, Kernel, bits_of

#: numbers of the conversions: what is added, or binary places
_NUMBERS = {"convert_contiguous": -128, "widen_high": 8, "narrow": 8}

_UNCHANGED = frozenset({"widen_low", "reinterpret"})


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the machine.

    Attributes
    ----------
    operation
        Its name.
    result
        The instruction whose value it makes.
    operands
        The instructions whose values it needs.
    number
        A literal, binary places, the bits of the bounds, or which constant or random number.
    """

    operation: str
    result: int
    operands: tuple[int, ...] = ()
    number: int = 0


def fuse(kernel: Kernel) -> list[Step]:
    """Return a kernel's operations in order; the last one makes the weight.

    Raises
    ------
    ValueError
        If an instruction refers to one that is not before it.
    """
    return _Fusion(kernel).steps()


class _Fusion:
    """What is known of a kernel while its operations are chosen."""

    def __init__(self, kernel: Kernel) -> None:
        self._code = kernel.instructions
        self._constants = tuple(kernel.constants)
        self._origin: list[int] = []
        for index, instruction in enumerate(kernel.instructions):
            for operand in instruction.inputs:
                if not 0 <= operand < index:
                    raise ValueError(f"instruction {index} refers to {operand}")
            unchanged = instruction.operation in _UNCHANGED
            self._origin.append(self._origin[instruction.inputs[0]] if unchanged else index)
        random = [index for index, item in enumerate(self._code) if item.operation == "random"]
        self._draw = {index: draw for draw, index in enumerate(random)}

    def steps(self) -> list[Step]:
        """Return the operations that the result depends on."""
        steps = [self._step(index) for index, origin in enumerate(self._origin) if origin == index]
        needed = {self._origin[-1]}
        kept = []
        for step in reversed(steps):
            if step.result in needed:
                kept.append(step)
                needed.update(step.operands)
        return kept[::-1]

    def _inputs(self, index: int) -> tuple[int, ...]:
        return tuple(self._origin[operand] for operand in self._code[index].inputs)

    def _is(self, index: int, operation: str) -> bool:
        return self._code[index].operation == operation

    def _step(self, index: int) -> Step:
        instruction = self._code[index]
        for fused in (self._with_sign, self._multiplied, self._collected, self._added, self._weighted):
            found = fused(index, instruction)
            if found is not None:
                return found
        if instruction.operation == "multiply":
            return Step(f"multiply_{bits_of(instruction.kind)}", index, self._inputs(index))
        return Step(instruction.operation, index, self._inputs(index), self._number(index, instruction))

    def _number(self, index: int, instruction: Instruction) -> int:
        match instruction.operation:
            case "constant":
                return self._constants.index(instruction.name)
            case "random":
                return self._draw[index]
            case "add" | "subtract":
                # sums of mod8 numbers are proven to fit, so that any bounds do
                return _bits(instruction)
            case operation:
                return _NUMBERS.get(operation, instruction.number)

    def _with_sign(self, index: int, instruction: Instruction) -> Step | None:
        if instruction.operation != "if_negative":
            return None
        condition, then, otherwise = self._inputs(index)
        if not self._is(then, "subtract"):
            return None
        zero, negated = self._inputs(then)
        if negated != otherwise or not self._is(zero, "literal") or self._code[zero].number != 0:
            return None
        return Step("with_sign", index, (condition, otherwise), _bits(instruction))

    def _multiplied(self, index: int, instruction: Instruction) -> Step | None:
        if instruction.operation != "multiply" or not self._is(self._inputs(index)[1], "literal"):
            return None
        value, factor = self._inputs(index)
        return Step(f"multiply_{bits_of(instruction.kind)}_by", index, (value,), self._code[factor].number)

    def _collected(self, index: int, instruction: Instruction) -> Step | None:
        if instruction.operation != "subtract" or instruction.kind != "frac16":
            return None
        constant, reading = self._inputs(index)
        # a constant of 16 bits could leave the bounds
        if not self._is(constant, "constant") or self._code[constant].kind != "mod8":
            return None
        if self._code[reading].operation not in {"causal", "anticausal"}:
            return None
        number = self._number(constant, self._code[constant])
        return Step(f"collect_{self._code[reading].operation}", index, (), number)

    def _added(self, index: int, instruction: Instruction) -> Step | None:
        if instruction.operation != "add" or instruction.kind != "frac16":
            return None
        value, random = self._inputs(index)
        return Step("add_random", index, (value,), self._draw[random]) if random in self._draw else None

    def _weighted(self, index: int, instruction: Instruction) -> Step | None:
        if instruction.operation not in {"add", "subtract"} or instruction.kind != "frac8":
            return None
        weight, change = self._inputs(index)
        if not self._is(weight, "weight"):
            return None
        return Step("weight_plus" if instruction.operation == "add" else "weight_minus", index, (change,))


def _bits(instruction: Instruction) -> int:
    """Return the binary places of the bounds of a sum."""
    match instruction.kind:
        case "frac8":
            return 7
        case "mod8" | "frac16":
            return 15
        case _:
            assert_never(instruction.kind)
