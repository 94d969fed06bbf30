"""Membranes: resting, reset and threshold potentials, membrane time constant, refractory time, noise; no synapses.

A circuit whose leak potential is above its threshold fires regularly. Between two spikes its membrane stays at the
reset potential for the refractory time and then relaxes towards the leak potential,
``v(t) = L - (L - R) exp(-(t - tau_ref) / tau_mem)``; the potential at the end of an interval is the threshold.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.target.snapshot import ParameterTable
from sal_hw_calibration.bench import Bench, Run, Sites
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_calibration.networks import THRESHOLD_LSB, Circuit, alone
from sal_hw_calibration.outcome import Outcome

RESTING = Circuit()
FIRING = Circuit(leak_lsb=150.0, reset_lsb=55.0, tau_ref_ms=10.0)

#: settings of the chip that are averaged, since a potential differs from one setting to the next
SETTINGS = 6

#: model time per setting, time between two samples of the CADC, and what is left out at the beginning
RESTING_MS, FIRING_MS, EVERY_MS, WARMUP_MS = 1_000.0, 1_500.0, 2.0, 100.0

#: a circuit that spikes less often per setting does not work; it should spike about 60 times
FEWEST_SPIKES = 10

DEAD = "it does not fire"

Doubles = NDArray[np.float64]


def measure_membranes(bench: Bench) -> Outcome:
    """Measure all that needs no synapse, averaged over several settings of the chip.

    Returns
    -------
    Outcome
        Tables of potentials, membrane time constants, refractory times, noise, and ``usable``.
    """
    sites = bench.wanted()
    resting = [_at_rest(bench, sites, f"resting.{k}") for k in range(SETTINGS)]
    runs = [_firing(bench, sites, f"firing.{k}") for k in range(SETTINGS)]
    return _outcome(bench, sites, _Rest.of(resting), [measured_interval(bench, sites, run) for run in runs])


def _at_rest(bench: Bench, sites: Sites, name: str) -> tuple[Run, Doubles]:
    run = bench.run(name, alone(RESTING, len(sites), every_ms=EVERY_MS), sites=sites, duration_ms=RESTING_MS)
    kept = run.reading.sample_ms["cells"] > WARMUP_MS
    return run, bench.potentials(sites, run.reading.samples["cells"][kept])


def _firing(bench: Bench, sites: Sites, name: str) -> Run:
    return bench.run(name, alone(FIRING, len(sites), every_ms=EVERY_MS), sites=sites, duration_ms=FIRING_MS)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Rest:
    """Resting potentials, shape (settings, neurons), and the membrane's own noise, shape (neurons,)."""

    settings: Doubles
    error: Doubles
    noise: Doubles
    noise_sigma: Doubles

    @classmethod
    def of(cls, resting: list[tuple[Run, Doubles]]) -> _Rest:
        means = np.array([values.mean(axis=0) for _, values in resting])
        centred = [values - values.mean(axis=0) for _, values in resting]
        samples = sum(len(values) for values in centred)
        # readings of one sample are independent of those of the next, so only the membrane's noise correlates
        products = np.concatenate([values[1:] * values[:-1] for values in centred])
        decay = np.exp(-EVERY_MS / RESTING.tau_mem_ms)
        variance = products.mean(axis=0) / decay
        total = np.concatenate(centred).var(axis=0)
        noise = np.sqrt(np.maximum(variance, 0.0))
        sigma_variance = total / np.sqrt(samples) / decay
        # of a root near zero, the error is that of the variance's root
        sigma = sigma_variance / (2.0 * np.maximum(noise, np.sqrt(sigma_variance) / 2.0))
        return cls(settings=means, error=np.sqrt(total / len(centred[0])), noise=noise, noise_sigma=sigma)

    @property
    def trial_lsb(self) -> float:
        """Standard deviation from one setting to the next, root mean square over all neurons."""
        spread = self.settings.var(axis=0, ddof=1) - self.error**2
        return float(np.sqrt(max(np.median(spread) / _MEDIAN_OF_VARIANCE, 0.0)))


#: median over mean of a variance estimated from 6 numbers (chi-square with 5 degrees of freedom: 4.351 / 5)
_MEDIAN_OF_VARIANCE = 0.8703


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Interval:
    """What happens between two spikes, from one setting; each array has the shape (neurons,), NaN where unknown."""

    reset: Doubles
    threshold: Doubles
    tau_mem_ms: Doubles
    tau_ref_ms: Doubles
    residual: Doubles
    spikes: NDArray[np.int64]


def measured_interval(bench: Bench, sites: Sites, run: Run) -> Interval:
    """Fit all neurons of a run in which they fire regularly."""
    reading = run.reading
    spikes, times = reading.spikes["cells"], reading.sample_ms["cells"]
    potentials = bench.potentials(sites, reading.samples["cells"])
    order = np.argsort(spikes.neuron, kind="stable")
    counts = np.bincount(spikes.neuron, minlength=len(sites))
    trains = np.split(spikes.time_ms[order], np.cumsum(counts)[:-1])
    columns = np.array([_fit(train, times, potentials[:, n]) for n, train in enumerate(trains)]).T
    return Interval(
        reset=columns[0],
        threshold=columns[1],
        tau_mem_ms=columns[2],
        tau_ref_ms=columns[3],
        residual=columns[4],
        spikes=counts,
    )


