"""Laws of the chain on ages, for any weights, biases, refractory times and PSPs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sal_hw_studies.engines.ages import PairModel, alpha_psp, rectangular_psp, spike_timing, stationary_ages

LOG_ODDS = st.floats(-8.0, 8.0)


@st.composite
def pairs(draw: st.DrawFn, *, shapes: bool = True) -> PairModel:
    tau = draw(st.integers(2, 12))
    psp = rectangular_psp(tau, draw(st.integers(tau, 2 * tau)))
    if shapes and draw(st.booleans()):
        psp = alpha_psp(tau, draw(st.floats(0.5, 12.0)), draw(st.integers(tau, 3 * tau)))
    weight_21, weight_12, bias_1, bias_2 = (draw(LOG_ODDS) for _ in range(4))
    return PairModel(weight_21=weight_21, weight_12=weight_12, bias_1=bias_1, bias_2=bias_2, tau_ref_steps=tau, psp=psp)


@given(pairs(), st.integers(1, 60))
def test_distributions_are_normalised(model: PairModel, longest: int) -> None:
    timing = spike_timing(model, longest)
    for side in (timing.later, timing.earlier):
        assert side.shape == (longest,)
        assert (side >= 0.0).all()
        np.testing.assert_allclose(side.sum(), 0.5, rtol=1e-12)
    ages = stationary_ages(model)
    assert (ages >= 0.0).all()
    np.testing.assert_allclose(ages.sum(), 1.0, rtol=1e-12)


@given(pairs(), st.integers(1, 60))
def test_swapping_the_neurons_mirrors_everything(model: PairModel, longest: int) -> None:
    swapped = replace(
        model,
        weight_21=model.weight_12,
        weight_12=model.weight_21,
        bias_1=model.bias_2,
        bias_2=model.bias_1,
    )
    one, two = spike_timing(model, longest), spike_timing(swapped, longest)
    np.testing.assert_allclose(two.later, one.earlier, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(two.earlier, one.later, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(stationary_ages(swapped), stationary_ages(model).T, rtol=1e-9, atol=1e-300)


@given(pairs(shapes=False), st.integers(1, 60))
def test_equal_weights_do_not_drift_whatever_the_biases(model: PairModel, longest: int) -> None:
    equal = replace(model, weight_12=model.weight_21)
    timing = spike_timing(equal, longest)
    # every window that is odd gives zero, since the distribution itself is even
    np.testing.assert_allclose(timing.later, timing.earlier, rtol=1e-9, atol=1e-13)


@given(pairs(shapes=False), st.floats(0.05, 2.0))
def test_the_larger_weight_falls(model: PairModel, more: float) -> None:
    weight = min(max(model.weight_21, -2.0), 2.0)
    biases = min(max(model.bias_1, -2.0), 2.0), min(max(model.bias_2, -2.0), 2.0)
    unequal = replace(model, weight_21=weight + more, weight_12=weight, bias_1=biases[0], bias_2=biases[1])
    longest = 2 * model.tau_ref_steps - 1
    causal = -np.exp(-np.arange(1, longest + 1) / model.tau_ref_steps)
    assert spike_timing(unequal, longest).drift_21(causal, -causal) < 0.0
