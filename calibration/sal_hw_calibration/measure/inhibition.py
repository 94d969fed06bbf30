"""Inhibitory inputs: strength and time constant, from PSPs of one synapse per neuron whose own strength is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.program import ChipProgram
from sal_hw_calibration.bench import Bench, Run, Sites
from sal_hw_calibration.measure.psp import PspFit, fit_psps, fold, tau_mem_sensitivity
from sal_hw_calibration.measure.synapses import UNKNOWN_TAU_MEM
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_calibration.networks import Circuit, stimulated
from sal_hw_calibration.outcome import Outcome

WATCHED = Circuit(tau_mem_ms=10.0, tau_syn_ms=5.0, tau_ref_ms=10.0, leak_lsb=100.0)

#: steady drive of the synapse at the largest code, LSB: weak enough that stronger inputs can still be asked for
WEIGHT_LSB = 50.0

#: the code of such a synapse
HIGHEST_CODE = 63

#: time between two spikes of a synapse, spikes of each, and time between two samples of the CADC
PERIOD_MS, SPIKES, EVERY_MS = 50.2, 250, 2.0

#: relative error of the strength of a synapse that nobody has measured: its spread
UNKNOWN_GAIN = 0.075

#: neurons whose inputs come at the same time
STAGGERED = 50

Doubles = NDArray[np.float64]


def measure_inhibition(
    bench: Bench, *, sites: Sites | None = None, name: str = "inhibition", relative: bool = True
) -> Outcome:
    """Measure mean PSPs of inhibitory synapses.

    Parameters
    ----------
    sites
        Circuits to measure; None means all wanted ones.
    name
        Names the run.
    relative
        Whether numbers are relative to the settings, as a deviation is, or to the nominal ones, as a search needs it.

    Returns
    -------
    Outcome
        Tables ``gain_inh_ratio`` and ``tau_syn_inh_ratio``.
    """
    sites = bench.wanted() if sites is None else sites
    # the period is no multiple of the sampling interval, so samples come at all times after the spikes
    offset = np.asarray((np.arange(len(sites)) % STAGGERED) * EVERY_MS / 2.0, dtype=np.float64)
    times = PERIOD_MS * (1 + np.arange(SPIKES))
    spikes = np.stack(
        [(times[:, None] + offset).ravel(), np.broadcast_to(np.arange(len(sites)), (SPIKES, len(sites))).ravel()],
        axis=1,
    )
    spikes = spikes[np.argsort(spikes[:, 0], kind="stable")]
    network = stimulated(WATCHED, len(sites), spikes=spikes, weight_lsb=-WEIGHT_LSB, every_ms=EVERY_MS)
    duration_ms = float(np.ceil(spikes[-1, 0] + PERIOD_MS))
    run = bench.run(name, network, sites=sites, duration_ms=duration_ms)
    fit = _fit(bench, run, offset)
    expected = _expected(bench, run, relative=relative)
    membrane = bench.error("tau_mem_ratio", sites, UNKNOWN_TAU_MEM)
    of_drive, of_tau = tau_mem_sensitivity(WATCHED.tau_mem_ms, WATCHED.tau_syn_ms, PERIOD_MS)
    gain, ratio = -fit.drive_lsb / expected, fit.tau_syn_ms / WATCHED.tau_syn_ms
    # the strength of the one synapse that is seen is known with an error, too
    through = np.hypot(of_drive * membrane, _synapse_error(bench, run))
    found = {
        "gain_inh_ratio": (gain, np.hypot(fit.drive_sigma / expected, through * gain)),
        "tau_syn_inh_ratio": (ratio, np.hypot(fit.tau_syn_sigma / WATCHED.tau_syn_ms, of_tau * membrane * ratio)),
    }
    source = f"mean PSP of {SPIKES} spikes of one synapse of known strength"
    return Outcome(
        tables=tuple(
            table_of(
                name,
                Measured(value=value, sigma=sigma, residual=fit.residual_lsb),
                sites,
                (bench.circuits,),
                source=source,
            )
            for name, (value, sigma) in found.items()
        )
    )


def _fit(bench: Bench, run: Run, offset: Doubles) -> PspFit:
    """Fold the membranes of neurons whose inputs come at the same time, and fit all."""
    times = run.reading.sample_ms["cells"]
    value = bench.potentials(run.sites("cells"), run.reading.samples["cells"])
    parts = []
    for late in np.unique(offset):
        mine = offset == late
        elapsed = times - PERIOD_MS - late
        kept = (elapsed >= PERIOD_MS) & (elapsed < (SPIKES - 1) * PERIOD_MS)
        folded = fold(np.mod(elapsed[kept], PERIOD_MS), value[np.ix_(kept, mine)], period_ms=PERIOD_MS, bin_ms=1.0)
        parts.append((mine, fit_psps(folded, tau_mem_ms=WATCHED.tau_mem_ms, start=(-WEIGHT_LSB, WATCHED.tau_syn_ms))))
    whole = {name: np.full(len(offset), np.nan) for name in PspFit.__dataclass_fields__}
    for mine, fit in parts:
        for name, numbers in whole.items():
            numbers[mine] = getattr(fit, name)
    return PspFit(**whole)


def _expected(bench: Bench, run: Run, *, relative: bool) -> Doubles:
    """Return the steady drive that each neuron's synapse should have, its known strength included, shape (neurons,)."""
    chip = run.program.part_of(ChipProgram)
    if chip is None:
        raise TypeError("the program was not compiled for a chip")
    expected = np.full(run.program.n_neurons, np.nan)
    gains = bench.known.get("gain_ratio")
    for tile in chip.tiles_of("given"):
        for source, column in np.argwhere(tile.exists):
            place = (tile.hemisphere, int(tile.rows[source]), int(tile.columns[column]))
            strength = 1.0 if gains is None or not gains.ok[place] else float(gains.measured[place])
            post = int(tile.post[column])
            drive = float(chip.neurons.drive_inh_lsb[post]) if relative else WEIGHT_LSB / HIGHEST_CODE
            expected[post] = strength * float(tile.codes[source, column]) * drive
    return expected


def _synapse_error(bench: Bench, run: Run) -> Doubles:
    """Return the relative error of the strength of each neuron's synapse, shape (neurons,)."""
    chip, gains = run.program.part_of(ChipProgram), bench.known.get("gain_ratio")
    if chip is None:
        raise TypeError("the program was not compiled for a chip")
    error = np.full(run.program.n_neurons, UNKNOWN_GAIN)
    for tile in chip.tiles_of("given"):
        for source, column in np.argwhere(tile.exists):
            place = (tile.hemisphere, int(tile.rows[source]), int(tile.columns[column]))
            if gains is not None and gains.sigma is not None and gains.ok[place]:
                error[int(tile.post[column])] = float(gains.sigma[place]) / float(gains.measured[place])
    return error
