"""Activation functions: how active each circuit is under the sampling noise, over its leak potential."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.engines.lif.simulation import LifSimulation

#: how the truth about a circuit is found: leak potentials in slopes around the nominal middle, model time at each
TRUTH_SPAN, TRUTH_POINTS, TRUTH_DURATION_MS, TRUTH_SEED = 3.0, 13, 100_000.0, 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Activations:
    """Measured activation functions.

    Attributes
    ----------
    leak_lsb
        Shape (points,): set leak potentials, in CADC LSB.
    activity
        Shape (points, neurons): share of the time a neuron's state is 1.
    slope_lsb, half_lsb
        Shape (neurons,): of the logistic function that fits best.
    residual
        Shape (neurons,): largest deviation of the fit from the measured activity.
    """

    leak_lsb: NDArray[np.float64]
    activity: NDArray[np.float64]
    slope_lsb: NDArray[np.float64]
    half_lsb: NDArray[np.float64]
    residual: NDArray[np.float64]


def logistic(leak_lsb: NDArray[np.float64], half_lsb: float, slope_lsb: float) -> NDArray[np.float64]:
    """Return ``1 / (1 + exp(-(leak - half) / slope))``."""
    return np.asarray(1.0 / (1.0 + np.exp(-(leak_lsb - half_lsb) / slope_lsb)))


def measure_activations(
    program: CompiledProgram, chip: ChipModel, leak_lsb: NDArray[np.float64], *, seed: int, duration_ms: float
) -> Activations:
    """Run the program's circuits without their projections at several leak potentials and fit each one.

    Parameters
    ----------
    program
        Compiled for a chip, with sampling neurons.
    leak_lsb
        Leak potentials to set; what a circuit has deviates from that by its own offset.
    duration_ms
        Model time at each potential.
    """
    if not isinstance(program.part, ChipProgram) or program.timing is None:
        raise TypeError("activation functions are those of sampling neurons on a chip")
    steps = round(duration_ms / program.timestep_ms)
    warmup = 10 * program.timing.tau_ref_steps
    state_steps = (
        program.part_of(ChipProgram).neurons.state_us
        * program.part_of(ChipProgram).time_scale
        * 1e-3
        / program.timestep_ms
    )
    activity = np.zeros((len(leak_lsb), program.n_neurons))
    for point, leak in enumerate(leak_lsb):
        model = load_chip(program, chip, (seed, point), learning=False).model
        offset = model.neurons.v_leak - program.part_of(ChipProgram).neurons.v_leak_lsb
        neurons = replace(model.neurons, v_leak=leak + offset)
        alone = replace(model, tiles=(), neurons=neurons, state=np.zeros(0, dtype=np.int64), state_steps=np.zeros(0))
        simulation = LifSimulation(alone, np.random.SeedSequence([seed, point]))
        simulation.run(warmup)
        before = simulation.neurons.counts.copy()
        simulation.run(steps)
        activity[point] = (simulation.neurons.counts - before) * state_steps / steps
    return fit_activations(leak_lsb, activity)


def fit_activations(leak_lsb: NDArray[np.float64], activity: NDArray[np.float64]) -> Activations:
    """Return the logistic functions that fit measured activities, shape (points, neurons), best."""
    from scipy.optimize import curve_fit

    slope, half, residual = (np.zeros(activity.shape[1]) for _ in range(3))
    for n in range(activity.shape[1]):
        start = (float(np.interp(0.5, activity[:, n], leak_lsb)), 10.0)
        (half[n], slope[n]), _ = curve_fit(logistic, leak_lsb, activity[:, n], p0=start)
        residual[n] = np.abs(logistic(leak_lsb, half[n], slope[n]) - activity[:, n]).max()
    return Activations(leak_lsb=leak_lsb, activity=activity, slope_lsb=slope, half_lsb=half, residual=residual)


def add_activations(program: CompiledProgram, chip: CalibrationSnapshot) -> CalibrationSnapshot:
    """Return a snapshot with the activation functions of the program's circuits; those of others are not ok."""
    leak = SAMPLING.half_lsb + SAMPLING.slope_lsb * np.linspace(-TRUTH_SPAN, TRUTH_SPAN, TRUTH_POINTS)
    # a potential differs from one setting to the next, so nobody knows that of the run to come
    lasting = tuple(table for table in chip.tables if table.name != "potential_trial_lsb")
    model = ChipModel.from_snapshot(replace(chip, tables=lasting))
    found = measure_activations(program, model, leak, seed=TRUTH_SEED, duration_ms=TRUTH_DURATION_MS)
    circuits = program.part_of(ChipProgram).hemispheres * program.part_of(ChipProgram).columns
    # the compiler takes the offset of the leak potential out by itself, so the middle is that of the circuit without it
    half = (
        found.half_lsb
        + model.neuron("v_leak_offset_lsb", program.part_of(ChipProgram).neurons.site)
        - SAMPLING.half_lsb
    )
    tables = (
        _table("activation_slope_lsb", found.slope_lsb, program.part_of(ChipProgram).neurons.site, circuits),
        _table("activation_offset_lsb", half, program.part_of(ChipProgram).neurons.site, circuits),
    )
    return replace(chip, tables=(*chip.tables, *tables))


def _table(name: str, values: NDArray[np.float64], sites: NDArray[np.int64], circuits: int) -> ParameterTable:
    kind = TABLES[name]
    measured, ok = np.full(circuits, max(kind.nominal, kind.lowest)), np.zeros(circuits, dtype=np.bool_)
    measured[sites], ok[sites] = values, True
    source = f"{TRUTH_POINTS} leak potentials, {TRUTH_DURATION_MS * 1e-3:g} s of model time each"
    return ParameterTable(
        name=name, site=kind.site, unit=kind.unit, measured=frozen(measured), ok=frozen(ok), source=source
    )
