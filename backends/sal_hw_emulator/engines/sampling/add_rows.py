"""Add rows of numbers to the rows of a table, many times over."""

from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, compiled

#: Columns in a piece of a large table: a piece of many rows then fits the cache.
_COLUMNS = 64


class SmallTable:
    """A table of n rows and columns that stays in the cache, in whatever order rows are added."""

    def __init__(self, size: int) -> None:
        self._table = np.zeros((size, size))

    def add(self, rows: Floats, row_of: Neurons, targets: Neurons) -> None:
        """Add ``rows[row_of[k]]`` to row ``targets[k]`` of the table, for every k."""
        _add_in_order(self._table, rows, row_of, targets)

    def write(self, transposed: Floats) -> None:
        """Write the table as ``[column, row]``."""
        transposed[:] = self._table.T


class LargeTable:
    """The same for more: rows are added target by target, four at a time, to pieces of some columns."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pieces = np.zeros((-(-size // _COLUMNS), size, _COLUMNS))

    def add(self, rows: Floats, row_of: Neurons, targets: Neurons) -> None:
        """Add ``rows[row_of[k]]`` to row ``targets[k]`` of the table, for every k."""
        groups = _Groups(
            rows=np.full(targets.size + 3 * self._size, rows.shape[0], np.int32),
            ends=np.zeros(self._size + 1, np.int64),
        )
        _group_by_target(groups, row_of, targets)
        _add_groups(self._pieces, rows, groups, np.zeros((rows.shape[0] + 1, _COLUMNS)))

    def write(self, transposed: Floats) -> None:
        """Write the table as ``[column, row]``."""
        for piece, columns in enumerate(self._pieces):
            part = transposed[piece * _COLUMNS : (piece + 1) * _COLUMNS]
            part[:] = columns[:, : len(part)].T


class _Groups(NamedTuple):
    """The rows to add to target i, from ``ends[i]`` to before ``ends[i + 1]``, filled up to fours with an empty row."""

    rows: Neurons
    ends: Steps


@compiled
def _add_in_order(table: Floats, rows: Floats, row_of: Neurons, targets: Neurons) -> None:
    """Add ``rows[row_of[k]]`` to ``table[targets[k]]`` for every k."""
    for k in range(targets.size):
        target, row = targets[k], row_of[k]
        for column in range(table.shape[1]):
            table[target, column] += rows[row, column]


@compiled
def _group_by_target(groups: _Groups, row_of: Neurons, targets: Neurons) -> None:
    """Sort rows by target, in their order."""
    rows, ends = groups.rows, groups.ends
    for k in range(targets.size):
        ends[targets[k] + 1] += 1
    free = np.zeros(ends.size, np.int64)
    for target in range(1, ends.size):
        ends[target] = ends[target - 1] + (ends[target] + 3) // 4 * 4
        free[target] = ends[target]
    for k in range(targets.size):
        rows[free[targets[k]]] = row_of[k]
        free[targets[k]] += 1


@compiled
def _add_groups(pieces: Floats, rows: Floats, groups: _Groups, packed: Floats) -> None:
    """Add all groups, one piece of the columns after the other; the last packed row stays empty."""
    order, ends = groups.rows, groups.ends
    for piece in range(pieces.shape[0]):
        left = piece * _COLUMNS
        for row in range(rows.shape[0]):
            for column in range(min(_COLUMNS, rows.shape[1] - left)):
                packed[row, column] = rows[row, left + column]
        for target in range(pieces.shape[1]):
            for k in range(ends[target], ends[target + 1], 4):
                a, b, c, d = order[k], order[k + 1], order[k + 2], order[k + 3]
                for column in range(_COLUMNS):
                    pieces[piece, target, column] += (packed[a, column] + packed[b, column]) + (
                        packed[c, column] + packed[d, column]
                    )
