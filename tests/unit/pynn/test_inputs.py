"""Noise and given spikes as sources that spike at most once per step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.stimulus import PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, Table
from sal_hw.workflow import api
from sal_hw_pynn.inputs import Inputs
from sal_hw_pynn.target import nest_target

NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=0.0,
    v_reset_mv=0.0,
    v_threshold_mv=1.0,
)


def program(*stimuli: PoissonNoise | SpikeList) -> CompiledProgram:
    spec = NetworkSpec(
        timestep_ms=1.0, populations=(Population(name="only", size=3, neuron=NEURON),), stimuli=tuple(stimuli)
    )
    return compile_network(spec, target=nest_target)


def noise(rate_hz: float, weight: float = 0.5, seed: int | None = None) -> PoissonNoise:
    return PoissonNoise(
        name="noise", target="only", rate_hz=rate_hz, weight=Constant(value=weight, unit="mV"), seed=seed
    )


def totals(inputs: Inputs, steps: int, size: int = 3) -> np.ndarray:
    """Return the input per step and neuron, mV, that the drawn events amount to."""
    sources, (step, source) = inputs.sources("only"), inputs.draw(steps)["only"]
    assert len(np.unique(np.column_stack([step, source]), axis=0)) == len(step), "one spike per source and step"
    found = np.zeros((steps, size))
    np.add.at(found, (step, sources.neuron[source]), sources.weight_mv[source])
    return found


def test_a_train_has_its_rate_and_variance() -> None:
    # 20000 steps x 3 neurons of 2 events per step: the mean is known to sqrt(2 / 60000), the variance of a Poisson
    # variate is its mean and known to about 2 sqrt(2 / 60000) (1 + 1/4)
    events = totals(Inputs(program(noise(2000.0)), (1,)), 20_000) / 0.5
    assert events.mean() == pytest.approx(2.0, abs=4 * 0.0058)
    assert events.var() == pytest.approx(2.0, abs=4 * 0.0145)
    np.testing.assert_array_equal(events, np.rint(events))


def test_cutting_a_run_changes_nothing() -> None:
    whole = totals(Inputs(program(noise(400.0)), (1,)), 5000)
    pieces = Inputs(program(noise(400.0)), (1,))
    found = np.zeros((5000, 3))
    for steps in (1200, 3000, 800):
        sources, (step, source) = pieces.sources("only"), pieces.draw(steps)["only"]
        np.add.at(found, (step, sources.neuron[source]), sources.weight_mv[source])
    np.testing.assert_array_equal(found, whole)


def test_seeds_decide() -> None:
    def drawn(entropy: tuple[int, ...], seed: int | None = None) -> bytes:
        return totals(Inputs(program(noise(400.0, seed=seed)), entropy), 500).tobytes()

    assert drawn((1,)) == drawn((1,))
    assert drawn((1,)) != drawn((2,))
    assert drawn((1,)) != drawn((1, 0, 0)) != drawn((1, 0, 1))
    assert drawn((1,), seed=7) == drawn((2,), seed=7), "a seed of its own takes the place of the run's"


def test_equal_events_of_a_step_add_up() -> None:
    # neuron 1 has five events in step 4, which is 101 in binary; neuron 0 has one in step 2 and neuron 2 one in step 9
    rows = [[2.0, 0.0], *[[4.0, 1.0]] * 5, [9.0, 2.0]]
    given = SpikeList(
        name="given", target="only", spikes=Table(values=np.array(rows)), weight=Constant(value=-0.25, unit="mV")
    )
    inputs = Inputs(program(given), (1,))
    assert inputs.sources("only").weight_mv.tolist() == [-0.25] * 3 + [-0.5] * 3 + [-1.0] * 3
    wanted = np.zeros((10, 3))
    wanted[2, 0], wanted[4, 1], wanted[9, 2] = -0.25, -1.25, -0.25
    np.testing.assert_array_equal(totals(inputs, 10), wanted)


def test_populations_without_stimuli_have_no_sources() -> None:
    assert Inputs(program(), (1,)).populations == ()
    recipe = api.load_recipe(Path(__file__).parents[3] / "recipes" / "two_populations.yaml")
    found = Inputs(api.compile_recipe(recipe, target=nest_target), (1,))
    assert found.populations == ("visible", "hidden")
    # 0.4 events per step: more than 15 have a probability of 3e-20, more than 31 one of 2e-48
    assert len(found.sources("hidden").neuron) == 2 * 16 * 5
