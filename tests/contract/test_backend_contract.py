"""What every registered backend keeps to, whatever machine is behind it; see ``sal_hw/contracts/backend.py``."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.contracts.backend import Backend, Moments, Observation, Session
from sal_hw.errors import (
    CalibrationError,
    DegradedError,
    DeviceError,
    IncompleteError,
    InputError,
    IntegrityError,
    Problem,
    SalHwError,
)
from sal_hw.experiment.runner import Interrupted
from sal_hw.program import CompiledProgram, LoweredWakeSleep
from sal_hw.registry import BACKENDS, load_backend, load_target, target_names
from sal_hw.results.result import Finding
from sal_hw.spec.probes import SpikeProbe
from sal_hw.storage.files import npz_bytes, read_npz
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[2] / "recipes"
BACKEND_NAMES = sorted(point.name for point in entry_points(group=BACKENDS))
_SPIKE_PROBES = "probes:\n  - {kind: spikes, population: upper}\n  - {kind: spikes, population: lower}"
#: driven above threshold and refractory for 10 ms: nearly as active as the sampling neurons in their place
_LIF = (
    "{model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 10 ms, "
    "v_rest: 0 mV, v_reset: 0 mV, v_threshold: 1 mV}"
)
#: a few updates must move a stored weight, whose steps are coarse
_FAST = "plasticity.alignment.learning_rate=0.5"
_LIF_DRIVE = """stimuli:
  - {kind: constant, name: drive_upper, target: upper, amplitude: 1.3 mV}
  - {kind: constant, name: drive_lower, target: lower, amplitude: 1.5 mV}
  - {kind: poisson, name: noise_upper, target: upper, rate: 400 Hz, weight: 0.1 mV}
  - {kind: poisson, name: noise_lower, target: lower, rate: 400 Hz, weight: -0.1 mV}
"""

Open = Callable[..., Session]


@dataclass(frozen=True)
class Place:
    """A target and something that runs its programs."""

    target: str
    backend: str

    def __str__(self) -> str:
        return f"{self.target} on {self.backend}"

    def program(self, recipe: Path, *overrides: str) -> CompiledProgram:
        """Compile a recipe for the target."""
        return api.compile_recipe(api.load_recipe(recipe, overrides=overrides), target=self.target)

    def require(self, capability: str) -> None:
        """Skip the test where the target cannot do what it is about."""
        if capability not in load_target(self.target).description.capabilities:
            pytest.skip(f"{self.target} has no capability {capability}")


def _is_here(name: str) -> bool:
    """Whether a backend runs on this computer: machines need their vendor's software."""
    if name not in BACKEND_NAMES:
        return False
    require = getattr(load_backend(name), "require", None)
    try:
        if require is not None:
            require()
    except DeviceError:
        return False
    return True


PLACES = [
    Place(target=name, backend=backend)
    for name in target_names()
    for backend in dict.fromkeys((load_target(name).backend, load_target(name).emulator))
    if backend is not None and _is_here(backend)
]
WAKE_SLEEP_PLACES = [place for place in PLACES if "wake_sleep" in load_target(place.target).description.capabilities]


#: reference simulators take minutes to start and to run this
_PARAMETERS = [
    pytest.param(place, marks=pytest.mark.slow, id=str(place)) if place.target.startswith("pynn:") else place
    for place in PLACES
]


