"""Synthetic chips: how their circuits deviate, drawn from a seed, and how the emulator looks it up.

A drawn snapshot is the truth about a chip that does not exist. Every table has a random stream of its own, and
spreads only scale what is drawn, so another spread or a new table changes no other table.
"""

from __future__ import annotations

import operator
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable, Site
from sal_hw.target.tables import TABLES, TableKind
from sal_hw_brainscales2.emulation.spreads import Spread, Spreads, load_spreads

#: a drawing has no date; this one says so, and the same seed gives the same bytes at any time
DRAWN_AT = "1970-01-01T00:00:00Z"

#: a ratio from a normal distribution is cut off here: no calibrated circuit loses nine tenths of its strength
LOWEST_NORMAL_RATIO = 0.1

#: properties of a neuron under a noise source, which no chip has by itself
_NOT_DRAWN = (
    "activation_slope_lsb",
    "activation_offset_lsb",
    "activation_ceiling_ratio",
    "activation_row_exc",
    "activation_row_inh",
)

#: what `branch_correlation` correlates: the deviations of the causal and the anti-causal sensor of a synapse
_CORRELATED = ("correlation_amplitude", "correlation_tau")

_DTYPES: dict[Site, type[np.floating[Any]]] = {"neuron": np.float64, "synapse": np.float32}

_MAX_SEED = 2**64 - 1

Shape = tuple[int, ...]
Arrays = dict[str, NDArray[Any]]


def draw_chip(
    seed: int,
    *,
    spreads: Spreads | None = None,
    hemispheres: int = 2,
    columns: int = 256,
    rows: int = 256,
    target: str = "brainscales2",
) -> CalibrationSnapshot:
    """Draw the truth of a synthetic chip.

    Parameters
    ----------
    seed
        0 .. 2**64 - 1; the chip's id is ``synthetic-SEED``.
    spreads
        None means :func:`sal_hw_brainscales2.emulation.spreads.load_spreads`.
    hemispheres, columns, rows
        Synapse tables have the shape (hemispheres, rows, columns) and are float32 to save memory; neuron tables have
        the shape (hemispheres * columns,) and are float64.

    Returns
    -------
    CalibrationSnapshot
        With every table that :data:`sal_hw.target.tables.TABLES` knows but the activation functions. The table
        ``balance_ratio`` follows from the sensors: pairs that come by accident have every delay equally often, so
        an exponential window of amplitude A and time constant tau reads A tau, and the ratio of the branches is
        A tau (anti-causal) over A tau (causal). Where a sensor is dead it has no meaning and is not ok.

    Raises
    ------
    InputError
        E705 if the seed is out of range.
    """
    number = _checked_seed(seed)
    used = load_spreads() if spreads is None else spreads
    shapes: dict[Site, Shape] = {"neuron": (hemispheres * columns,), "synapse": (hemispheres, rows, columns)}
    values: Arrays = {}
    for spread in used.entries:
        values |= _draw_tables(number, spread, used["branch_correlation"], shapes)
    _break(values, number, used, shapes)
    tables = [
        _table(TABLES[name], values[name], f"drawn: {spread.distribution} {spread.value:g}")
        for spread in used.entries
        for name in spread.tables
    ]
    tables += [_table(TABLES["usable"], values["usable"], "drawn"), _balance(values)]
    return _snapshot(f"synthetic-{number}", target, tables)


def nominal_chip(
    *, hemispheres: int = 2, columns: int = 256, rows: int = 256, target: str = "brainscales2"
) -> CalibrationSnapshot:
    """Return the snapshot of a chip without any deviation or noise; for the emulator it is the same as None."""
    shapes: dict[Site, Shape] = {"neuron": (hemispheres * columns,), "synapse": (hemispheres, rows, columns)}
    kinds = [kind for name, kind in TABLES.items() if name not in _NOT_DRAWN]
    filled = [(kind, np.full(shapes[kind.site], kind.nominal, np.float64)) for kind in kinds]
    return _snapshot("nominal", target, [_table(kind, values, "nominal") for kind, values in filled])


def _snapshot(chip_id: str, target: str, tables: list[ParameterTable]) -> CalibrationSnapshot:
    order = list(TABLES)
    ordered = tuple(sorted(tables, key=lambda table: order.index(table.name)))
    return CalibrationSnapshot(chip_id=chip_id, target=target, taken_at=DRAWN_AT, origin="drawn", tables=ordered)


def _checked_seed(seed: object) -> int:
    try:
        number = -1 if isinstance(seed, bool) else operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number <= _MAX_SEED:
        allowed = f"a whole number 0 .. {_MAX_SEED} (2**64 - 1)"
        raise InputError(Problem(code="E705", field="seed", value=quote_value(seed), allowed=allowed))
    return number


def _stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of what is named, independent of all others of the same chip."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))


def _draw_tables(seed: int, spread: Spread, branch_correlation: float, shapes: dict[Site, Shape]) -> Arrays:
    """Draw the tables of one spread; of two branches the second one follows the first as far as they correlate."""
    drawn: Arrays = {}
    first: NDArray[np.float64] | None = None
    for name in spread.tables:
        kind = TABLES[name]
        deviates = _stream(seed, name).standard_normal(shapes[kind.site])
        if first is not None and spread.name in _CORRELATED:
            own = np.sqrt(1.0 - branch_correlation**2)
            deviates = branch_correlation * first + own * deviates
        else:
            first = deviates
        drawn[name] = _scaled(kind, spread, deviates).astype(_DTYPES[kind.site])
    return drawn


