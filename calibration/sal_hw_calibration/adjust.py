"""What a search can adjust: a setting of the circuits, and the measurement that shows what it did.

A code is tried by letting the compiler believe in a deviation: it takes the deviation out of the setting, so the code
reaches the chip through the same program as every other setting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import ParameterTable
from sal_hw.target.tables import TABLES
from sal_hw_calibration.bench import Bench, Run, Sites
from sal_hw_calibration.measure.inhibition import WATCHED as INHIBITED
from sal_hw_calibration.measure.inhibition import measure_inhibition
from sal_hw_calibration.measure.membranes import EVERY_MS, FIRING, RESTING, Interval, measured_interval
from sal_hw_calibration.networks import THRESHOLD_LSB, alone
from sal_hw_calibration.search import Codes, Found, Knob, Search

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjustment:
    """A parameter of the circuits that a search brings to its target.

    Attributes
    ----------
    table
        The table whose deviation is found: an offset in LSB, or a ratio.
    knob, step
        Codes, and what one code changes: LSB, or the natural logarithm of the setting.
    target
        What the measurement shows on a circuit without deviation.
    observe
        Measures circuits; takes the bench, the circuits and a name for the run.
    """

    table: str
    knob: Knob
    step: float
    target: float
    observe: Callable[[Bench, Sites, str], Doubles]

    @property
    def is_ratio(self) -> bool:
        """Whether the deviation is a factor."""
        return TABLES[self.table].unit == "1"

    def deviation(self, codes: Codes) -> Doubles:
        """Return the deviation that codes make the compiler take out."""
        moved = self.step * codes
        return np.asarray(np.exp(-moved) if self.is_ratio else -moved)


def adjust(
    bench: Bench, adjustment: Adjustment, search: Search, *, sites: Sites, tolerance: float
) -> tuple[Found, Doubles]:
    """Search the codes that bring circuits to the target of an adjustment.

    Parameters
    ----------
    tolerance
        In the unit of what is observed.

    Returns
    -------
    tuple
        The search's outcome, and the deviations that its codes stand for, shape (sites,), as a table holds them.
    """
    tried = 0

    def measure(codes: Codes) -> Doubles:
        nonlocal tried
        tried += 1
        trial = bench.with_table(_trial(bench, adjustment, sites, codes))
        return adjustment.observe(trial, sites, f"search.{adjustment.table}.{tried}")

    found = search(adjustment.knob, measure, adjustment.target, instances=len(sites), tolerance=tolerance)
    return found, adjustment.deviation(found.codes)


def _trial(bench: Bench, adjustment: Adjustment, sites: Sites, codes: Codes) -> ParameterTable:
    kind = TABLES[adjustment.table]
    measured, ok = np.full(bench.circuits, kind.nominal, dtype=np.float64), np.zeros(bench.circuits, dtype=np.bool_)
    measured[sites], ok[sites] = adjustment.deviation(codes), True
    return ParameterTable(
        name=kind.name, site=kind.site, unit=kind.unit, measured=frozen(measured), ok=frozen(ok), source="a search"
    )


#: model time of one observation
_REST_MS, _FIRE_MS = 400.0, 600.0


def _resting(bench: Bench, sites: Sites, name: str) -> Doubles:
    run = bench.run(name, alone(RESTING, len(sites), every_ms=EVERY_MS), sites=sites, duration_ms=_REST_MS)
    return np.asarray(bench.potentials(sites, run.reading.samples["cells"]).mean(axis=0))


def _interval(bench: Bench, sites: Sites, name: str) -> Interval:
    run: Run = bench.run(name, alone(FIRING, len(sites), every_ms=EVERY_MS), sites=sites, duration_ms=_FIRE_MS)
    return measured_interval(bench, sites, run)


def _reset(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _interval(bench, sites, name).reset


def _threshold(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _interval(bench, sites, name).threshold


def _tau_mem(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _interval(bench, sites, name).tau_mem_ms


def _tau_ref(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _interval(bench, sites, name).tau_ref_ms


def _tau_syn(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _inhibition(bench, sites, name, "tau_syn_inh_ratio") * INHIBITED.tau_syn_ms


def _gain(bench: Bench, sites: Sites, name: str) -> Doubles:
    return _inhibition(bench, sites, name, "gain_inh_ratio")


def _inhibition(bench: Bench, sites: Sites, name: str, table: str) -> Doubles:
    tables = {item.name: item for item in measure_inhibition(bench, sites=sites, name=name, relative=False).tables}
    found = tables[table]
    return np.where(found.ok, found.measured, np.nan)[sites]


#: all adjustments by the name of what they adjust
ADJUSTMENTS = {
    "leak potential": Adjustment(
        table="v_leak_offset_lsb", knob=Knob(low=-40, high=40), step=0.25, target=RESTING.leak_lsb, observe=_resting
    ),
    "reset potential": Adjustment(
        table="v_reset_offset_lsb", knob=Knob(low=-16, high=40), step=0.25, target=FIRING.reset_lsb, observe=_reset
    ),
    "threshold": Adjustment(
        table="v_threshold_offset_lsb", knob=Knob(low=-40, high=40), step=0.25, target=THRESHOLD_LSB, observe=_threshold
    ),
    "membrane time constant": Adjustment(
        table="tau_mem_ratio", knob=Knob(low=-40, high=40), step=0.01, target=FIRING.tau_mem_ms, observe=_tau_mem
    ),
    "refractory time": Adjustment(
        table="refractory_ratio", knob=Knob(low=-40, high=40), step=0.002, target=FIRING.tau_ref_ms, observe=_tau_ref
    ),
    "inhibitory time constant": Adjustment(
        table="tau_syn_inh_ratio", knob=Knob(low=-30, high=30), step=0.01, target=INHIBITED.tau_syn_ms, observe=_tau_syn
    ),
    "inhibitory strength": Adjustment(
        table="gain_inh_ratio", knob=Knob(low=-40, high=20), step=0.01, target=1.0, observe=_gain
    ),
}
