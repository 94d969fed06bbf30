"""A small network that every target runs, as a recipe's document, and how it is run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import sal_hw
from sal_hw.experiment.runner import Interrupted
from sal_hw.results.result import Spikes
from sal_hw.results.stored_run import read_run
from sal_hw.workflow.checked_recipe import Recipe

#: a recipe as it stands in a file
Document: TypeAlias = dict[str, Any]

#: how a recipe runs on each target: all but two are emulated here
HOW: dict[str, dict[str, Any]] = {
    "ideal": {"target": "ideal"},
    "brainscales2": {"target": "brainscales2", "emulate": True},
    "spinnaker1": {"target": "spinnaker1", "emulate": True},
    "spinnaker2": {"target": "spinnaker2", "emulate": True},
    "pynn:brian2": {"target": "pynn:brian2"},
    "pynn:nest": {"target": "pynn:nest"},
}

#: source and target of the projections
ENDS = {"forward": ("lower", "upper"), "feedback": ("upper", "lower"), "aside": ("lower", "other")}

FORWARD = [[0.5, -0.25, 0.375], [-0.125, 0.25, 0.5], [0.25, 0.5, -0.375], [0.375, 0.125, 0.25]]
FEEDBACK = [[-0.25, 0.125, 0.5, 0.25], [0.375, -0.5, 0.125, 0.25], [0.25, 0.25, -0.125, 0.5]]
ASIDE = [[0.25, 0.5], [0.125, -0.25], [0.5, 0.375], [-0.375, 0.25]]


def lif(**changed: str) -> Document:
    """Return a LIF neuron whose threshold is 1 mV above rest."""
    times = {"tau_mem": "8 ms", "tau_syn_exc": "4 ms", "tau_syn_inh": "4 ms", "tau_ref": "4 ms"}
    return {"model": "lif", **times, "v_rest": "0 mV", "v_reset": "0 mV", "v_threshold": "1 mV"} | changed


def given(values: list[list[float]]) -> Document:
    """Return weights as a table."""
    return {"values": values, "unit": "mV"}


def base() -> Document:
    """Return three populations, of which two align, with constant, random and given input."""
    noise = [
        {"kind": "poisson", "name": f"{word}_{name}", "target": name, "rate": "250 Hz", "weight": weight}
        for name in ("lower", "upper")
        for word, weight in (("excite", "0.5 mV"), ("inhibit", "-0.25 mV"))
    ]
    drives = [
        {"kind": "constant", "name": f"drive_{name}", "target": name, "amplitude": amplitude}
        for name, amplitude in (("lower", "0.5 mV"), ("upper", "0.5 mV"), ("other", "0.875 mV"))
    ]
    rows = [[float(time), neuron] for time in range(20, 2000, 64) for neuron in (time % 4, (time // 4 + 1) % 4)]
    listed = {"kind": "spikes", "name": "list", "target": "lower", "spikes": {"values": rows}, "weight": "2 mV"}
    rule = {
        "kind": "sal",
        "name": "alignment",
        "forward": "forward",
        "backward": "feedback",
        "learning_rate": 0.0625,
        "rate_per": "pair",
        "update_every": "200 ms",
        "window": "exponential",
        "tau_causal": "8 ms",
        "tau_anticausal": "8 ms",
        "pairing": "all",
    }
    return {
        "recipe": 1,
        "name": "metamorphic",
        "seed": 5,
        "timestep": "1 ms",
        "populations": {
            name: {"size": size, "neuron": lif()} for name, size in (("lower", 4), ("upper", 3), ("other", 2))
        },
        "projections": [
            {"name": "forward", "source": "lower", "target": "upper", "weight": given(FORWARD)},
            {
                "name": "feedback",
                "source": "upper",
                "target": "lower",
                "weight": given(FEEDBACK),
                "weight_min": -1.5,
                "weight_max": 1.5,
            },
            {"name": "aside", "source": "lower", "target": "other", "weight": given(ASIDE)},
        ],
        "stimuli": [*drives, *noise, listed],
        "plasticity": [rule],
        "probes": [{"kind": "spikes", "population": name} for name in ("lower", "upper", "other")],
        "experiment": {"kind": "align", "duration": "2 s"},
    }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Seen:
    """What a run is compared by.

    Attributes
    ----------
    weights
        Per projection, shape (pre, post), mV, at the end.
    spikes
        Per population, in order of time.
    metrics
        By their names.
    """

    weights: dict[str, NDArray[np.float64]]
    spikes: dict[str, Spikes]
    metrics: dict[str, Any] = field(default_factory=dict)


def load(document: Document, folder: Path) -> Recipe:
    """Write a document into a folder and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return sal_hw.load_recipe(path)


def run(
    document: Document, how: Mapping[str, Any], folder: Path, *, threads: int = 1, interrupted: bool = False
) -> Seen:
    """Run a document in a folder; if asked, interrupted when it has been asked three times, and resumed."""
    recipe, out = load(document, folder), folder / "run"
    asked = {**how, "out": out, "figures": False, "threads": threads}
    if interrupted:
        steps = count(1)
        with contextlib.suppress(Interrupted):
            sal_hw.run(recipe, **asked, interrupted=lambda: next(steps) >= 3)
        if (out / "manifest.json").exists():
            raise AssertionError("the run was not interrupted")
    sal_hw.run(recipe, **asked, resume=interrupted)
    done = read_run(out)
    return Seen(weights=dict(done.weights), spikes=dict(done.spikes), metrics=dict(done.metrics))


def sampling() -> Document:
    """Return the same with sampling neurons: biases, weights and drives are log-odds."""
    document = base()
    for population, bias in zip(document["populations"].values(), (-0.25, -0.5, 0.25), strict=True):
        population["neuron"] = {"model": "sampling", "tau_ref": "8 ms", "bias": bias}
    for projection in document["projections"]:
        projection["weight"] = {"values": projection["weight"]["values"]}
    document["stimuli"] = [item | {"amplitude": 0.5} for item in document["stimuli"] if item["kind"] == "constant"]
    return document