def relaxation(t: Doubles, leak: float, begin: float, tau: float, reset: float) -> Doubles:
    """Return the membrane a time `t` after a spike."""
    waited = np.maximum(t - begin, 0.0)
    return np.asarray(leak - (leak - reset) * np.exp(-waited / tau))


def _fit(train: Doubles, times: Doubles, potential: Doubles) -> tuple[float, float, float, float, float]:
    """Return reset, threshold, tau_mem, tau_ref and residual of one neuron; NaN if they cannot be had."""
    from scipy.optimize import OptimizeWarning, curve_fit

    failed = (np.nan,) * 5
    if len(train) < FEWEST_SPIKES:
        return failed
    # a sample at the time of a spike was taken before it
    last = np.searchsorted(train, times, side="left") - 1
    inside = (last >= 0) & (last < len(train) - 1)
    since, value = times[inside] - train[last[inside]], potential[inside]
    held = since < 0.8 * FIRING.tau_ref_ms
    if held.sum() < FEWEST_SPIKES:
        return failed
    reset = float(value[held].mean())

    def curve(t: Doubles, leak: float, begin: float, tau: float) -> Doubles:
        return relaxation(t, leak, begin, tau, reset)

    start = (FIRING.leak_lsb, FIRING.tau_ref_ms, FIRING.tau_mem_ms)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            best, _ = curve_fit(curve, since, value, p0=start, bounds=([90.0, 1.0, 1.0], [255.0, 40.0, 60.0]))
    except (RuntimeError, ValueError, OptimizeWarning):
        return failed
    interval = float(np.median(np.diff(train)))
    threshold = float(curve(np.array([interval]), *best)[0])
    residual = float(np.sqrt(np.mean((curve(since, *best) - value) ** 2)))
    return reset, threshold, float(best[2]), float(best[1]), residual


def _mean(values: Doubles) -> tuple[Doubles, Doubles]:
    """Return mean and standard error over settings, shape (settings, neurons); NaN where a setting failed."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def _outcome(bench: Bench, sites: Sites, rest: _Rest, intervals: list[Interval]) -> Outcome:
    spikes = np.min([each.spikes for each in intervals], axis=0)
    dead = spikes < FEWEST_SPIKES
    residual = np.max([each.residual for each in intervals], axis=0)
    leak, leak_sigma = _mean(rest.settings)
    found: dict[str, tuple[Doubles, Doubles, Doubles | None]] = {
        "v_leak_offset_lsb": (leak - RESTING.leak_lsb, leak_sigma, None)
    }
    wanted: tuple[tuple[str, str, float, bool], ...] = (
        ("v_reset_offset_lsb", "reset", FIRING.reset_lsb, False),
        ("v_threshold_offset_lsb", "threshold", THRESHOLD_LSB, False),
        ("tau_mem_ratio", "tau_mem_ms", FIRING.tau_mem_ms, True),
        ("refractory_ratio", "tau_ref_ms", FIRING.tau_ref_ms, True),
    )
    for name, attribute, aim, ratio in wanted:
        value, sigma = _mean(np.array([getattr(each, attribute) for each in intervals]))
        found[name] = (value / aim, sigma / aim, residual) if ratio else (value - aim, sigma, residual)
    found["membrane_noise_lsb"] = (rest.noise, rest.noise_sigma, None)
    trial, pooled = rest.trial_lsb, np.ones(len(sites))
    found["potential_trial_lsb"] = (trial * pooled, trial / np.sqrt(2.0 * len(sites) * (SETTINGS - 1)) * pooled, None)
    tables = [_table(bench, name, sites, numbers, dead) for name, numbers in found.items()]
    works = Measured(value=np.where(dead, 0.0, 1.0), sigma=np.zeros(len(sites)), faults=((DEAD, dead),))
    source = f"at least {FEWEST_SPIKES} spikes in {FIRING_MS:g} ms with the leak potential above threshold"
    tables.append(table_of("usable", works, sites, (bench.circuits,), source=source))
    return Outcome(tables=tuple(tables))


def _table(
    bench: Bench, name: str, sites: Sites, numbers: tuple[Doubles, Doubles, Doubles | None], dead: NDArray[np.bool_]
) -> ParameterTable:
    value, sigma, residual = numbers
    found = Measured(value=value, sigma=sigma, residual=residual, faults=((DEAD, dead),))
    source = f"membranes sampled every {EVERY_MS:g} ms at rest and while firing, {SETTINGS} settings"
    return table_of(name, found, sites, (bench.circuits,), source=source)
