"""Correlation sensors of all synapses: baselines, amplitudes, time constants, and the balance of the branches in place.

Two populations of one hemisphere each, connected both ways with weights zero, use all synapses of a chip. Their
leak potentials decide how they fire:

* below threshold: nobody fires, and a reading is the baseline;
* far above, with a long refractory time: all fire with nearly the same period, so a pair of neurons keeps a delay for
  many spikes and drifts slowly through all delays. With the recorded spikes, these are pairs of pulses of known delay;
* a little above, different for each neuron: all fire independently, so pairs come by accident, and the ratio of what
  the branches hold is the balance that a kernel needs (it is measured in place, without knowing any delay).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.target.snapshot import ParameterTable
from sal_hw_brainscales2.program import ChipProgram, PlacedKernel
from sal_hw_calibration.bench import Bench, Run
from sal_hw_calibration.measure import windows
from sal_hw_calibration.measured import FAILED_FIT, Flags, Measured, table_of
from sal_hw_calibration.networks import Circuit, sensed
from sal_hw_calibration.outcome import Outcome

#: time between two readings; a processor has to have 5.6442 s of model time for all 256 rows and their records
UPDATE_MS, TAU_MS = 5_700.0, 10.0

#: readings of each stage
BASELINE_READS, WINDOW_READS, BALANCE_READS = 400, 26, 100

#: readings in a row whose errors are taken together
BALANCE_BLOCK = 10

#: how neurons fire together, and how they fire by themselves (the leak potentials are spread over an interval)
TOGETHER = Circuit(tau_mem_ms=5.0, tau_syn_ms=5.0, tau_ref_ms=30.0, leak_lsb=158.0, reset_lsb=55.0)
APART, APART_LSB = Circuit(tau_mem_ms=20.0, tau_syn_ms=5.0, tau_ref_ms=10.0, reset_lsb=80.0), (128.0, 142.0)

#: codes below this are no longer proportional to the correlation (calix, constants.py)
LOWEST_CODE = 30.0

#: a sensor of an amplitude below this does not work, LSB per pair
LEAST_AMPLITUDE = 0.1

#: a sensor that holds less on average reads accidental pairs no better than the error of its baseline, LSB
LEAST_READING_LSB = 1.0

#: residuals above this are no exponential window's, LSB; a reading has a noise of about 1.5
WORST_RESIDUAL = 6.0

#: a number whose standard error is a larger part of it tells nothing
WORST_ERROR = 0.5

STUCK, STRANGE = "the sensor does not respond", "its window is not exponential"
VAGUE = "the readings leave it too uncertain"

PROJECTIONS = ("forward", "feedback")

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]


def measure_baselines(bench: Bench) -> Outcome:
    """Read all sensors without spikes: tables ``baseline_causal_lsb`` and ``baseline_anticausal_lsb``."""
    rest = Circuit().leak_lsb
    run = _run(bench, "baselines", Circuit(), (rest, rest), BASELINE_READS, timestep_ms=0.5)
    parts: dict[str, list[_Part]] = {"causal": [], "anticausal": []}
    for projection in PROJECTIONS:
        reads = run.reading.sensors[projection]
        for branch, codes in (("causal", reads.causal), ("anticausal", reads.anticausal)):
            mean = codes.mean(axis=0)
            # in whole numbers, so that no copy in double precision is made of all readings
            square = np.square(codes, dtype=np.uint16).mean(axis=0)
            sigma = np.sqrt(np.maximum(square - mean**2, 0.0) / (len(codes) - 1))
            parts[branch].append(_Part(run, projection, mean, sigma, None, ()))
    source = f"{BASELINE_READS} readings without spikes"
    return Outcome(
        tables=tuple(_joined(bench, f"baseline_{branch}_lsb", found, source=source) for branch, found in parts.items())
    )


def measure_windows(bench: Bench) -> Outcome:
    """Fit amplitude and time constant of both branches of all sensors to readings at known delays."""
    leak = TOGETHER.leak_lsb
    run = _run(bench, "windows", TOGETHER, (leak, leak), WINDOW_READS)
    tables = []
    for branch in ("causal", "anticausal"):
        amplitude, tau = [], []
        for projection in PROJECTIONS:
            fit = _fit(bench, run, projection, branch)
            faults = _window_faults(fit)
            amplitude.append(_Part(run, projection, fit[0], fit[1], fit[4], faults))
            tau.append(_Part(run, projection, fit[2] / TAU_MS, fit[3] / TAU_MS, fit[4], faults))
        source = f"{WINDOW_READS} readings at known delays"
        tables.append(_joined(bench, f"amplitude_{branch}_ratio", amplitude, source=source))
        tables.append(_joined(bench, f"tau_{branch}_ratio", tau, source=source))
    return Outcome(tables=tuple(tables))


def measure_balance(bench: Bench) -> Outcome:
    """Measure the ratio of the branches in place, from spikes that come by accident: table ``balance_ratio``."""
    run = _run(bench, "balance", APART, APART_LSB, BALANCE_READS)
    parts = []
    for projection in PROJECTIONS:
        causal, anticausal = (_held(bench, run, projection, branch) for branch in ("causal", "anticausal"))
        good = (causal.held <= causal.most) & (anticausal.held <= anticausal.most)
        c, a = np.where(good, causal.held, 0.0), np.where(good, anticausal.held, 0.0)
        total = c.sum(axis=0)
        least = LEAST_READING_LSB * BALANCE_READS
        stuck = (total < least) | (a.sum(axis=0) < least)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = a.sum(axis=0) / total
            # delays change slowly, so that readings in a row are not independent: blocks of them nearly are
            misses = np.add.reduceat(a - ratio * c, np.arange(0, len(a), BALANCE_BLOCK), axis=0)
            sigma = np.sqrt((misses**2).sum(axis=0)) / total
        parts.append(_Part(run, projection, ratio, sigma, None, ((STUCK, stuck),)))
    source = f"{BALANCE_READS} readings of accidental pairs with all weights zero"
    return Outcome(tables=(_joined(bench, "balance_ratio", parts, source=source),))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What was found for the synapses of one projection, each array of shape (pre, post)."""

    run: Run
    projection: str
    value: NDArray[np.floating]
    sigma: NDArray[np.floating]
    residual: NDArray[np.floating] | None
    faults: tuple[tuple[str, Flags], ...]

    def place(self) -> tuple[NDArray[np.integer], ...]:
        """Return where in a chip's table the synapses are: hemisphere, row and column, each of shape (pre, post)."""
        return _places(self.run, self.projection)


