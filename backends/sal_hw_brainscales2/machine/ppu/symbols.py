"""Global variables of a kernel that the host writes before a run or reads after it.

Writing them changes the processor's memory before it starts (grenade, write_ppu_symbols of the execution hooks), so a
kernel must not clear them itself. External memory is one for both processors; each has a half of every array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.kernel.ir import Kind
from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.machine.ppu.kept import Kept
from sal_hw_brainscales2.machine.ppu.statements import CONSTANT_WORDS, integer
from sal_hw_brainscales2.machine.sdk import FrontEnd
from sal_hw_brainscales2.program import PlacedKernel, SynapseTile

Memory: TypeAlias = Literal["sram", "external"]
Role: TypeAlias = Literal[
    "constant", "measured", "final", "records", "causal", "acausal", "times", "finished", "updates"
]
#: all of a constant, or one byte of those of a 16-bit one
Part: TypeAlias = Literal["", "high", "low"]

#: columns of a synapse row, and rows of a hemisphere (halco, hicann-dls/vx/synapse.h)
COLUMNS, MAX_ROWS = 256, 256

#: a run that may be as long as any
KEEPS_NOTHING = Kept()

#: kernels in one program; a choice, there are far fewer
MAX_KERNELS = 999


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbol:
    """A variable that the host and a kernel share.

    A row is 256 bytes in the order of :func:`row_bytes`. The place of a row counts the rows of the processor's own
    hemisphere: in the order of the handles, and within a handle in the order of its ``rows``.

    Attributes
    ----------
    name
        Fixed words and small numbers.
    role
        ``constant``: written by the host. ``measured``: a constant that the kernel measures. ``final``: rows of the
        last weights. ``records``: rows of weights per record. ``causal``, ``acausal``: rows of readings per update.
        ``times``: of updates of which something is kept. ``finished``: 1 when the last weights were left. ``updates``:
        how often the kernel learned on this processor.
    memory
        ``sram``: each processor has its own. ``external``: one for both processors.
    shape
        Of counters: (), 32 bits. Of ``times``: (hemispheres, updates), 32 bits each. In SRAM (places, 256) bytes, in
        external memory (hemispheres, places, 256) bytes, several times where they are kept several times.
    constant
        Which constant of the kernel.
    part
        Of a 16-bit constant: ``high`` bytes (signed) or ``low`` bytes.
    """

    name: str
    role: Role
    memory: Memory
    shape: tuple[int, ...]
    constant: str = ""
    part: Part = ""


def learning_polarities(placed: PlacedKernel, front_end: FrontEnd, polarity: Polarity | None) -> tuple[Polarity, ...]:
    """Return the polarities that one kernel text learns: one with pynn, all that there are with hxtorch.

    Raises
    ------
    ValueError
        If pynn is not told which, hxtorch is, or the rule has no kernel of the polarity.
    """
    both: tuple[Polarity, ...] = ("excitatory", "inhibitory")
    known = tuple(each for each in both if placed.kernel(each) is not None)
    match front_end:
        case "hxtorch":
            if polarity is not None:
                raise ValueError("with hxtorch, one kernel learns both polarities")
            found = known
        case "pynn":
            found = tuple(each for each in known if each == polarity)
        case _:
            assert_never(front_end)
    if not found:
        raise ValueError(f"{placed.rule} has no kernel for {front_end} and {polarity}")
    return found


def symbol_prefix(number: int, front_end: FrontEnd, polarity: Polarity | None) -> str:
    """Return how all symbols of a kernel begin, so that kernels of one program do not share any."""
    return f"sal_{_prefix_word(front_end, polarity)}_{integer(number, 0, MAX_KERNELS)}_"


def _prefix_word(front_end: FrontEnd, polarity: Polarity | None) -> str:
    match front_end:
        case "hxtorch":
            return "signed"
        case "pynn":
            # a fixed word, and not what was given: it gets into generated code
            return {"excitatory": "excitatory", "inhibitory": "inhibitory"}[str(polarity)]
        case _:
            assert_never(front_end)


def kernel_symbols(
    placed: PlacedKernel,
    tiles: Sequence[SynapseTile],
    *,
    number: int,
    front_end: FrontEnd,
    polarity: Polarity | None = None,
    kept: Kept = KEEPS_NOTHING,
) -> tuple[Symbol, ...]:
    """Return the symbols of a kernel's text; the arguments are those of ``render_kernel`` in ``ppu.kernels``."""
    polarities = learning_polarities(placed, front_end, polarity)
    prefix = symbol_prefix(number, front_end, polarity)
    rows = busiest_rows(tiles, polarities)
    given = {name for each in polarities if (kernel := placed.kernel(each)) for name in kernel.given_constants}
    found = [
        _constant_symbol(placed, f"{prefix}{word}", word, part, (rows, word in given))
        for word, parts in _constants(placed, polarities).items()
        for part in parts
    ]
    roles: tuple[Role, ...] = ("final", "records", "causal", "acausal", "times")
    shapes = kept.shapes(rows, COLUMNS)
    found += [
        Symbol(name=f"{prefix}{role}", role=role, memory="external", shape=shapes[role])
        for role in roles
        if role in shapes
    ]
    counters: tuple[Role, ...] = ("finished", "updates")
    return (*found, *(Symbol(name=f"{prefix}{role}", role=role, memory="sram", shape=()) for role in counters))


