"""One network with awkward constants learns from its spikes what the rule says, on every target.

Time constants of synapses and membranes are equal, neurons are refractory for one step, and SpiNNaker has delays. What
a weight has changed by is counted in pairs at lag 0. First each target is held to its own spikes, in a network whose
pairs are no accident; then to what accidental pairs are worth, where no neuron reaches another.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from network import FORWARD, HOW, Document, Seen, base, lif, load, run
from pairs import Doubles, all_pairs, nearest_pairs, trains

from sal_hw.workflow.api import compile_recipe
from sal_hw_pynn.sdk import missing

TAU_MS, DURATION_MS = 8.0, 10_000.0
#: pre and post neurons of what learns
PRE, POST = 3, 4
#: how much a pair counts, mV: little enough to act on no spike; where steps of weights are coarse, as much as they need
FINE, COARSE = 1e-4, {"brainscales2": 0.05, "spinnaker1": 0.01, "spinnaker2": 0.01}
#: time between two updates, ms; sensors of a chip would saturate
UPDATES_MS = {"brainscales2": 1000.0}
#: the chance of more than so many standard deviations is 1e-5, in a test of a dozen weights
SIGMAS = 4.5

CASES = [
    pytest.param("ideal", None),
    pytest.param("brainscales2", None),
    *(pytest.param(name, delay) for name in ("spinnaker1", "spinnaker2") for delay in (None, "5 ms")),
    *(pytest.param(f"pynn:{name}", None, marks=pytest.mark.slow) for name in ("brian2", "nest")),
]


def network(target: str, delay: str | None, *, coupled: bool) -> Document:
    document = base()
    for projection in document["projections"]:
        projection["weight"]["values"] = [[0.0 for _ in row] for row in projection["weight"]["values"]]
        projection.update({"delay": delay} if delay else {})
    for population in document["populations"].values():
        population["neuron"] = lif(tau_mem="5 ms", tau_syn_exc="5 ms", tau_syn_inh="5 ms", tau_ref="1 ms")
    # about 60 and 100 spikes per second and neuron
    noise, drive = ("250 Hz", "0.25 mV") if coupled else ("500 Hz", "0.5 mV")
    for stimulus in document["stimuli"]:
        stimulus.update({"rate": noise} if stimulus["kind"] == "poisson" else {})
        stimulus.update({"amplitude": drive} if stimulus["kind"] == "constant" else {})
    # given spikes are the same at all neurons, which is no accident
    document["stimuli"] = [item for item in document["stimuli"] if item["kind"] != "spikes"]
    if coupled:
        document["projections"][0]["weight"]["values"] = [[1.5 * value for value in row] for row in FORWARD]
    rate, update_ms = COARSE.get(target, FINE), UPDATES_MS.get(target, 2000.0)
    pairing = "nearest" if target == "brainscales2" else "all"
    changed = {"learning_rate": rate, "update_every": f"{update_ms:g} ms", "pairing": pairing}
    document["plasticity"][0] |= changed
    document["experiment"]["duration"] = f"{DURATION_MS:g} ms"
    document["probes"] = [item for item in document["probes"] if item["population"] != "other"]
    return document


def learned(target: str, delay: str | None, folder: Path, *, coupled: bool) -> tuple[Seen, Doubles, float]:
    """Return a run, what its weights have changed by, and what a stored step is, both in pairs at lag 0."""
    simulator = target.removeprefix("pynn:")
    if simulator in ("brian2", "nest") and missing(simulator):
        pytest.skip("needs PyNN and its simulators: pip install -e '.[pynn]'")
    document = network(target, delay, coupled=coupled)
    seen = run(document, HOW[target], folder)
    rate = document["plasticity"][0]["learning_rate"]
    scaling = compile_recipe(load(document, folder), target=target).scaling
    step = max((float(item.lsb.max()) for item in scaling if item.owner == "feedback"), default=0.0)
    return seen, seen.weights["feedback"] / rate, step / rate


def cuts(target: str) -> list[tuple[float, float]]:
    """Return begin and end of the stretches between two updates, ms."""
    update_ms = UPDATES_MS.get(target, 2000.0)
    return list(pairwise(np.arange(0.0, DURATION_MS + update_ms, update_ms)))


def within(train: Doubles, begin: float, end: float) -> Doubles:
    return train[(train >= begin) & (train < end)]


def defined(target: str, seen: Seen) -> Doubles:
    """Return what a target learns from its own spikes, in pairs at lag 0."""
    pre, post = trains(seen.spikes["upper"], PRE), trains(seen.spikes["lower"], POST)
    match target:
        case "brainscales2":
            return np.array([[_of_two_rows(a, b) for b in post] for a in pre])
        case "spinnaker1":
            # simultaneous spikes are taken for anti-causal ones, and amplitudes make up for accidental ones
            return np.array([[all_pairs(a, b, TAU_MS, simultaneous=np.exp(-1.0 / TAU_MS)) for b in post] for a in pre])
        case "spinnaker2":
            # chunks begin at rest, so that no pair is over their ends
            parts = [[(within(a, *cut), within(b, *cut)) for cut in cuts(target)] for a in pre for b in post]
            return np.array([sum(all_pairs(a, b, TAU_MS) for a, b in each) for each in parts]).reshape(PRE, POST)
        case _:
            return np.array([[all_pairs(a, b, TAU_MS) for b in post] for a in pre])


def _of_two_rows(pre: Doubles, post: Doubles) -> float:
    """Return the difference of an excitatory and an inhibitory row: each takes half of a change, and stops at 0."""
    rows = np.zeros(2)
    for begin, end in cuts("brainscales2"):
        half = 0.5 * nearest_pairs(pre, post, TAU_MS, begin, end)
        rows = np.maximum(rows + np.array([half, -half]), 0.0)
    return float(rows[0] - rows[1])


@pytest.mark.parametrize(("target", "delay"), CASES)
def test_weights_change_by_the_pairs_of_the_spikes(target: str, delay: str | None, tmp_path: Path) -> None:
    seen, found, step = learned(target, delay, tmp_path, coupled=True)
    wanted = defined(target, seen)
    # what one neuron sends makes the other spike: sums are far from what accidental pairs would give
    assert np.abs(wanted).max() > 10.0
    error = found - wanted
    match target:
        case "brainscales2":
            # ten updates of two rows, each rounded at random, and readings to a whole pair: variances of 1/4 and 1/12
            sigma = np.sqrt(10 * 2 * (step**2 / 4.0 + 0.25 / 12.0 * 2.0))
            assert np.abs(error).max() < SIGMAS * sigma
            assert float((found * wanted).sum() / (wanted**2).sum()) == pytest.approx(1.0, abs=0.1)
        case "spinnaker1":
            # rounding down at each pre spike takes less than a step from what is subtracted; tables have 11 bits
            spikes = len(seen.spikes["upper"].neuron) / PRE
            assert error.min() > -1.0
            assert error.max() < spikes * step + 1.0
        case "spinnaker2":
            assert np.abs(error).max() < 0.5 * step + 1e-6
        case _:
            # the ideal target sums in float32
            assert np.abs(error).max() < 1e-3


def accidental(pre: list[Doubles], post: list[Doubles]) -> float:
    """Return the standard deviation of sums of accidental pairs: of the same trains, turned against each other."""
    turns = np.arange(500.0, DURATION_MS, 500.0)
    sums = [all_pairs(a, np.sort((b + turn) % DURATION_MS), TAU_MS) for a in pre for b in post for turn in turns]
    return float(np.std(sums))


@pytest.mark.parametrize(("target", "delay"), CASES)
def test_accidental_pairs_are_worth_nothing_on_average(target: str, delay: str | None, tmp_path: Path) -> None:
    seen, found, step = learned(target, delay, tmp_path, coupled=False)
    pre, post = trains(seen.spikes["upper"], PRE), trains(seen.spikes["lower"], POST)
    spikes = [len(seen.spikes[name].neuron) / size for name, size in (("upper", PRE), ("lower", POST))]
    # at random times all pairs within tau have a variance of rate x rate x duration x tau; real trains are more regular
    sigma = accidental(pre, post)
    poisson = np.sqrt(spikes[0] * spikes[1] / DURATION_MS * TAU_MS)
    assert 0.3 * poisson < sigma < 1.2 * poisson
    bias = 0.0
    if target == "spinnaker1":
        # half a step at each pre spike is lost by rounding down, and simultaneous spikes count in a numbered way
        bias = 0.5 * step * spikes[0]
        sigma = float(np.hypot(sigma, np.sqrt(spikes[0] * spikes[1] / DURATION_MS)))
    rounding = step * np.sqrt(10.0)
    assert abs(float(found.mean()) - bias) < SIGMAS * np.hypot(sigma, rounding) / np.sqrt(found.size) + bias
    assert np.abs(found - bias).max() < SIGMAS * np.hypot(sigma, rounding) + bias
    # chi-squared of 11 degrees of freedom, each end with a chance of 1e-5; weights that act on spikes act against
    # pairs, and rows of a chip that stop at 0 learn half
    scale = float(np.sqrt(np.mean((found - found.mean()) ** 2))) / sigma
    assert (0.1 if target in COARSE else 0.25) < scale < 1.9
