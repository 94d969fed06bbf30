"""Activation functions: how active each circuit is under the sampling noise, over its bias, and the logistic fit.

Circuits are measured as sampling neurons are used: with the compiler's noise and settings, and all that is known of
the circuit taken out. What is left of slope and middle is the circuit's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.probes import SpikeProbe
from sal_hw.spec.values import Table
from sal_hw.target.snapshot import Curve
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_calibration.bench import Bench, Run, Sites
from sal_hw_calibration.measured import Measured, table_of
from sal_hw_calibration.outcome import Outcome

#: biases of a first look, and model time at each of them
LOOK_BIASES, LOOK_MS = tuple(float(bias) for bias in np.linspace(-3.0, 3.0, 7)), 5_000.0

#: biases around the middle that the first look has found, and model time at each of them; many, since a potential
#: differs from one setting to the next
BIASES = tuple(float(bias) for bias in np.linspace(-2.5, 2.5, 25))
DURATION_MS, TAU_REF_MS, TIMESTEP_MS = 44_000.0, 10.0, 0.1

#: leak potentials stay this far from the ends of the range that a circuit can be set to, LSB
MARGIN_LSB = 1.0

#: neurons of a population, one per hemisphere: a background generator has room for the noise of 32 (125 MHz over 3 MHz,
#: a power of two). The first population of a hemisphere always gets its noise through the same rows.
GROUP = 32

#: the ceiling of the activation is taken from activities from here on
HIGH_ACTIVITY = 0.85

#: neurons whose curves are kept for the report
CURVES = 24

#: an activity that deviates more than this from its logistic function is no logistic function
WORST_RESIDUAL = 0.1

Doubles = NDArray[np.float64]


def measure_activation(bench: Bench, *, duration_ms: float = DURATION_MS) -> Outcome:
    """Measure rates at several biases and fit a logistic function to each neuron's.

    Parameters
    ----------
    duration_ms
        Model time at each bias.

    Returns
    -------
    Outcome
        Tables ``activation_slope_lsb``, ``activation_offset_lsb``, ``activation_ceiling_ratio``, and the rows of the
        noise synapses, since their strengths are part of what was measured.
    """
    groups = list(_groups(bench))
    benches = [bench.without("activation_slope_lsb", "activation_offset_lsb") for _ in groups]
    work = partial(_measure_group, duration_ms=duration_ms)
    with ThreadPoolExecutor(max_workers=bench.threads if bench.instrument.parallel else 1) as pool:
        parts = list(pool.map(work, benches, range(len(groups)), groups))
    bench.machine_ms += sum(each.machine_ms - bench.machine_ms for each in benches)
    return _outcome(bench, _Activity.joined(parts), duration_ms)


def _measure_group(bench: Bench, number: int, populations: list[Sites], *, duration_ms: float) -> _Activity:
    """Look where the middles are, and then measure around them."""
    size = sum(map(len, populations))
    look = np.repeat(np.array(LOOK_BIASES)[:, None], size, axis=1)
    first = _measure(bench, f"look.{number}", populations, look, LOOK_MS)
    middle = np.nan_to_num(_fits(first)[0][0])
    biases = np.clip(middle + np.array(BIASES)[:, None], *_bias_range(bench))
    return _measure(bench, f"activation.{number}", populations, biases, duration_ms)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Activity:
    """Measured activities.

    Attributes
    ----------
    sites
        Shape (neurons,).
    bias, share
        Shape (points, neurons): biases, and the share of time that the state is 1.
    rows
        Shape (2, neurons): rows of the excitatory and of the inhibitory noise synapse.
    """

    sites: Sites
    bias: Doubles
    share: Doubles
    rows: Doubles

    @classmethod
    def joined(cls, parts: list[_Activity]) -> _Activity:
        return cls(
            sites=np.concatenate([part.sites for part in parts]),
            bias=np.concatenate([part.bias for part in parts], axis=1),
            share=np.concatenate([part.share for part in parts], axis=1),
            rows=np.concatenate([part.rows for part in parts], axis=1),
        )


def _bias_range(bench: Bench) -> tuple[float, float]:
    """Return the least and the largest bias whose leak potential a circuit can be set to."""
    leak = bench.target.description.limits["v_leak"]
    ends = ((leak.low or 0.0) + MARGIN_LSB, (leak.high or 0.0) - MARGIN_LSB)
    low, high = ((end - SAMPLING.half_lsb) / SAMPLING.slope_lsb for end in ends)
    return low, high


def _groups(bench: Bench) -> Iterator[list[Sites]]:
    """Yield the circuits of populations that run together."""
    halves = []
    for half in range(bench.limit("hemispheres")):
        sites = bench.on_hemisphere(half)
        halves.append([sites[first : first + GROUP] for first in range(0, len(sites), GROUP)])
    for number in range(max((len(half) for half in halves), default=0)):
        yield [half[number] for half in halves if number < len(half)]


def _noise_rows(run: Run, names: list[str], polarity: str) -> NDArray[np.float64]:
    """Return the row through which each neuron gets its noise of one sign, shape (neurons,)."""
    rows = []
    for name in names:
        of_name = np.full(run.program.neuron_block(name).size, np.nan)
        for tile in run.program.part_of(ChipProgram).tiles_of(f"noise_{polarity}.{name}"):
            for source, column in np.argwhere(tile.exists):
                of_name[tile.post[column]] = tile.rows[source]
        rows.append(of_name)
    return np.concatenate(rows)


def _measure(bench: Bench, name: str, populations: list[Sites], biases: Doubles, duration_ms: float) -> _Activity:
    """Return the activities of a group of circuits at biases of shape (points, neurons)."""
    shares, rows = [], np.zeros((2, biases.shape[1]))
    for point, bias in enumerate(biases):
        share, rows = _shares(bench, f"{name}.{point}", populations, bias, duration_ms)
        shares.append(share)
    return _Activity(sites=np.concatenate(populations), bias=biases, share=np.array(shares), rows=rows)


def _shares(
    bench: Bench, name: str, populations: list[Sites], bias: Doubles, duration_ms: float
) -> tuple[Doubles, Doubles]:
    """Return the share of time that each neuron's state is 1, shape (neurons,), and its noise rows, (2, neurons)."""
    names = [f"cells_{k}" for k in range(len(populations))]
    parts = np.split(bias, np.cumsum([len(sites) for sites in populations])[:-1])
    network = NetworkSpec(
        timestep_ms=TIMESTEP_MS,
        populations=tuple(
            Population(name=each, size=len(part), neuron=SamplingNeuron(tau_ref_ms=TAU_REF_MS, bias=Table(values=part)))
            for each, part in zip(names, parts, strict=True)
        ),
        probes=tuple(SpikeProbe(population=each) for each in names),
    )
    warmup_ms = 10.0 * TAU_REF_MS
    run = bench.run(name, network, sites=np.concatenate(populations), duration_ms=duration_ms + warmup_ms)
    counts = []
    for each, part in zip(names, parts, strict=True):
        spikes = run.reading.spikes[each]
        counts.append(np.bincount(spikes.neuron[spikes.time_ms > warmup_ms], minlength=len(part)))
    rows = np.array([_noise_rows(run, names, polarity) for polarity in ("exc", "inh")])
    return np.asarray(np.concatenate(counts) * TAU_REF_MS / duration_ms, dtype=np.float64), rows