def _places(run: Run, projection: str) -> tuple[NDArray[np.integer], ...]:
    """Return where the synapses of a projection were: where the reading says so, not where they were planned."""
    found = run.reading.sensors[projection].place
    if found is not None:
        return found[..., 0], found[..., 1], found[..., 2]
    (tile,) = run.program.part_of(ChipProgram).tiles_of(projection)
    return tuple(np.broadcast_arrays(tile.hemisphere, tile.rows[:, None], tile.columns[None, :]))


def _joined(bench: Bench, name: str, parts: list[_Part], *, source: str) -> ParameterTable:
    shape = (bench.limit("hemispheres"), bench.limit("rows"), bench.columns)
    value, sigma, residual = (np.full(shape, np.nan, dtype=np.float32) for _ in range(3))
    reached = np.zeros(shape, dtype=np.bool_)
    faults = {reason: np.zeros(shape, dtype=np.bool_) for reason, _ in parts[0].faults}
    for part in parts:
        place = part.place()
        value[place], sigma[place], reached[place] = part.value, part.sigma, True
        if part.residual is not None:
            residual[place] = part.residual
        for reason, holds in part.faults:
            faults[reason][place] = holds
    found = Measured(
        value=value[reached],
        sigma=sigma[reached],
        residual=None if parts[0].residual is None else residual[reached],
        faults=tuple((reason, holds[reached]) for reason, holds in faults.items()),
    )
    return table_of(name, found, np.nonzero(reached), shape, source=source)