@pytest.fixture(params=_PARAMETERS, ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


@pytest.fixture
def backend(place: Place) -> Backend:
    return load_backend(place.backend)


def _lif_pair() -> str:
    text = (RECIPES / "two_neuron.yaml").read_text()
    text = re.sub(r"\{model: sampling.*\}", _LIF, text)
    # in units of the distance from rest to threshold a weight of 1.5 would be enormous
    limits = "\n    weight_min: -1.26\n    weight_max: 1.26"
    text = text.replace("weight: 1.5", f"weight: 0.6 mV{limits}").replace("weight: 0.5", f"weight: 0.2 mV{limits}")
    return text.replace("probes:", _LIF_DRIVE + "\nprobes:")


@pytest.fixture(params=["sampling", "lif"])
def pair(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> CompiledProgram:
    """Two neurons whose weights both learn, with spike probes."""
    place.require(request.param)
    text = (RECIPES / "two_neuron.yaml").read_text() if request.param == "sampling" else _lif_pair()
    recipe = tmp_path / "pair.yaml"
    recipe.write_text(text.replace("probes:", _SPIKE_PROBES))
    return place.program(recipe, _FAST)


@pytest.fixture
def sampler(place: Place) -> CompiledProgram:
    """Five sampling neurons with a state probe and without a rule."""
    place.require("sampling")
    return place.program(RECIPES / "chip_sampling.yaml")


@pytest.fixture
def layers(place: Place) -> CompiledProgram:
    """Six and six LIF neurons under noise, whose feedback weights learn."""
    return place.program(RECIPES / "two_populations.yaml", "parameters.size=6")


@pytest.fixture(params=["sampling", "lif", "layers"])
def learner(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> CompiledProgram:
    """One program of each kind that learns."""
    if request.param == "sampling":
        place.require("sampling")
        return place.program(RECIPES / "two_neuron.yaml", _FAST)
    if request.param == "layers":
        found: CompiledProgram = request.getfixturevalue("layers")
        return found
    recipe = tmp_path / "learner.yaml"
    recipe.write_text(_lif_pair())
    return place.program(recipe, _FAST)


@pytest.fixture(params=["pair", "sampler", "layers"])
def anything(request: pytest.FixtureRequest, place: Place) -> CompiledProgram:
    """One program of each kind that all targets compile."""
    if request.param == "pair":
        place.require("sampling")
        return place.program(RECIPES / "two_neuron.yaml")
    found: CompiledProgram = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def network(place: Place) -> CompiledProgram:
    """Seven neurons with a state probe and a wake-sleep rule; for targets that have such rules."""
    return place.program(RECIPES / "sampling.yaml")


@pytest.fixture
def open_session(backend: Backend) -> Iterator[Open]:
    opened: list[Session] = []

    def open_one(program: CompiledProgram, seed: int = 1, **options: object) -> Session:
        opened.append(backend.open(program, seed=seed, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


def _weights(session: Session, program: CompiledProgram) -> dict[str, NDArray[np.float64]]:
    return {block.projection: session.weights(block.projection) for block in program.synapses}


def _assert_same(one: dict[str, NDArray[np.float64]], other: dict[str, NDArray[np.float64]]) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], strict=True)


def _differ(one: dict[str, NDArray[np.float64]], other: dict[str, NDArray[np.float64]]) -> bool:
    return any(not np.array_equal(values, other[name]) for name, values in one.items())


def _wake_rule(program: CompiledProgram) -> LoweredWakeSleep:
    return next(rule for rule in program.rules if isinstance(rule, LoweredWakeSleep))


def test_there_is_a_backend() -> None:
    assert "emulator" in BACKEND_NAMES
    assert {"ideal", "brainscales2"} <= {place.target for place in PLACES if place.backend == "emulator"}


@pytest.mark.parametrize("name", BACKEND_NAMES)
def test_a_backend_has_the_name_it_is_registered_under(name: str) -> None:
    backend = load_backend(name)
    assert isinstance(backend, Backend)
    assert backend.name == name


def test_a_new_session_has_the_program_s_parameters(open_session: Open, anything: CompiledProgram) -> None:
    session = open_session(anything)
    for block in anything.synapses:
        found = session.weights(block.projection)
        assert found.dtype == np.float64
        if anything.digital is not None and anything.digital.ticks is not None:
            # the nearest whole number, of the scale of either sign
            target = anything.digital.ticks.synapses_of(block.projection).target
            lsb_mv = [anything.digital.ticks.scale_of(target, sign).lsb_mv for sign in ("excitatory", "inhibitory")]
            np.testing.assert_allclose(found, block.weights, rtol=0.0, atol=0.5 * max(lsb_mv) * (1 + 1e-9))
        elif anything.digital is not None:
            # every part of a weight is stored as the nearest word
            parts = anything.digital.parts_of(block.projection)
            error = sum(0.5 * anything.digital.scale_of(item.target, item.receptor).lsb_mv for item in parts)
            np.testing.assert_allclose(found, block.weights, rtol=0.0, atol=error)
        elif anything.chip is None:
            np.testing.assert_array_equal(found, block.weights, strict=True)
        else:
            # what is stored is the nearest code, and the compiler has said how near
            error = np.abs(found - block.weights).max()
            assert error == pytest.approx(anything.chip.scaling_of(block.projection).worst_error, abs=1e-12)
    for neurons in anything.neurons:
        np.testing.assert_array_equal(session.biases(neurons.population), neurons.biases, strict=True)


def test_weights_and_biases_are_copies(open_session: Open, anything: CompiledProgram) -> None:
    session = open_session(anything)
    projection, population = anything.synapses[0].projection, anything.neurons[0].population
    before, bias = session.weights(projection), session.biases(population)
    session.weights(projection)[:] = 7.0
    session.biases(population)[:] = 7.0
    np.testing.assert_array_equal(session.weights(projection), before)
    np.testing.assert_array_equal(session.biases(population), bias)


def test_learning_changes_weights_and_tells_what_it_saw(open_session: Open, pair: CompiledProgram) -> None:
    session = open_session(pair)
    before = _weights(session, pair)
    seen = session.learn(3)
    assert seen.duration_ms == pytest.approx(3 * (pair.update_ms or 0.0), rel=1e-12)
    assert set(seen.spike_counts) == {"upper", "lower"}
    for counts in seen.spike_counts.values():
        assert counts.shape == (1,)
        assert np.issubdtype(counts.dtype, np.integer)
        # a refractory time of 10 ms allows at most 180 spikes in 1.8 s; these biases give about 54 Hz
        assert 30 < counts[0] <= 180
    assert _differ(before, _weights(session, pair))


def test_learning_in_pieces_is_learning_at_once(open_session: Open, pair: CompiledProgram) -> None:
    pieces, whole = open_session(pair), open_session(pair)
    counts = [pieces.learn(2).spike_counts["upper"], pieces.learn(3).spike_counts["upper"]]
    seen = whole.learn(5)
    _assert_same(_weights(pieces, pair), _weights(whole, pair))
    np.testing.assert_array_equal(sum(counts), seen.spike_counts["upper"])


def test_the_seed_decides(open_session: Open, pair: CompiledProgram) -> None:
    sessions = [open_session(pair, seed=seed) for seed in (1, 1, 2, 3)]
    for session in sessions:
        session.learn(3)
    found = [_weights(session, pair) for session in sessions]
    _assert_same(found[0], found[1])
    # two stored weights of few bits may be the same by chance
    assert _differ(found[0], found[2]) or _differ(found[0], found[3])


def test_sessions_do_not_disturb_each_other(open_session: Open, pair: CompiledProgram) -> None:
    alone = open_session(pair)
    alone.learn(4)
    one, other = open_session(pair), open_session(pair, seed=8)
    for _ in range(4):
        one.learn(1)
        other.learn(1)
    _assert_same(_weights(one, pair), _weights(alone, pair))


def test_the_program_is_left_as_it_was(open_session: Open, pair: CompiledProgram) -> None:
    before = pair.hash
    session = open_session(pair)
    session.learn(2)
    _observe(session)
    assert pair.hash == before


def _observe(session: Session, chains: int = 3) -> Observation:
    return session.observe(20_000.0, chains=chains, warmup_ms=500.0)


def _assert_same_observation(one: Observation, other: Observation) -> None:
    assert one.duration_ms == other.duration_ms
    for name in ("spike_counts", "state_counts", "membrane_ms", "membrane_mv"):
        found, wanted = getattr(one, name), getattr(other, name)
        assert set(found) == set(wanted)
        for population, values in found.items():
            np.testing.assert_array_equal(values, wanted[population], strict=True)


def test_an_observation_adds_its_chains_and_leaves_out_the_warmup(open_session: Open, sampler: CompiledProgram) -> None:
    seen = _observe(open_session(sampler))
    assert seen.duration_ms == pytest.approx(20_000.0, abs=sampler.timestep_ms)
    assert seen.spike_counts["visible"].shape == (5,)
    counts = seen.state_counts["visible"]
    assert counts.shape == (2**5,)
    assert counts.min() >= 0
    # a neuron is active for 10 ms per spike; a chain's ends cut at most one spike per neuron and chain
    active = counts @ ((np.arange(2**5)[:, None] >> np.arange(4, -1, -1)) & 1) / counts.sum()
    np.testing.assert_allclose(active, seen.spike_counts["visible"] * 10.0 / 20_000.0, atol=0.01)


def test_observing_does_not_learn_nor_disturb(open_session: Open, pair: CompiledProgram) -> None:
    watched, alone = open_session(pair), open_session(pair)
    for session in (watched, alone):
        session.learn(2)
    before = _weights(watched, pair)
    _observe(watched)
    _assert_same(_weights(watched, pair), before)
    watched.learn(2)
    alone.learn(2)
    _assert_same(_weights(watched, pair), _weights(alone, pair))


@pytest.mark.parametrize("program", ["sampler", "layers"])
def test_two_observations_are_independent(open_session: Open, program: str, request: pytest.FixtureRequest) -> None:
    session = open_session(request.getfixturevalue(program))
    one, other = _observe(session), _observe(session)
    assert not np.array_equal(one.spike_counts["visible"], other.spike_counts["visible"])


@pytest.mark.parametrize("program", ["sampler", "layers"])
def test_threads_do_not_change_an_observation(open_session: Open, program: str, request: pytest.FixtureRequest) -> None:
    compiled = request.getfixturevalue(program)
    one, other = (_observe(open_session(compiled, threads=threads)) for threads in (1, 2))
    _assert_same_observation(one, other)


def test_an_observation_sees_the_weights_that_were_learned(open_session: Open, layers: CompiledProgram) -> None:
    learned, fresh = open_session(layers), open_session(layers)
    learned.learn(10)
    assert _differ(_weights(learned, layers), _weights(fresh, layers))
    # the same chains with other weights
    assert not np.array_equal(_observe(learned).spike_counts["visible"], _observe(fresh).spike_counts["visible"])


def _set_wake(session: Session, program: CompiledProgram, activity: float) -> None:
    moments = Moments(mean=np.full(7, activity), coactivation=np.full((7, 7), activity**2))
    session.set_moments(_wake_rule(program).name, moments)


@pytest.mark.parametrize("place", WAKE_SLEEP_PLACES, ids=str, indirect=True)
def test_moments_are_measured_without_learning(open_session: Open, network: CompiledProgram) -> None:
    session = open_session(network)
    before = _weights(session, network)
    moments = session.measure_moments(_wake_rule(network).name, 20_000.0)
    _assert_same(_weights(session, network), before)
    assert moments.mean.shape == (7,)
    assert moments.coactivation.shape == (7, 7)
    assert ((moments.mean > 0.0) & (moments.mean < 1.0)).all()
    off_diagonal = ~np.eye(7, dtype=bool)
    assert (moments.coactivation[off_diagonal] > 0.0).all()
    assert (moments.coactivation[off_diagonal] < 1.0).all()


@pytest.mark.parametrize("place", WAKE_SLEEP_PLACES, ids=str, indirect=True)
@pytest.mark.parametrize(("activity", "sign"), [(0.99, 1.0), (0.01, -1.0)])
def test_wake_moments_draw_biases_towards_them(
    open_session: Open, network: CompiledProgram, activity: float, sign: float
) -> None:
    session = open_session(network)
    _set_wake(session, network, activity)
    session.learn(2)
    assert (sign * (session.biases("visible") - network.neurons[0].biases) > 0.0).all()


@pytest.mark.parametrize("place", WAKE_SLEEP_PLACES, ids=str, indirect=True)
def test_a_restored_wake_sleep_session_goes_on_exactly(open_session: Open, network: CompiledProgram) -> None:
    first = open_session(network)
    _set_wake(first, network, 0.5)
    first.learn(3)
    _observe(first)
    kept = read_npz(npz_bytes(first.checkpoint()))
    before = _weights(first, network)
    second = open_session(network)
    _set_wake(second, network, 0.5)
    second.restore(kept)
    _assert_same(_weights(second, network), before)
    for session in (first, second):
        session.learn(3)
    _assert_same(_weights(second, network), _weights(first, network))
    np.testing.assert_array_equal(second.biases("visible"), first.biases("visible"))
    assert _differ(before, _weights(first, network))
    one, other = _observe(first), _observe(second)
    np.testing.assert_array_equal(one.state_counts["visible"], other.state_counts["visible"])


def test_a_restored_session_goes_on_exactly(open_session: Open, learner: CompiledProgram) -> None:
    first = open_session(learner)
    first.learn(3)
    _observe(first)
    kept = read_npz(npz_bytes(first.checkpoint()))
    before = _weights(first, learner)
    second = open_session(learner)
    second.learn(1)  # whatever it did before is forgotten
    second.restore(kept)
    _assert_same(_weights(second, learner), before)
    assert second.counters() == first.counters()
    for session in (first, second):
        session.learn(3)
    _assert_same(_weights(second, learner), _weights(first, learner))
    assert second.counters() == first.counters()
    assert list(second.findings()) == list(first.findings())
    assert _differ(before, _weights(first, learner))
    _assert_same_observation(_observe(first), _observe(second))
    assert npz_bytes(first.checkpoint()) == npz_bytes(second.checkpoint())


def test_a_checkpoint_stays_as_it_was_taken(open_session: Open, learner: CompiledProgram) -> None:
    session = open_session(learner)
    session.learn(1)
    kept = session.checkpoint()
    before = npz_bytes(kept)
    session.learn(2)
    assert npz_bytes(kept) == before
    session.restore(kept)
    session.learn(2)
    assert npz_bytes(kept) == before, "a restored session must not write into the checkpoint"


def test_sampling_without_a_rule_is_restored_too(open_session: Open, sampler: CompiledProgram) -> None:
    first, second = open_session(sampler), open_session(sampler)
    _observe(first)
    second.restore(read_npz(npz_bytes(first.checkpoint())))
    _assert_same_observation(_observe(first), _observe(second))


def test_counters_are_plain_numbers(open_session: Open, layers: CompiledProgram) -> None:
    session = open_session(layers)
    session.learn(2)
    counters = session.counters()
    assert {"updates_missed", "weights_at_rail"} <= set(counters)
    assert all(type(value) is int and value >= 0 for value in counters.values())


def test_spikes_go_to_the_recorder_in_order(open_session: Open, pair: CompiledProgram) -> None:
    assert any(isinstance(probe, SpikeProbe) for probe in pair.probes)
    taken: dict[str, list[NDArray[np.float64]]] = {"upper": [], "lower": []}

    def record(time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        assert time_ms.shape == neuron.shape
        assert neuron.dtype == np.int32
        assert not neuron.any(), "there is one neuron, and neurons count within their population"
        taken[population].append(time_ms)

    seen = open_session(pair, recorder=record).learn(4)
    for population, pieces in taken.items():
        times = np.concatenate(pieces)
        assert len(times) == seen.spike_counts[population].sum()
        assert (np.diff(times) > 0.0).all()
        assert times[0] >= 0.0
        assert times[-1] <= seen.duration_ms


def test_recording_does_not_change_the_run(open_session: Open, pair: CompiledProgram) -> None:
    recorded, silent = open_session(pair, recorder=lambda *_: None), open_session(pair)
    recorded.learn(3)
    silent.learn(3)
    _assert_same(_weights(recorded, pair), _weights(silent, pair))


def test_findings_are_plain_and_pickle(open_session: Open, pair: CompiledProgram) -> None:
    session = open_session(pair)
    assert list(session.findings()) == []
    session.learn(1)
    found = list(session.findings())
    assert all(isinstance(finding, Finding) for finding in found)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_a_machine_can_be_opened_again_after_closing(backend: Backend, pair: CompiledProgram) -> None:
    found = []
    for _ in range(2):
        session = backend.open(pair, seed=3)
        session.learn(2)
        found.append(_weights(session, pair))
        session.close()
    _assert_same(found[0], found[1])


_ERRORS = (
    SalHwError, InputError, CalibrationError, DeviceError, DegradedError, IntegrityError, IncompleteError, Interrupted
)  # fmt: skip


@pytest.mark.parametrize("kind", _ERRORS)
def test_errors_pickle_with_what_they_say(kind: type[SalHwError]) -> None:
    first = Problem(
        code="E214", field="a.b", allowed="1 .. 2", value="3", hint="use 2", file="r.yaml", line=4, column=5
    )
    second = Problem(code="E215", field="c", allowed="nothing", file="r.yaml", line=9)
    error = kind([second, first])
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(found) is kind
    assert found.problems == (first, second)
    assert (found.code, found.field, found.value, found.hint) == ("E214", "a.b", "3", "use 2")
    assert found.exit_code == error.exit_code
    assert str(found) == str(error)


def test_a_real_error_pickles() -> None:
    with pytest.raises(InputError) as caught:
        load_backend("emulater")
    found = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (found.code, found.field, found.value) == ("E303", "backend", '"emulater"')
    assert found.hint
