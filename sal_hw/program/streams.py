"""Random streams of a program's stimuli: one definition, for emulators and for files that run on machines.

A stream is ``numpy.random.SeedSequence([seed, *label], spawn_key=chain)``. The seed is the run's, or the stimulus's own
where it has one. The label is the UTF-8 of the stimulus's name; where a stimulus is drawn in parts, of ``NAME.INDEX``.
The chain numbers copies of the network that only observe. So two stimuli, and two parts of one, never have the same
stream, whether their seeds are equal or left out, and neither their order nor what else a network has changes a stream.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from sal_hw.program.lowered import LoweredPoisson

#: the run's seed, and for an observing chain the numbers of the observation and of the chain
Entropy: TypeAlias = tuple[int, ...]


def stream_entropy(run_seed: int, name: str, own_seed: int | None, index: int | None = None) -> tuple[int, ...]:
    """Return what a stream is seeded with.

    Parameters
    ----------
    name, own_seed
        Of the stimulus; a seed of its own takes the place of the run's.
    index
        Which part of it; None where it is drawn as a whole.
    """
    label = name if index is None else f"{name}.{index}"
    return (run_seed if own_seed is None else own_seed, *label.encode())


def random_stream(
    entropy: Entropy, name: str, own_seed: int | None, index: int | None = None
) -> np.random.SeedSequence:
    """Return the stream of a stimulus or of a part of it; see :func:`stream_entropy`."""
    return np.random.SeedSequence(stream_entropy(entropy[0], name, own_seed, index), spawn_key=entropy[1:])


def poisson_stream(entropy: Entropy, stimulus: LoweredPoisson) -> np.random.SeedSequence:
    """Return the stream of noise that is drawn as a whole."""
    return random_stream(entropy, stimulus.name, stimulus.seed)


def machine_seed(stream: np.random.SeedSequence) -> int:
    """Return the seed of a machine's own generator for a stream: its first 32-bit word, and 1 instead of 0.

    A shift register never leaves 0 (haldls, haldls/vx/background.h has such registers).
    """
    return int(stream.generate_state(1)[0]) or 1
