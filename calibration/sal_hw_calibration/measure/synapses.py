"""Synapses: the strength of each one, the excitatory inputs of the neurons and their time constants, from PSPs.

Sources on one hemisphere are made to fire one after the other. Each reaches all circuits of the other hemisphere
through a row of its own, so 256 sources show every synapse of a hemisphere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import Spikes
from sal_hw.target.snapshot import ParameterTable
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_calibration.bench import Bench, Run, Sites
from sal_hw_calibration.measure.psp import PspFit, fit_psps, fold, psp, repeated_psp, tau_mem_sensitivity
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_calibration.networks import Circuit, Kicked, kicked_sources
from sal_hw_calibration.outcome import Outcome

WATCHED = Circuit(tau_mem_ms=10.0, tau_syn_ms=5.0, tau_ref_ms=10.0)

#: steady drive of the synapses at the largest code, LSB; the PSP of this circuit is a quarter of it high
WEIGHT_LSB = 63.0

#: time between the spikes of two sources, how often each one fires, and time between two samples of the CADC
SPACING_MS, REPEATS, EVERY_MS = 50.0, 12, 2.0

#: neurons that are evaluated together; more take more memory
NEURONS_AT_ONCE = 32

#: a source must answer at least this share of its kicks with exactly one spike
FEWEST_ANSWERS = 0.75

#: relative error of a membrane time constant that nobody has measured: its spread on a calibrated chip
UNKNOWN_TAU_MEM = 0.075

SILENT_SOURCE = "its source did not answer the input"

Doubles = NDArray[np.float64]


def measure_synapses(bench: Bench) -> Outcome:
    """Measure PSPs of all synapses.

    Returns
    -------
    Outcome
        Tables ``gain_ratio`` (per synapse, relative to the mean of its column), ``gain_exc_ratio`` and
        ``tau_syn_exc_ratio``.
    """
    halves = [half for half in (0, 1) if len(bench.on_hemisphere(half)) and len(bench.on_hemisphere(1 - half))]
    return _outcome(bench, [_watch(bench, half) for half in halves])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Half:
    """Synapses of one hemisphere.

    Attributes
    ----------
    sites, rows
        Circuits that were watched, and the row of each source.
    drive
        Shape (sources, neurons): steady drive over that of the code, i.e. the synapse's times the neuron's gain.
    sigma, residual
        Same shape.
    silent
        Shape (sources,).
    fit
        Of the mean PSP of each neuron.
    expected
        Shape (neurons,): steady drive that the code should have.
    """

    hemisphere: int
    sites: Sites
    rows: NDArray[np.int64]
    drive: Doubles
    sigma: Doubles
    residual: Doubles
    silent: NDArray[np.bool_]
    fit: PspFit
    expected: Doubles


def _watch(bench: Bench, half: int) -> _Half:
    """Kick the circuits of the other hemisphere and watch those of one."""
    run, kicks = _run(bench, half)
    watched = "first" if half == 0 else "second"
    sources = "second" if half == 0 else "first"
    spikes = run.reading.spikes[sources]
    silent, begin = _answers(spikes, kicks, len(run.sites(sources)))
    source = kicks[:, 1].astype(np.int64)
    times = run.reading.sample_ms[watched]
    last = np.searchsorted(begin, times, side="right") - 1
    seen = (last >= 1) & np.isfinite(begin[np.maximum(last, 0)]) & ~silent[source[np.maximum(last, 0)]]
    since, which = times[seen] - begin[last[seen]], source[last[seen]]
    sites, codes = run.sites(watched), run.reading.samples[watched][seen]
    fits, drives = [], []
    for first in range(0, len(sites), NEURONS_AT_ONCE):
        part = slice(first, first + NEURONS_AT_ONCE)
        value = bench.potentials(sites[part], codes[:, part])
        folded = fold(since, value, period_ms=SPACING_MS, bin_ms=1.0)
        fits.append(fit_psps(folded, tau_mem_ms=WATCHED.tau_mem_ms, start=(WEIGHT_LSB, WATCHED.tau_syn_ms)))
        drives.append(_drives(since, which, value, fits[-1], len(silent)))
        bench.tick()
    drive, sigma, residual = (np.concatenate(each, axis=1) for each in zip(*drives, strict=True))
    expected = _expected(run, watched)
    return _Half(
        hemisphere=half,
        sites=sites,
        rows=_rows(run),
        drive=drive / expected,
        sigma=sigma / expected,
        residual=residual,
        silent=silent,
        fit=PspFit.joined(fits),
        expected=expected,
    )


def _run(bench: Bench, half: int) -> tuple[Run, Doubles]:
    """Return the run and its kicks, shape (kicks, 2): time in ms and source."""
    sizes = (len(bench.on_hemisphere(0)), len(bench.on_hemisphere(1)))
    sources = sizes[1 - half]
    kicks = np.array([((k + 1) * SPACING_MS, k % sources) for k in range(REPEATS * sources)])
    network = kicked_sources(
        sizes,
        first_fires=half == 1,
        spikes=kicks,
        kicked=Kicked(),
        watched=WATCHED,
        weight_lsb=WEIGHT_LSB,
        every_ms=EVERY_MS,
    )
    sites = np.concatenate([bench.on_hemisphere(0), bench.on_hemisphere(1)])
    duration_ms = SPACING_MS * (len(kicks) + 1)
    return bench.run(f"synapses.{half}", network, sites=sites, duration_ms=duration_ms), kicks


def _answers(spikes: Spikes, kicks: Doubles, sources: int) -> tuple[NDArray[np.bool_], Doubles]:
    """Return which sources are silent, shape (sources,), and when each kick was answered, NaN where it was not."""
    kick = np.clip(np.floor(spikes.time_ms / SPACING_MS).astype(np.int64) - 1, 0, len(kicks) - 1)
    right = kicks[kick, 1] == spikes.neuron
    answers = np.bincount(kick[right], minlength=len(kicks))
    begin = np.full(len(kicks), np.nan)
    begin[kick[right]] = spikes.time_ms[right]
    # a kick without an answer still ends the PSP before it, for the order of times
    begin = np.where(answers == 1, begin, kicks[:, 0])
    good = np.bincount(kicks[:, 1].astype(np.int64), weights=answers == 1, minlength=sources)
    silent = good < FEWEST_ANSWERS * REPEATS
    return silent, np.where((answers == 1) | silent[kicks[:, 1].astype(np.int64)], begin, np.nan)


def _drives(
    since: Doubles, which: NDArray[np.int64], value: Doubles, fit: PspFit, sources: int
) -> tuple[Doubles, Doubles, Doubles]:
    """Return drive, standard error and residual of each synapse, shape (sources, neurons), by least squares.

    What the spike before has left is taken for that of an average synapse.
    """
    tau = np.where(np.isfinite(fit.tau_syn_ms), fit.tau_syn_ms, WATCHED.tau_syn_ms)
    elapsed = since[:, None] - np.where(np.isfinite(fit.latency_ms), fit.latency_ms, 0.0)
    shape = psp(elapsed, tau, WATCHED.tau_mem_ms)
    left = repeated_psp(elapsed, tau, WATCHED.tau_mem_ms, SPACING_MS) - shape
    wanted = value - fit.rest_lsb - fit.drive_lsb * left
    size = (sources, value.shape[1])
    product, square, rest = np.zeros(size), np.zeros(size), np.zeros(size)
    np.add.at(product, which, shape * wanted)
    np.add.at(square, which, shape**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        drive = product / square
    np.add.at(rest, which, (wanted - drive[which] * shape) ** 2)
    samples = np.maximum(np.bincount(which, minlength=sources) - 1, 1)[:, None]
    residual = np.sqrt(rest / samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        return drive, residual / np.sqrt(square), residual


def _rows(run: Run) -> NDArray[np.int64]:
    """Return the row of each source."""
    (tile,) = run.program.part_of(ChipProgram).tiles_of("synapses")
    return tile.rows


def _expected(run: Run, population: str) -> Doubles:
    """Return the steady drive that the stored codes of a population's synapses should have, shape (neurons,)."""
    (tile,) = run.program.part_of(ChipProgram).tiles_of("synapses")
    block = run.program.neuron_block(population)
    drive = run.program.part_of(ChipProgram).neurons.drive_exc_lsb[block.offset : block.offset + block.size]
    return np.asarray(drive[tile.post] * tile.codes.max(axis=0))


