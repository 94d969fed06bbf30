"""``--map-only`` from the command line: what is refused before the machine's software starts, and what is shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.targets import load_backend
from sal_hw.passes.compile import compile_network
from sal_hw.storage.codec import encode
from sal_hw_spinnaker.spinnaker1 import process as spynnaker_process
from sal_hw_spinnaker.spinnaker1 import sdk
from sal_hw_spinnaker.spinnaker1.access import MACHINE, SERVER
from sal_hw_spinnaker.spinnaker1.job import MOST_READINGS, make_job
from sal_hw_spinnaker.spinnaker1.target import spinnaker1_target

RECIPES = Path(__file__).parents[4] / "recipes"
TEXT = (RECIPES / "two_populations.yaml").read_text()
MAP = ["--target", "spinnaker1", "--map-only"]


@pytest.fixture
def never_started(monkeypatch, tmp_path):
    """Fail if a process is started; the machine's software counts as installed."""

    def start(*arguments, **options):
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(sdk, "missing", tuple)
    monkeypatch.chdir(tmp_path)


def _run(text, tmp_path, *options):
    (tmp_path / "recipe.yaml").write_text(text)
    return main(["run", str(tmp_path / "recipe.yaml"), *options])


_SECOND_RULE = """
  - {kind: sal, name: other, forward: up, backward: down, learn: backward, learning_rate: 0.05, rate_per: pair,
     update_every: $update_every, window: exponential, tau_causal: 10 ms, tau_anticausal: 10 ms, pairing: all}

experiment:"""
_SECOND_PAIR = """
  - {name: up, source: visible, target: hidden, weight: 0.1 mV}
  - {name: down, source: hidden, target: visible, weight: 0.1 mV, weight_min: -1.5, weight_max: 1.5}

stimuli:"""

