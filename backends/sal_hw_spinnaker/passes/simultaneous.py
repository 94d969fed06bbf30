"""Pairs of simultaneous spikes, which SpiNNaker 1 takes for anti-causal ones and the definition leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.results.result import Finding
from sal_hw_spinnaker.program import TRACE_BITS, DigitalProgram, PairStdp, window_table

#: share of all changes, above what accidental pairs have, from which a run counts as degraded; a choice
NOTICEABLE = 0.05


def accidental_share(item: PairStdp, timestep_ms: float) -> float:
    """Return which share of all changes comes from simultaneous spikes where spikes know nothing of each other."""
    plus = item.amplitude_plus_mv * window_table(item.tau_plus_ms / timestep_ms)[1:].sum()
    minus = item.amplitude_minus_mv * window_table(item.tau_minus_ms / timestep_ms).sum()
    return float(item.amplitude_minus_mv * 2**TRACE_BITS / (plus + minus)) if plus + minus else 0.0


def simultaneous_pairs(count: int, share: float, digital: DigitalProgram, timestep_ms: float) -> Iterator[Finding]:
    """Yield what a run should tell of pairs of simultaneous spikes.

    Parameters
    ----------
    count
        How many there were.
    share
        Size of their changes over that of all changes by pairs.
    timestep_ms
        Of the program.
    """
    if not count:
        return
    usual = max(accidental_share(item, timestep_ms) for item in digital.plasticity)
    yield Finding(
        kind="pairs_simultaneous",
        severity="degraded" if share > usual + NOTICEABLE else "ok",
        count=count,
        advice=f"the machine takes {count} pairs of simultaneous spikes for anti-causal ones, {100 * share:.2g} % of "
        f"all change; amplitudes make up for {100 * usual:.2g} %, as of accidental pairs; shorten the time step",
    )
