"""The plasticity processor: reads rows of sensors one after the other, and writes their new weights at once."""

import numpy as np

from sal_hw_emulator.engines.lif.arrays import Kernels, Readout, Schedule, Sensors, Singles, Tiles, Words
from sal_hw_emulator.engines.lif.kernel_machine import run_row
from sal_hw_emulator.engines.lif.membranes import bell, next_xorshift
from sal_hw_emulator.engines.sampling.compiled import compiled

#: readings below this are no longer proportional to the correlation (calix, reliable range of the CADC)
LOWEST_RELIABLE = np.float32(30.0)

_ZERO, _HALF, _FULL = np.float32(0.0), np.float32(0.5), np.float32(255.0)
_TOP = np.uint64(56)

NEXT_ROW, BEGAN, NEXT_PERIOD, BEGUN, MISSED = range(5)


@compiled
def _read(
    held: Singles, baseline: Singles, noise: Singles, words: Words, first: int, columns: int, codes: Singles
) -> int:
    """Convert one branch of a row to codes and return how many have left the reliable range."""
    for column in range(columns):
        words[column] = next_xorshift(words[column])
        level = baseline[first + column] - held[first + column]
        level += noise[first + column] * np.float32(bell(words[column]))
        codes[column] = min(max(np.floor(level + _HALF), _ZERO), _FULL)
    saturated = 0
    for column in range(columns):
        saturated += 1 if codes[column] < LOWEST_RELIABLE else 0
    return saturated


@compiled
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
    first = tiles.sensor[tile] + row * stride
    causal, anticausal, weight, changed = work[0], work[1], work[2], work[3]
    words = readout.noise_words
    saturated = _read(sensors.causal, readout.baseline_causal, readout.noise_causal, words, first, columns, causal)
    saturated += _read(
        sensors.anticausal, readout.baseline_anticausal, readout.noise_anticausal, words, first, columns, anticausal
    )
    for column in range(columns):
        weight[column] = readout.code[first + column]
    kernel = schedule.kernel[place]
    random = work[4 : 4 + kernels.draws[kernel]]
    for draw in range(kernels.draws[kernel]):
        for column in range(columns):
            readout.random_words[column] = next_xorshift(readout.random_words[column])
            random[draw, column] = np.float32(readout.random_words[column] >> _TOP)
    code = kernels.code[kernels.start[kernel] : kernels.start[kernel + 1]]
    constant = schedule.constant[place]
    constants = readout.constants[constant : constant + kernels.constants[kernel]]
    run_row(code, kernels.registers, columns, causal, anticausal, weight, constants, random, changed)
    into = tiles.base[tile] + row * stride
    for column in range(columns):
        sensors.causal[first + column] = _ZERO
        sensors.anticausal[first + column] = _ZERO
        readout.code[first + column] = changed[column]
        weights[into + column] = changed[column] * readout.strength[first + column]
    return saturated


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

    An update that is not done when the next one should begin makes that one miss.
    """
    due = np.inf
    for unit in range(len(schedule.rows)):
        progress = schedule.progress[unit]
        rows = schedule.rows[unit]
        if rows == 0:
            continue
        if step >= progress[NEXT_PERIOD]:
            if progress[NEXT_ROW] >= rows:
                progress[NEXT_ROW] = 0.0
                progress[BEGAN] = progress[NEXT_PERIOD]
                progress[BEGUN] += 1.0
            else:
                progress[MISSED] += 1.0
            progress[NEXT_PERIOD] += schedule.period[unit]
        while progress[NEXT_ROW] < rows and progress[BEGAN] + progress[NEXT_ROW] * schedule.row_time[unit] <= step:
            place = schedule.start[unit] + int(progress[NEXT_ROW])
            schedule.saturated[0] += update_row(tiles, sensors, readout, kernels, weights, schedule, place, work)
            progress[NEXT_ROW] += 1.0
        upcoming = progress[NEXT_PERIOD]
        if progress[NEXT_ROW] < rows:
            upcoming = min(upcoming, progress[BEGAN] + progress[NEXT_ROW] * schedule.row_time[unit])
        due = min(due, upcoming)
    return due
