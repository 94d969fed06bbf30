"""``check`` and ``compile`` for a chip: what they print, what they write, and that it is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.contracts.targets import load_target, target_names
from sal_hw.results.store import read_program
from sal_hw.storage.artifact import read_manifest
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[4] / "recipes"
ALIGNMENT, SAMPLING = str(RECIPES / "chip_alignment.yaml"), str(RECIPES / "chip_sampling.yaml")
TWO_NEURON = str(RECIPES / "two_neuron.yaml")
CHIP = ("--target", "brainscales2")
SMALL = ("--set", "parameters.size=8")
KNOWN = ("--chip", "7", "--calibration", "truth")


@pytest.mark.parametrize("recipe", [ALIGNMENT, SAMPLING, TWO_NEURON, str(RECIPES / "sampling.yaml")])
@pytest.mark.parametrize("command", ["check", "compile"])
def test_text_fits_into_100_columns(terminal: Terminal, recipe: str, command: str) -> None:
    target = CHIP if "chip_" in recipe else ()
    out = ("-o", "program", "--no-figures") if command == "compile" else ()
    assert terminal(command, recipe, *target, *out) == 0
    # the recipe's own path may be longer than any line of ours
    lines = [line for line in terminal.out.splitlines() if recipe not in line]
    assert max(map(len, lines)) <= 100


def test_long_names_are_cut_in_text_only(terminal: Terminal, tmp_path: Path) -> None:
    long_name = "drive_of_the_visible_layer_that_keeps_it_awake"
    text = Path(ALIGNMENT).read_text(encoding="utf-8").replace("excite_visible", long_name)
    Path("long.yaml").write_text(text, encoding="utf-8")
    assert terminal("check", "long.yaml", *CHIP) == 0
    assert max(map(len, terminal.out.splitlines())) <= 100
    assert long_name not in terminal.out
    assert long_name in [item["owner"] for item in terminal.document_of("check", "long.yaml", *CHIP)["weights"]]


def test_the_topics_have_a_table_each(terminal: Terminal) -> None:
    assert terminal("check", ALIGNMENT, *CHIP) == 0
    titles = ("placement", "synapse rows used", "stored weights", "plasticity", "background generators")
    for title in titles:
        assert f"\n{title}" in terminal.out
    assert "nothing is known of the chip" in terminal.out
    assert terminal.out.splitlines()[-1] == f"next: sal-hw run {ALIGNMENT} --target brainscales2 --emulate"


def test_the_report_is_that_of_the_program(terminal: Terminal) -> None:
    found = terminal.document_of("check", ALIGNMENT, *CHIP, *SMALL)
    program = api.compile_recipe(api.load_recipe(ALIGNMENT, overrides=SMALL[1:]), target="brainscales2")
    assert (found["schema_version"], found["program_hash"]) == (1, program.hash)
    counts = next(item.counts for item in program.trace if item.name == "place_and_route")
    assert sum(item["used"] for item in found["rows"]) == counts["rows"]
    assert {item["available"] for item in found["rows"]} == {64}
    assert [item["population"] for item in found["placement"]] == ["visible", "hidden"]
    assert [item["columns"] for item in found["placement"]] == [[[0, 7]], [[8, 15]]]
    # 8 learning sources with a row of each sign, and one row of each noise
    assert found["in_degree"] == {"mean": pytest.approx(14.0), "largest": 18, "limit": 256}
    for item, scaling in zip(found["weights"], program.scaling, strict=True):
        assert (item["owner"], item["clipped"], item["total"]) == (scaling.owner, scaling.clipped, scaling.total)
        assert item["worst_error"] == pytest.approx(scaling.worst_error)
    places = [(item["hemisphere"], item["bus"]) for item in found["background"]]
    assert len(set(places)) == len(places) == 4
    assert {item["rate_hz"] for item in found["background"]} == {2000.0}


def test_the_least_period_is_the_least_that_compiles(terminal: Terminal) -> None:
    (found,) = terminal.document_of("check", ALIGNMENT, *CHIP)["plasticity"]
    assert (found["rows"], found["period_us"], found["period_ms"]) == ([64, 0], 2000.0, 2000.0)
    least_ms = found["period_least_us"]

    def check(update_ms: float) -> int:
        words = (f"parameters.update_every={update_ms:.1f} ms", f"parameters.duration={100.0 * update_ms:.1f} ms")
        return terminal("check", ALIGNMENT, *CHIP, *(part for word in words for part in ("--set", word)))

    assert check(least_ms) == 0
    assert check(least_ms - 0.1) == 2
    assert "E314" in terminal.err


def test_a_known_chip_is_another_program_and_the_one_that_would_run(terminal: Terminal) -> None:
    blind = terminal.document_of("check", ALIGNMENT, *CHIP, *SMALL)
    known = terminal.document_of("check", ALIGNMENT, *CHIP, *SMALL, *KNOWN)
    assert blind["program_hash"] != known["program_hash"]
    assert (blind["chip_id"], blind["calibration_chip_id"]) == (None, None)
    assert (known["chip_id"], known["calibration_chip_id"]) == ("synthetic-7", "synthetic-7")
    dry = terminal.document_of("run", ALIGNMENT, *CHIP, *SMALL, *KNOWN, "--emulate", "--dry-run")
    assert dry["program_hash"] == known["program_hash"]


def test_constants_are_named_with_their_memory(terminal: Terminal) -> None:
    assert terminal("check", ALIGNMENT, *CHIP, *SMALL, *KNOWN) == 0
    assert "all is known of synthetic-7" in terminal.out
    assert "constants per learning synapse: baseline_causal, baseline_anticausal" in terminal.out
    assert "learning weights of feedback are differences of two rows" in terminal.out
    assert "--chip 7 --calibration truth" in terminal.out.splitlines()[-1]
    (found,) = terminal.document_of("check", ALIGNMENT, *CHIP, *SMALL, *KNOWN)["plasticity"]
    assert "balance" in found["constants"]
    assert found["memory"] in ("sram", "external")


@pytest.mark.parametrize("command", [("check",), ("compile", "-o", "program")])
def test_strict_refuses_clipped_weights(terminal: Terminal, command: tuple[str, ...]) -> None:
    # the noise asks for far more than the bias of a synaptic input can make of 63 codes
    heavy = ("--set", "stimuli.excite_visible.weight=40 mV")
    name, *rest = command
    assert terminal(name, ALIGNMENT, *rest, *CHIP, *SMALL, *heavy, "--strict") == 2
    assert "E313" in terminal.err
    assert not Path("program").exists()
    found = terminal.document_of("check", ALIGNMENT, *CHIP, *SMALL, *heavy)
    (clipped,) = (item for item in found["weights"] if item["owner"] == "excite_visible")
    assert clipped["clipped"] == clipped["total"] == 8


def test_a_target_without_circuits_has_no_chip(terminal: Terminal) -> None:
    assert terminal("check", TWO_NEURON, "--chip", "7") == 2
    assert "E316" in terminal.err
    found = terminal.document_of("check", TWO_NEURON)
    assert "placement" not in found
    assert next(item["pass"] for item in found["trace"]) == "check_capabilities"


def test_compile_keeps_program_report_and_pictures_under_the_manifest(terminal: Terminal) -> None:
    found = terminal.document_of("compile", ALIGNMENT, *CHIP, *SMALL, "-o", "program")
    manifest = read_manifest(Path("program"), "program", schema_versions=(2,))
    pictures = {
        f"figures/{name}.{end}" for name in ("synapses", "stored-weights", "in-degree") for end in ("png", "csv")
    }
    stored = {"program.json", "program.npz", "recipe.json", "report.json", "experiment.json"}
    kernels = {f"kernels/kernel_0_{name}.cpp" for name in ("hxtorch", "pynn_excitatory", "pynn_inhibitory")}
    to_run = {"run_hxtorch.py", "run_pynn.py", "calibrate_sal.py", "HOW_TO_RUN.txt"}
    assert set(manifest["files"]) == pictures | stored | kernels | to_run
    assert [Path(name).name for name in found["figures"]] == ["synapses.png", "stored-weights.png", "in-degree.png"]
    assert read_program(Path("program")).hash == found["program_hash"] == manifest["program_hash"]
    report = json.loads(Path("program/report.json").read_bytes())
    assert {key: found[key] for key in report} == report


@pytest.mark.parametrize("words", [(ALIGNMENT, *CHIP, *SMALL, "--no-figures"), (TWO_NEURON,)], ids=["off", "ideal"])
def test_compile_without_pictures(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.document_of("compile", *words, "-o", "program")["figures"] == []
    assert not Path("program/figures").exists()
    read_manifest(Path("program"), "program", schema_versions=(2,))


def test_targets_are_listed_briefly_unless_limits_are_asked_for(terminal: Terminal) -> None:
    assert terminal("targets") == 0
    # a summary and its capabilities per target, not its limits
    assert len(terminal.out.splitlines()) <= 8 * len(target_names())
    assert terminal("targets", "--limits") == 0
    assert max(map(len, terminal.out.splitlines())) <= 100
    limits = load_target("brainscales2").description.limits
    for name in limits:
        assert f"  {name.replace('_', ' ')}  " in terminal.out
    found = {item["family"]: item for item in terminal.document_of("targets")["targets"]}
    assert set(found["brainscales2"]["limits"]) == set(limits)
    assert all(item["source"] for item in found["brainscales2"]["limits"].values())


def test_without_emulate_a_chip_program_does_not_run_and_says_what_is_missing(terminal: Terminal) -> None:
    assert terminal("run", ALIGNMENT, *CHIP, "--out", "out") == 4
    assert "E801" in terminal.err
    assert "brainscales2" in terminal.err
    assert not Path("out").exists()
