"""What is left of the neurons' deviations once everything known is taken out of their settings."""

from __future__ import annotations

from dataclasses import replace

from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure.membranes import measure_membranes
from sal_hw_calibration.outcome import Outcome

#: deviations that the compiler takes out of a circuit's settings
CORRECTED = ("v_leak_offset_lsb", "v_reset_offset_lsb", "v_threshold_offset_lsb", "tau_mem_ratio", "refractory_ratio")


def measure_again(bench: Bench) -> Outcome:
    """Measure the membranes with corrected settings.

    Returns
    -------
    Outcome
        The tables as they were, with what is left of each deviation as ``after``.
    """
    left = {table.name: table for table in measure_membranes(bench).tables}
    tables = tuple(replace(bench.known[name], after=left[name].measured) for name in CORRECTED if name in bench.known)
    return Outcome(tables=tables)
