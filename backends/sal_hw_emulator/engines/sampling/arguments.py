"""Arrays in the form in which the compiled functions take them."""

import math
from typing import NamedTuple

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats, Neurons, Steps, Words
from sal_hw_emulator.engines.sampling.model import SamplingModel
from sal_hw_emulator.engines.sampling.state import SamplingState


class Network(NamedTuple):
    """A model: weights[pre, post], biases, log(tau_ref), lengths of PSP and refractory time in steps."""

    weights: Floats
    biases: Floats
    log_tau: float
    psp: int
    dead: int


class Progress(NamedTuple):
    """The arrays of a ``SamplingState`` that a sampler changes in place."""

    clock: Steps
    words: Words
    last_spike: Steps
    hazard: Floats


class Spikes(NamedTuple):
    """Two buffers of equal length: when which neuron spiked, oldest first."""

    steps: Steps
    neurons: Neurons


def network_of(model: SamplingModel) -> Network:
    """Return the arrays of a model."""
    log_tau = math.log(model.tau_ref_steps)
    return Network(model.weights, model.biases, log_tau, model.psp_steps, model.dead_steps)


def progress_of(state: SamplingState) -> Progress:
    """Return the arrays of a state, shared with it."""
    return Progress(state.clock, state.words, state.last_spike, state.hazard)


def joined(earlier: Spikes, later: Spikes) -> Spikes:
    """Put spikes one after the other into new arrays."""
    return Spikes(np.concatenate((earlier.steps, later.steps)), np.concatenate((earlier.neurons, later.neurons)))
