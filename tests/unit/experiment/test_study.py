"""Studies are checked, run, stored, interrupted and read as any other run, and refuse what only networks have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sal_hw import registry
from sal_hw.cli.main import main
from sal_hw.errors import InputError
from sal_hw.experiment.runner import Interrupted
from sal_hw.storage.artifact import is_unfinished
from sal_hw.workflow import api

NETWORK = """\
timestep: 0.1 ms
discretization: consistent
populations:
  lower: {size: 1, neuron: {model: sampling, tau_ref: 10 ms}}
probes: []
"""


def _load(path: Path, **options: object) -> api.Recipe:
    return api.load_recipe(path, **options)  # type: ignore[arg-type]


def test_a_study_has_no_network(tiny: Path) -> None:
    recipe = _load(tiny)
    assert recipe.network is None
    assert recipe.check() == ()
    assert "timestep" not in recipe.file.document


def test_what_belongs_to_networks_is_refused_line_by_line(tiny: Path) -> None:
    tiny.write_text(tiny.read_text() + NETWORK)
    with pytest.raises(InputError) as caught:
        _load(tiny)
    found = [(problem.code, problem.field, problem.line) for problem in caught.value.problems]
    first = 1 + tiny.read_text().splitlines().index("timestep: 0.1 ms")
    assert found == [
        ("E225", "timestep", first),
        ("E225", "discretization", first + 1),
        ("E225", "populations", first + 2),
        ("E225", "probes", first + 4),
    ]


def test_an_experiment_of_an_unknown_kind_still_misses_its_network(tiny: Path) -> None:
    with pytest.raises(InputError) as caught:
        _load(tiny, overrides=("experiment.kind=spike_timin",))
    assert {problem.code for problem in caught.value.problems} >= {"E204", "E202"}


@pytest.mark.parametrize(
    ("override", "code", "field"),
    [
        ("experiment.psp={oldest_age_steps: 3}", "E214", "experiment.psp.oldest_age_steps"),
        ("experiment.tau_ref_steps=1", "E214", "experiment.tau_ref_steps"),
        ("experiment.tau_ref_steps=4 ms", "E203", "experiment.tau_ref_steps"),
        ("experiment.pairs=[]", "E214", "experiment.pairs"),
        ("experiment.pairs[0].weight_21=many", "E203", "experiment.pairs[0].weight_21"),
        (
            "experiment.pairs=[{name: a, weight_21: 1, weight_12: 1}, {name: a, weight_21: 2, weight_12: 1}]",
            "E217",
            "experiment.pairs[1].name",
        ),
    ],
)
def test_mistakes_in_a_protocol_are_found(tiny: Path, override: str, code: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        _load(tiny, overrides=(override,))
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, field)]


def test_a_run_is_stored_and_read_back(tiny: Path, tmp_path: Path) -> None:
    run = api.run(_load(tiny), out=tmp_path / "run")
    read = api.load_run(tmp_path / "run").result
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        ".lock",
        "health.json",
        "identity.json",
        "manifest.json",
        "metrics.json",
        "recipe.json",
        "traces.npz",
        "weights.npz",
    ]
    assert read.metrics == run.metrics == {"place_final": run.metrics["place_final"], "verdict": "ok"}
    assert (read.program_hash, read.target, read.backend, read.seed) == (None, "ideal", "study", 5)
    trace = read.traces["place"]
    assert trace.axis == "step"
    assert trace.at.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(trace.values, run.result.traces["place"].values)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["program_hash"] is None
    assert len(manifest["experiment_hash"]) == 64


def test_seed_and_preset_reach_the_study(tiny: Path) -> None:
    ours = api.run(_load(tiny), seed=6).metrics["place_final"]
    rng = np.random.default_rng(6)
    assert ours == sum(float(rng.normal()) for _ in range(4))
    longer = api.run(_load(tiny, presets=("longer",))).result.traces["place"]
    assert longer.at[-1] == 9


@pytest.mark.parametrize("after", [1, 2, 3])
def test_an_interrupted_study_goes_on_to_the_same_end(tiny: Path, tmp_path: Path, after: int) -> None:
    whole = api.run(_load(tiny)).result
    seen = iter(range(1, 10))
    with pytest.raises(Interrupted, match=f"{after} of 4 steps"):
        api.run(_load(tiny), out=tmp_path / "run", interrupted=lambda: next(seen) == after)
    assert is_unfinished(tmp_path / "run")
    resumed = api.run(_load(tiny), out=tmp_path / "run", resume=True, threads=2).result
    assert resumed.metrics == whole.metrics
    np.testing.assert_array_equal(resumed.traces["place"].values, whole.traces["place"].values)


def test_only_the_same_study_goes_on(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        api.run(_load(tiny), out=tmp_path / "run", interrupted=lambda: True)
    with pytest.raises(InputError, match="experiment_hash") as caught:
        api.run(_load(tiny, presets=("longer",)), out=tmp_path / "run", resume=True)
    assert caught.value.code == "E506"


@pytest.mark.parametrize(
    ("option", "words"),
    [("target", ("--target", "brainscales2")), ("chip", ("--chip", "7")), ("calibration", ("--calibration", "truth"))],
)
@pytest.mark.parametrize("command", ["run", "check", "dry run"])
def test_machines_are_refused(
    tiny: Path, capsys: pytest.CaptureFixture[str], command: str, option: str, words: tuple[str, str]
) -> None:
    verb, *rest = ("run", "--dry-run") if command == "dry run" else (command,)
    assert main((verb, str(tiny), *words, *rest)) == 2
    shown = capsys.readouterr()
    assert f'E330  {option} = "{words[1]}"' in shown.err + shown.out
    assert f"leave --{option} away" in shown.err + shown.out
    assert not (tiny.parent / "runs").exists()


def test_a_nominal_chip_is_no_choice(tiny: Path) -> None:
    assert api.run(_load(tiny), chip="nominal").health.verdict == "ok"


@pytest.mark.parametrize("words", [("run", "--dry-run"), ("check",)])
def test_a_sound_study_passes_the_checks(
    tiny: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    verb, *rest = words
    assert main((verb, str(tiny), *rest)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"next: sal-hw run {tiny}"
    assert main((verb, str(tiny), *rest, "--json")) == 0
    assert json.loads(capsys.readouterr().out)["program_hash"] is None


def test_there_is_nothing_to_compile(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("compile", str(tiny), "-o", str(tmp_path / "program"))) == 2
    shown = capsys.readouterr()
    assert "nothing to compile" in shown.err + shown.out
    assert not (tmp_path / "program").exists()


def test_the_command_line_runs_a_study(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("run", str(tiny), "--seed", "6", "--out", str(tmp_path / "run"))) == 0
    shown = capsys.readouterr()
    assert "ideal (study), seed 6" in shown.out
    assert "4 of 4 steps" in shown.err
    assert shown.out.splitlines()[-1] == f"next: sal-hw plot --list {tmp_path / 'run'}"


def test_a_study_that_is_not_installed_is_named(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = registry._find
    monkeypatch.setattr(registry, "_find", lambda group: {} if group == registry.STUDIES else find(group))
    with pytest.raises(InputError, match="there is none") as caught:
        api.run(_load(tiny))
    assert (caught.value.code, caught.value.field) == ("E303", "experiment.kind")
