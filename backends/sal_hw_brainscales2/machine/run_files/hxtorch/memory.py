"""What a rule's kernel shares with the host, in hxtorch's terms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.machine.ppu.statements import CONSTANT_WORDS
from sal_hw_brainscales2.machine.ppu.symbols import symbol_prefix
from sal_hw_brainscales2.machine.run_files.declarations import declarations, split_word
from sal_hw_brainscales2.machine.run_files.kept_symbols import KeptSymbols, split_kept
from sal_hw_brainscales2.machine.run_files.run_data import RuleData, RunData


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstantSymbol:
    """A constant of a kernel, all of whose bytes are the same.

    Attributes
    ----------
    bytes
        How many.
    """

    name: str
    memory: Literal["external", "sram"]
    bytes: int
    byte: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelMemory:
    """What a rule's kernel shares with the host.

    Attributes
    ----------
    polarities
        Signs of the synapses that it learns.
    """

    polarities: tuple[Polarity, ...]
    constants_symbols: tuple[ConstantSymbol, ...]
    kept: KeptSymbols


def kernel_memory(data: RunData, rule: RuleData, kernel: str) -> KernelMemory:
    """Return the polarities that a rule learns, and the symbols that its kernel shares with the host.

    Raises
    ------
    ValueError
        If the kernel declares something else.
    """
    prefix = symbol_prefix(rule.number, "hxtorch", None)
    learned = sorted(each.polarity for each in data.projections if each.name == rule.projection)
    kept, declared = split_kept(declarations(kernel), prefix)
    constants = []
    for found in declared:
        constant, part = split_word(found.name.removeprefix(prefix))
        if constant not in CONSTANT_WORDS:
            raise ValueError(f"the kernel of rule {rule.number} declares {found.name}")
        if constant in rule.measured:
            continue
        value = int(data.arrays[f"constants.{rule.projection}.{learned[0]}.{constant}"].flat[0])
        byte = (value >> (8 if part == "high" else 0)) & 0xFF
        size = math.prod(found.shape)
        constants.append(ConstantSymbol(name=found.name, memory=found.memory, bytes=size, byte=byte))
    return KernelMemory(polarities=tuple(learned), constants_symbols=tuple(constants), kept=kept)
