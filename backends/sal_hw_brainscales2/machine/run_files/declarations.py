"""What a kernel's text declares to share with the host, read back from the text, which is what is compiled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: of a 16-bit constant: its high or its low bytes
Part: TypeAlias = Literal["", "high", "low"]

#: bytes of the FPGA's memory for data (libnux, share/libnux/elf32nux.x: ext_mem_dram_data)
MAX_EXTERNAL = 256 * 2**20

#: words of refusals: what takes memory, and what to do about it
KEPT_IN_MEMORY = (
    "bytes of that memory: kernels keep whole rows there, of each record of weights and of each reading "
    "(libnux, share/libnux/elf32nux.x)"
)
KEEP_LESS = "raise every_updates of the weights probe, shorten the experiment's duration, or raise update_every"

_DECLARED = re.compile(r"^volatile (uint8_t|uint32_t) (\w+)((?:\[\d+\])*)([^;]*);$", re.MULTILINE)
_PARTS: tuple[Part, ...] = ("high", "low")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A global variable of a kernel; see :class:`sal_hw_brainscales2.machine.ppu.symbols.Symbol`.

    Attributes
    ----------
    name
        Of the symbol.
    counts
        Whether it is a counter of 32 bits; others are bytes.
    memory
        ``sram``: each processor has its own. ``external``: one for both.
    shape
        Empty for a single number.
    """

    name: str
    counts: bool
    memory: Literal["external", "sram"]
    shape: tuple[int, ...]


def declarations(kernel: str) -> list[Declaration]:
    """Return what a kernel's text declares, in the order of the text."""
    return [
        Declaration(
            name=name,
            counts=kind == "uint32_t",
            memory="external" if "section(" in attributes else "sram",
            shape=tuple(int(size) for size in re.findall(r"\d+", sizes)),
        )
        for kind, name, sizes, attributes in _DECLARED.findall(kernel)
    ]


def external_bytes(kernels: Iterable[str]) -> int:
    """Return what kernels take of the FPGA's memory: constants, records and the last weights."""
    found = [each for kernel in kernels for each in declarations(kernel) if each.memory == "external"]
    return sum(math.prod(each.shape) * (4 if each.counts else 1) for each in found)


def split_word(word: str) -> tuple[str, Part]:
    """Return the constant that a symbol holds, and which of its bytes, from the symbol's name without its prefix."""
    for part in _PARTS:
        if word.endswith(f"_{part}"):
            return word.removesuffix(f"_{part}"), part
    return word, ""
