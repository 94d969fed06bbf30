"""How well a calibration of a synthetic chip has found the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.instrument import Instrument
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure.activation import measure_activation

#: model time at each bias for the truth about activation functions, which no drawing knows
ACTIVATION_TRUTH_MS = 150_000.0

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """What counts as recovered.

    Attributes
    ----------
    tolerance
        An instance is recovered if its error is at most this: in the table's unit, or relative.
    share
        Share of working instances that must be recovered; None if the median error counts.
    relative
        Whether errors are relative to the truth.
    """

    table: str
    tolerance: float
    share: float | None
    relative: bool


def _within(table: str, tolerance: float, share: float, *, relative: bool) -> Criterion:
    return Criterion(table=table, tolerance=tolerance, share=share, relative=relative)


def _median(table: str, tolerance: float) -> Criterion:
    return Criterion(table=table, tolerance=tolerance, share=None, relative=True)


#: in the order of the report
CRITERIA = (
    _within("v_leak_offset_lsb", 2.0, 0.95, relative=False),
    _within("v_reset_offset_lsb", 2.0, 0.95, relative=False),
    _within("v_threshold_offset_lsb", 2.0, 0.95, relative=False),
    _within("tau_mem_ratio", 0.05, 0.95, relative=True),
    _within("tau_syn_exc_ratio", 0.05, 0.95, relative=True),
    _within("tau_syn_inh_ratio", 0.05, 0.95, relative=True),
    _within("refractory_ratio", 0.02, 0.95, relative=True),
    _median("gain_exc_ratio", 0.05),
    _median("gain_inh_ratio", 0.05),
    _median("gain_ratio", 0.05),
    _within("activation_slope_lsb", 0.03, 0.95, relative=True),
    # 0.05 in units of the bias, as LSB of the leak potential
    _within("activation_offset_lsb", 0.05 * SAMPLING.slope_lsb, 0.95, relative=False),
    _within("baseline_causal_lsb", 1.0, 0.98, relative=False),
    _within("baseline_anticausal_lsb", 1.0, 0.98, relative=False),
    _median("amplitude_causal_ratio", 0.10),
    _median("amplitude_anticausal_ratio", 0.10),
    _median("tau_causal_ratio", 0.15),
    _median("tau_anticausal_ratio", 0.15),
    _median("balance_ratio", 0.07),
)

#: sensors of a synapse: of a dead one these tables have no truth
_SENSORS = ("amplitude_causal_ratio", "amplitude_anticausal_ratio", "tau_causal_ratio", "tau_anticausal_ratio")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """How one table was recovered.

    Attributes
    ----------
    instances, measured
        Working instances, and those of them that the calibration calls ok.
    median_error
        Of the measured ones, in the unit of the criterion.
    within
        Share of the working instances that are measured and within the tolerance.
    """

    criterion: Criterion
    instances: int
    measured: int
    median_error: float
    within: float

    @property
    def passed(self) -> bool:
        """Whether the criterion is met."""
        if self.criterion.share is None:
            return self.median_error <= self.criterion.tolerance
        return self.within >= self.criterion.share


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Deliberately broken instances: how many there are, how many were found, and how many working ones were masked."""

    kind: str
    broken: int
    found: int
    masked_wrongly: int
    instances: int


def complete_truth(
    truth: CalibrationSnapshot, found: CalibrationSnapshot, reference: Instrument, *, threads: int = 1
) -> CalibrationSnapshot:
    """Return the truth with the activation functions of the circuits as `found` makes the compiler set them.

    Parameters
    ----------
    reference
        The same chip, whose potentials are the same in every setting.
    """
    slope = found.table("activation_slope_lsb")
    if slope is None:
        return truth
    known = {table.name: table for table in found.tables}
    bench = Bench(
        instrument=reference, seed=_REFERENCE_SEED, neurons=np.flatnonzero(slope.ok), known=known, threads=threads
    )
    tables = measure_activation(bench, duration_ms=ACTIVATION_TRUTH_MS).tables
    named = {table.name: table for table in (*truth.tables, *tables)}
    return replace(truth, tables=tuple(named.values()))


