"""The plasticity processor: reads rows of sensors one after the other, and writes their new weights at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.lif.arrays import Doubles, Kernels, Readout, Schedule, Sensors, Singles, Tiles, Words
from sal_hw_emulator.engines.lif.kernel_code import call_kernel
from sal_hw_emulator.engines.lif.membranes import bell, next_xorshift
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined

#: readings below this are no longer proportional to the correlation (calix, reliable range of the CADC)
LOWEST_RELIABLE = np.float32(30.0)

_ZERO, _HALF, _FULL = np.float32(0.0), np.float32(0.5), np.float32(255.0)
_TOP = np.uint64(56)

#: times of the schedule, in steps, are equal within this: sums of row times are rounded
_RESOLUTION = 1e-6

NEXT_ROW, BEGAN, NEXT_PERIOD, BEGUN, MISSED = range(5)


@inlined
def _cut(array: NDArray[Any], first: int, length: int) -> NDArray[Any]:
    """Return a part of an array; a loop over it has no negative indices, so it is vectorised."""
    return array[first : first + length]


@inlined
def _count_nonzero(values: Singles) -> int:
    found = 0
    for column in range(len(values)):
        found += 1 if values[column] != _ZERO else 0
    return found


@inlined
def _read_and_reset(held: Singles, baseline: Singles, noise: Singles, words: Words, codes: Singles) -> int:
    """Convert one branch of a row to codes, empty it and return how many codes have left the reliable range."""
    # a row without noise draws none: looking is much cheaper than drawing
    if _count_nonzero(noise) > 0:
        for column in range(len(held)):
            words[column] = next_xorshift(words[column])
            codes[column] = noise[column] * np.float32(bell(words[column]))
    else:
        codes[: len(held)] = _ZERO
    saturated = 0
    for column in range(len(held)):
        level = baseline[column] - held[column]
        level += codes[column]
        held[column] = _ZERO
        codes[column] = min(max(np.floor(level + _HALF), _ZERO), _FULL)
        saturated += 1 if codes[column] < LOWEST_RELIABLE else 0
    return saturated


@inlined
def _draw(words: Words, random: Singles, columns: int) -> None:
    """Fill random numbers, 0 to 255, of shape (draws, columns or more)."""
    for draw in range(len(random)):
        for column in range(columns):
            words[column] = next_xorshift(words[column])
            random[draw, column] = np.float32(words[column] >> _TOP)


@inlined
def update_row(
    tiles: Tiles,
    sensors: Sensors,
    readout: Readout,
    kernels: Kernels,
    weights: Singles,
    schedule: Schedule,
    place: int,
    work: Singles,
) -> int:
    """Read a row of sensors, reset it, run the kernel on it and store the weights; return saturated readings."""
    tile, row = schedule.tile[place], schedule.row[place]
    columns, stride = tiles.columns[tile], tiles.stride[tile]
    first, into = tiles.sensor[tile] + row * stride, tiles.base[tile] + row * stride
    causal, anticausal, words = work[0], work[1], readout.noise_words
    held, baseline = _cut(sensors.causal, first, columns), _cut(readout.baseline_causal, first, columns)
    # reading resets a sensor, as on the chip: what comes in meanwhile counts for the next update
    saturated = _read_and_reset(held, baseline, _cut(readout.noise_causal, first, columns), words, causal)
    held, baseline = _cut(sensors.anticausal, first, columns), _cut(readout.baseline_anticausal, first, columns)
    saturated += _read_and_reset(held, baseline, _cut(readout.noise_anticausal, first, columns), words, anticausal)
    # readings are kept for a probe only; the copy costs as much as an operation of the kernel
    if len(readout.seen_causal) > 0:
        for column in range(columns):
            readout.seen_causal[first + column] = causal[column]
            readout.seen_anticausal[first + column] = anticausal[column]
    kernel, constant = schedule.kernel[place], schedule.constant[place]
    random = work[2 : 2 + kernels.draws[kernel]]
    # as many draws as this kernel makes: others would move the random state for nothing
    _draw(readout.random_words, random, columns)
    # a synapse has its code as the kernel sees it and its weight as the membrane does
    call_kernel(
        kernels.address[kernel],
        columns,
        readout.constants.shape[1],
        random.shape[1],
        causal.ctypes.data,
        anticausal.ctypes.data,
        _cut(readout.code, first, columns).ctypes.data,
        _cut(readout.strength, first, columns).ctypes.data,
        _cut(weights, into, columns).ctypes.data,
        readout.constants[constant:].ctypes.data,
        random.ctypes.data,
    )
    return saturated


@inlined
def _begin_or_miss(progress: Doubles, rows: int, period: float, row_time: float) -> None:
    """Begin the update that is due, or miss it because the processor still works on the one before."""
    done = progress[BEGAN] + rows * row_time <= progress[NEXT_PERIOD] + _RESOLUTION
    if progress[BEGUN] == 0.0 or (done and progress[NEXT_ROW] >= rows):
        progress[NEXT_ROW] = 0.0
        progress[BEGAN] = progress[NEXT_PERIOD]
        progress[BEGUN] += 1.0
    else:
        progress[MISSED] += 1.0
    progress[NEXT_PERIOD] += period


@compiled
def run_processors(
    tiles: Tiles,
    sensors: Sensors,
    readout: Readout,
    kernels: Kernels,
    weights: Singles,
    schedule: Schedule,
    step: float,
    work: Singles,
) -> float:
    """Update the rows that are due and return the step at which the next ones are.

    A row is read at the begin of the first step that does not start before its time. An update that is not done when
    the next one should begin makes that one miss.
    """
    due = np.inf
    for unit in range(len(schedule.rows)):
        progress, rows, row_time = schedule.progress[unit], schedule.rows[unit], schedule.row_time[unit]
        # a processor without learning rows is never due
        if rows == 0:
            continue
        # the period goes on however late the processor is; an update that cannot begin is missed, not put off
        if step >= progress[NEXT_PERIOD]:
            _begin_or_miss(progress, rows, schedule.period[unit], row_time)
        # rows that fell due since the last step, each at its own time
        while progress[NEXT_ROW] < rows and progress[BEGAN] + progress[NEXT_ROW] * row_time <= step:
            place = schedule.start[unit] + int(progress[NEXT_ROW])
            schedule.saturated[0] += update_row(tiles, sensors, readout, kernels, weights, schedule, place, work)
            progress[NEXT_ROW] += 1.0
        # the next row of this update, or the next update, whichever comes first
        upcoming = progress[NEXT_PERIOD]
        if progress[NEXT_ROW] < rows:
            upcoming = min(upcoming, progress[BEGAN] + progress[NEXT_ROW] * row_time)
        due = min(due, upcoming)
    return due
