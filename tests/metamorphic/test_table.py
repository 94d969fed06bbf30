"""Every cell of the table of changes and targets holds."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from changes import CHANGES, Change, Edit
from compare import SIGMAS, deviation, same_spikes, translated, weight_difference
from network import HOW, Seen, base, run, sampling
from table import COLUMNS, TABLE, Cell, Outcome

from sal_hw.errors import InputError
from sal_hw_pynn.sdk import missing

#: outcomes that need no reason
PLAIN = (Outcome.EQUAL, Outcome.PERMUTED)

CELLS = [
    pytest.param(row, column, marks=pytest.mark.slow if column.startswith("pynn") else (), id=f"{row}, {column}")
    for row, cells in TABLE.items()
    for column, cell in cells.items()
    if cell.outcome is not Outcome.NOT_OFFERED
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@functools.cache
def unchanged(column: str, basis: Edit, folder: Path) -> Seen:
    return run(basis(network(column)), how(column), folder / f"{column} {id(basis)}")


def network(column: str) -> dict[str, object]:
    document = sampling() if column.endswith("sampling") else base()
    if column.startswith("brainscales2"):
        # its sensors pair a spike with the last one only
        document["plasticity"] = [{**rule, "pairing": "nearest"} for rule in document["plasticity"]]
    return document


def how(column: str) -> dict[str, object]:
    return HOW[column.removesuffix(" sampling")]


def changed(column: str, change: Change, folder: Path) -> Seen:
    document = change.edit(change.basis(network(column)))
    return run(document, how(column), folder, threads=change.threads, interrupted=change.interrupted)


def test_the_table_has_every_change_on_every_target() -> None:
    assert TABLE.keys() == CHANGES.keys()
    assert all(tuple(cells) == COLUMNS for cells in TABLE.values())
    needs_reason = [cell for cells in TABLE.values() for cell in cells.values() if cell.outcome not in PLAIN]
    assert all(cell.reason for cell in needs_reason)


@pytest.mark.parametrize(("row", "column"), CELLS)
def test_a_change_does_what_the_table_says(row: str, column: str, tmp_path: Path, folder: Path) -> None:
    simulator = column.removeprefix("pynn:")
    if simulator in ("brian2", "nest") and missing(simulator):
        pytest.skip("needs PyNN and its simulators: pip install -e '.[pynn]'")
    cell, change = TABLE[row][column], CHANGES[row]
    if cell.outcome is Outcome.REFUSED:
        with pytest.raises(InputError) as caught:
            changed(column, change, tmp_path)
        assert cell.code in {problem.code for problem in caught.value.problems}
        return
    first = unchanged(column, change.basis, folder)
    assert min(len(spikes.neuron) for spikes in first.spikes.values()) > 50  # there is something to compare
    _compare(first, translated(changed(column, change, tmp_path), change), cell)


def _compare(first: Seen, second: Seen, cell: Cell) -> None:
    apart = weight_difference(first, second)
    match cell.outcome:
        case Outcome.EQUAL:
            assert apart == 0.0
            assert same_spikes(first, second, ordered=True)
        case Outcome.PERMUTED:
            assert apart == 0.0
            assert same_spikes(first, second, ordered=False)
        case Outcome.ROUNDED:
            assert 0.0 < apart <= cell.tolerance_mv
            assert same_spikes(first, second, ordered=True)
        case _:
            # a cell that has become equal shall say so
            assert not same_spikes(first, second, ordered=False)
            assert deviation(first, second) < SIGMAS