#: seed of the noise in the measurement of the truth; other than that of any campaign by being so large
_REFERENCE_SEED = 2**63 + 1


def compare(found: CalibrationSnapshot, truth: CalibrationSnapshot) -> tuple[Recovery, ...]:
    """Return how well each table that was measured agrees with the truth."""
    asked = _asked(found)
    recovered = []
    for criterion in CRITERIA:
        measured, true = found.table(criterion.table), truth.table(criterion.table)
        if measured is None or true is None:
            continue
        works = _works(truth, criterion.table, true) & asked[measured.site]
        error = np.abs(measured.measured - true.measured)
        if criterion.relative:
            error = error / np.maximum(np.abs(true.measured), 1e-9)
        good = works & measured.ok
        recovered.append(
            Recovery(
                criterion=criterion,
                instances=int(works.sum()),
                measured=int(good.sum()),
                median_error=float(np.median(error[good])) if good.any() else float("inf"),
                within=float((error[good] <= criterion.tolerance).sum() / max(1, int(works.sum()))),
            )
        )
    return tuple(recovered)


def _asked(found: CalibrationSnapshot) -> dict[str, NDArray[np.bool_]]:
    """Return which instances the campaign was to measure, by site."""
    table = found.table("usable")
    synapses = next((item for item in found.tables if item.site == "synapse"), None)
    neurons = np.ones(1, dtype=np.bool_) if table is None else _tried(table)
    if table is None or synapses is None:
        return {"neuron": neurons, "synapse": np.ones(1, dtype=np.bool_)}
    hemispheres, _, columns = synapses.measured.shape
    of_columns = neurons.reshape(hemispheres, 1, columns)
    return {"neuron": neurons, "synapse": np.broadcast_to(of_columns, synapses.measured.shape) & _reached(synapses)}


def _tried(table: ParameterTable) -> NDArray[np.bool_]:
    if table.why is None:
        return np.ones(table.ok.shape, dtype=np.bool_)
    return np.asarray(table.why != table.reasons.index("not measured"))


def _reached(table: ParameterTable) -> NDArray[np.bool_]:
    """Return the rows that a source had; without a source, nothing can be said of a row."""
    tried = _tried(table)
    return np.broadcast_to(tried.any(axis=2, keepdims=True), tried.shape)


def _works(truth: CalibrationSnapshot, name: str, table: ParameterTable) -> NDArray[np.bool_]:
    """Return which instances work on the chip, shape of the table."""
    works = table.ok.copy()
    if name in _SENSORS:
        amplitude = truth.table(name.replace("tau", "amplitude"))
        works &= np.ones(1, dtype=np.bool_) if amplitude is None else amplitude.measured > 0.0
    usable = truth.table("usable")
    if usable is None:
        return works
    alive = usable.measured > 0.0
    match table.site:
        case "neuron":
            return np.asarray(works & alive)
        case "synapse":
            hemispheres, _, columns = table.measured.shape
            return np.asarray(works & alive.reshape(hemispheres, 1, columns))
        case _:
            assert_never(table.site)


def find_broken(found: CalibrationSnapshot, truth: CalibrationSnapshot) -> Iterator[Broken]:
    """Yield how well dead neurons and dead sensors were found."""
    asked = _asked(found)
    pairs = (("neurons", "usable", "usable"), ("sensors", "amplitude_causal_ratio", "balance_ratio"))
    for kind, of_truth, of_found in pairs:
        true, seen = truth.table(of_truth), found.table(of_found)
        if true is None or seen is None:
            continue
        usable = truth.table("usable")
        broken = true.measured <= 0.0
        masked = ~seen.ok if kind == "sensors" else ~seen.ok | (seen.measured <= 0.0)
        considered = asked[seen.site]
        if kind == "sensors" and usable is not None:
            hemispheres, _, columns = broken.shape
            considered = considered & (usable.measured > 0.0).reshape(hemispheres, 1, columns)
        yield Broken(
            kind=kind,
            broken=int((broken & considered).sum()),
            found=int((broken & masked & considered).sum()),
            masked_wrongly=int((~broken & masked & considered).sum()),
            instances=int(considered.sum()),
        )
