"""The numbers of the figures of deep classifiers: means and ranges over the repetitions of each method."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult, Trace

_ACCURACY = "validation_accuracy."
#: quantities of layers, and the layer that their first number is of
_ANGLES = {"feedback": ("feedback_angle.", 2), "update": ("gradient_angle.", 1)}
_PARTS = ("validation", "test")


def accuracy_over_epochs(result: RunResult) -> FigureTable | None:
    """Return mean, smallest and largest validation accuracy of each method after each epoch."""
    tables = []
    for method, traces in _by_method(result, _ACCURACY).items():
        longest = max(traces, key=lambda trace: len(trace.at))
        # records of a network whose weights were lost end early
        rows = [[trace.values[index] for trace in traces if index < len(trace.at)] for index in range(len(longest.at))]
        tables.append(FigureTable.of(method=method, epoch=longest.at, **_spread(rows)))
    return _joined(tables)


def final_angles(result: RunResult) -> FigureTable | None:
    """Return the last angles of feedback weights and of updates, per layer: mean, smallest and largest."""
    tables = []
    for quantity, (prefix, first) in _ANGLES.items():
        for method, traces in _by_method(result, prefix).items():
            last = np.stack([trace.values[-1] for trace in traces], axis=1)
            layers = np.arange(first, first + len(last))
            tables.append(FigureTable.of(quantity=quantity, method=method, layer=layers, **_spread(last.tolist())))
    return _joined(tables)


def final_accuracies(result: RunResult) -> FigureTable | None:
    """Return the final accuracies of each method: means over the last epochs' validation, and of the test."""
    tables = []
    for method in _by_method(result, _ACCURACY):
        for part in _PARTS:
            name = f"{method}_{part}_accuracy"
            mean = result.metrics.get(f"{name}_percent")
            if not isinstance(mean, float):
                continue
            low, high = (result.metrics.get(f"{name}_{end}_percent") for end in ("smallest", "largest"))
            # of a single repetition there is no range
            ends = {"smallest": mean if low is None else low, "largest": mean if high is None else high}
            tables.append(FigureTable.of(method=method, images=part, mean=mean, **ends))
    return _joined(tables)


def _by_method(result: RunResult, prefix: str) -> dict[str, list[Trace]]:
    found: dict[str, list[Trace]] = {}
    for name, trace in result.traces.items():
        if name.startswith(prefix) and len(trace.at) and trace.values[-1].size:
            found.setdefault(name.removeprefix(prefix).rpartition(".")[0], []).append(trace)
    return found


def _spread(rows: list[list[float]]) -> dict[str, NDArray[np.float64]]:
    columns = {
        "mean": [np.mean(row) for row in rows],
        "smallest": [min(row) for row in rows],
        "largest": [max(row) for row in rows],
    }
    return {name: np.array(values, np.float64) for name, values in columns.items()}


def _joined(tables: list[FigureTable]) -> FigureTable | None:
    if not tables:
        return None
    return FigureTable({name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns})


def distinct(table: FigureTable, column: str) -> Iterator[str]:
    """Yield the entries of a column, each once."""
    yield from dict.fromkeys(table[column].tolist())
