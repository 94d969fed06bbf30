"""Runs in the simulators: angles, the host loop, limits of weights, repetition, and Poisson statistics of neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.contracts.targets import Target
from sal_hw.errors import IntegrityError
from sal_hw.experiment.runner import run_program
from sal_hw.program import CompiledProgram
from sal_hw.results.result import RunResult
from sal_hw.workflow import api
from sal_hw_pynn.backend import PynnBackend
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.mechanisms import plan_mechanisms
from sal_hw_pynn.pair_sums import PairSums
from sal_hw_pynn.sdk import missing
from sal_hw_pynn.session import PynnSession
from sal_hw_pynn.target import brian2_target, nest_target

RECIPE = Path(__file__).parents[3] / "recipes" / "two_populations.yaml"
TARGETS: dict[Simulator, Target] = {"brian2": brian2_target, "nest": nest_target}
#: Brian2 spends seconds before its first step
SIMULATORS = [pytest.param("brian2", marks=pytest.mark.slow), "nest"]
SMALL = ("parameters.size=8", "parameters.update_every=1 s")
TAUS = ("tau_syn_exc", "tau_syn_inh")
HOST = "plasticity[0].pairing=nearest"

Open = Callable[..., PynnSession]


@pytest.fixture(params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> Simulator:
    if missing(request.param):
        pytest.skip("needs PyNN and its simulators: pip install -e '.[pynn]'")
    found: Simulator = request.param
    return found


def compiled(simulator: Simulator, *overrides: str) -> CompiledProgram:
    return api.compile_recipe(api.load_recipe(RECIPE, overrides=(*SMALL, *overrides)), target=TARGETS[simulator])


@pytest.fixture
def open_session(simulator: Simulator) -> Iterator[Open]:
    opened: list[PynnSession] = []

    def open_one(*overrides: str, seed: int = 1, **options: object) -> PynnSession:
        program = compiled(simulator, *overrides)
        opened.append(PynnSession(program, simulator, seed=seed, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


def run(simulator: Simulator, *overrides: str) -> RunResult:
    recipe = api.load_recipe(RECIPE, overrides=(*SMALL, *overrides))
    program = api.compile_recipe(recipe, target=TARGETS[simulator])
    protocol = recipe.protocol
    assert protocol.kind == "align"
    return run_program(program, protocol, PynnBackend(simulator), seed=1)


@pytest.mark.parametrize("overrides", [(), pytest.param((HOST,), marks=pytest.mark.slow)], ids=["native", "host"])
def test_the_angle_falls(simulator: Simulator, overrides: tuple[str, ...]) -> None:
    found = run(simulator, "parameters.duration=60 s", "parameters.update_every=2 s", *overrides)
    angle = found.traces["alignment.angle"].values
    # 64 independent pairs scatter around 90 degrees by 180 / pi / 8 degrees
    assert angle[0] == pytest.approx(90.0, abs=3 * 7.2)
    assert found.metrics["angle_final"] < angle[0] - 20.0
    assert found.health.verdict == "ok"


@pytest.mark.slow
def test_the_angle_grows_with_the_sign_flipped(simulator: Simulator) -> None:
    # as long, and by as much at least, as the angle falls by with the right sign
    found = run(simulator, "parameters.polarity=inverted", "parameters.duration=60 s", "parameters.update_every=2 s")
    assert found.metrics["angle_final"] > found.metrics["angle_initial"] + 20.0


def test_the_angle_stays_without_plasticity(simulator: Simulator) -> None:
    found = run(simulator, "parameters.plastic=false", "parameters.duration=10 s")
    assert np.ptp(found.traces["alignment.angle"].values) == 0.0
    assert found.weights["feedback"].tobytes() == found.weights_initial["feedback"].tobytes()
    assert found.metrics["rate_mean_hz"] > 1.0


def test_the_host_loop_learns_from_the_recorded_spikes(open_session: Open, simulator: Simulator) -> None:
    program = compiled(simulator, HOST)
    trains: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int32]]]] = {"visible": [], "hidden": []}

    def record(time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        trains[population].append((np.rint(time_ms).astype(np.int64), neuron))

    probes = ("probes=[{kind: spikes, population: visible}, {kind: spikes, population: hidden}]",)
    session = open_session(HOST, *probes, recorder=record)
    session.learn(3)
    rule = program.rules[0]
    assert rule.kind == "sal"
    joined = {name: tuple(np.concatenate(part) for part in zip(*each, strict=True)) for name, each in trains.items()}
    sums = PairSums(rule, 8, 8).take(joined["hidden"], joined["visible"])  # type: ignore[arg-type]
    wanted = program.synapse_block("feedback").weights + rule.gain * sums
    # the range is never reached, so that three updates are one
    assert np.abs(wanted).max() < 1.5
    np.testing.assert_allclose(session.weights("feedback"), wanted, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("pairing", ["all", pytest.param("nearest", marks=pytest.mark.slow)], ids=["native", "host"])
def test_weights_stay_in_their_range(open_session: Open, pairing: str) -> None:
    session = open_session("parameters.learning_rate=3.0", f"plasticity[0].pairing={pairing}")
    session.learn(3)
    weights = session.weights("feedback")
    assert weights.min() == -1.5
    assert weights.max() == 1.5
    assert session.counters()["weights_at_rail"] > 5
    assert "weights_at_limit" in [finding.kind for finding in session.findings()]


def test_an_update_beyond_the_bounds_is_reported(open_session: Open) -> None:
    session = open_session("parameters.learning_rate=30.0")
    session.learn(2)
    found = {finding.kind: finding.severity for finding in session.findings()}
    assert found["updates_cut"] == "degraded"
    assert np.abs(session.weights("feedback")).max() == 1.5


def test_a_run_is_repeated_exactly_or_refused(open_session: Open) -> None:
    first, second = open_session(), open_session()
    first.learn(1)
    kept = first.checkpoint()
    second.restore(kept)
    for session in (first, second):
        session.learn(1)
    assert first.weights("feedback").tobytes() == second.weights("feedback").tobytes()
    assert first.weights("feedback").tobytes() != kept["weights.feedback"].tobytes()
    kept["weights.feedback"][0, 0] += 1e-9
    with pytest.raises(IntegrityError) as caught:
        second.restore(kept)
    assert (caught.value.code, caught.value.exit_code) == ("E822", 6)


@pytest.mark.slow
def test_chains_of_an_observation_are_unconnected_copies(open_session: Open) -> None:
    quiet = ("parameters.plastic=false",)
    one, several = open_session(*quiet), open_session(*quiet)
    alone = one.observe(4_000.0, warmup_ms=200.0)
    together = several.observe(4_000.0, chains=4, warmup_ms=200.0)
    assert alone.duration_ms == together.duration_ms == 4_000.0
    for name, counts in alone.spike_counts.items():
        # some 30 spikes per neuron either way: Poisson scatter, and less since neurons are refractory
        scatter = np.sqrt(counts + together.spike_counts[name])
        assert (np.abs(counts - together.spike_counts[name]) < 5 * scatter + 1).all()
        assert counts.tolist() != together.spike_counts[name].tolist()


def test_a_refractory_time_of_one_step_is_possible(open_session: Open) -> None:
    names = ("visible", "hidden")
    session = open_session(*(f"populations.{name}.neuron.tau_ref=1 ms" for name in names))
    seen = session.learn(1)
    assert sum(int(counts.sum()) for counts in seen.spike_counts.values()) > 20


def test_the_session_follows_the_plan_of_the_program(simulator: Simulator) -> None:
    program = compiled(simulator)
    plan = plan_mechanisms(simulator, program.rules, program.synapses, program.neurons, program.timestep_ms)
    notes = program.trace[-1].notes
    assert [item.way for item in plan] == ["static", "native"]
    assert sum(": native" in note for note in notes) == 1


EQUAL = tuple(f"populations.{name}.neuron.{tau}=10 ms" for name in ("visible", "hidden") for tau in TAUS)


def test_synapses_as_slow_as_the_membrane_are_no_special_case(open_session: Open) -> None:
    """Time constants that differ by a thousandth give nearly the same spikes; Brian2's formula divides by zero."""
    counts = []
    for changed in (EQUAL, tuple(each.replace("10 ms", "10.01 ms") for each in EQUAL)):
        seen = open_session("parameters.plastic=false", *changed).learn(5)
        counts.append(sum(int(each.sum()) for each in seen.spike_counts.values()))
    assert min(counts) > 100
    # not more than by two standard deviations of counts that come by themselves
    assert abs(counts[0] - counts[1]) < 2.0 * np.sqrt(sum(counts))


def test_given_spikes_that_are_on_their_way_at_the_end_are_told_of(open_session: Open) -> None:
    """An input takes three steps of 1 ms: those of the last three steps, of which one has two, never arrive."""
    rows = "[[100, 0], [996, 0], [997, 1], [998, 1], [999, 0], [999, 1], [1000, 0]]"
    session = open_session(f"stimuli=[{{kind: spikes, name: given, target: visible, weight: 9 mV, spikes: {rows}}}]")
    session.learn(1)
    told = {finding.kind: finding for finding in session.findings()}
    assert told["spikes_on_their_way"].count == 4
    session.learn(1)
    assert "spikes_on_their_way" not in {finding.kind for finding in session.findings()}
