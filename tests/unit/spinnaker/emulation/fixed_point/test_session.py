"""Programs for SpiNNaker 1 on the fixed-point engine: membranes, delays, learning, checkpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_backend
from sal_hw.passes.compile import compile_network
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, Normal, Table
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz
from sal_hw_spinnaker.emulation.fixed_point.stdp import change
from sal_hw_spinnaker.spinnaker1.target import spinnaker1_target

NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=3.0,
    v_rest_mv=-65.0,
    v_reset_mv=-65.0,
    v_threshold_mv=-50.0,
)
RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="feedback",
    learning_rate=0.5,
    rate_per="pair",
    update_every_ms=100.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=10.0,
    pairing="all",
)


def mv(value):
    return Constant(value=value, unit="mV")


def given_spikes(name, target, *rows, weight=80.0):
    """Return input spikes, rows of (ms, neuron); 80 mV have a PSP of 20 mV and make a neuron at rest spike once."""
    return SpikeList(name=name, target=target, spikes=Table(values=np.array(rows, dtype=float)), weight=mv(weight))


def single(*stimuli, every=1.0, step=1.0, size=1):
    return NetworkSpec(
        timestep_ms=step,
        populations=(Population(name="cells", size=size, neuron=NEURON),),
        stimuli=stimuli,
        probes=(MembraneProbe(population="cells", every_ms=every), SpikeProbe(population="cells")),
    )


def pair(*stimuli, sizes=(1, 1), delay=0.0, forward=0.0, noise=False, **rule):
    """Return two populations with a silent forward projection and a feedback projection that learns."""
    names = ("visible", "hidden")
    drives = [
        PoissonNoise(name=f"{kind}_{name}", target=name, rate_hz=400.0, weight=mv(weight))
        for name in names
        for kind, weight in (("exc", 8.0), ("inh", -4.0))
    ]
    return NetworkSpec(
        timestep_ms=1.0,
        populations=tuple(
            Population(name=name, size=size, neuron=NEURON) for name, size in zip(names, sizes, strict=True)
        ),
        projections=(
            Projection(
                name="forward", source="visible", target="hidden", weight=Normal(std=forward, unit="mV", seed=1)
            ),
            Projection(
                name="feedback", source="hidden", target="visible", weight=mv(0.0), weight_min=-8.0, weight_max=8.0,
                delay_ms=delay,
            ),
        ),
        plasticity=(replace(RULE, **rule),),
        stimuli=(*stimuli, *(drives if noise else ())),
        probes=tuple(SpikeProbe(population=name) for name in names),
    )  # fmt: skip


class Recorder:
    """Keeps spike times in steps by population and neuron."""

    def __init__(self):
        self.spikes = {}

    def __call__(self, time_ms, neuron, population):
        for time, n in zip(time_ms, neuron, strict=True):
            self.spikes.setdefault((population, int(n)), []).append(round(float(time)))


def opened(spec, *, seed=1, **options):
    program = compile_network(spec, target=spinnaker1_target, seed=2)
    return program, load_backend("emulator:spinnaker").open(program, OpenRequest(seed=seed, **options))


# --- neurons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1.0, 0.1])
def test_a_membrane_goes_to_its_drive(step):
    _, session = opened(single(ConstantDrive(name="drive", target="cells", amplitude=mv(10.0)), step=step))
    seen = session.observe(100.0)
    time, found = seen.membrane_ms["cells"], seen.membrane_mv["cells"][:, 0]
    wanted = -65.0 + 10.0 * (1.0 - np.exp(-time / 10.0))
    # a product is rounded down by 2**-15 mV at most in each step, and the decay factor by 2**-16; both add up to
    # (2**-15 + 10 mV 2**-16) over 1 - exp(-step / tau)
    error = (2.0**-15 + 10.0 * 2.0**-16) / -np.expm1(-step / 10.0)
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=error)


def test_a_psp_has_the_area_of_its_current():
    spikes = given_spikes("input", "cells", [20.0, 0], weight=6.0)
    _, session = opened(single(spikes))
    found = session.observe(200.0).membrane_mv["cells"][:, 0] + 65.0
    assert found[:21].max() == 0.0, "an input of step 20 arrives in step 21"
    assert found[21] > 0.0
    # tau dv/dt = -v + s: the area of v is that of s, weight times tau_syn; the mean current of each step is exact, and
    # floors take 2**-15 mV a step over the 10 steps of a membrane time constant
    assert found.sum() == pytest.approx(6.0 * 5.0, rel=2e-3)
    steps = np.arange(1, 60)
    exact = 6.0 * (np.exp(-steps / 10.0) - np.exp(-steps / 5.0))
    # within a step the current is constant here and falls exponentially there: of second order in step over tau
    np.testing.assert_allclose(found[21:80], exact, atol=0.02 * exact.max())


def test_a_spike_resets_and_silences_for_the_refractory_time():
    recorder = Recorder()
    spec = single(ConstantDrive(name="drive", target="cells", amplitude=mv(30.0)))
    _, session = opened(replace(spec, projections=(), plasticity=()), recorder=recorder)
    seen = session.observe(100.0)
    membrane = seen.membrane_mv["cells"][:, 0]
    # 30 mV drive, 15 mV to threshold: 10 ms ln 2 = 6.9 ms, so the 7th step; of the 3 steps of silence that of the
    # spike is the first, then again 7
    at_reset = membrane == -65.0
    assert (
        np.flatnonzero(at_reset).tolist()
        == [step for first in range(6, 100, 9) for step in range(first, first + 3)][: at_reset.sum()]
    )
    assert seen.spike_counts["cells"].tolist() == [11]


def test_a_delay_is_counted_in_steps():
    arrivals = []
    for delay in (0.0, 1.0, 5.0):
        spec = pair(given_spikes("input", "hidden", [10.0, 0]), delay=delay, enabled=False)
        projection = replace(spec.projections[1], weight=mv(8.0))
        probes = (*spec.probes, MembraneProbe(population="visible", every_ms=1.0))
        spec = replace(spec, projections=(spec.projections[0], projection), probes=probes)
        recorder = Recorder()
        _, session = opened(spec, recorder=recorder)
        membrane = session.learn(1).membrane_mv["visible"][:, 0]
        arrivals.append(int(np.flatnonzero(membrane > -65.0)[0]) - recorder.spikes["hidden", 0][0])
    # without a delay a spike arrives in the next step
    assert arrivals == [1, 1, 5]


def test_ring_buffers_saturate_and_say_so():
    # 12 inputs of 100 mV at 30 Hz are expected to be 336 mV at most, so the shift is 9 and 1024 mV fit into 16 bits
    strong = [given_spikes(f"input_{number}", "hidden", [5.0, 0], weight=100.0) for number in range(12)]
    program, session = opened(pair(*strong))
    assert program.part.scale_of("hidden", "excitatory").shift == 9
    session.learn(1)
    # the eleventh and the twelfth find a full buffer
    assert session.counters()["ring_buffers_saturated"] == 2
    assert "ring_buffers_saturated" in {finding.kind for finding in session.findings()}


# --- learning ---------------------------------------------------------------------------------------------------------


def spike_times(spec):
    recorder = Recorder()
    _, session = opened(spec, recorder=recorder)
    session.learn(2)
    return session, recorder.spikes


def test_weights_change_as_the_spikes_say():
    pre = [given_spikes("pre", "hidden", *([time, 0] for time in (10.0, 40.0, 90.0, 160.0)))]
    post = [given_spikes("post", "visible", *([time, 0] for time in (16.0, 36.0, 97.0)))]
    session, spikes = spike_times(pair(*pre, *post))
    program = session._program
    (stdp,) = program.part.plasticity
    scale = program.part.scale_of("visible", "inhibitory")
    stored = 8.0
    for post_step in spikes["visible", 0]:
        for pre_step in spikes["hidden", 0]:
            # the delay of one step shifts nothing
            lag = post_step - pre_step
            if lag > 0:
                stored += stdp.amplitude_plus_mv * np.exp(-lag / 10.0)
            elif lag <= 0:
                stored -= stdp.amplitude_minus_mv * np.exp(lag / 10.0)
    # an update rounds down by one word; of traces of 11 bits, a pair loses 2**-11 of its amplitude at each of two
    # products
    updates, pairs = len(spikes["hidden", 0]), len(spikes["hidden", 0]) * len(spikes["visible", 0])
    error = updates * scale.lsb_mv + pairs * stdp.amplitude_plus_mv * 2 * 2.0**-11
    assert session.weights("feedback").item() == pytest.approx(8.0 - stored, abs=error)
    assert abs(8.0 - stored) > 10 * error


@pytest.mark.parametrize(("polarity", "sign"), [("aligning", -1.0), ("inverted", 1.0)])
def test_causal_pairs_weaken_and_anticausal_pairs_strengthen(polarity, sign):
    causal = (given_spikes("pre", "hidden", [10.0, 0], [90.0, 0]), given_spikes("post", "visible", [14.0, 0]))
    session, _ = spike_times(pair(*causal, polarity=polarity))
    assert sign * session.weights("feedback").item() > 0.1
    anticausal = (given_spikes("pre", "hidden", [14.0, 0]), given_spikes("post", "visible", [10.0, 0]))
    session, _ = spike_times(pair(*anticausal, polarity=polarity))
    assert sign * session.weights("feedback").item() < -0.1


def test_weights_tell_of_pairs_whose_update_the_machine_defers():
    spec = pair(given_spikes("pre", "hidden", [10.0, 0]), given_spikes("post", "visible", [14.0, 0]))
    recorder = Recorder()
    program, session = opened(spec, recorder=recorder)
    session.learn(1)
    lag = recorder.spikes["visible", 0][0] - recorder.spikes["hidden", 0][0]
    (stdp,) = program.part.plasticity
    lsb = program.part.scale_of("visible", "inhibitory").lsb_mv
    gain = change(round(stdp.amplitude_plus_mv * 2**15), int(2048 * np.exp(-lag / 10.0))) / 2**15
    # no further pre spike is needed for it, which would be a pair of its own
    assert session.weights("feedback").item() == pytest.approx(-gain, abs=lsb)
    found = session.weights("feedback")
    session.learn(1)
    np.testing.assert_array_equal(session.weights("feedback"), found)


def test_the_weights_told_are_those_that_the_next_pre_spike_stores():
    pre = [[10.0, 0], [30.0, 0], [95.0, 0]]
    posts = given_spikes("post", "visible", [14.0, 0], [34.0, 0], [60.0, 0])
    _, early = opened(pair(given_spikes("pre", "hidden", *pre), posts))
    early.learn(1)
    # the last post spike came more than a table's length before a pre spike of the second update
    _, late = opened(pair(given_spikes("pre", "hidden", *pre, [190.0, 0]), posts))
    late.learn(2)
    assert late.weights("feedback").item() == early.weights("feedback").item()
    assert early.weights("feedback").item() != 0.0


@pytest.mark.parametrize("delay", [1.0, 5.0, 20.0])
def test_a_delay_shifts_no_pair(delay):
    times = (given_spikes("pre", "hidden", [10.0, 0], [60.0, 0]), given_spikes("post", "visible", [14.0, 0], [50.0, 0]))
    _, session = opened(pair(*times, delay=delay))
    _, undelayed = opened(pair(*times))
    for each in (session, undelayed):
        each.learn(1)
    assert session.weights("feedback").item() == undelayed.weights("feedback").item() != 0.0


def test_simultaneous_spikes_are_told_of_with_their_share():
    rows = ([10.0, 0], [70.0, 0])
    program, session = opened(pair(given_spikes("pre", "hidden", *rows), given_spikes("post", "visible", *rows)))
    session.learn(1)
    (found,) = [item for item in session.findings() if item.kind == "pairs_simultaneous"]
    # beside the two pairs at lag 0 there are two at 60 ms, of exp(-6) each
    assert (found.count, found.severity) == (2, "degraded")
    assert "of all change" in found.advice
    assert "99 % of all change" in found.advice or "1e+02 % of all change" in found.advice
    notes = next(item for item in program.trace if item.name == "lower_stdp").notes
    assert any("takes simultaneous spikes for an anti-causal pair, 4.8 %" in note for note in notes)
    _, apart = opened(pair(given_spikes("pre", "hidden", *rows), given_spikes("post", "visible", [14.0, 0])))
    apart.learn(1)
    assert "pairs_simultaneous" not in {item.kind for item in apart.findings()}


def test_accidental_simultaneous_spikes_leave_a_run_as_it_is(busy):
    _, session = opened(busy)
    session.learn(50)
    (found,) = [item for item in session.findings() if item.kind == "pairs_simultaneous"]
    assert found.count > 0
    assert found.severity == "ok"


def test_a_disabled_rule_changes_nothing():
    _, session = opened(pair(sizes=(4, 4), noise=True, enabled=False))
    before = session.weights("feedback")
    seen = session.learn(20)
    assert seen.spike_counts["visible"].min() > 5
    np.testing.assert_array_equal(session.weights("feedback"), before)


def test_too_many_post_spikes_between_two_pre_spikes_are_counted():
    posts = [[20.0 + 8.0 * number, 0] for number in range(20)]
    spec = pair(given_spikes("pre", "hidden", [10.0, 0], [190.0, 0]), given_spikes("post", "visible", *posts))
    _, session = opened(spec)
    session.learn(2)
    assert session.counters()["post_history_overflows"] == 1
    (found,) = [finding for finding in session.findings() if finding.kind == "post_history_overflows"]
    assert found.severity == "degraded"
    assert "in 1 of " in found.advice


def test_a_history_that_no_pre_spike_needed_is_not_counted():
    posts = [[20.0 + 8.0 * number, 0] for number in range(20)]
    spec = pair(given_spikes("pre", "hidden", [190.0, 0]), given_spikes("post", "visible", *posts))
    _, session = opened(spec)
    session.learn(2)
    assert session.counters()["post_history_overflows"] == 0


# --- the session ------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy():
    return pair(sizes=(5, 4), noise=True, forward=3.0)


def test_the_seed_decides(busy):
    found = []
    for seed in (1, 1, 2):
        _, session = opened(busy, seed=seed)
        session.learn(5)
        found.append(session.weights("feedback"))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    assert found[0].any()


def test_learning_in_pieces_is_learning_at_once(busy):
    (_, pieces), (_, whole) = opened(busy), opened(busy)
    counts = [pieces.learn(2).spike_counts["visible"], pieces.learn(3).spike_counts["visible"]]
    np.testing.assert_array_equal(sum(counts), whole.learn(5).spike_counts["visible"])
    assert npz_bytes(pieces.checkpoint()) == npz_bytes(whole.checkpoint())


def test_a_restored_session_goes_on_exactly(busy):
    (_, first), (_, second) = opened(busy), opened(busy)
    first.learn(3)
    first.observe(200.0, chains=2)
    kept = read_npz(npz_bytes(first.checkpoint()))
    second.learn(1)  # whatever it did before is forgotten
    second.restore(kept)
    for session in (first, second):
        session.learn(3)
    assert npz_bytes(first.checkpoint()) == npz_bytes(second.checkpoint())
    assert first.counters() == second.counters()
    assert first.findings() == second.findings()
    one, other = first.observe(300.0, chains=2), second.observe(300.0, chains=2)
    np.testing.assert_array_equal(one.spike_counts["visible"], other.spike_counts["visible"])


def test_observing_does_not_disturb_and_threads_do_not_matter(busy):
    (_, watched), (_, alone) = opened(busy), opened(busy, threads=2)
    for session in (watched, alone):
        session.learn(2)
    one, other = watched.observe(500.0, chains=4, warmup_ms=50.0), alone.observe(500.0, chains=4, warmup_ms=50.0)
    assert one.duration_ms == 500.0
    np.testing.assert_array_equal(one.spike_counts["visible"], other.spike_counts["visible"])
    fresh = opened(busy)[1]
    fresh.learn(4)
    watched.learn(2)
    np.testing.assert_array_equal(watched.weights("feedback"), fresh.weights("feedback"))


def test_noise_has_its_rate():
    # 40 trains of 500 Hz for 10 s are 200000 events; they make the mean current weight times rate times tau_syn
    noise = PoissonNoise(name="noise", target="cells", rate_hz=500.0, weight=mv(1.0))
    _, session = opened(single(noise, size=40))
    seen = session.observe(10_000.0, warmup_ms=100.0)
    assert seen.spike_counts["cells"].sum() == 0
    # of the mean of 40 membranes over 10 s the standard deviation is 2.5 / sqrt(200000) = 0.2 %; floors take far less
    assert (seen.membrane_mv["cells"] + 65.0).mean() == pytest.approx(2.5, rel=4 * 0.00224)
