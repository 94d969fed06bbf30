"""The form of a kernel: straight-line integer code over the synapses of one row.

Values have one of three types, named after the vector types of the BrainScaleS-2 plasticity processing unit:
``mod8`` (unsigned, wraps), ``frac8`` and ``frac16`` (signed, saturating). Every instruction makes one value.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from typing_extensions import assert_never

from sal_hw.storage.document import document

Kind: TypeAlias = Literal["mod8", "frac8", "frac16"]

#: what an update begins with
Input: TypeAlias = Literal[
    "causal",  # raw reading of the causal sensor; it falls with correlation
    "anticausal",  # raw reading of the anti-causal sensor
    "weight",  # the stored magnitude, 0..63
    "constant",  # a number per synapse, by name
    "random",  # eight fresh random bits per synapse
    "literal",  # the same number for all synapses
]

#: what is made of one earlier value
Conversion: TypeAlias = Literal[
    "convert_contiguous",  # mod8 to frac8: subtracts 128
    "reinterpret",  # mod8 to frac8: the same bits
    "widen_low",  # mod8 to frac16: the same number
    "widen_high",  # frac8 to frac16: times 256
    "narrow",  # frac16 to frac8: floor of a 256th
    "clip_weight",  # to 0..63
]

#: what is made of several earlier values, or of one and a number
Combination: TypeAlias = Literal[
    "add",  # saturating
    "subtract",  # saturating
    "multiply",  # fractional, floor(a b / 128) or floor(a b / 32768)
    "shift_right",  # floor of a division by 2**number
    "shift_left",  # times 2**number; the builder makes sure that nothing is lost
    "if_negative",  # element-wise: first input < 0 ? second : third
]

Operation: TypeAlias = Literal[Input, Conversion, Combination]

#: constants that a kernel can measure itself, before its first update
MEASURED: dict[str, Kind] = {"baseline_causal": "mod8", "baseline_anticausal": "mod8", "residual": "frac8"}

#: legal range of each type
LIMITS: dict[Kind, tuple[int, int]] = {"mod8": (0, 255), "frac8": (-128, 127), "frac16": (-32768, 32767)}


def bits_of(kind: Kind) -> int:
    """Return how many bits a value of a type has."""
    match kind:
        case "mod8" | "frac8":
            return 8
        case "frac16":
            return 16
        case _:
            assert_never(kind)


def wraps(kind: Kind) -> bool:
    """Return whether values of a type wrap around; the others saturate."""
    match kind:
        case "mod8":
            return True
        case "frac8" | "frac16":
            return False
        case _:
            assert_never(kind)


#: largest stored weight
MAX_WEIGHT = 63


@document
class Instruction:
    """One operation.

    Attributes
    ----------
    inputs
        Indices of earlier instructions.
    number
        The value of a literal, the width of a shift.
    name
        The constant's name.
    lowest, highest
        Range of the result, whatever the readings are; the builder proves it. Of a constant: its legal range.
    """

    operation: Operation
    kind: Kind
    inputs: tuple[int, ...] = ()
    number: int = 0
    name: str = ""
    lowest: int = 0
    highest: int = 0


@document
class Kernel:
    """A learning rule for the synapses of one polarity.

    Attributes
    ----------
    name
        For people; it never reaches generated code.
    instructions
        In order of execution; the last one is the new weight.
    constants
        Names and types of the numbers per synapse that it needs.
    resets
        Whether the sensors are reset when they are read.
    baseline_reads
        How often it reads each sensor before the first update to measure the baselines itself, see
        :mod:`sal_hw.kernel.baselines`; 0: they are given.
    """

    name: str
    instructions: tuple[Instruction, ...]
    constants: dict[str, Kind]
    resets: bool = True
    baseline_reads: int = 0

    @property
    def random_draws(self) -> int:
        """Random draws per row and update."""
        return sum(item.operation == "random" for item in self.instructions)

    @property
    def given_constants(self) -> tuple[str, ...]:
        """Names of the constants that it does not measure itself, in order."""
        return tuple(name for name in self.constants if not (self.baseline_reads and name in MEASURED))

    @property
    def constant_bytes(self) -> int:
        """Bytes of constants per synapse."""
        return sum(bits_of(kind) // 8 for kind in self.constants.values())

    @property
    def constant_ranges(self) -> dict[str, tuple[int, int]]:
        """Lowest and highest legal value of each constant; what the builder proved holds for these only."""
        return {item.name: (item.lowest, item.highest) for item in self.instructions if item.operation == "constant"}