def _outcome(bench: Bench, halves: list[_Half]) -> Outcome:
    shape = (bench.limit("hemispheres"), bench.limit("rows"), bench.columns)
    ratio, sigma, residual = (np.full(shape, np.nan) for _ in range(3))
    silent, reached = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for half in halves:
        place = np.ix_(np.array([half.hemisphere]), half.rows, half.sites % bench.columns)
        mean = np.nanmean(half.drive, axis=0)
        ratio[place], sigma[place] = (half.drive / mean)[None], (half.sigma / mean)[None]
        residual[place], reached[place] = half.residual[None], True
        silent[place] = half.silent[None, :, None]
    found = Measured(
        value=ratio[reached],
        sigma=sigma[reached],
        residual=residual[reached],
        faults=((SILENT_SOURCE, silent[reached]),),
    )
    source = f"PSPs, {REPEATS} per synapse, relative to the mean of the column"
    gains = table_of("gain_ratio", found, np.nonzero(reached), shape, source=source)
    return Outcome(tables=(gains, *_of_neurons(bench, halves)))


def _of_neurons(bench: Bench, halves: list[_Half]) -> Iterator[ParameterTable]:
    """Yield the tables of excitatory inputs, from the mean PSP of each column."""
    sites = np.concatenate([half.sites for half in halves])
    fits = [half.fit for half in halves]
    drive = np.concatenate([np.nanmean(half.drive, axis=0) for half in halves])
    error = np.concatenate([each.drive_sigma / half.expected for each, half in zip(fits, halves, strict=True)])
    tau, tau_sigma, residual = (
        np.concatenate([getattr(each, name) for each in fits])
        for name in ("tau_syn_ms", "tau_syn_sigma", "residual_lsb")
    )
    membrane = bench.error("tau_mem_ratio", sites, UNKNOWN_TAU_MEM)
    of_drive, of_tau = tau_mem_sensitivity(WATCHED.tau_mem_ms, WATCHED.tau_syn_ms, SPACING_MS)
    ratio = tau / WATCHED.tau_syn_ms
    numbers = {
        "gain_exc_ratio": (drive, np.hypot(error, of_drive * membrane * drive)),
        "tau_syn_exc_ratio": (ratio, np.hypot(tau_sigma / WATCHED.tau_syn_ms, of_tau * membrane * ratio)),
    }
    for name, (value, sigma) in numbers.items():
        found = Measured(value=value, sigma=sigma, residual=residual)
        yield table_of(name, found, sites, (bench.circuits,), source="mean PSP of all synapses of the column")
