"""Runs on an emulated chip from the command line: what is refused, how it is said, and what is repeatable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.targets import load_target
from sal_hw.error_texts.catalog import CATALOG
from sal_hw.errors import CalibrationError, DeviceError, InputError, SalHwError
from sal_hw.experiment.runner import Interrupted
from sal_hw.results.store import read_program
from sal_hw.target.snapshot_io import read_snapshot, write_snapshot
from sal_hw.workflow import api, network_recipe
from sal_hw.workflow.machines import choose_backend
from sal_hw_brainscales2.emulation.model import draw_chip, nominal_chip

RECIPES = Path(__file__).parents[4] / "recipes"
ALIGNMENT = str(RECIPES / "chip_alignment.yaml")
EMULATE = ("--target", "brainscales2", "--emulate", "--no-figures")
SMALL = ("--set", "parameters.size=6", "--set", "parameters.duration=40 s")

NEURON = (
    "{model: lif, tau_mem: 10 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 5 ms, "
    "v_rest: 0 mV, v_reset: 0 mV, v_threshold: 1 mV}"
)
RULE = (
    "{kind: sal, name: alignment, forward: forward, backward: feedback, learn: backward, learning_rate: 0.01, "
    "rate_per: pair, update_every: %s, window: exponential, tau_causal: 10 ms, tau_anticausal: 10 ms}"
)
FORWARD = "{name: forward, source: visible, target: hidden, weight: 0.4 mV%s}"
FEEDBACK = "{name: feedback, source: hidden, target: visible, weight: 0.4 mV, weight_max: 1.26, weight_min: -1.26%s}"


def recipe_text(sizes=(4, 4), forward="", feedback="", update_every="2 s", duration="20 s", probes="", extra=()):
    """Return a recipe of two populations that are connected both ways."""
    names = ("visible", "hidden")
    lines = ["recipe: 1", "name: small", "seed: 1", "timestep: 0.1 ms", "populations:"]
    lines += [f"  {name}: {{size: {size}, neuron: {NEURON}}}" for name, size in zip(names, sizes, strict=True)]
    lines += ["projections:", f"  - {FORWARD % forward}", f"  - {FEEDBACK % feedback}"]
    lines += [f"  - {each}" for each in extra]
    lines += ["plasticity:", f"  - {RULE % update_every}"]
    lines += ["probes:", f"  - {probes}"] if probes else []
    return "\n".join([*lines, f"experiment: {{kind: align, duration: {duration}, average_last_updates: 1}}", ""])


# --- the emulator refuses what the chip refuses -----------------------------------------------------------------------


def _one_hub(folder, sources):
    """Write excitatory synapses from these sources to one neuron; the other projections make no rows."""
    count = len(sources)
    np.savez(
        folder / "hub.npz", pre=np.array(sources), post=np.zeros(count, dtype=np.int64), weight=np.full(count, 0.5)
    )
    ends = "source: visible, target: hidden, connectivity: sparse, receptor: excitatory"
    return f"{{name: hub, {ends}, weight: {{file: hub.npz, unit: mV}}}}"


def _many_neurons(folder):
    return recipe_text(sizes=(257, 256))


def _many_inputs(folder):
    return _without_learning(folder, (257, 1), range(256))


#: sites of bus 0, in order: columns 0-31 and 128-159 of the first hemisphere, then those of the second one
BUS_0 = (*range(32), *range(128, 160), *range(256, 288))


def _many_on_a_bus(folder):
    return _without_learning(folder, (288, 1), BUS_0[:65])


def _without_learning(folder, sizes, sources):
    text = recipe_text(sizes=sizes, extra=(_one_hub(folder, sources),))
    # a rule that learns one synapse of zero weight, so that the hub is all that there is to route
    text = text.replace(
        "source: visible, target: hidden, weight: 0.4 mV}",
        "source: hidden, target: hidden, weight: 0 mV, self_connections: true}",
    )
    return text.replace(
        "source: hidden, target: visible, weight: 0.4 mV, weight_max: 1.26, weight_min: -1.26}",
        "source: hidden, target: hidden, weight: 0 mV, self_connections: true, receptor: inhibitory, weight_min: -1}",
    )


REFUSED = {
    "513 neurons": (_many_neurons, (), "E304", ("513 neurons", "at most 512 neurons", "halco")),
    "257 inputs": (_many_inputs, (), "E308", ("257 synapse rows", "at most 256 rows per neuron", "grenade")),
    "65 on one bus": (_many_on_a_bus, (), "E309", ("65 sources on bus 0", "at most 64 rows per bus", "halco")),
    "a delay": (
        lambda folder: recipe_text(feedback=", delay: 1 ms"),
        (),
        "E302",
        ('"1 ms"', "no capability 'delays'", "projection feedback"),
    ),
    "a plastic projection that is no rectangle": (
        lambda folder: recipe_text(forward=", connectivity: one_to_one", feedback=", connectivity: one_to_one"),
        (),
        "E312",
        ("12 of 16 synapses are missing", "from every source to every target", "grenade"),
    ),
    "a period too short": (
        lambda folder: recipe_text(update_every="50 ms"),
        (),
        "E314",
        # 8 rows of 5.84 us, one and a half times
        ("50 ms", "at least 74.9 ms", "8 rows", "libnux"),
    ),
    "a run too long": (
        lambda folder: recipe_text(duration="34360 s"),
        (),
        "E304",
        # 32 bits of a clock of 125 MHz are 34.359738 s of the chip, a thousand times as much of the model
        ("experiment.duration = 34360 s", "at most 34359.738 s of model time", "34.359738 s of chip time", "haldls"),
    ),
    "membranes while learning": (
        lambda folder: recipe_text(probes="{kind: membrane, population: visible, every: 1 ms}"),
        (),
        "E306",
        ("the membrane probe of visible does not go together with rule alignment", "drives the CADC", "grenade"),
    ),
    "weights out of range": (
        lambda folder: recipe_text().replace("target: hidden, weight: 0.4 mV", "target: hidden, weight: 2 mV"),
        ("--strict",),
        "E313",
        ("projections[0].weight = 2", "at most 1.575", "code 63", "haldls"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_emulator_refuses_what_the_chip_refuses(terminal, tmp_path, case):
    make, options, code, words = REFUSED[case]
    Path("r.yaml").write_text(make(tmp_path))
    assert terminal("run", "r.yaml", *EMULATE, *options, "--out", "out") == 2
    assert f"  {code}  " in terminal.err
    assert code in CATALOG
    for word in words:
        assert word in terminal.err
    assert "    hint: " in terminal.err
    assert not Path("out").exists()
    # a dry run and the ideal target tell the same network from the chip's limits
    assert terminal("run", "r.yaml", *EMULATE, *options, "--dry-run") == 2
    if case != "a delay":
        assert terminal("check", "r.yaml", "--target", "ideal") == 0


@pytest.mark.parametrize(
    ("sizes", "sources"),
    [
        pytest.param((288, 1), BUS_0[:64], id="64 on one bus"),
        # the target has a synapse of its own, on bus 0 too, from where 63 sources reach it
        pytest.param((257, 1), range(1, 256), id="256 inputs"),
    ],
)
def test_at_the_limit_the_same_networks_run(terminal, tmp_path, sizes, sources):
    Path("r.yaml").write_text(_without_learning(tmp_path, sizes, sources))
    assert terminal("run", "r.yaml", *EMULATE, "--dry-run") == 0


def test_the_longest_run_is_that_of_the_chip_s_clock(terminal):
    Path("r.yaml").write_text(recipe_text(duration="34358 s"))
    assert terminal("run", "r.yaml", *EMULATE, "--dry-run") == 0
    # the message points to the line of the duration
    Path("r.yaml").write_text(recipe_text(duration="40000 s"))
    line = 1 + next(n for n, text in enumerate(Path("r.yaml").read_text().splitlines()) if "40000 s" in text)
    for command in (("run", "r.yaml", *EMULATE), ("check", "r.yaml", "--target", "brainscales2")):
        assert terminal(*command) == 2
        assert f"r.yaml:{line}:" in terminal.err
        assert "hint: write duration: 34358 s" in terminal.err
    (problem,) = api.load_recipe("r.yaml").check(target="brainscales2")
    assert (problem.code, problem.field, problem.line) == ("E304", "experiment.duration", line)
    assert api.load_recipe("r.yaml").check(target="ideal") == ()


@pytest.mark.parametrize(
    ("chip", "row_us", "least_ms"),
    [
        # 256 rows of 256 synapses with three bytes each are 192 KiB, in external memory: 5.04 + 8.25 us
        (None, 13.29, 5103.4),
        # a known chip has four bytes: 5.04 + 2 * 5.5 us; 256 rows, one and a half times, are 6159.36 us
        (7, 16.04, 6159.4),
    ],
)
def test_the_full_chip_has_time_for_all_its_rows(chip, row_us, least_ms):
    def compiled(*overrides):
        recipe = api.load_recipe(ALIGNMENT, presets=("full-chip",), overrides=overrides)
        return api.compile_recipe(recipe, target="brainscales2", snapshot=None if chip is None else draw_chip(chip))

    program = compiled()
    (placed,) = program.part.kernels
    assert program.part.neurons.site.size == 512
    assert sum(tile.codes.size for tile in program.part.tiles_of("feedback")) == 65_536
    assert (placed.memory, placed.period_us) == ("external", pytest.approx(7000.0))
    assert placed.row_time_us == pytest.approx(row_us)
    assert placed.start_us == pytest.approx(7000.0 - 256 * row_us)
    with pytest.raises(InputError) as caught:
        compiled("parameters.update_every=4 s", "parameters.duration=40 s")
    assert (caught.value.code, caught.value.field) == ("E314", "plasticity[0].update_every")
    assert f"at least {least_ms:g} ms" in caught.value.problems[0].allowed


def test_what_strict_refuses_is_cut_and_reported_without_it(terminal):
    Path("r.yaml").write_text(REFUSED["weights out of range"][0](None))
    assert terminal("run", "r.yaml", *EMULATE, "--out", "out") == 0
    assert "weights_clipped x 16: 16 weights of forward were cut to 1.575; the largest wanted is 2" in terminal.err
    health = api.load_run("out").health
    assert health.verdict == "degraded"


def test_weights_that_leave_their_range_are_reported(terminal):
    # excitation of 1.26 mV onto the learning population, so that a code is worth more than the rule's range wants
    text = recipe_text(sizes=(4, 4)).replace(
        "weight_max: 1.26, weight_min: -1.26", "weight_max: 0.41, weight_min: -0.41"
    )
    text = text.replace("learning_rate: 0.01", "learning_rate: 0.05").replace(
        "learn: backward", "learn: backward, polarity: inverted"
    )
    noise = "  - {kind: poisson, name: noise_%s, target: %s, rate: 400 Hz, weight: 1.26 mV}\n"
    stimuli = "stimuli:\n" + "".join(noise % (name, name) for name in ("visible", "hidden"))
    Path("r.yaml").write_text(text.replace("experiment:", stimuli + "experiment:"))
    assert terminal("run", "r.yaml", *EMULATE, "--out", "out") == 0
    kinds = {finding.kind: finding for finding in api.load_run("out").health.findings}
    weights = api.load_run("out").weights["feedback"]
    assert kinds["weights_beyond_range"].count == (np.abs(weights) > 0.42).sum() > 0


# --- which chip, and what is known of it ------------------------------------------------------------------------------


def test_without_emulate_nothing_runs_and_the_message_says_what_to_do(terminal, monkeypatch):
    compiled = []
    monkeypatch.setattr(network_recipe, "compile_network", lambda *_, **__: compiled.append(1))
    assert terminal("run", ALIGNMENT, "--target", "brainscales2", "--out", "out") == 4
    assert not compiled, "what cannot run is refused before the work of compiling it"
    # no backend for the machine, or one whose software is missing
    assert {"E305", "E801"} & set(terminal.err.split())
    assert "software" in terminal.err
    assert "hint: add --emulate" in terminal.err
    assert not Path("out").exists()


def test_a_target_without_a_machine_is_not_emulated_without_a_word():
    target = replace(load_target("brainscales2"), backend=None)
    with pytest.raises(DeviceError) as caught:
        choose_backend(target, emulate=False)
    assert (caught.value.code, caught.value.exit_code) == ("E305", 4)
    assert "no chip software is installed" in caught.value.problems[0].allowed
    assert "--emulate" in caught.value.hint
    with pytest.raises(DeviceError) as caught:
        choose_backend(replace(target, emulator=None), emulate=True)
    assert "a target with an emulator" in caught.value.problems[0].allowed
    assert "--emulate" not in caught.value.hint


@pytest.mark.parametrize(
    "options", [("--chip", "7"), ("--calibration", "truth"), ("--chip", "7", "--calibration", "truth")]
)
def test_the_ideal_target_has_no_chip(terminal, options):
    assert terminal("run", ALIGNMENT, *options, "--dry-run") == 2
    assert "E316" in terminal.err
    assert "nothing on ideal" in terminal.err
    assert "--target" in terminal.err


def test_a_nominal_chip_needs_no_words(terminal):
    found = []
    for options in (
        (),
        ("--chip", "nominal"),
        ("--calibration", "truth"),
        ("--chip", "nominal", "--calibration", "truth"),
    ):
        assert terminal("run", ALIGNMENT, *EMULATE, *options, "--dry-run", "--json") == 0
        found.append(json.loads(terminal.out)["program_hash"])
    assert len(set(found)) == 1
    assert terminal("run", ALIGNMENT, "--chip", "nominal", "--dry-run") == 0


@pytest.mark.parametrize(
    ("options", "exit_code", "code", "words"),
    [
        (("--chip", "-3"), 2, "E705", "0 .. 18446744073709551615"),
        (("--chip", str(2**64)), 2, "E705", "0 .. 18446744073709551615"),
        (("--calibration", "7"), 2, "E505", "folder"),
        (("--chip", "missing"), 2, "E505", "missing"),
        (("--chip", "7", "--calibration", "missing"), 2, "E505", "missing"),
        (("--chip", "other"), 3, "E702", "brainscales2"),
        (("--calibration", "other"), 3, "E702", "brainscales2"),
        (("--chip", "broken", "--calibration", "broken"), 2, "E307", "are masked by its calibration"),
        (("--chip", "3", "--calibration", "other"), 3, "E702", "brainscales2"),
        # a chip's snapshot is no calibration of another chip, nor of a nominal one
        (("--calibration", "broken"), 3, "E706", "the chip that is emulated, nominal"),
        (("--chip", "nominal", "--calibration", "broken"), 3, "E706", "--chip 3 emulates the chip of this snapshot"),
        (("--chip", "7", "--calibration", "broken"), 3, "E706", "the chip that is emulated, synthetic-7"),
    ],
)
def test_bad_chips_are_refused(terminal, options, exit_code, code, words):
    assert main(["snapshot", "draw", "--seed", "3", "-o", "drawn", "--spread", "share_of_dead_neurons=1"]) == 0
    broken = read_snapshot(Path("drawn"))
    _write_changed(broken, "other", target="spinnaker2")
    Path("drawn").rename("broken")
    assert terminal("run", ALIGNMENT, *EMULATE, *options, "--out", "out") == exit_code, terminal.err
    assert code in terminal.err
    assert words in terminal.err
    assert not Path("out").exists()


def _write_changed(snapshot, name, **changed):
    write_snapshot(Path(name), replace(snapshot, **changed))


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        ("v_leak=-1", "v_leak"),
        ("v_leak=1e9", "50"),
        ("v_leek=1", "v_leak"),
        ("v_leak=nan", "v_leak"),
        ("v_leak", "a name, '=' and a number"),
    ],
)
def test_bad_spreads_are_refused(terminal, spread, words):
    assert terminal("snapshot", "draw", "--seed", "3", "-o", "drawn", "--spread", spread) == 2
    assert words in terminal.err
    assert not Path("drawn").exists()


def test_a_refused_calibration_names_its_code_and_field():
    drawn = draw_chip(3)
    recipe = api.load_recipe(ALIGNMENT)
    for chip in (None, 7, draw_chip(4)):
        with pytest.raises(CalibrationError) as caught:
            api.run(recipe, target="brainscales2", emulate=True, chip=chip, calibration=drawn)
        assert (caught.value.code, caught.value.field, caught.value.exit_code) == ("E706", "calibration", 3)
        assert caught.value.problems[0].value == '"synthetic-3"'
    assert "E706" in CATALOG


def test_a_nominal_chip_has_a_calibration_too(terminal):
    write_snapshot(Path("nominal-chip"), nominal_chip())
    assert terminal("run", ALIGNMENT, *EMULATE, "--calibration", "nominal-chip", "--dry-run") == 0
    assert terminal("run", ALIGNMENT, *EMULATE, "--chip", "7", "--calibration", "nominal-chip", "--dry-run") == 3
    assert "--chip nominal emulates the chip of this snapshot" in terminal.err


def test_a_missing_snapshot_says_how_to_draw_one(terminal):
    for option in ("--chip", "--calibration"):
        assert terminal("run", ALIGNMENT, *EMULATE, option, "missing", "--dry-run") == 2
        assert "a finished snapshot folder" in terminal.err
        assert "hint: make one with sal-hw snapshot draw" in terminal.err


@pytest.mark.parametrize(
    "options",
    [(), ("--chip", "7"), ("--calibration", "truth"), ("--chip", "7", "--calibration", "truth")],
)
def test_a_dry_run_repeats_the_chip_in_its_next_line(terminal, options):
    assert terminal("run", ALIGNMENT, *EMULATE, *options, "--dry-run") == 0
    last = terminal.out.splitlines()[-1]
    assert last == " ".join(("next: sal-hw run", ALIGNMENT, "--target brainscales2 --emulate", *options))


def test_masked_circuits_are_not_used(terminal):
    assert terminal("snapshot", "draw", "--seed", "3", "-o", "chip", "--spread", "share_of_dead_neurons=0.5") == 0
    known = ("--chip", "chip", "--calibration", "truth")
    assert terminal("run", ALIGNMENT, *EMULATE, *SMALL, *known, "--out", "out") == 0
    usable = read_snapshot(Path("chip")).table("usable").measured
    sites = read_program(Path("out")).part.neurons.site
    assert usable[sites].all()
    assert not usable[: len(sites)].all()
    # the compiler that knows nothing takes broken ones, which never spike
    assert terminal("run", ALIGNMENT, *EMULATE, *SMALL, "--chip", "chip", "--out", "blind") == 0
    assert "neurons_silent" in terminal.err


# --- repeatable -------------------------------------------------------------------------------------------------------


def _bytes(folder, names=("weights.npz", "metrics.json", "traces.npz")):
    return [Path(folder, name).read_bytes() for name in names]


def test_the_same_seed_gives_the_same_bytes(terminal):
    for out, options in (("one", ()), ("again", ("--threads", "2")), ("other", ("--seed", "2"))):
        assert terminal("run", ALIGNMENT, *EMULATE, *SMALL, "--chip", "7", *options, "--out", out) == 0
    assert _bytes("one") == _bytes("again")
    assert _bytes("one") != _bytes("other")


def test_a_saved_chip_gives_the_same_run(terminal):
    assert terminal("snapshot", "draw", "--seed", "7", "-o", "saved") == 0
    known = ("--calibration", "truth")
    for out, options in (
        ("seed", ("--chip", "7", *known)),
        ("path", ("--chip", "saved", *known)),
        ("both", ("--chip", "7", "--calibration", "saved")),
        ("eighth", ("--chip", "8", *known)),
    ):
        assert terminal("run", ALIGNMENT, *EMULATE, *SMALL, *options, "--out", out) == 0
    assert _bytes("seed") == _bytes("path") == _bytes("both")
    assert _bytes("seed") != _bytes("eighth")
    assert api.load_run("path").result.chip_id == "synthetic-7"


@pytest.mark.parametrize("target", ["brainscales2", "ideal"])
def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path, target):
    words = [word for word in SMALL if word != "--set"]
    recipe = api.load_recipe(ALIGNMENT, overrides=words)
    options = {"target": target, "emulate": True, "figures": False}
    if target == "brainscales2":
        options |= {"chip": 7, "calibration": "truth"}
    calls = iter(range(1000))
    with pytest.raises(Interrupted) as caught:
        api.run(recipe, **options, out=tmp_path / "cut", interrupted=lambda: next(calls) >= 6)
    assert caught.value.exit_code == 130
    api.run(recipe, **options, out=tmp_path / "cut", resume=True)
    api.run(recipe, **options, out=tmp_path / "whole")
    assert _bytes(tmp_path / "cut") == _bytes(tmp_path / "whole")
    assert api.load_run(tmp_path / "whole").metrics["updates"] == 20


def test_an_interrupted_run_does_not_go_on_with_another_chip(tmp_path):
    words = [word for word in SMALL if word != "--set"]
    recipe = api.load_recipe(ALIGNMENT, overrides=words)
    options = {"target": "brainscales2", "emulate": True, "figures": False, "out": tmp_path / "cut"}
    with pytest.raises(Interrupted):
        api.run(recipe, **options, chip=7, interrupted=lambda: True)
    with pytest.raises(SalHwError) as caught:
        api.run(recipe, **options, chip=8, resume=True)
    assert caught.value.code == "E506"