def _constant_symbol(placed: PlacedKernel, name: str, word: str, part: Part, place: tuple[int, bool]) -> Symbol:
    rows, given = place
    name = f"{name}{'_' + part if part else ''}"
    role: Role = "constant" if given else "measured"
    match placed.memory:
        case "sram":
            shape: tuple[int, ...] = (rows, COLUMNS)
            return Symbol(name=name, role=role, memory="sram", shape=shape, constant=word, part=part)
        case "external":
            shape = (2, rows, COLUMNS)
            return Symbol(name=name, role=role, memory="external", shape=shape, constant=word, part=part)
        case "none":
            raise ValueError(f"{placed.rule} has constants but no memory for them")
        case _:
            assert_never(placed.memory)


def busiest_rows(tiles: Sequence[SynapseTile], polarities: Sequence[Polarity]) -> int:
    """Return how many rows a processor has to have room for.

    All sources count: the front ends connect all of them, also those whose weights are zero.
    """
    rows: dict[int, int] = {}
    for tile in tiles:
        if tile.polarity in polarities:
            rows[tile.hemisphere] = rows.get(tile.hemisphere, 0) + len(tile.rows)
    return max(rows.values(), default=0)


def _constants(placed: PlacedKernel, polarities: Sequence[Polarity]) -> dict[str, tuple[Part, ...]]:
    """Return the constants' words in a fixed order, and the parts in which each is stored."""
    kernels = [kernel for each in polarities if (kernel := placed.kernel(each)) is not None]
    if any(kernel.constants != kernels[0].constants for kernel in kernels):
        raise ValueError("the kernels of both polarities take the same constants")
    unknown = set(kernels[0].constants) - set(CONSTANT_WORDS)
    if unknown:
        raise ValueError(f"no symbol is named after a constant that is not one of {', '.join(CONSTANT_WORDS)}")
    return {word: _parts(kernels[0].constants[word]) for word in CONSTANT_WORDS if word in kernels[0].constants}


def _parts(kind: Kind) -> tuple[Part, ...]:
    """Return the parts in which a constant of a kind is stored."""
    match kind:
        case "frac16":
            return ("high", "low")
        case "mod8" | "frac8":
            return ("",)
        case _:
            assert_never(kind)


def row_bytes(values: NDArray[np.integer], part: Part = "") -> NDArray[np.uint8]:
    """Return numbers of a row as the bytes of a symbol: those of even columns first, then those of odd ones.

    A row of vectors keeps them in that order (libnux, vector_row.h, members ``even`` and ``odd``).

    Parameters
    ----------
    values
        Shape (..., 256), by column: constants, or weights. Columns that are not used may have any value.
    part
        Of 16-bit numbers, which byte.
    """
    bytes_of = ((np.asarray(values, dtype=np.int64) >> _lowest_bit(part)) & 0xFF).astype(np.uint8)
    return np.concatenate([bytes_of[..., 0::2], bytes_of[..., 1::2]], axis=-1)


def _lowest_bit(part: Part) -> int:
    match part:
        case "high":
            return 8
        case "low" | "":
            return 0
        case _:
            assert_never(part)


def row_values(bytes_of: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bytes of a symbol by column, shape (..., 256); the inverse of :func:`row_bytes` for weights."""
    by_column = np.empty_like(bytes_of)
    by_column[..., 0::2], by_column[..., 1::2] = bytes_of[..., : COLUMNS // 2], bytes_of[..., COLUMNS // 2 :]
    return by_column
