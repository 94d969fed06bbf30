"""The engine for ticks against hand-worked numbers, and against the equation that it is to follow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sal_hw_spinnaker.chunks.loop import Chunk, as_sources
from sal_hw_spinnaker.chunks.plan import ChunkPlan, InputPlan, ModelParameters, PopulationPlan, ProjectionPlan
from sal_hw_spinnaker.emulation.ticks.runner import TickRunner
from sal_hw_spinnaker.passes.integer_weights import current_gain

SILENT = 1e9

EMPTY = ChunkPlan(
    program_hash="",
    seed=0,
    timestep_ms=1.0,
    real_tick_s=1e-3,
    chunk_ticks=100,
    shadow=True,
    rounding="nearest",
    populations=(),
    projections=(),
    inputs=(),
    rules=(),
    arrays={},
)
PARAMETERS = ModelParameters(
    threshold=SILENT,
    alpha_decay=0.5,
    exc_decay=0.5,
    inh_decay=0.5,
    v_init=0.0,
    v_reset=0.0,
    reset="reset_to_v_reset",
    t_refrac=0,
)


def population(name, size, recorded=True, **parameters):
    return PopulationPlan(
        name=name,
        size=size,
        model="lif",
        neurons_per_core=size,
        parameters=replace(PARAMETERS, **parameters),
        records_potential=recorded,
    )


def runner(*, size=2, threshold=SILENT, alpha=0.5, decay=0.25, refractory=0, offset=0.0, delay=1, **options):
    """Return a population whose neuron 0 reaches neuron 1."""
    neurons = population(
        "p", size, threshold=threshold, alpha_decay=alpha, exc_decay=decay, v_reset=-1.0, t_refrac=refractory
    )
    synapses = ProjectionPlan(
        name="s",
        source="p",
        target="p",
        delay_ticks=delay,
        learns=False,
        limit=15,
        per_mv=(1.0, 1.0),
        low_mv=None,
        high_mv=None,
    )
    given = InputPlan(name="given", population="p", sources_per_core=1)
    arrays = {"i_offset.p": np.full(size, offset), "input.given": np.array([8] + [-8] * (size - 1), dtype=np.int16)}
    plan = replace(EMPTY, populations=(neurons,), projections=(synapses,), inputs=(given,), arrays=arrays)
    return TickRunner(plan, **options)


def chunk(ticks, spikes=(), size=2, weight=0):
    counts = np.zeros((ticks, size), dtype=np.int64)
    for tick, neuron in spikes:
        counts[tick, neuron] += 1
    weights = np.zeros((size, size), dtype=np.int16)
    weights[0, -1] = weight
    return Chunk(number=0, ticks=ticks, weights={"s": weights}, inputs={"given": as_sources(counts)})


def test_a_spike_makes_a_current_and_a_potential_by_hand():
    # in tick 2 the current is 8 and falls to a fourth; the potential falls to a half and takes the current in
    found = runner()(chunk(5, [(1, 0)])).potentials["p"][:, 0]
    assert found.tolist() == [0.0, 0.0, 8.0, 4.0 + 2.0, 3.0 + 0.5]


def test_the_order_within_a_tick_is_a_switch():
    found = runner(input_first=False)(chunk(5, [(1, 0)])).potentials["p"][:, 0]
    assert found.tolist() == [0.0, 0.0, 0.0, 8.0, 4.0 + 2.0]


def test_signs_have_currents_of_their_own():
    # inhibition decays to a half: -8, -4, -2
    found = runner()(chunk(5, [(1, 1)])).potentials["p"][:, 1]
    assert found.tolist() == [0.0, 0.0, -8.0, -4.0 - 4.0, -4.0 - 2.0]


@pytest.mark.parametrize("delay", [1, 2, 8])
def test_delays_are_ticks(delay):
    records = runner(threshold=8.0, delay=delay)(chunk(20, [(1, 0)], weight=7))
    tick, neuron = records.spikes["p"]
    assert (tick.tolist(), neuron.tolist()) == ([2], [0])
    arrived = np.flatnonzero(records.potentials["p"][:, 1])[0]
    assert arrived == 2 + delay
    assert records.potentials["p"][arrived, 1] == 7.0


@pytest.mark.parametrize("refractory", [0, 1, 4])
def test_a_neuron_rests_at_reset_while_it_is_refractory(refractory):
    records = runner(threshold=1.5, offset=1.0, refractory=refractory, size=1)(chunk(30, size=1))
    tick, _ = records.spikes["p"]
    v = records.potentials["p"][:, 0]
    # from rest 1, 1.5: a spike in tick 1. From -1: 0.5, 1.25, 1.625 takes three ticks
    assert tick[0] == 1
    assert (np.diff(tick) == 3 + refractory).all()
    np.testing.assert_array_equal(v[1 : 2 + refractory], -1.0)


def test_a_fast_neuron_fits_into_its_record():
    tick, _ = runner(threshold=0.5, offset=10.0, size=2)(chunk(50)).spikes["p"]
    assert len(tick) == 2 * 50


def test_events_of_one_tick_add_up():
    assert runner()(chunk(4, [(1, 0)] * 3)).potentials["p"][2, 0] == 24.0


def test_a_steady_drive_holds_the_potential():
    found = runner(alpha=0.9, offset=3.0, size=1)(chunk(400, size=1)).potentials["p"][-1, 0]
    assert found == pytest.approx(30.0, rel=1e-5)  # single precision


def test_a_psp_has_the_area_of_the_continuous_neuron():
    tau_mem, tau_syn = 10.0, 5.0
    alpha, decay = math.exp(-1.0 / tau_mem), math.exp(-1.0 / tau_syn)
    found = runner(alpha=alpha, decay=decay)(chunk(300, [(0, 0)])).potentials["p"][:, 0]
    # by the compiler's parameters, a mV of potential is S / (gain (1 - alpha)) for S numbers per mV of weight
    area = found.sum() * current_gain(tau_syn, 1.0) * (1.0 - alpha)
    # a weight w makes a PSP of area w tau_syn; here w is 8
    assert area == pytest.approx(8.0 * tau_syn, rel=1e-4)


def test_populations_and_potentials_keep_their_places():
    sizes, recorded = {"a": 2, "b": 3, "c": 1}, {"a": False, "b": True, "c": True}
    populations = tuple(
        population(name, size, recorded[name], threshold=1.0, v_reset=0.0, t_refrac=1) for name, size in sizes.items()
    )
    arrays = {"i_offset.a": np.array([0.0, 2.0]), "i_offset.b": np.array([0.0, 0.0, 0.4]), "i_offset.c": np.ones(1)}
    found = TickRunner(replace(EMPTY, populations=populations, arrays=arrays))(
        Chunk(number=0, ticks=3, weights={}, inputs={})
    )
    assert {name: neuron.tolist() for name, (_, neuron) in found.spikes.items()} == {"a": [1, 1], "b": [], "c": [0, 0]}
    assert set(found.potentials) == {"b", "c"}
    np.testing.assert_allclose(found.potentials["b"], [[0, 0, 0.4], [0, 0, 0.6], [0, 0, 0.7]], rtol=1e-6)
