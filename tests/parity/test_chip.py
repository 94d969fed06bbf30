"""A nominal chip that stores the weights exactly gives the spikes of the ideal target."""

from __future__ import annotations

import numpy as np
from reciprocal_network import Recording

#: a step of the CADC in mV: 45 of them lie between rest and threshold, and 80 between the lowest reading and rest
CADC_STEP_MV = 1.0 / 45.0
LOWEST_MV = -65.0 - 80.0 * CADC_STEP_MV


def test_the_network_is_active(ideal: Recording) -> None:
    """Otherwise parity would be cheap: nearly every neuron spikes, and at different rates."""
    counts = np.array([len(train) for trains in ideal.trains.values() for train in trains])
    assert (counts > 0).mean() > 0.9
    assert counts.sum() > 300
    assert len(np.unique(counts)) > 5


def test_same_spikes_within_a_step(ideal: Recording, nominal_chip: Recording) -> None:
    for name, trains in ideal.trains.items():
        for wanted, got in zip(trains, nominal_chip.trains[name], strict=True):
            assert len(got) == len(wanted)
            assert np.abs(got - wanted).max(initial=0) <= 1


def test_same_membranes_within_the_rounding_of_the_readout(ideal: Recording, nominal_chip: Recording) -> None:
    for name, wanted in ideal.membrane_mv.items():
        readable = np.maximum(wanted, LOWEST_MV)
        np.testing.assert_allclose(nominal_chip.membrane_mv[name], readable, rtol=0, atol=0.5 * CADC_STEP_MV + 1e-9)