def logistic(bias: Doubles, middle: float, slope: float) -> Doubles:
    """Return ``1 / (1 + exp(-(bias - middle) / slope))``."""
    return np.asarray(1.0 / (1.0 + np.exp(-(bias - middle) / slope)))


def _fits(found: _Activity) -> tuple[Doubles, Doubles, Doubles]:
    """Return best parameters (middle, slope), their errors, each of shape (2, neurons), and residuals."""
    from scipy.optimize import curve_fit

    neurons = found.share.shape[1]
    best, sigma = np.full((2, neurons), np.nan), np.full((2, neurons), np.nan)
    residual = np.full(neurons, np.nan)
    for n in range(neurons):
        share, bias = found.share[:, n], found.bias[:, n]
        if share.max() < 0.5 or share.min() > 0.5:
            continue
        start = (float(np.interp(0.5, share, bias)), 1.0)
        try:
            fit, covariance = curve_fit(logistic, bias, share, p0=start)
        except RuntimeError:
            continue
        best[:, n], sigma[:, n] = fit, np.sqrt(np.diag(covariance))
        residual[n] = np.abs(logistic(bias, *fit) - share).max()
    return best, sigma, residual


def _outcome(bench: Bench, found: _Activity, duration_ms: float) -> Outcome:
    best, sigma, residual = _fits(found)
    faults = (
        ("its activity does not cross one half", ~np.isfinite(best[0])),
        ("its activation is not logistic", residual > WORST_RESIDUAL),
    )
    expected = 1.0 / (1.0 + np.exp(-(found.bias - best[0]) / best[1]))
    high = np.where(expected >= HIGH_ACTIVITY, 1.0, np.nan)
    points = np.isfinite(high).sum(axis=0)
    # where no activity is high, there is no ceiling either
    whole = np.where(points > 0, np.nansum(expected * high, axis=0), np.nan)
    ceiling = np.nansum(found.share * high, axis=0) / whole
    spread = np.sqrt(np.nansum(((found.share - expected) * high) ** 2, axis=0)) / np.maximum(points, 1)
    unit, exact = SAMPLING.slope_lsb, np.zeros(len(found.sites))
    numbers = {
        "activation_slope_lsb": (unit * best[1], unit * sigma[1]),
        "activation_offset_lsb": (unit * best[0], unit * sigma[0]),
        "activation_ceiling_ratio": (ceiling, spread),
        "activation_row_exc": (found.rows[0], exact),
        "activation_row_inh": (found.rows[1], exact),
    }
    source = f"{len(BIASES)} biases, {duration_ms * 1e-3:g} s of model time each"
    tables = tuple(
        table_of(
            name,
            Measured(value=value, sigma=error, residual=residual, faults=faults),
            found.sites,
            (bench.circuits,),
            source=source,
        )
        for name, (value, error) in numbers.items()
    )
    return Outcome(tables=tables, curves=(_curve(found, best),) if np.isfinite(best).any() else ())


def _curve(found: _Activity, best: Doubles) -> Curve:
    """Return some activation functions, over the distance from their middle in log-odds."""
    fits = np.flatnonzero(np.isfinite(best).all(axis=0))
    shown = fits[np.unique(np.linspace(0, max(len(fits) - 1, 0), min(CURVES, len(fits))).round().astype(np.int64))]
    points = np.array(BIASES)
    activity = np.array([np.interp(points, found.bias[:, n] - best[0, n], found.share[:, n]) for n in shown])
    fitted = np.array([logistic(points, 0.0, slope) for slope in best[1, shown]])
    return Curve(
        name="activation",
        x_name="bias minus its middle",
        x_unit="log-odds",
        y_name="activity",
        y_unit="1",
        x=points,
        y=activity.T,
        fitted=fitted.T,
        instances=found.sites[shown],
    )
