"""The hxtorch run file against stand-ins of the vendor's modules: what is asked of them, results, and every failure.

The stand-ins in ``fakes/hxtorch_stack`` accept only published names, arguments and orders of calls, and replay the
spikes and the last weights of a run of the emulated chip.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hxtorch_bench import (
    CHIP,
    POLARITIES,
    SIZE,
    UPDATES,
    Bench,
    Recorded,
    another,
    compiled,
    fails,
    run_text,
    start_codes,
)

from sal_hw_brainscales2.emulation.model import ChipModel, nominal_chip
from sal_hw_brainscales2.emulation.weights import ChipWeights
from sal_hw_brainscales2.machine.importer import read_result
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.lif_session import LifSession


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """Run the emulated chip, and keep its own books: the codes after the last update by polarity, and spikes."""
    program = compiled()
    spiked: dict[str, list[Any]] = {"visible": [], "hidden": []}
    session = LifSession(program, ChipWeights(program, ChipModel.from_snapshot(None), program.seed), seed=program.seed)
    simulation, loaded = session._simulation, session._weights._loaded
    for piece in session._weights.learn(simulation, UPDATES):
        for block in program.neurons:
            mine = (piece.spike_neuron >= block.offset) & (piece.spike_neuron < block.offset + block.size)
            spiked[block.population].append((piece.spike_step[mine], piece.spike_neuron[mine] - block.offset))
    arrays = {f"weights.feedback.{each}": np.zeros((1, SIZE, SIZE), dtype=np.uint8) for each in POLARITIES}
    for place in loaded.tiles["feedback"]:
        codes = arrays[f"weights.feedback.{POLARITIES[place.sign < 0]}"]
        codes[0][place.pre, place.post] = simulation.codes(place.index)
    for name, parts in spiked.items():
        # a step is 0.1 us of chip time; the chip records cycles of 8 ns
        time_us = np.concatenate([step for step, _ in parts]) * 0.1
        arrays[f"spikes.{name}.time_us"] = np.rint(time_us * 125.0) / 125.0
        arrays[f"spikes.{name}.neuron"] = np.concatenate([neuron for _, neuron in parts]).astype(np.int32)
    signed = np.subtract(*(arrays[f"weights.feedback.{each}"][0].astype(int) for each in POLARITIES))
    assert (signed != start_codes(program, "feedback")).any(), "nothing was learned"
    lsb = program.scaling_of("feedback").lsb
    np.testing.assert_allclose(signed * lsb, session.weights("feedback"), rtol=0, atol=1e-12)
    return Recorded(program=program, text=run_text(program), arrays=arrays)


@pytest.fixture
def bench(recorded, tmp_path) -> Bench:
    return Bench(tmp_path, recorded)


def test_results_are_the_emulators_books(bench, recorded):
    done = bench.run()
    assert done.returncode == 0, done.stderr
    found = bench.arrays()
    assert set(found) == set(recorded.arrays) | {f"weights.feedback.{each}.time_us" for each in POLARITIES}
    for name, expected in recorded.arrays.items():
        np.testing.assert_array_equal(found[name], expected)
        assert found[name].dtype == expected.dtype
    kernel = recorded.program.part_of(ChipProgram).kernels[0]
    last_us = kernel.start_us + (UPDATES - 1) * kernel.period_us
    np.testing.assert_allclose(found["weights.feedback.excitatory.time_us"], [last_us])
    header = read_result(bench.folder / "result", recorded.program).header
    assert (header.front_end, header.chip_id, header.messages) == ("hxtorch", CHIP, ())
    assert set(asdict(header.counters).values()) == {0}


def test_what_is_asked_of_the_chip(bench, recorded):
    assert bench.run().returncode == 0
    log, chip = bench.json("log.json"), recorded.program.part_of(ChipProgram)
    kernel = chip.kernels[0]
    assert [site for part in log["sites"] for site in part] == chip.neurons.site.tolist()
    assert (log["open"], log["hardware"], log["membranes_connected"]) == (0, 0, 0)
    assert log["calibration"] == "calibration.pbin"
    # the processors' clocks run at 250 MHz; the run outlasts the last update by 100 us
    assert log["timers"] == [[round(250 * kernel.start_us), round(250 * kernel.period_us), UPDATES]]
    assert log["runtime_us"] == pytest.approx(UPDATES * recorded.program.update_ms + 100.0)
    assert [layer["rule"] for layer in log["layers"]] == [False, True, False, False, False, False]
    for layer, owner in zip(log["layers"][:2], ("forward", "feedback"), strict=True):
        np.testing.assert_array_equal(layer["weights"], start_codes(recorded.program, owner))
    for layer, source in zip(log["layers"][2:], chip.background, strict=True):
        (tile,) = chip.tiles_of(source.name)
        sign = 1 if tile.polarity == "excitatory" else -1
        np.testing.assert_array_equal(layer["weights"], sign * np.diag(np.diag(tile.codes).astype(int)))
        assert layer["pairs"] == [[each, each] for each in range(SIZE)]


def test_generators_have_the_rates_that_are_wanted(bench, recorded):
    assert bench.run().returncode == 0
    generators = bench.json("log.json")["generators"]
    for made, source in zip(generators, recorded.program.part_of(ChipProgram).background, strict=True):
        assert (made["size"], made["random"]) == (source.size, True)
        assert made["place"] == [[source.hemisphere, source.generator % 4]]
        # a chance of (rate + 1) / 256 each (period + 1) clocks of 8 ns, the period rounded from 1.1
        total_hz = 125e6 / (made["period"] + 1) * (made["rate"] + 1) / 256
        assert total_hz / source.size == pytest.approx(source.rate_hz, rel=0.1)
    assert len({made["seed"] for made in generators}) == len(generators) == 4


@pytest.mark.parametrize(("size", "memory"), [(SIZE, "sram"), (32, "external")])
def test_constants_reach_the_processors(tmp_path, size, memory):
    settings = (f"parameters.size={size}", "plasticity[0].baselines=calibrated")
    bench = another(tmp_path, compiled(*settings, snapshot=nominal_chip()))
    kernel, symbols = bench.recorded.program.part_of(ChipProgram).kernels[0], bench.json("log.json")["symbols"]
    assert kernel.memory == memory
    assert symbols["sal_signed_0_updates"] == [[0], [0]]
    nominal = {"baseline_causal": 190, "baseline_anticausal": 190, "balance": 64, "residual": 0}
    assert set(kernel.excitatory.constants) == set(nominal)
    for word, number in nominal.items():
        content = np.array(symbols[f"sal_signed_0_{word}"])
        # two rows per source, 256 columns: bytes of both halves, or words of four bytes per processor
        assert content.size == 2 * 2 * size * 256 // (1 if memory == "external" else 4)
        assert (content == (number if memory == "external" else int.from_bytes([number] * 4, "big"))).all()


def test_weights_of_one_sign(tmp_path):
    signs = ("projections.forward.weight_min=-0.15", "projections.forward.weight_max=0")
    sides = ("plasticity.alignment.forward=feedback", "plasticity.alignment.backward=forward")
    given = "stimuli=[{kind: spikes, name: given, target: visible, spikes: [[1, 0]], weight: 0.3 mV}]"
    bench = another(tmp_path, compiled(given, *signs, *sides, presets=("full-chip",)))
    assert "weights.forward.inhibitory" in bench.arrays()
    assert "weights.forward.excitatory" not in bench.arrays()


def test_given_spikes_arrive_at_their_neurons(tmp_path):
    spikes = "[[1, 0], [2.5, 3], [7, 0]]"
    given = f"{{kind: spikes, name: given, target: visible, spikes: {spikes}, weight: 0.3 mV}}"
    bench = another(tmp_path, compiled(f"stimuli=[{given}]"))
    # model milliseconds are chip microseconds, of which a step is a tenth
    begin = round(bench.recorded.program.part_of(ChipProgram).kernels[0].lead_us * 10)
    assert begin > 10_000
    assert bench.json("log.json")["inputs"] == [[[begin + 10, 0], [begin + 25, 3], [begin + 70, 0]]]


def test_what_was_lost_is_counted(bench, recorded):
    done = bench.run(faults={"missed": 2, "scheduler_dropped": 3, "dropped_spikes": 11, "link_errors": 4})
    assert done.returncode == 0, done.stderr
    header = read_result(bench.folder / "result", recorded.program).header
    expected = {"updates_missed": 2, "scheduler_dropped": 3, "spikes_dropped": 11, "link_errors": 4}
    assert asdict(header.counters) == expected
    assert header.messages == ("2 of 5 updates of feedback did not take place",)


def test_neurons_that_failed_their_calibration_are_told(bench):
    bench.calibrate(neurons={"usable": [1, 0, 1, 0] + [1] * 504 + [0] * 4})
    assert bench.run().returncode == 0
    assert bench.json("result/result.json")["messages"] == ["2 of the 8 neurons failed their calibration"]


FAULTS = [
    ({"connection": True}, 4, "no chip can be reached: No executor backend", "reserve a chip"),
    ({"machine": True}, 4, "Error connecting to the executor", "run this file again"),
    ({"routing": "Max in-degree 300 exceeds 256 rows"}, 2, "cannot place the network: Max in-degree", "--via pynn"),
    ({"dense": True}, 2, "no full rectangle: Only dense connectivity", "sal-hw compile"),
    ({"double": True}, 2, "takes 2 synapses of a sign", "sal-hw compile"),
    ({"compile": "error: no such type"}, 4, "does not compile", "load a fitting release"),
    ({"playback": True}, 4, "Run of playback program not successful", "run this file again"),
    ({"crash": True}, 4, "ended the run with signal 11", "run this file again"),
    ({"missed": UPDATES}, 4, "feedback never ran", "run this file again"),
    ({"extra": 1}, 6, "feedback had 6 updates, but 5 were asked for", "run this file again"),
    ({"short": True}, 6, "final has 256 bytes, not 4096", "run this file again"),
    ({"unfinished": True}, 4, "did not leave its weights", "run this file again"),
    ({"beyond": 64}, 6, "weights of feedback that are none", "run this file again"),
    ({"no_health": True}, 6, "says nothing of lost spikes", "run this file again"),
]


@pytest.mark.parametrize(("faults", "code", "cause", "following"), FAULTS, ids=[next(iter(each[0])) for each in FAULTS])
def test_every_failure_has_a_cause_and_a_next_step(bench, faults, code, cause, following):
    fails(bench.run(faults=faults), code, cause, following, bench)


def test_a_run_that_hangs_ends_at_its_deadline(bench):
    done = bench.run("--deadline", "2", faults={"hang": True})
    fails(done, 4, "did not end within its deadline of 2 s", "--deadline SECONDS", bench)


def test_a_calibration_is_needed_and_has_to_fit(bench):
    fails(bench.run(calibration=None), 3, "leaves the correlation sensors out", "calibrate_sal.py", bench)
    for changed, cause in (
        ({"chip_id": "another"}, f"is of chip another, but this is chip {CHIP}"),
        ({"program_hash": "0" * 64}, "made for another program"),
        ({"sha256": {"calibration.pbin": "0" * 64}}, "is not the file that calibration.json tells of"),
        ({"data": b"something else"}, "is no calibration in portable binary form"),
    ):
        bench.calibrate(**changed)
        fails(bench.run(), 3, cause, "python calibrate_sal.py", bench)


def test_software_that_is_missing_or_of_another_release(bench):
    fails(bench.run(stack=False), 4, "the module torch cannot be imported", "EBRAINS", bench)
    fails(bench.run(compiler=False), 4, "powerpc-ppu-g++", "module load ppu-toolchain", bench)
    done = bench.run(lacks=["HXModuleWrapper"])
    fails(done, 4, "hxtorch.spiking has no HXModuleWrapper", "use run_pynn.py", bench)
    assert "with a grenade from before 2026-06-12" in done.stderr
    done = bench.run(breaks_on_import=True)
    fails(done, 4, "hxtorch does not fit what it imports, so this is another release", "use run_pynn.py", bench)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("placement_constraint=[", "placement=["),
        ("enable_cadc_recording=False", "enable_cadc_recording=True"),
        ("plasticity_rule=rule)", "rule=rule)"),
        ("found.timer.num_periods =", "found.timer.periods ="),
        ("codes.T, dtype=np.float32", "codes[:-1], dtype=np.float32"),
        ("    wrapper(vendor, network)()\n", ""),
        ("vendor.hxtorch.init_hardware()", "dict()"),
        ('written[rule["kept"][word]] =', 'written["x" + rule["kept"][word]] ='),
    ],
)
def test_the_stand_ins_are_strict(bench, recorded, old, new):
    """What the vendor's modules refuse, they refuse: otherwise nothing here would say anything."""
    assert old in recorded.text
    bench.recorded = replace(recorded, text=recorded.text.replace(old, new))
    assert bench.run().returncode == 4