def _scaled(kind: TableKind, spread: Spread, deviates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn standard normal numbers into the distribution, cut off where numbers would be absurd."""
    lowest = kind.lowest
    match spread.distribution:
        case "constant":
            values = np.full(deviates.shape, spread.value)
        case "lognormal":
            values = kind.nominal * np.exp(spread.value * deviates)
        case "normal":
            values = kind.nominal + spread.value * deviates
            lowest = max(lowest, LOWEST_NORMAL_RATIO) if kind.unit == "1" else lowest
        case "share" | "correlation":
            raise ValueError(f"{spread.name} is a {spread.distribution}, and no table is drawn from one")
        case _:
            assert_never(spread.distribution)
    clipped: NDArray[np.float64] = np.clip(values, lowest, kind.highest)
    return clipped


def _break(values: Arrays, seed: int, spreads: Spreads, shapes: dict[Site, Shape]) -> None:
    """Break the wanted shares; a larger share breaks the same ones and more."""
    broken = _stream(seed, "share_of_dead_neurons").random(shapes["neuron"]) < spreads["share_of_dead_neurons"]
    values["usable"] = np.where(broken, 0.0, 1.0)
    dead = _stream(seed, "share_of_dead_sensors").random(shapes["synapse"]) < spreads["share_of_dead_sensors"]
    for name in ("amplitude_causal_ratio", "amplitude_anticausal_ratio"):
        values[name][dead] = 0.0


def _balance(values: Arrays) -> ParameterTable:
    kind = TABLES["balance_ratio"]
    causal, anticausal = (
        values[f"amplitude_{branch}_ratio"].astype(np.float64) * values[f"tau_{branch}_ratio"]
        for branch in ("causal", "anticausal")
    )
    alive = causal > 0.0
    ratio = np.divide(anticausal, causal, out=np.ones(causal.shape), where=alive)
    ok = alive & (ratio <= kind.highest)
    return _table(kind, np.where(ok, ratio, kind.nominal), "follows from the drawn sensors", ok)


def _table(kind: TableKind, values: NDArray[Any], source: str, ok: NDArray[np.bool_] | None = None) -> ParameterTable:
    return ParameterTable(
        name=kind.name,
        site=kind.site,
        unit=kind.unit,
        measured=frozen(values.astype(_DTYPES[kind.site])),
        ok=frozen(np.ones(values.shape, bool) if ok is None else ok),
        source=source,
    )


class ChipModel:
    """The deviations of one chip as the emulator looks them up; nominal where nothing is known.

    Parameters
    ----------
    chip_id
        Which chip; ``nominal`` for one without deviations.
    tables
        Usable numbers by table name, complete: of shape (hemispheres * columns,) or (hemispheres, rows, columns).

    Attributes
    ----------
    chip_id
        As given.
    is_nominal
        Whether no circuit deviates and nothing is noisy.
    """

    def __init__(self, chip_id: str, tables: Arrays) -> None:
        self.chip_id = chip_id
        self._tables = tables
        self.is_nominal = all(bool((values == TABLES[name].nominal).all()) for name, values in tables.items())

    @classmethod
    def from_snapshot(cls, snapshot: CalibrationSnapshot | None) -> ChipModel:
        """Return the model of a chip that a snapshot describes; of a nominal one for None.

        The snapshot must be sound, see :func:`sal_hw.target.snapshot_io.check_snapshot`.
        """
        if snapshot is None:
            return cls("nominal", {})
        tables = {
            table.name: frozen(
                np.where(table.ok, table.measured, TABLES[table.name].nominal).astype(_DTYPES[table.site])
            )
            for table in snapshot.tables
        }
        return cls(snapshot.chip_id, tables)

    @property
    def potential_trial_lsb(self) -> float:
        """Standard deviation of the potentials from one setting to the next, in LSB, root mean square over neurons.

        It is no fixed pattern: each run draws anew. A nominal chip has 0.
        """
        values = self._tables.get("potential_trial_lsb")
        return 0.0 if values is None else float(np.sqrt(np.mean(np.square(values))))

    def neuron(self, name: str, sites: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return a neuron table's numbers, shape (sites,), in the table's unit.

        Parameters
        ----------
        sites
            Circuits, each ``hemisphere * columns + column``.

        Raises
        ------
        KeyError
            If there is no neuron table of that name.
        IndexError
            If the chip has no such circuit.
        """
        _check_site(name, "neuron")
        values = self._tables.get(name)
        if values is None:
            return np.full(len(sites), TABLES[name].nominal, np.float64)
        found: NDArray[np.float64] = values[_indices(sites, len(values))]
        return found

    def synapse(
        self, name: str, hemisphere: int, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return a synapse table's numbers at all crossings, shape (rows, columns), in the table's unit.

        Raises
        ------
        KeyError
            If there is no synapse table of that name.
        IndexError
            If the chip has no such synapse.
        """
        _check_site(name, "synapse")
        values = self._tables.get(name)
        if values is None:
            return np.full((len(rows), len(columns)), TABLES[name].nominal, np.float32)
        half = values[_indices(np.array([hemisphere]), values.shape[0])[0]]
        found: NDArray[np.float32] = half[np.ix_(_indices(rows, half.shape[0]), _indices(columns, half.shape[1]))]
        return found


def _check_site(name: str, site: Site) -> None:
    if TABLES[name].site != site:
        raise KeyError(f"{name} is no {site} table")


def _indices(wanted: NDArray[np.integer[Any]], size: int) -> NDArray[np.integer[Any]]:
    """Return the indices; numpy alone would count negative ones from the end."""
    if wanted.size and (wanted.min() < 0 or wanted.max() >= size):
        raise IndexError(f"indices {wanted.min()} .. {wanted.max()} of {size}")
    return wanted
