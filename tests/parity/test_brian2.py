"""The ideal target against Brian2: the same equations, solved by another program.

Brian2's order of events within a step is the engine's: membranes and currents move (``exact`` integration), neurons
above threshold spike and are reset, then synapses add to the currents. Its spike times are step numbers times dt, too.
It runs without a compiler.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reciprocal_network import NEURONS, SIZES, STEP_MS, Reciprocal, Recording, trains_of

#: Brian2 spends a millisecond on each step, so it runs for the first half only
STEPS = 2500

EQUATIONS = """
dv/dt = (v_leak - v + s_exc - s_inh) / tau_mem : 1 (unless refractory)
ds_exc/dt = -s_exc / tau_exc : 1
ds_inh/dt = -s_inh / tau_inh : 1
v_leak : 1
"""


@pytest.fixture(scope="module")
def brian2() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        # Brian2 calls its parser by names that the parser has since deprecated
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(brian2|pyparsing)\.")
        module = pytest.importorskip("brian2", reason="needs Brian2: pip install -e '.[parity]'")
        module.prefs.codegen.target = "numpy"
        yield module


def _population(brian2: ModuleType, name: str, network: Reciprocal) -> Any:
    neuron = NEURONS[name]
    group = brian2.NeuronGroup(
        SIZES[name],
        EQUATIONS,
        threshold="v > v_threshold",
        reset="v = v_reset",
        refractory=neuron.tau_ref_ms * brian2.ms,
        method="exact",
        namespace={
            "tau_mem": neuron.tau_mem_ms * brian2.ms,
            "tau_exc": neuron.tau_syn_exc_ms * brian2.ms,
            "tau_inh": neuron.tau_syn_inh_ms * brian2.ms,
            "v_threshold": neuron.v_threshold_mv,
            "v_reset": neuron.v_reset_mv,
        },
    )
    group.v_leak = neuron.v_rest_mv + network.drives[name]
    group.v = "v_leak"
    return group


def _synapses(brian2: ModuleType, source: Any, target: Any, weights: NDArray[np.float64]) -> Iterator[Any]:
    """Yield the synapses of each sign that occurs; `weights` has shape (pre, post)."""
    for variable, sign in (("s_exc", 1.0), ("s_inh", -1.0)):
        pre, post = np.nonzero(sign * weights > 0.0)
        if not len(pre):
            continue
        synapses = brian2.Synapses(source, target, "w : 1", on_pre=f"{variable}_post += w")
        synapses.connect(i=pre, j=post)
        synapses.w = np.abs(weights[pre, post])
        yield synapses


def _given(brian2: ModuleType, group: Any, rows: NDArray[np.float64], weight: float) -> list[Any]:
    """Return a generator of given spikes and its synapses; equal events of a step become one of a larger weight."""
    steps = np.rint(rows[:, 0] / STEP_MS).astype(np.int64)
    events, many = np.unique(np.column_stack([steps, rows[:, 1].astype(np.int64)]), axis=0, return_counts=True)
    generator = brian2.SpikeGeneratorGroup(len(events), np.arange(len(events)), events[:, 0] * STEP_MS * brian2.ms)
    matrix = np.zeros((len(events), len(group)))
    matrix[np.arange(len(events)), events[:, 1]] = weight * many
    return [generator, *_synapses(brian2, generator, group, matrix)]


@pytest.fixture(scope="module")
def reference(brian2: ModuleType, network: Reciprocal) -> Recording:
    brian2.defaultclock.dt = STEP_MS * brian2.ms
    groups = {name: _population(brian2, name, network) for name in SIZES}
    parts: list[Any] = list(groups.values())
    for (pre, post), weights in network.weights.items():
        parts += _synapses(brian2, groups[pre], groups[post], weights)
    for (name, weight), rows in network.spikes.items():
        parts += _given(brian2, groups[name], rows, weight)
    spikes = {name: brian2.SpikeMonitor(group) for name, group in groups.items()}
    membranes = {name: brian2.StateMonitor(group, "v", record=True, when="end") for name, group in groups.items()}
    brian2.Network(*parts, *spikes.values(), *membranes.values()).run(STEPS * STEP_MS * brian2.ms)
    return Recording(
        trains={
            name: trains_of(
                np.rint(np.asarray(monitor.t / brian2.ms) / STEP_MS).astype(np.int64),
                np.asarray(monitor.i),
                SIZES[name],
            )
            for name, monitor in spikes.items()
        },
        membrane_mv={name: np.asarray(monitor.v).T for name, monitor in membranes.items()},
    )


def test_same_spikes_within_a_step(reference: Recording, ideal: Recording) -> None:
    for name, wanted in reference.trains.items():
        for whole, expected in zip(ideal.trains[name], wanted, strict=True):
            train = whole[: len(expected)]
            assert len(train) == len(expected)
            # the next one may be a step early, too
            assert (whole[len(expected) :] >= STEPS - 1).all()
            assert np.abs(train - expected).max(initial=0) <= 1


def test_same_membranes(reference: Recording, ideal: Recording) -> None:
    """Both integrate exactly, in double precision, and all weights are exact in single precision: 2500 roundings."""
    for name, wanted in reference.membrane_mv.items():
        np.testing.assert_allclose(ideal.membrane_mv[name][:STEPS], wanted, rtol=0, atol=1e-10)
