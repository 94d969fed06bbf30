"""sPyNNaker itself on a virtual board: what it stores is what was compiled, and what differs is found.

They need the extra ``spinnaker``. A virtual board runs nothing, so that nothing here says anything of spikes.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.cli.main import main
from sal_hw.contracts.mapping import MAPPING_SCHEMA
from sal_hw.errors import DeviceError, IntegrityError
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import Constant, Normal, Table
from sal_hw.storage.artifact import read_manifest
from sal_hw.storage.codec import encode
from sal_hw.workflow import api
from sal_hw_spinnaker.spinnaker1 import process as spynnaker_process
from sal_hw_spinnaker.spinnaker1 import sdk
from sal_hw_spinnaker.spinnaker1.backend import SpinnakerBackend
from sal_hw_spinnaker.spinnaker1.job import Job, make_job
from sal_hw_spinnaker.spinnaker1.mapping import compare
from sal_hw_spinnaker.spinnaker1.process import execute
from sal_hw_spinnaker.spinnaker1.target import spinnaker1_target

pytestmark = pytest.mark.skipif(
    bool(sdk.missing()),
    reason=f"sPyNNaker is not installed: {', '.join(sdk.missing())} missing; pip install 'sal-hw[spinnaker]'",
)

RECIPE = Path(__file__).parents[2] / "recipes" / "two_populations.yaml"
NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=0.0,
    v_reset_mv=0.0,
    v_threshold_mv=1.0,
)


def mv(value: float) -> Constant:
    return Constant(value=value, unit="mV")


def network(visible: int, hidden: int, *, step: float = 1.0, delay_ms: float = 0.0, **rule: Any) -> NetworkSpec:
    """Return two populations that are connected both ways, the one also with itself; the feedback learns."""
    sal = SalRule(
        name="alignment",
        forward="forward",
        backward="feedback",
        learning_rate=0.2,
        rate_per="pair",
        update_every_ms=1000.0,
        tau_causal_ms=10.0,
        tau_anticausal_ms=20.0,
        pairing="all",
    )
    weights = Normal(std=0.1, truncate=2.5, unit="mV", seed=4)
    given = Table(values=np.array([[1.0, 0.0], [3.0, 1.0], [40.0, 0.0]]))
    return NetworkSpec(
        timestep_ms=step,
        populations=(
            Population(name="visible", size=visible, neuron=NEURON),
            Population(name="hidden", size=hidden, neuron=NEURON),
        ),
        projections=(
            Projection(name="forward", source="visible", target="hidden", weight=weights, delay_ms=delay_ms),
            Projection(
                name="feedback",
                source="hidden",
                target="visible",
                weight=weights,
                weight_min=-0.25,
                weight_max=0.5,
                delay_ms=delay_ms,
            ),
            Projection(name="lateral", source="hidden", target="hidden", weight=mv(-0.05), receptor="inhibitory"),
        ),
        plasticity=(replace(sal, **rule),),
        stimuli=(
            ConstantDrive(name="drive", target="visible", amplitude=Normal(std=0.1, unit="mV", seed=9)),
            PoissonNoise(name="noise", target="hidden", rate_hz=2000.0, weight=weights),
            SpikeList(name="given", target="visible", spikes=given, weight=mv(0.3)),
        ),
    )


def compiled(spec: NetworkSpec) -> CompiledProgram:
    return compile_network(spec, target=spinnaker1_target, seed=1)


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_recipe_is_mapped_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(spynnaker_process, "MEMORY", tmp_path / "no such file system")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = tmp_path / "mapped"
    assert main(["run", str(RECIPE), "--target", "spinnaker1", "--map-only", "--json", "--out", str(out)]) == 0
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    # of processor time, since others may compute at the same time; it takes 3 to 4 s
    assert ended.ru_utime + ended.ru_stime - used.ru_utime - used.ru_stime < 20.0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["mode"], shown["spikes"]) == ("map-only", None)
    assert not {"metrics", "weights", "health", "verdict"} & set(shown), "nothing ran"
    mapping = shown["mapping"]
    assert mapping == json.loads((out / "mapping.json").read_text())
    manifest = read_manifest(out, "mapping", schema_versions=(MAPPING_SCHEMA,))
    assert (manifest["mode"], manifest["program_hash"]) == ("map-only", mapping["program_hash"])
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock", "manifest.json", "mapping.json", "program.json", "program.npz", "recipe.json",
    ]  # fmt: skip
    assert mapping["software"] == "sPyNNaker 1!7.4.1"
    owners = {core["owner"] for core in mapping["cores"]}
    assert {"visible", "hidden", "excite_visible", "inhibit_hidden"} <= owners
    program = api.compile_recipe(api.load_recipe(RECIPE), target=spinnaker1_target)
    assert mapping["program_hash"] == program.hash
    for part in program.part.synapses:
        found = next(item for item in mapping["synapses"] if item["name"] == part.name)
        assert found["synapses"] == part.exists.sum()
        assert (found["word_min"], found["word_max"]) == (part.words[part.exists].min(), part.words[part.exists].max())
    assert list(home.iterdir()) == [], "nothing is written into the user's home"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "mapped"]


# --- what is compared -------------------------------------------------------------------------------------------------


class Mapped:
    """A mapping as it comes from sPyNNaker, to be compared after a change."""

    def __init__(self) -> None:
        self.program = compiled(network(5, 3, delay_ms=2.0))
        self.job: Job = make_job(self.program, "map", updates=2, seed=1)
        self.found, self.arrays = execute(self.job, None, deadline_s=120.0)

    def differences(self, change: Callable[[dict[str, Any], dict[str, NDArray[Any]]], object]) -> list[tuple[str, str]]:
        found, arrays = deepcopy(self.found), {name: item.copy() for name, item in self.arrays.items()}
        change(found, arrays)
        with pytest.raises(IntegrityError) as caught:
            compare(self.program, self.job, found, arrays)
        assert {item.code for item in caught.value.problems} == {"E834"}
        return [(item.field, item.allowed) for item in caught.value.problems]

    def region(self, name: str, population: str) -> str:
        label = next(label for label, owner in self.job.owners.items() if owner == population)
        place = next(item[3] for item in self.found["placed"] if item[0] == label)
        return f"{name}.{'.'.join(map(str, place))}"


@pytest.fixture(scope="module")
def mapped() -> Mapped:
    return Mapped()


def test_an_unchanged_mapping_is_reported(mapped: Mapped) -> None:
    report = compare(mapped.program, mapped.job, mapped.found, mapped.arrays)
    assert [item.name for item in report.synapses] == [item.name for item in mapped.job.synapses]
    assert sum(item.synapses for item in report.synapses if item.name.startswith("forward.")) == 15
    assert sum(item.synapses for item in report.synapses if item.name.startswith("lateral.")) == 6
    assert len({(item.x, item.y, item.core) for item in report.cores}) == len(report.cores)
    keys = [item.key for item in report.cores]
    assert len(set(keys)) == len(keys)
    assert report.tables[0].entries >= len(report.cores)


def test_no_data_of_a_virtual_board_is_taken(mapped: Mapped) -> None:
    assert mapped.found["virtual"] is True
    assert not [name for name in mapped.arrays if name.startswith(("time_ms", "neuron", "weights"))]
    assert not {"spikes", "provenance"} & set(mapped.found)


def test_one_other_word_is_found(mapped: Mapped) -> None:
    name = mapped.region("blocks", "visible")
    part = next(item for item in mapped.program.part.synapses if item.plastic)
    word = int(part.words[0, 0])

    def change(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        halves = arrays[name].view("<u2")
        at = np.flatnonzero(halves == word)
        assert len(at) == 1
        halves[at] += 1

    assert mapped.differences(change) == [
        (part.name, f"the words of the program; 1 synapses differ, from 0 to 0 there is {word + 1} instead of {word}")
    ]


def test_another_shift_and_another_amplitude_are_found(mapped: Mapped) -> None:
    parameters, dynamics = mapped.region("parameters", "visible"), mapped.region("dynamics", "visible")

    def change(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        arrays[parameters].view("<u4")[-1] += 1
        arrays[dynamics].view("<i4")[-1] += 2

    fields = [field for field, _ in mapped.differences(change)]
    assert fields == ["populations.visible", "feedback.learning"]


def test_another_delay_is_found(mapped: Mapped) -> None:
    first = replace(mapped.job.synapses[0], delay_steps=3)
    assert mapped.job.synapses[0].delay_steps == 2
    job = replace(mapped.job, synapses=(first, *mapped.job.synapses[1:]))
    with pytest.raises(IntegrityError) as caught:
        compare(mapped.program, job, mapped.found, mapped.arrays)
    (problem,) = caught.value.problems
    assert (problem.field, problem.allowed) == (first.name, "delays of 3 steps; [2] were stored")


def test_keys_that_overlap_and_routes_that_end_are_found(mapped: Mapped) -> None:
    def overlap(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        of_core = {item[0]: item for item in found["keys"] if item[1] is not None}
        of_core["n1"][2] = of_core["n0"][2]

    assert ("keys", "disjoint keys; those of visible and hidden overlap") in mapped.differences(overlap)

    def cut(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        found["routes"] = [item for item in found["routes"] if item[2] != found["keys"][0][2]]

    assert {field for field, _ in mapped.differences(cut)} == {"routes"}


def test_tables_that_cannot_be_read_are_no_bug(mapped: Mapped) -> None:
    name = mapped.region("table", "visible")

    def change(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        arrays[name].view("<u4")[2] += 1

    # a key that belongs to no source
    assert [field for field, _ in mapped.differences(change)] == ["tables"]


def test_another_number_of_cores_is_found(mapped: Mapped) -> None:
    def change(found: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        found["placed"] = [item for item in found["placed"] if item[0] != "n0"]

    assert ("populations.visible", "cores with [5] neurons; [] were made") in mapped.differences(change)


# --- networks of every kind -------------------------------------------------------------------------------------------

NETWORKS = {
    "several cores": network(150, 300),
    "inverted": network(3, 4, polarity="inverted"),
    "one neuron each": network(2, 1),
    "longest delays": network(40, 30, delay_ms=100.0),
    "short steps": network(6, 5, step=0.1, delay_ms=0.7, learning_rate=0.5),
    "no learning": network(4, 4, enabled=False),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_words_shifts_and_delays_agree(name: str) -> None:
    program = compiled(NETWORKS[name])
    report = SpinnakerBackend().map_program(program, updates=3, seed=7)
    digital = program.part
    found = {item.name: item for item in report.synapses}
    for part in digital.synapses:
        assert found[part.name].synapses == part.exists.sum()
        assert found[part.name].shift == digital.scale_of(part.target, part.receptor).shift
    cores = [item for item in report.cores if item.owner == "visible"]
    assert len(cores) == digital.neurons_of("visible").cores


@pytest.mark.slow
def test_equal_seeds_map_alike() -> None:
    program = compiled(network(3, 2))
    one, other = (SpinnakerBackend().map_program(program, updates=1, seed=5) for _ in range(2))
    assert encode(one) == encode(other)


@pytest.mark.slow
def test_what_spynnaker_refuses_is_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = compiled(network(256, 1))
    digital = program.part
    assert digital.neurons_of("visible").neurons_per_core == 128
    # learning rows of 256 synapses do not fit; no pass lets them through
    first = replace(digital.neurons[0], neurons_per_core=256)
    wrong = replace(program, part=replace(digital, neurons=(first, *digital.neurons[1:])))
    with pytest.raises(DeviceError) as caught:
        SpinnakerBackend().map_program(wrong, updates=1, seed=1)
    assert (caught.value.code, caught.value.exit_code) == ("E832", 4)
    assert "SynapseRowTooBigException" in caught.value.problems[0].allowed
    (left,) = tmp_path.glob("sal-hw-spinnaker-*")
    assert str(left) in (caught.value.hint or "")
