"""Where packets go: routing tables followed from chip to chip.

Source: SpiNNMachine 1!7.4.1, machine.py, ``LINK_ADD_TABLE``: links 0 to 5 of a chip lead east, north-east, north, west,
south-west and south. A packet that no entry of a chip matches goes straight on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

#: (x, y, core)
Place: TypeAlias = tuple[int, int, int]

#: (dx, dy) of the six links
_LINKS = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))


class Entry(NamedTuple):
    """An entry of the table of a chip: packets with `key` in the bits of `mask` go to cores and over links."""

    x: int
    y: int
    key: int
    mask: int
    cores: Sequence[int]
    links: Sequence[int]


def clashing(keys: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return the pairs of (key, mask) that share a packet, by number."""
    for other, (key, mask) in enumerate(keys):
        for one, (first_key, first_mask) in enumerate(keys[:other]):
            if (key ^ first_key) & mask & first_mask == 0:
                yield one, other


def reached(key: int, source: Place, routes: Sequence[Entry], size: tuple[int, int]) -> set[Place]:
    """Return the cores that packets of a key reach.

    Parameters
    ----------
    source
        Where they come from.
    size
        Width and height of the machine, chips; it is closed to a torus.
    """
    tables: dict[tuple[int, int], list[Entry]] = {}
    for entry in routes:
        if key & entry.mask == entry.key:
            tables.setdefault((entry.x, entry.y), []).append(entry)
    found: set[Place] = set()
    waiting: list[tuple[int, int, int | None]] = [(*source[:2], None)]
    seen = set(waiting)
    while waiting:
        x, y, came_over = waiting.pop()
        entries = tables.get((x, y), [])
        # only the first matching entry counts; without any, the packet leaves over the link that it travels along
        links = entries[0].links if entries else [] if came_over is None else [came_over]
        found |= {(x, y, core) for core in (entries[0].cores if entries else [])}
        for link in links:
            step = ((x + _LINKS[link][0]) % size[0], (y + _LINKS[link][1]) % size[1], link)
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return found
