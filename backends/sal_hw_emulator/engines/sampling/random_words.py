"""Random numbers of the engine: explicit state, the same bits on every machine.

Two generators. ``next_word`` is xoshiro256++ (Blackman and Vigna, 2018), a sequence for the event-driven
algorithms. ``word_at`` is the output function of splitmix64 (Steele, Lea and Flood, 2014) on a counter: the number
of a neuron at a step depends on nothing but key, step and neuron, so that the time-stepped algorithm needs no
order of drawing and its inner loop has no state.
"""

import math

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Words, compiled, float_of_bits

_ROTATE_OUT, _BACK_OUT = np.uint64(23), np.uint64(41)
_ROTATE_STATE, _BACK_STATE = np.uint64(45), np.uint64(19)
_SHIFT_STATE = np.uint64(17)
_DROP = np.uint64(12)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)


def random_words(entropy: int | np.random.SeedSequence) -> Words:
    """Seed both generators.

    Parameters
    ----------
    entropy : int or SeedSequence
        Anything that seeds ``numpy.random.SeedSequence``, or such a sequence.

    Returns
    -------
    (5,) uint64
        Four words of the sequential generator, then the key of the counter-based one.
    """
    sequence = entropy if isinstance(entropy, np.random.SeedSequence) else np.random.SeedSequence(entropy)
    return sequence.generate_state(5, np.uint64).astype(np.uint64)


@compiled
def next_word(words: Words) -> np.uint64:
    """Advance xoshiro256++ and return 64 random bits."""
    s0, s1, s2, s3 = words[0], words[1], words[2], words[3]
    total = s0 + s3
    result = ((total << _ROTATE_OUT) | (total >> _BACK_OUT)) + s0
    s2 ^= s0
    s3 ^= s1
    words[1] = s1 ^ s2
    words[0] = s0 ^ s3
    words[2] = s2 ^ (s1 << _SHIFT_STATE)
    words[3] = (s3 << _ROTATE_STATE) | (s3 >> _BACK_STATE)
    return np.uint64(result)


@compiled
def unit_interval(word: np.uint64) -> float:
    """Map 64 random bits to [0, 1), 52 of them used."""
    return float(float_of_bits((word >> _DROP) | _ONE_BITS)) - 1.0


@compiled
def next_exponential(words: Words) -> float:
    """Draw from the exponential law of mean 1, never zero."""
    return -math.log(unit_interval(next_word(words)) + 2.0**-53)


@compiled
def word_at(key: np.uint64, counter: np.uint64) -> np.uint64:
    """Return the 64 random bits that belong to a counter."""
    word = key + counter * _STRIDE
    word = (word ^ (word >> _SHIFT_1)) * _MIX_1
    word = (word ^ (word >> _SHIFT_2)) * _MIX_2
    return word ^ (word >> _SHIFT_3)
