"""The arithmetic of digital pair STDP, on numbers worked out by hand.

tau is 20 steps, so that the tables hold floor(2048 exp(-k / 20)); the shift is 4, so that a word is 16 units of
2**-15 mV and w_max = 5 mV is 10240 words (SpiNNaker's scale for w_max = 5).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw_spinnaker.emulation.fixed_point.arrays import HISTORY, Rules, Traces
from sal_hw_spinnaker.emulation.fixed_point.stdp import change, remember_post, remember_pre, updated_word
from sal_hw_spinnaker.program import window_table

SHIFT = 4
TABLE = window_table(20.0)
#: 1 in S16.15
ONE = 1 << 15


def whole(*numbers):
    return np.array(numbers, dtype=np.int64)


def rules(plus, minus, weight_max=5.0):
    """Return one rule with amplitudes in mV, rounded to S16.15."""
    return Rules(
        amplitude_plus=whole(round(plus * ONE)),
        amplitude_minus=whole(round(minus * ONE)),
        weight_min=whole(0),
        weight_max=whole(round(weight_max * ONE)),
        shift=whole(SHIFT),
        plus_start=whole(0),
        plus_length=whole(len(TABLE)),
        minus_start=whole(0),
        minus_length=whole(len(TABLE)),
        table=TABLE,
    )


def silence():
    """Return the memory of one synapse before any spike."""
    return Traces(
        pre_step=whole(0),
        pre_trace=whole(0),
        post_step=np.zeros((1, HISTORY), dtype=np.int64),
        post_trace=np.zeros((1, HISTORY), dtype=np.int64),
        post_last=whole(0),
        rule=whole(0),
        lost=whole(0),
        changes=whole(0, 0, 0),
    )


def run(word, rule, spikes, *, delay=1):
    """Return the words after each pre spike of a list of ("pre" or "post", step)."""
    traces, words = silence(), []
    for kind, step in spikes:
        if kind == "post":
            remember_post(traces, rule, 0, step)
        else:
            word = updated_word(word, rule, 0, traces, 0, 0, delay, step)
            remember_pre(traces, rule, 0, 0, step)
            words.append(word)
    return words


def test_tables_are_rounded_down():
    # exp(-0.05) 2048 = 1948.1, exp(-0.1) 2048 = 1853.1, exp(-0.2) 2048 = 1676.8, exp(-0.3) 2048 = 1517.2
    assert TABLE[[0, 1, 2, 4, 6]].tolist() == [2048, 1948, 1853, 1676, 1517]
    # the last entry that is not 0 is at 20 ln(2048) = 152.5 steps
    assert len(TABLE) == 153
    assert TABLE[-1] == 1


def test_a_causal_pair_adds_and_rounds_down():
    # the post spike arrives at 16, 6 steps after the pre spike: 328 * 1517 / 2048 = 242.96, so 242 units on 16000 are
    # 16242, which are 1015.1 words; the pre spike at 300 is too late for the post spike to count against it
    assert run(1000, rules(0.01, 0.01), [("pre", 10), ("post", 15), ("pre", 300)]) == [1000, 1015]


def test_an_anticausal_pair_subtracts_and_rounds_down():
    # the post spike arrives at 11, 4 steps before the pre spike: 328 * 1676 / 2048 = 268.4, so 16000 - 268 = 15732
    # units, which are 983.25 words
    assert run(1000, rules(0.01, 0.01), [("post", 10), ("pre", 15)]) == [983]


@pytest.mark.parametrize(("post", "word"), [(9, 979), (8, 980)])
def test_a_coincidence_counts_as_anticausal_with_the_whole_amplitude(post, word):
    # arriving at 10, with the pre spike at 10: 16000 - 328 = 15672 units, 979.5 words; one step earlier
    # 328 * 1948 / 2048 is 311.98, so 15689 units or 980.56 words
    assert run(1000, rules(0.01, 0.01), [("post", post), ("pre", 10)]) == [word]


def test_traces_add_up_over_all_pairs():
    # two pre spikes 4 steps apart leave a trace of 1676 + 2048 = 3724 at the second; 2 steps later it is
    # floor(3724 * 1853 / 2048) = 3369, and 328 * 3369 / 2048 = 539.6 units, so 16000 + 539 units are 1033.7 words
    spikes = [("pre", 10), ("pre", 14), ("post", 15), ("pre", 300)]
    assert run(1000, rules(0.01, 0.0), spikes) == [1000, 1000, 1033]


def test_an_update_waits_for_the_next_pre_spike():
    rule, traces = rules(0.01, 0.0), silence()
    remember_pre(traces, rule, 0, 0, 10)
    word = 1000
    for step in (12, 15, 18):
        remember_post(traces, rule, 0, step)
    # nothing can have changed so far: the word is read by a pre spike only, which takes in all three at once
    found = updated_word(word, rule, 0, traces, 0, 0, 1, 300)
    gains = [change(328, int(TABLE[lag])) for lag in (3, 6, 9)]
    assert gains == [282, 242, 209]
    assert found == (16000 + sum(gains)) // 16


def test_fifteen_post_spikes_are_remembered():
    rule = rules(0.01, 0.0)

    def gained(posts):
        spikes = [("pre", 100), *(("post", 100 + step) for step in range(1, posts + 1)), ("pre", 400)]
        return run(1000, rule, spikes)[-1]

    def expected(lags):
        return (16000 + sum(change(328, int(TABLE[lag])) for lag in lags)) // 16

    # with a delay of one step the k-th post spike arrives k + 1 steps after the pre spike
    assert gained(15) == expected(range(2, 17))
    assert gained(16) == expected(range(3, 18))
    assert gained(20) == expected(range(7, 22))


def test_a_whole_history_still_knows_what_was_before_it():
    # 20 post spikes before the pre spike: the anti-causal trace is that of all of them, not of the last 15 only
    rule = rules(0.0, 0.01)
    trace = 0
    for _ in range(20):
        trace = (trace * 1948 >> 11) + 2048
    trace = trace * 1853 >> 11
    spikes = [*(("post", 100 + step) for step in range(20)), ("pre", 122)]
    assert run(5000, rule, spikes) == [(80000 - change(328, trace)) // 16]


def test_positive_amplitudes_stay_within_both_bounds():
    rule = rules(3.0, 3.0)
    up = [("pre", 10), ("post", 10), ("pre", 200)]
    assert run(9000, rule, up)[-1] == 10240
    # 3 mV are 6144 words, more than there are
    assert run(3000, rule, [("post", 10), ("pre", 11)]) == [0]


def test_with_negative_amplitudes_only_the_other_bound_is_kept():
    # -0.05 mV are -1638 units. 4.9 mV are 10035 words, 160560 units. Pre spikes 0, 1 and 2 steps after the post spike
    # add 1638, ceil(1638 * 1948 / 2048) = 1559 and ceil(1638 * 1853 / 2048) = 1483 units, each time to a whole number
    # of words: 162198 -> 10137 words, 162192 + 1559 -> 10234 words, 163744 + 1483 = 165227 -> 10326 words, above the
    # 10240 of w_max
    rule = rules(-0.05, -0.05)
    burst = [("post", 10), ("pre", 11), ("pre", 12), ("pre", 13)]
    assert run(10035, rule, burst) == [10137, 10234, 10326]
    # the upper bound is looked at when the next post spike is taken in
    assert run(10035, rule, [*burst, ("post", 300), ("pre", 600)])[-1] == 10240


def test_extreme_amplitudes_wrap():
    # after n pre spikes the weight is 4.9 + 2 (1 - exp(-n / 20)) / (1 - exp(-1 / 20)) mV: 31.56 mV after 21, and
    # 32.26 mV after 22. 16 bits of words hold 32 mV, so that 0.26 mV are left. Each step rounds by at most a word
    words = run(10035, rules(-2.0, -2.0), [("post", 10), *(("pre", 11 + step) for step in range(22))])
    assert words[20] == pytest.approx(31.56 * 2048, abs=0.005 * 2048 + 21)
    assert words[21] == pytest.approx(0.258 * 2048, abs=0.005 * 2048 + 22)


def test_a_small_increase_is_lost_and_a_small_decrease_costs_a_word():
    rule = rules(3 / ONE, 3 / ONE)
    assert run(1000, rule, [("pre", 10), ("post", 10), ("pre", 300)]) == [1000, 1000]
    assert run(1000, rule, [("post", 9), ("pre", 10)]) == [999]


@pytest.mark.parametrize("amplitude", [1e-2, 1e-3, 1e-4])
def test_rounding_down_costs_half_a_word_per_update_that_changes_something(amplitude):
    rule, traces = rules(amplitude, amplitude), silence()
    rng, word, exact, updates = np.random.default_rng(5), 5000, 5000.0, 2000
    for _ in range(updates):
        lag, causal = int(rng.integers(1, 20)), bool(rng.integers(2))
        traces.pre_step[0], traces.pre_trace[0] = 1000, 2048 * causal
        traces.post_last[0], traces.post_trace[0, 1] = 1, 2048
        traces.post_step[0, 1] = 1000 + lag if causal else 2000 - lag
        word = updated_word(word, rule, 0, traces, 0, 0, 0, 2000)
        exact += (1 if causal else -1) * int(rule.amplitude_plus[0]) * int(TABLE[lag]) / 2048 / 16
    # what a floor takes away is uniform over a word: mean 0.5, standard deviation 0.29, of the mean 0.0065, here times
    # 4. Products are rounded down as well, by half a unit of which a word has 16: 0 on average, 0.03 at most
    assert (exact - word) / updates == pytest.approx(0.5, abs=4 * 0.0065 + 0.03)


@settings(max_examples=60)
@given(
    word=st.integers(0, 10240),
    amplitude=st.floats(0.0, 5.0),
    spikes=st.lists(st.tuples(st.sampled_from(["pre", "post"]), st.integers(1, 30)), max_size=40),
)
def test_positive_amplitudes_never_leave_the_range(word, amplitude, spikes):
    steps = np.cumsum([gap for _, gap in spikes])
    timed = [(kind, int(step)) for (kind, _), step in zip(spikes, steps, strict=True)]
    assert all(0 <= found <= 10240 for found in run(word, rules(amplitude, amplitude), timed))