REFUSED = {
    "mixed signs with unequal time constants": (TEXT.replace("tau_syn_inh: 5 ms", "tau_syn_inh: 8 ms"), (), "E332"),
    "no range around zero": (TEXT.replace("    weight_min: -1.5\n", ""), (), "E331"),
    "two rules onto one population": (
        TEXT.replace("\nstimuli:", _SECOND_PAIR).replace("\nexperiment:", _SECOND_RULE),
        (),
        "E335",
    ),
    "too small a learning step": (TEXT, ("--set", "parameters.learning_rate=0.001"), "E336"),
    "windows beyond the memory": (TEXT.replace("tau_causal: 10 ms", "tau_causal: 9 s"), (), "E334"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("mode", [MAP, MAP[:2]], ids=["map-only", "run"])
def test_the_compiler_refuses_before_the_software_starts(never_started, tmp_path, monkeypatch, capsys, case, mode):
    monkeypatch.setenv(MACHINE, "board.example")
    monkeypatch.delenv(SERVER, raising=False)
    text, options, code = REFUSED[case]
    assert _run(text, tmp_path, *mode, *options, "--json") == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert code in {item["code"] for item in problems}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.yaml"], "no folder is left"


def test_rows_beyond_the_limit_never_reach_the_software(never_started, tmp_path, monkeypatch, capsys):
    limits = spinnaker1_target.description.limits
    monkeypatch.setitem(limits, "plastic_row_synapses", limits["plastic_row_synapses"].__class__(low=0, high=10))
    assert _run(TEXT, tmp_path, *MAP, "--json") == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["code"], problem["value"]) == ("E334", "16 synapses")


def test_a_run_without_a_machine_names_what_is_missing(never_started, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(MACHINE, raising=False)
    monkeypatch.delenv(SERVER, raising=False)
    assert _run(TEXT, tmp_path, "--target", "spinnaker1", "--json") == 4
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["code"] == "E831"
    assert MACHINE in problem["allowed"]
    assert "--emulate" in problem["hint"]
    monkeypatch.setattr(sdk, "missing", lambda: ("spynnaker",))
    for mode in (MAP, MAP[:2]):
        assert _run(TEXT, tmp_path, *mode, "--json") == 4
        (problem,) = json.loads(capsys.readouterr().out)["problems"]
        assert problem["code"] == "E830"
        assert "pip install 'sal-hw[spinnaker]'" in problem["hint"]


def test_only_programs_of_a_target_with_a_mapper_are_mapped(never_started, tmp_path, capsys):
    assert _run(TEXT, tmp_path, "--target", "ideal", "--map-only", "--json") == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["code"], problem["value"]) == ("E835", '"ideal"')
    study = next(path for path in sorted(RECIPES.rglob("*.yaml")) if "kind: phase_plane" in path.read_text())
    assert main(["run", str(study), *MAP, "--json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["code"], problem["value"]) == ("E835", '"phase_plane"')


@pytest.mark.parametrize("option", [["--emulate"], ["--dry-run"], ["--chip", "7"], ["--via", "pynn"]])
def test_two_modes_at_once_are_refused(never_started, tmp_path, capsys, option):
    assert _run(TEXT, tmp_path, *MAP, *option, "--json") == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["code"] == "E604"
    assert f"--map-only and {option[0]} exclude each other" in problem["allowed"]


def test_what_is_shown_says_that_nothing_ran(monkeypatch, tmp_path, capsys):
    from sal_hw.contracts.mapping import MappedChip, MappedCore, MappedSynapses, MappingReport

    core = MappedCore(
        owner="visible", first=0, last=15, x=1, y=2, core=3, key=0x100, mask=0xFFFFFF00, memory_bytes=6192
    )
    silent = MappedCore(owner="hidden", first=0, last=15, x=1, y=2, core=4, key=None, mask=None, memory_bytes=5)
    report = MappingReport(
        program_hash="abc",
        target="spinnaker1",
        software="sPyNNaker 1!7.4.1",
        machine="a virtual board",
        cores=(core, silent),
        synapses=(MappedSynapses(name="forward.excitatory", shift=4, synapses=133, word_min=7, word_max=2105),),
        tables=(MappedChip(x=1, y=2, entries=7),),
    )
    asked = []

    def mapped(self, program, *, updates, seed):
        asked.append((program.target, updates, seed))
        return report

    monkeypatch.setattr("sal_hw_spinnaker.spinnaker1.backend.SpinnakerBackend.map_program", mapped)
    out = tmp_path / "mapped"
    assert _run(TEXT, tmp_path, *MAP, "--out", str(out), "--seed", "9") == 0
    lines = capsys.readouterr().out.splitlines()
    assert asked == [("spinnaker1", 100, 9)]
    assert lines[0] == "two_populations for spinnaker1 (map-only), sPyNNaker 1!7.4.1, a virtual board"
    assert any(line.split() == ["visible", "0..15", "1,2,3", "00000100/ffffff00", "6192"] for line in lines)
    assert any(line.split() == ["hidden", "0..15", "1,2,4", "-", "5"] for line in lines)
    assert any(line.split() == ["forward.excitatory", "133", "4", "7..2105"] for line in lines)
    assert any(line.split() == ["1,2", "7"] for line in lines)
    assert any(line.startswith("map-only: nothing ran, so that there are no spikes") for line in lines)
    assert lines[-1] == f"next: sal-hw run {tmp_path / 'recipe.yaml'} --target spinnaker1 --emulate"
    assert json.loads((out / "mapping.json").read_text())["cores"][0]["owner"] == "visible"
    assert _run(TEXT, tmp_path, *MAP, "--out", str(out)) == 2, "nothing is overwritten"
    assert "E501" in capsys.readouterr().err
    assert _run(TEXT, tmp_path, *MAP, "--out", str(out), "--force") == 0


def test_a_failed_mapping_leaves_no_folder(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sdk, "missing", tuple)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(spynnaker_process, "_run", lambda folder, access, deadline_s: None)
    out = tmp_path / "mapped"
    assert _run(TEXT, tmp_path, *MAP, "--out", str(out), "--json") == 6
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["code"] == "E834"
    assert not out.exists()


# --- the network that the software is told ----------------------------------------------------------------------------


def _program(*overrides):
    from sal_hw.workflow import api

    recipe = api.load_recipe(RECIPES / "two_populations.yaml", overrides=overrides)
    return compile_network(recipe.network, target=spinnaker1_target, seed=recipe.seed)


def test_the_rows_of_a_list_are_ordered_and_exact():
    program = _program()
    job = make_job(program, "map", updates=3, seed=1)
    for index, item in enumerate(job.synapses):
        rows = job.arrays[f"list.{index}"]
        pre, post = rows[:, 0].astype(int), rows[:, 1].astype(int)
        # sPyNNaker splits a list as if it were ordered by source (from_list_connector.py)
        assert (np.diff(pre * 1000 + post) > 0).all()
        scale = program.part.scale_of(item.population, item.receptor)
        np.testing.assert_array_equal(rows[:, 2] * scale.words_per_mv, item.words[pre, post])
        assert len(rows) == item.exists.sum()


def test_names_of_the_recipe_do_not_reach_the_software():
    job = make_job(_program(), "run", updates=3, seed=1)
    assert set(job.owners.values()) == {
        "visible", "hidden", "drive_visible", "excite_visible", "inhibit_visible", "excite_hidden", "inhibit_hidden",
    } - {"drive_visible"}  # fmt: skip
    assert "visible" not in json.dumps(encode(job.network)[0])


def test_seeds_differ_between_stimuli_and_runs():
    program = _program()
    seeds = [
        [item.seed for item in make_job(program, "run", updates=1, seed=seed).network.sources] for seed in (1, 1, 2)
    ]
    assert seeds[0] == seeds[1]
    drawn = [seed for run in seeds[1:] for seed in run if seed is not None]
    assert len(set(drawn)) == len(drawn) == 8


@pytest.mark.parametrize(("updates", "every"), [(1, 1), (MOST_READINGS, 1), (MOST_READINGS + 1, 2), (1000, 5)])
def test_long_runs_are_read_less_often(updates, every):
    job = make_job(_program("parameters.size=2"), "run", updates=updates, seed=1)
    assert job.network.read_every_updates == every
    assert job.network.updates == updates


def test_the_backend_is_registered():
    assert load_backend("spinnaker1").name == spinnaker1_target.backend == "spinnaker1"
