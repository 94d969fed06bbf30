"""The numbers of a figure: named columns of equal length."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sal_hw.storage.files import npz_bytes

#: longer tables are written as arrays: no spreadsheet opens them
MAX_CSV_ROWS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class FigureTable:
    """The numbers of a figure.

    Attributes
    ----------
    columns
        Arrays of shape (rows,) by name; a name ends in its unit where there is one, for example ``time_s``.
    """

    columns: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, **columns: ArrayLike) -> FigureTable:
        """Return a table; scalars are repeated over all rows."""
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values)) for values in columns.values()))
        return cls(dict(zip(columns, arrays, strict=True)))

    @classmethod
    def stack(cls, tables: Mapping[str, FigureTable], *, by: str) -> FigureTable:
        """Return the rows of all tables, with their key in a first column named `by`."""
        names = list(next(iter(tables.values())).columns)
        keys = np.concatenate([np.full(len(table), key) for key, table in tables.items()])
        parts = {name: [table[name] for table in tables.values()] for name in names}
        return cls({by: keys} | {name: np.concatenate(pieces) for name, pieces in parts.items()})

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return one column."""
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        """Whether there is a column of this name."""
        return name in self.columns

    def where(self, selected: NDArray[np.bool_]) -> FigureTable:
        """Return the selected rows."""
        return FigureTable({name: values[selected] for name, values in self.columns.items()})

    def groups(self, *by: str) -> Iterator[tuple[tuple[str, ...], FigureTable]]:
        """Yield the rows that agree in the columns `by`, in the order in which they first appear."""
        keys = list(zip(*(self[name].tolist() for name in by), strict=True))
        rows: dict[tuple[Any, ...], list[int]] = {}
        for index, key in enumerate(keys):
            rows.setdefault(key, []).append(index)
        for key, indices in rows.items():
            chosen = np.array(indices)
            yield key, FigureTable({name: values[chosen] for name, values in self.columns.items()})

    def csv_bytes(self) -> bytes:
        """Return the table as CSV with a header; reading a number gives exactly the number drawn."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(zip(*(values.tolist() for values in self.columns.values()), strict=True))
        return buffer.getvalue().encode()

    def file(self) -> tuple[str, bytes]:
        """Return suffix and content of the table's file: CSV, or ``.npz`` for very long tables."""
        if len(self) > MAX_CSV_ROWS:
            return ".npz", npz_bytes(self.columns)
        return ".csv", self.csv_bytes()
