"""The random number generators give the published sequences."""

import numpy as np
import pytest

from sal_hw_emulator.engines.sampling.random_words import (
    next_exponential,
    next_word,
    random_words,
    unit_interval,
    word_at,
)


def test_the_sequential_generator_is_xoshiro256_plus_plus():
    words = np.array([1, 2, 3, 4, 0], dtype=np.uint64)
    published = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162]
    assert [int(next_word(words)) for _ in published] == published
    assert words[4] == 0


def test_the_counter_based_generator_is_splitmix64():
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [int(word_at(np.uint64(1234567), np.uint64(step))) for step in (1, 2, 3, 4)] == published


def test_uniform_numbers_stay_below_one():
    assert unit_interval(np.uint64(0)) == 0.0
    assert unit_interval(np.uint64(2**64 - 1)) == 1 - 2.0**-52
    assert unit_interval(np.uint64(2**63)) == 0.5


def test_exponential_variates_have_the_right_moments():
    words = random_words(4)
    draws = np.array([next_exponential(words) for _ in range(20_000)])
    assert draws.min() > 0
    # the mean has the standard error 1 / sqrt(n), the mean square, whose variance is 24 - 4, sqrt(20 / n)
    assert draws.mean() == pytest.approx(1, abs=4 / np.sqrt(draws.size))
    assert np.mean(draws**2) == pytest.approx(2, abs=4 * np.sqrt(20 / draws.size))


def test_seeds_and_streams_differ_and_repeat():
    parent = np.random.SeedSequence(7)
    first, second = parent.spawn(2)
    np.testing.assert_array_equal(random_words(7), random_words(7))
    streams = [random_words(7), random_words(8), random_words(first), random_words(second)]
    assert np.unique(np.concatenate(streams)).size == 20
