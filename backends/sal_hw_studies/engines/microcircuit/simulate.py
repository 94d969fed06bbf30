"""Running a network pattern by pattern."""

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats
from sal_hw_studies.engines.microcircuit.advance import advance
from sal_hw_studies.engines.microcircuit.arrays import Circuit, Drive, Moving
from sal_hw_studies.engines.microcircuit.model import MicrocircuitModel, Phase
from sal_hw_studies.engines.microcircuit.state import MicrocircuitState


def show_pattern(
    model: MicrocircuitModel,
    state: MicrocircuitState,
    phase: Phase,
    *,
    pattern: Floats,
    target: Floats,
    steps: int,
    lag_steps: int,
) -> Floats:
    """Show a network a pattern; the state moves on, in place.

    Parameters
    ----------
    model
        The network.
    state
        Where it stands, with its weights.
    phase
        What it does meanwhile.
    pattern
        Shape (n_input,): potentials of the input neurons.
    target
        Shape (n_output,): what the output's potentials are nudged to; without nudging it changes nothing.
    steps
        How long, in steps.
    lag_steps
        Steps at the beginning without learning of forward weights, which do not count in the result either.

    Returns
    -------
    Floats
        Shape (n_output,): mean somatic potentials of the output after the lag.
    """
    if not 0 <= lag_steps < steps:
        raise ValueError(f"the lag of {lag_steps} steps must be shorter than the pattern of {steps} steps")
    readout = np.zeros(model.sizes[-1])
    drive = Drive(
        pattern=_of_length(pattern, model.sizes[0]),
        target=_of_length(target, model.sizes[-1]),
        nudging=float(phase.nudging),
        learning=phase.learning,
        copying=phase.copying,
        aligning=phase.aligning,
    )
    begin = state.step
    advance(circuit_of(model), _moving(model, state), drive, state.key[0], begin, begin + steps, lag_steps, readout)
    state.clock[0] = begin + steps
    return readout / (steps - lag_steps)


def circuit_of(model: MicrocircuitModel) -> Circuit:
    """Return the model in the form that compiled functions read."""
    up = [rows * columns for rows, columns in model.up_shapes]
    down = [0, *(rows * columns for rows, columns in model.down_shapes)]
    return Circuit(
        first=np.array(model.first, np.int64),
        bias=np.repeat([0.0, *model.biases], model.sizes),
        up_at=np.concatenate([[0], np.cumsum(up)]).astype(np.int64),
        # there are none onto the input: the first entry is not used
        down_at=np.concatenate([[0], np.cumsum(down)]).astype(np.int64),
        rates_up=np.array(model.rates_up, np.float64),
        rate_down=float(model.rate_down),
        apical_coupling=float(model.apical_coupling),
        tau=int(model.tau_ref_steps),
        window_tau=float(model.window_tau_steps),
        all_pairs=bool(model.all_pairs),
        earlier_pairs=bool(model.earlier_pairs),
        twins=model.n_pyramidal - model.first[2],
    )


def _moving(model: MicrocircuitModel, state: MicrocircuitState) -> Moving:
    layers = len(model.sizes)
    return Moving(
        up=state.up,
        down=state.down,
        last_spike=state.last_spike,
        earlier_spike=state.earlier_spike,
        trace=state.trace,
        before=np.zeros(model.n_pyramidal),
        potential=state.potential,
        recent=state.recent,
        sums=state.sums,
        basal=np.zeros(model.n_pyramidal),
        apical=np.zeros(model.n_pyramidal),
        change=np.zeros(model.n_pyramidal),
        psp=(state.step - 1 - state.last_spike < model.tau_ref_steps).astype(np.uint8),
        stale=np.ones((2, layers), np.uint8),
    )


def _of_length(values: Floats, length: int) -> Floats:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.shape != (length,):
        raise ValueError(f"need {length} potentials, not an array of shape {array.shape}")
    return array
