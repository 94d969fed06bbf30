"""What kernels leave in memory that the host reads, laid out as their text declares it; for both stacks."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

_DECLARED = re.compile(r"^volatile (uint8_t|uint32_t) (\w+)((?:\[\d+\])*)([^;]*);", re.MULTILINE)

#: what a run left, by the words of symbols
_REPLAYED = {"records": "weights", "final": "weights", "causal": "causal", "acausal": "anticausal"}


def declared(text: str) -> dict[str, tuple[str, int, tuple[int, ...]]]:
    """Return memory, bytes and shape of each symbol by name."""
    found: dict[str, tuple[str, int, tuple[int, ...]]] = {}
    for kind, name, sizes, attributes in _DECLARED.findall(text):
        if name in found:
            raise RuntimeError(f"Compilation failed:\nmultiple definition of `{name}'")
        shape = tuple(map(int, re.findall(r"\d+", sizes)))
        memory = "external" if "section(" in attributes else "sram"
        found[name] = (memory, math.prod([4 if kind == "uint32_t" else 1, *shape]), shape)
    return found


def left(
    text: str, learned: list[tuple[str, Any, Any]], replay: dict[str, Any], ran: int, begins_us: Any
) -> dict[str, bytes]:
    """Return the content of the symbols in external memory that a kernel fills, by name.

    Parameters
    ----------
    learned
        Per polarity, in the order of the handles: owner, places (synapses, 3), and source and target (synapses, 2).
    ran, begins_us
        How many updates took place, and when they began.
    """
    (prefix,) = re.findall(r"^volatile uint32_t (\w+)updates;", text, re.MULTILINE)
    every = int(*re.findall(r"\(update [+] 1\) % (\d+)", text) or [0])
    found = {}
    for name, (memory, size, shape) in declared(text).items():
        word = name.removeprefix(prefix)
        if memory == "external" and word in _REPLAYED:
            rows = np.zeros((shape if len(shape) == 4 else (1, *shape)), dtype=np.uint8)
            _fill(rows, learned, replay, word, _updates(word, len(rows), ran, every))
            found[name] = np.concatenate([rows[..., 0::2], rows[..., 1::2]], axis=-1).tobytes()
        elif word == "times":
            times = np.zeros(shape, dtype=">u4")
            times[:, :ran] = np.round(np.asarray(begins_us)[:ran] * 125)
            found[name] = times.tobytes()
        if name in found and len(found[name]) != size:
            raise RuntimeError(f"{name} has {size} bytes, not {len(found[name])}")
    return found


def _updates(word: str, slots: int, ran: int, every: int) -> list[int]:
    """Return the update of each record that was written."""
    if word == "final":
        return [ran - 1]
    step = every if word == "records" else 1
    return [step * (slot + 1) - 1 for slot in range(slots) if step * (slot + 1) <= ran]


def _fill(
    rows: Any, learned: list[tuple[str, Any, Any]], replay: dict[str, Any], word: str, updates: list[int]
) -> None:
    """Write numbers of synapses where a kernel does: it counts the rows of its half, of the first polarity first."""
    first = [0, 0]
    for owner, places, pairs in learned:
        codes = replay.get(f"{_REPLAYED[word]}.{owner}")
        for half in np.unique(places[:, 0]):
            mine = places[:, 0] == half
            used, place = np.unique(places[mine, 1], return_inverse=True)
            if codes is not None:
                for slot, update in enumerate(updates):
                    # hxtorch's runs to replay have the last weights only
                    of_update = codes[min(update, len(codes) - 1)]
                    values = of_update[pairs[mine, 0], pairs[mine, 1]]
                    rows[slot, half, first[half] + place, places[mine, 2]] = values
            first[half] += len(used)