def _run(
    bench: Bench,
    name: str,
    circuit: Circuit,
    leak_lsb: tuple[float, float],
    reads: int,
    *,
    timestep_ms: float = 0.1,
) -> Run:
    sites = [bench.on_hemisphere(half) for half in (0, 1)]
    rng = np.random.default_rng(bench.seed_of(f"{name}.drives"))
    drives = [
        rng.uniform(*leak_lsb, size=len(each)) if leak_lsb[0] < leak_lsb[1] else _same(leak_lsb[0], each)
        for each in sites
    ]
    network = sensed(
        (len(sites[0]), len(sites[1])),
        circuit,
        (drives[0], drives[1]),
        update_every_ms=UPDATE_MS,
        tau_ms=TAU_MS,
        timestep_ms=timestep_ms,
    )
    # what is known of sensors would go into the kernel, which only reads here and would take longer for it
    known = {key: table for key, table in bench.known.items() if table.site == "neuron"}
    return bench.run(name, network, sites=np.concatenate(sites), duration_ms=reads * UPDATE_MS, known=known)


def _same(leak_lsb: float, sites: NDArray[np.int64]) -> Doubles:
    return np.full(len(sites), leak_lsb)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What sensors held, shape (readings, pre, post), and the most that is proportional, shape (pre, post)."""

    held: Singles
    most: Singles


def _held(bench: Bench, run: Run, projection: str, branch: str) -> _Held:
    reads = run.reading.sensors[projection]
    codes = reads.causal if branch == "causal" else reads.anticausal
    baseline = bench.known[f"baseline_{branch}_lsb"].measured
    at = baseline[_places(run, projection)].astype(np.float32)
    return _Held(held=at - codes.astype(np.float32), most=at - np.float32(LOWEST_CODE))


def _read_times(run: Run, projection: str, readings: int) -> Doubles:
    """Return when the row of each source is read, shape (sources, readings), in ms of model time.

    A processor goes through its rows in increasing order.
    """
    chip = run.program.part_of(ChipProgram)
    if chip is None:
        raise TypeError("the program was not compiled for a chip")
    placed: PlacedKernel = next(item for item in chip.kernels if item.projection == projection)
    rows = _places(run, projection)[1]
    # a row has the synapses of one source, unless other projections have synapses onto some of its targets only
    rank = np.searchsorted(np.unique(rows), rows).mean(axis=1)
    first_us = placed.start_us + rank * placed.row_time_us
    all_us = first_us[:, None] + placed.period_us * np.arange(readings)
    return np.ascontiguousarray(all_us * chip.time_scale * 1e-3)


def _fit(bench: Bench, run: Run, projection: str, branch: str) -> Singles:
    """Return amplitude, error, tau in ms, error and residual of each sensor, shape (5, pre, post)."""
    block = run.program.synapse_block(projection)
    spikes = run.reading.spikes
    sizes = {name: run.program.neuron_block(name).size for name in (block.source, block.target)}
    pre, post = (
        windows.trains(spikes[name].time_ms, spikes[name].neuron, sizes[name]) for name in (block.source, block.target)
    )
    data = _held(bench, run, projection, branch)
    reads = _read_times(run, projection, len(data.held))
    result = np.full((5, *data.most.shape), np.nan, dtype=np.float32)

    def work(first: int, last: int) -> None:
        windows.fit_rows(*pre, *post, reads, data.held, data.most, branch == "causal", first, last, result)

    edges = np.linspace(0, sizes[block.source], 17).astype(int)
    with ThreadPoolExecutor(max_workers=bench.threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
    return result


def _window_faults(fit: Singles) -> tuple[tuple[str, Flags], ...]:
    with np.errstate(invalid="ignore"):
        stuck = ~(fit[0] >= LEAST_AMPLITUDE)
        edge = (fit[2] <= windows.SHORTEST_MS * 1.02) | (fit[2] >= windows.LONGEST_MS / 1.02)
        vague = ~(fit[1] <= WORST_ERROR * fit[0]) | ~(fit[3] <= WORST_ERROR * fit[2])
        strange = fit[4] > WORST_RESIDUAL
        return (STUCK, stuck), (FAILED_FIT, edge), (STRANGE, strange), (VAGUE, vague)
