"""A small chip program, and result folders as a run file would leave them for a run of the emulated chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import load_target
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec, Population
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.probes import MembraneProbe, SpikeProbe, WeightProbe
from sal_hw.storage.files import json_bytes, npz_bytes, sha256
from sal_hw.workflow import api
from sal_hw.workflow.jobs.network import NetworkJob
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend as EmulatorBackend

ROOT = Path(__file__).parents[4]
ALIGNMENT = ROOT / "recipes" / "chip_alignment.yaml"

UPDATES = 6
SETTINGS = (
    "parameters.size=4",
    "parameters.duration=12 s",
    "parameters.learning_rate=0.05",
    "experiment.average_last_updates=2",
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What the emulated chip did, in the form of a result.

    Attributes
    ----------
    weights
        Shape (updates + 1, pre, post): the feedback weights before the first update and after each, in model units.
    """

    program: CompiledProgram
    recipe: api.Recipe
    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    weights: NDArray[np.float64]

    def write(self, folder: Path, header: dict[str, Any] | None = None, **changed: NDArray[Any] | None) -> Path:
        """Write the result folder; `changed` arrays replace others, with `__` for dots, and None leaves one out."""
        arrays = {**self.arrays, **{name.replace("__", "."): values for name, values in changed.items()}}
        contents = {
            "result.json": json_bytes({**self.header, **(header or {})}),
            "arrays.npz": npz_bytes({name: values for name, values in arrays.items() if values is not None}),
        }
        manifest = {
            "format": 1,
            "kind": "sal-hw-result",
            "sha256": {name: sha256(item) for name, item in contents.items()},
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in {**contents, "manifest.json": json_bytes(manifest)}.items():
            (folder / name).write_bytes(data)
        return folder


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    on_network = api.load_recipe(ALIGNMENT, overrides=SETTINGS).job.on_network()
    probes = (*(SpikeProbe(population=name) for name in ("visible", "hidden")), WeightProbe(projection="feedback"))
    on_network = replace(on_network, network=replace(on_network.network, probes=probes))
    program = on_network.compile("brainscales2")
    spikes: dict[str, list[tuple[Any, Any]]] = {"visible": [], "hidden": []}
    session = EmulatorBackend().open(
        program,
        OpenRequest(seed=program.seed, recorder=lambda time_ms, neuron, name: spikes[name].append((time_ms, neuron))),
    )
    weights = [session.weights("feedback")]
    for _ in range(UPDATES):
        session.learn(1)
        weights.append(session.weights("feedback"))
    chip = program.part
    assert chip is not None
    codes = np.rint(np.array(weights[1:]) / program.scaling_of("feedback").lsb).astype(np.int64)
    ends_us = 2000.0 * np.arange(1, UPDATES + 1) - 1.0
    arrays: dict[str, NDArray[Any]] = {}
    for polarity, sign in (("excitatory", 1), ("inhibitory", -1)):
        arrays[f"weights.feedback.{polarity}"] = np.maximum(sign * codes, 0).astype(np.uint8)
        arrays[f"weights.feedback.{polarity}.time_us"] = ends_us
    for name, parts in spikes.items():
        # model milliseconds are chip microseconds
        arrays[f"spikes.{name}.time_us"] = np.concatenate([time for time, _ in parts])
        arrays[f"spikes.{name}.neuron"] = np.concatenate([neuron for _, neuron in parts])
    header = {
        "format": 1,
        "kind": "sal-hw-result",
        "program_hash": program.hash,
        "front_end": "pynn",
        "chip_id": "hxcube7fpga0chip63_1",
        "seed": program.seed,
        "software": {"pynn_brainscales": "unknown"},
        "begin_utc": "2026-01-01T00:00:00+00:00",
        "end_utc": "2026-01-01T00:01:00+00:00",
        "updates": UPDATES,
        "counters": {"updates_missed": 0, "spikes_dropped": 0, "link_errors": 0, "scheduler_dropped": 0},
        "messages": [],
    }
    return Recorded(
        program=program,
        recipe=api.Recipe(job=NetworkJob(recipe=on_network)),
        header=header,
        arrays=arrays,
        weights=np.array(weights),
    )


@pytest.fixture(scope="session")
def sampled_program() -> CompiledProgram:
    """Return two neurons without synapses and rules, whose membranes are recorded."""
    neuron = LifNeuron(
        tau_mem_ms=10.0,
        tau_syn_exc_ms=5.0,
        tau_syn_inh_ms=5.0,
        tau_ref_ms=10.0,
        v_rest_mv=0.0,
        v_reset_mv=-0.5,
        v_threshold_mv=1.0,
    )
    network = NetworkSpec(
        timestep_ms=0.1,
        populations=(Population(name="cells", size=2, neuron=neuron),),
        probes=(MembraneProbe(population="cells", every_ms=2.0),),
    )
    return compile_network(network, target=load_target("brainscales2"), seed=1)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Let modules and the kernels' compiler seem installed; importing one of them here fails."""

    def install(*names: str, compiler: bool = True) -> Path:
        home = tmp_path / "stack"
        for name in names:
            (home / name).mkdir(parents=True)
            (home / name / "__init__.py").write_text("raise RuntimeError('imported in the wrong process')\n")
        if compiler:
            program = home / "powerpc-ppu-g++"
            home.mkdir(exist_ok=True)
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
        monkeypatch.syspath_prepend(str(home))
        monkeypatch.setenv("PATH", str(home), prepend=":")
        return home

    return install
