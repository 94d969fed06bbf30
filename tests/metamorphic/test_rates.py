"""One network with awkward constants fires as often on every target: equal time constants, refractory for one step.

Neurons do not reach each other, so that rates follow from the input alone: recurrent input arrives a step later on some
targets than on others, which changes rates of strongly coupled neurons by design.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from compare import SIGMAS, deviation
from network import HOW, Document, Seen, base, lif, run

from sal_hw_pynn.sdk import missing

#: brings neurons to their threshold by noise, about 100 spikes per second and neuron
NOISE_HZ, DURATION = "500 Hz", "10 s"


def network(target: str) -> Document:
    document = base()
    for population in document["populations"].values():
        population["neuron"] = lif(tau_mem="5 ms", tau_syn_exc="5 ms", tau_syn_inh="5 ms", tau_ref="1 ms")
    for projection in document["projections"]:
        projection["weight"]["values"] = [[0.0 for _ in row] for row in projection["weight"]["values"]]
    for stimulus in document["stimuli"]:
        if stimulus["kind"] == "poisson":
            stimulus["rate"] = NOISE_HZ
    # what learning is offered differs, and none is asked for
    pairing = "nearest" if target == "brainscales2" else "all"
    document["plasticity"][0] |= {"enabled": False, "pairing": pairing, "update_every": "2 s"}
    document["probes"] = [item for item in document["probes"] if item["population"] != "other"]
    document["experiment"]["duration"] = DURATION
    return document


@functools.cache
def ideal(folder: Path) -> Seen:
    return run(network("ideal"), HOW["ideal"], folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rates")


@pytest.mark.parametrize(
    "target",
    [pytest.param(name, marks=pytest.mark.slow if name.startswith("pynn") else ()) for name in HOW if name != "ideal"],
)
def test_rates_are_those_of_the_ideal_target(target: str, folder: Path, tmp_path: Path) -> None:
    simulator = target.removeprefix("pynn:")
    if simulator in ("brian2", "nest") and missing(simulator):
        pytest.skip("needs PyNN and its simulators: pip install -e '.[pynn]'")
    first, second = ideal(folder), run(network(target), HOW[target], tmp_path)
    # the probe of the population without noise is left out; about 3900 and 2800 spikes are to be compared
    assert set(second.spikes) == {"lower", "upper"}
    assert min(len(spikes.neuron) for spikes in first.spikes.values()) > 2000
    assert deviation(first, second) < SIGMAS
