"""The PyNN run file against stand-ins of the vendor's modules: what is asked of them, results, and every failure.

The stand-ins in ``fakes/pynn_brainscales`` accept only published names, arguments and orders of calls, and replay the
spikes and weights of a run of the emulated chip.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.errors import IntegrityError
from sal_hw.kernel.evaluate import evaluate
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend as EmulatorBackend
from sal_hw_brainscales2.emulation.model import ChipModel, nominal_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_brainscales2.emulation.weights import ChipWeights
from sal_hw_brainscales2.machine.findings import chip_findings
from sal_hw_brainscales2.machine.importer import check_result, read_result
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.pynn import render_pynn
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.lif_session import LifSession

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes" / "pynn_brainscales"
CHIP = "hxcube7fpga0chip63_1"
PBIN = b"stand-in of a portable binary\n"
POLARITIES = ("excitatory", "inhibitory")

#: updates of a run, and neurons per population
UPDATES, SIZE = 5, 4
SETTINGS = (f"parameters.size={SIZE}", "parameters.learning_rate=0.05", "experiment.average_last_updates=2")
#: every update is recorded
PROBED = "probes=[{kind: weights, projection: feedback}]"


@dataclass(frozen=True)
class Recorded:
    """A run of the emulated chip, and a folder in which its run file meets the stand-ins."""

    program: CompiledProgram
    text: str
    arrays: dict[str, NDArray[Any]]
    weights: list[NDArray[np.float64]] = field(default_factory=list)


#: a rule whose kernels do not measure baselines
CALIBRATED = "plasticity[0].baselines=calibrated"


def compiled(*overrides: str, **options: Any) -> CompiledProgram:
    recipe = api.load_recipe(ROOT / "recipes" / "chip_alignment.yaml", overrides=[*SETTINGS, PROBED, *overrides])
    return api.compile_recipe(recipe, target="brainscales2", **options)


def run_text(program: CompiledProgram, updates: int = UPDATES) -> str:
    files = kernel_files(program, updates=updates)
    kernels = {
        (number, polarity): files[name].decode()
        for number, _ in enumerate(program.part_of(ChipProgram).kernels)
        for polarity in POLARITIES
        if (name := f"kernel_{number}_pynn_{polarity}.cpp") in files
    }
    return render_pynn(collect_run_data(program, updates=updates, seed=program.seed), kernels)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """Run the emulated chip update by update, and keep its own books: codes by polarity, spikes, weights."""
    program = compiled()
    spiked: dict[str, list[Any]] = {"visible": [], "hidden": []}
    session = LifSession(program, ChipWeights(program, ChipModel.from_snapshot(None), program.seed), seed=program.seed)
    simulation, loaded = session._simulation, session._weights._loaded
    codes = {polarity: np.zeros((UPDATES, SIZE, SIZE), dtype=np.uint8) for polarity in POLARITIES}
    weights = []
    for update in range(UPDATES):
        for piece in session._weights.learn(simulation, 1):
            for block in program.neurons:
                mine = (piece.spike_neuron >= block.offset) & (piece.spike_neuron < block.offset + block.size)
                spiked[block.population].append((piece.spike_step[mine], piece.spike_neuron[mine] - block.offset))
        for place in loaded.tiles["feedback"]:
            polarity = "excitatory" if place.sign > 0 else "inhibitory"
            codes[polarity][update][place.pre, place.post] = simulation.codes(place.index)
        weights.append(session.weights("feedback"))
    arrays: dict[str, NDArray[Any]] = {}
    # a step is 0.1 us of chip time; records carry the beginning of their update, in cycles of 8 ns
    kernel = program.part_of(ChipProgram).kernels[0]
    begins = kernel.start_us + kernel.period_us * np.arange(UPDATES)
    for polarity in POLARITIES:
        arrays[f"weights.feedback.{polarity}"] = codes[polarity]
        arrays[f"weights.feedback.{polarity}.time_us"] = np.rint(begins * 125.0) / 125.0
    for name, parts in spiked.items():
        arrays[f"spikes.{name}.time_us"] = np.concatenate([step for step, _ in parts]) * 0.1
        arrays[f"spikes.{name}.neuron"] = np.concatenate([neuron for _, neuron in parts]).astype(np.int32)
    assert all(len(np.unique(codes[polarity], axis=0)) > 1 for polarity in POLARITIES), "nothing was learned"
    assert all(len(arrays[f"spikes.{name}.neuron"]) for name in spiked), "nothing spiked"
    return Recorded(program=program, text=run_text(program), arrays=arrays, weights=weights)


@dataclass
class Bench:
    """A folder with a run file, a calibration and a script for the stand-ins."""

    folder: Path
    recorded: Recorded

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "powerpc-ppu-g++").write_text("#!/bin/sh\n")
        (tools / "powerpc-ppu-g++").chmod(0o755)
        self.calibrate()

    @property
    def log(self) -> dict[str, Any]:
        """What was asked of the stand-ins."""
        found: dict[str, Any] = json.loads((self.folder / "log.json").read_text())
        return found

    def calibrate(self, data: bytes = PBIN, **changed: Any) -> None:
        """Write a calibration and what tells of it."""
        known = {
            "chip_id": CHIP,
            "program_hash": self.recorded.program.hash,
            "neurons": {"usable": [1] * 512},
            "sha256": {"calibration.pbin": hashlib.sha256(data).hexdigest()},
        }
        (self.folder / "calibration.pbin").write_bytes(data)
        (self.folder / "calibration.json").write_text(json.dumps(known | changed))

    def run(
        self,
        *options: str,
        faults: dict[str, Any] | None = None,
        calibration: str | None = "calibration.pbin",
        stack: bool = True,
        compiler: bool = True,
        **script: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run the file."""
        command, environment = self.prepare(
            *options, faults=faults, calibration=calibration, stack=stack, compiler=compiler, **script
        )
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=90
        )

    def prepare(
        self,
        *options: str,
        faults: dict[str, Any] | None = None,
        calibration: str | None = "calibration.pbin",
        stack: bool = True,
        compiler: bool = True,
        **script: Any,
    ) -> tuple[list[str], dict[str, str]]:
        """Write what a run needs; return its command and environment."""
        replay, path = self.folder / "replay.npz", self.folder / "run_pynn.py"
        np.savez(replay, **self.recorded.arrays)
        path.write_text(self.recorded.text)
        content = {"chip_id": CHIP, "replay": str(replay), "log": str(self.folder / "log.json"), "faults": faults or {}}
        (self.folder / "script.json").write_text(json.dumps(content | script))
        tools = f"{self.folder / 'tools'}{os.pathsep}" if compiler else ""
        environment = {
            "PATH": f"{tools}{os.environ['PATH']}",
            "PYTHONPATH": f"{FAKES}{os.pathsep}{FAKES.parent / 'kernels'}" if stack else "",
            "SAL_HW_FAKE_PYNN": str(self.folder / "script.json"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        chosen = ["--calibration", calibration] if calibration else []
        return [sys.executable, str(path), "--out", "result", "--deadline", "60", *chosen, *options], environment

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the result folder."""
        with np.load(self.folder / "result" / "arrays.npz") as archive:
            return {name: archive[name] for name in archive.files}

    def result(self) -> dict[str, Any]:
        """Return the document of the result folder."""
        found: dict[str, Any] = json.loads((self.folder / "result" / "result.json").read_text())
        return found


@pytest.fixture
def bench(recorded, tmp_path) -> Bench:
    return Bench(tmp_path, recorded)


@pytest.fixture
def other(tmp_path) -> Callable[..., Bench]:
    """Return a bench for another program, with invented weights to replay."""

    def make(program: CompiledProgram) -> Bench:
        arrays: dict[str, NDArray[Any]] = {}
        rng = np.random.default_rng(5)
        for block in program.neurons:
            arrays[f"spikes.{block.population}.time_us"] = np.array([10.0, 20.0])
            arrays[f"spikes.{block.population}.neuron"] = np.array([0, block.size - 1], dtype=np.int32)
        learning = program.part_of(ChipProgram).kernels[0].projection
        shape = program.synapse_block(learning).weights.shape
        for polarity in dict.fromkeys(tile.polarity for tile in program.part_of(ChipProgram).tiles_of(learning)):
            codes = rng.integers(0, 64, (UPDATES, *shape), dtype=np.uint8)
            arrays[f"weights.{learning}.{polarity}"] = codes
            arrays[f"weights.{learning}.{polarity}.time_us"] = 1000.0 * np.arange(1, UPDATES + 1)
        return Bench(tmp_path, Recorded(program=program, text=run_text(program), arrays=arrays))

    return make


def fails(done: subprocess.CompletedProcess[str], code: int, cause: str, following: str, bench: Bench) -> None:
    """Check an end: its exit code, the cause and the next command in a line each, and that nothing was left."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    causes = [line for line in lines if line.startswith("cause: ")]
    nexts = [line for line in lines if line.startswith("next: ")]
    assert len(causes) == len(nexts) == 1, done.stderr
    assert cause in causes[0]
    assert following in nexts[0]
    assert "Traceback" not in done.stderr
    assert not [path for path in (bench.folder / "result").glob("*") if path.suffix != ".tmp"]


# --- a run ------------------------------------------------------------------------------------------------------------


def test_results_are_the_emulator_s_bookkeeping(bench, recorded):
    done = bench.run()
    assert done.returncode == 0, done.stderr
    found = bench.arrays()
    placed = {f"placement.{owner}.{polarity}" for owner in ("forward", "feedback") for polarity in POLARITIES}
    assert set(found) == {*recorded.arrays, *placed}
    for name, expected in recorded.arrays.items():
        if name.endswith(".time_us"):
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-9)
        else:
            np.testing.assert_array_equal(found[name], expected)
    document = bench.result()
    assert document["counters"] == dict.fromkeys(
        ("updates_missed", "spikes_dropped", "link_errors", "scheduler_dropped"), 0
    )
    assert (document["messages"], document["chip_id"], document["updates"]) == ([], CHIP, UPDATES)
    assert document["software"]["pynn_brainscales.brainscales2"] == "stand-in"


def test_the_importer_reads_it_and_gets_the_same_weights(bench, recorded):
    assert bench.run().returncode == 0
    result = read_result(bench.folder / "result", recorded.program)
    lsb = recorded.program.scaling_of("feedback").lsb
    excitatory, inhibitory = (result.arrays[f"weights.feedback.{each}"].astype(float) for each in POLARITIES)
    np.testing.assert_allclose((excitatory - inhibitory) * lsb, np.array(recorded.weights), rtol=0, atol=1e-12)


def test_what_is_asked_of_the_chip(bench, recorded):
    assert bench.run().returncode == 0
    log, chip = bench.log, recorded.program.part_of(ChipProgram)
    assert log["neuronPermutation"] == chip.neurons.site.tolist()
    assert log["backgroundPermutation"] == [source.generator % 4 for source in chip.background]
    assert log["runtime_ms"] == pytest.approx(UPDATES * recorded.program.update_ms / 1e3)
    assert (log["open"], log["membranes_connected"], log["periods"]) == (0, 0, [UPDATES, UPDATES])
    for tile in chip.tiles:
        sign = 1 if tile.polarity == "excitatory" else -1
        made = log["projections"][f"{tile.owner}.{tile.polarity}"]
        if tile.owner in ("forward", "feedback"):
            pairs = [[pre, int(tile.post[at])] for pre, at in np.argwhere(tile.exists)]
            assert made["pairs"] == pairs
            assert made["weights"] == [sign * int(code) for code in tile.codes[tile.exists]]
        else:
            assert made["pairs"] == [[train, int(post)] for train, post in enumerate(tile.post)]
            assert made["weights"] == [sign * int(code) for code in np.diag(tile.codes)]
    for source in chip.background:
        made = log["sources"][f"{source.name}.{source.hemisphere}"]
        assert (made["rate"], made["size"]) == (source.rate_hz, source.size)


@pytest.mark.parametrize(("size", "memory"), [(SIZE, "sram"), (31, "external")])
def test_constants_reach_the_processors(other, size, memory):
    bench = other(compiled(f"parameters.size={size}", CALIBRATED, snapshot=nominal_chip()))
    assert (done := bench.run()).returncode == 0, done.stderr
    symbols, kernel = bench.log["symbols"], bench.recorded.program.part_of(ChipProgram).kernels[0]
    assert kernel.memory == memory
    # a part per hemisphere, a row per source, 256 columns of which the targets' are used; even columns come first
    nominal = {"baseline_causal": 190, "baseline_anticausal": 190, "balance": 64, "residual": 0}
    assert set(kernel.excitatory.constants) == set(nominal)
    for polarity in POLARITIES:
        for word, number in nominal.items():
            expected = np.zeros((2, size, 256), dtype=int)
            expected[0, :, :size] = number
            ordered = np.concatenate([expected[..., 0::2], expected[..., 1::2]], axis=-1)
            content = np.array(symbols[f"sal_{polarity}_0_{word}"])
            assert content.ndim == (1 if memory == "external" else 2)
            np.testing.assert_array_equal(content.reshape(ordered.shape), ordered)
        assert symbols[f"sal_{polarity}_0_updates"] == [[0] * 4] * 2


def test_given_spikes_arrive_at_their_neurons(other):
    spikes = "[[1, 0], [2.5, 3], [7, 0]]"
    stimuli = f"stimuli=[{{kind: spikes, name: given, target: visible, spikes: {spikes}, weight: 0.3 mV}}]"
    bench = other(compiled(stimuli))
    assert (done := bench.run()).returncode == 0, done.stderr
    # model milliseconds are chip microseconds, and PyNN's times are chip milliseconds
    made = bench.log["sources"]["given"]
    lead_ms = bench.recorded.program.part_of(ChipProgram).kernels[0].lead_us / 1e3
    assert lead_ms > 1.0
    np.testing.assert_allclose(made["inserted"][0], [lead_ms + 1e-3, lead_ms + 7e-3], rtol=0, atol=1e-9)
    np.testing.assert_allclose(made["inserted"][3], [lead_ms + 2.5e-3], rtol=0, atol=1e-9)
    assert made["inserted"][1:3] == [[], []]
    assert bench.log["projections"]["given.excitatory"]["pairs"] == [[each, each] for each in range(SIZE)]


@pytest.fixture(scope="module")
def both_hemispheres() -> CompiledProgram:
    """Return a program whose learning synapses lie on both hemispheres: 136 + 136 neurons, weights of one sign."""
    settings = (
        "parameters.size=136",
        "parameters.update_every=8 s",
        "parameters.duration=40 s",
        "experiment.average_last_updates=2",
        "plasticity.alignment.forward=feedback",
        "plasticity.alignment.backward=forward",
        "projections.forward.weight_min=-0.15",
        "projections.forward.weight_max=0",
        "probes=[{kind: weights, projection: forward}]",
    )
    recipe = api.load_recipe(ROOT / "recipes" / "chip_alignment.yaml", presets=["full-chip"], overrides=settings)
    program = api.compile_recipe(recipe, target="brainscales2", snapshot=nominal_chip())
    assert {tile.hemisphere for tile in program.part_of(ChipProgram).tiles_of("forward")} == {0, 1}
    return program


def test_a_rule_on_both_hemispheres(other, both_hemispheres):
    bench = other(both_hemispheres)
    assert (done := bench.run()).returncode == 0, done.stderr
    for name, expected in bench.recorded.arrays.items():
        np.testing.assert_array_equal(bench.arrays()[name], expected)
    halves = np.array(bench.log["symbols"]["sal_inhibitory_0_balance"]).reshape(2, 136, 256)
    np.testing.assert_array_equal((halves > 0).sum(axis=(1, 2)), [136 * 120, 136 * 16])


def test_processors_that_disagree(other, both_hemispheres):
    bench = other(both_hemispheres)
    done = bench.run(faults={"uneven": "forward.inhibitory"})
    fails(done, 6, "the processors made 4 and 5 updates of forward.inhibitory", "longer update_every", bench)


# --- constants of each synapse ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known_chip() -> CompiledProgram:
    """Return a program for a chip whose sensors are known, each with constants of its own."""
    return compiled(snapshot=EmulatorBackend().draw_chip(7, spreads={}))


@pytest.mark.parametrize("turned", [{}, {"shuffle": 3}], ids=["in order", "in any order"])
def test_constants_are_those_of_the_synapses_where_the_router_placed_them(other, known_chip, turned):
    """Excitatory rows come first, then inhibitory ones, unlike the program's own rows; or there is no rule at all."""
    bench, chip = other(known_chip), known_chip.part
    done = bench.run(**turned)
    assert done.returncode == 0, done.stderr
    (kernel,) = chip.kernels
    planned = {tile.polarity: tile.rows for tile in chip.tiles_of("feedback")}
    found = bench.arrays()
    for polarity in POLARITIES:
        half, row, column = np.moveaxis(found[f"placement.feedback.{polarity}"], -1, 0)
        assert (row != planned[polarity][:, None]).any(), "the rows are those that the program plans"
        # the kernel meets rows in the order of their coordinates
        place = np.searchsorted(np.unique(row), row)
        for word in kernel.excitatory.given_constants:
            kind = kernel.excitatory.constants[word]
            values = kernel.chip_constants[word][half, row, column].astype(int)
            assert len(np.unique(values)) > 1
            for part, shift in ({"_high": 8, "_low": 0} if kind == "frac16" else {"": 0}).items():
                content = np.array(bench.log["symbols"][f"sal_{polarity}_0_{word}{part}"]).reshape(2, SIZE, 256)
                by_column = np.empty_like(content)
                by_column[..., 0::2], by_column[..., 1::2] = content[..., :128], content[..., 128:]
                np.testing.assert_array_equal(by_column[half, place, column], (values >> shift) & 0xFF)
    # records are by connection, wherever it lies
    for name, expected in bench.recorded.arrays.items():
        np.testing.assert_array_equal(found[name], expected)


def constants_in_memory(bench, kernel, polarity):
    """Return each constant of the synapses as the processors find it, shape (sources, targets)."""
    half, row, column = np.moveaxis(bench.arrays()[f"placement.feedback.{polarity}"], -1, 0)
    place = np.searchsorted(np.unique(row), row)
    found = {}
    for word, kind in kernel.constants.items():
        assert kind in ("mod8", "frac8"), "one byte"
        content = np.array(bench.log["symbols"][f"sal_{polarity}_0_{word}"], dtype=np.uint8).reshape(2, SIZE, 256)
        by_column = np.empty_like(content)
        by_column[..., 0::2], by_column[..., 1::2] = content[..., :128], content[..., 128:]
        codes = by_column[half, place, column]
        found[word] = codes.view(np.int8) if kind == "frac8" else codes
    return found


def learned(bench, kernel, polarity, chip_constants):
    """Return weights after ten updates; pairs are those of the synapse's neurons, baselines those of where it lies."""
    half, row, column = np.moveaxis(bench.arrays()[f"placement.feedback.{polarity}"], -1, 0)
    rng, known = np.random.default_rng(5), constants_in_memory(bench, kernel, polarity)
    weight = np.full((SIZE, SIZE), 30, dtype=np.uint8)
    for _ in range(10):
        pairs = {name: rng.integers(0, 40, weight.shape) for name in ("causal", "anticausal")}
        readings = {name: chip_constants[f"baseline_{name}"][half, row, column] - pairs[name] for name in pairs}
        draws = rng.integers(0, 256, (kernel.random_draws, *weight.shape))
        weight = evaluate(kernel, **readings, weight=weight, constants=known, random=draws)
    return weight


def test_learned_weights_are_those_of_any_order_of_rows(other):
    """Baselines that differ from synapse to synapse are taken off wherever the router puts these; nothing else does."""
    same = {entry.name: 0.0 for entry in load_spreads().entries if entry.name != "baseline"}
    drawn = EmulatorBackend().draw_chip(7, spreads=same)
    # whole numbers, so that a reading has nothing to round
    tables = tuple(
        replace(table, measured=np.rint(table.measured)) if table.name.startswith("baseline") else table
        for table in drawn.tables
    )
    program = compiled(CALIBRATED, snapshot=replace(drawn, tables=tables))
    bench, (placed,) = other(program), program.part.kernels
    found, elsewhere = {}, {}
    for order in (None, 3, 4, 5):
        assert bench.run(**({} if order is None else {"shuffle": order})).returncode == 0
        for polarity in POLARITIES:
            kernel = getattr(placed, polarity)
            found.setdefault(polarity, []).append(learned(bench, kernel, polarity, placed.chip_constants))
            moved = {name: np.roll(values, 1, axis=1) for name, values in placed.chip_constants.items()}
            elsewhere[polarity] = learned(bench, kernel, polarity, moved)
    for polarity, weights in found.items():
        assert len(np.unique(weights[0])) > 3, "nothing was learned"
        for other_order in weights[1:]:
            np.testing.assert_array_equal(other_order, weights[0])
        assert (elsewhere[polarity] != weights[0]).any(), "constants of another row do as well"


def test_the_rows_that_a_check_tells_are_those_of_the_router(other):
    """Sources of one event output, and no generator beside them: all drivers of bus 0 are free for them."""
    program = compiled("stimuli=[{kind: constant, name: drive_visible, target: visible, amplitude: 0.6 mV}]")
    notes = [note for record in program.trace for note in record.notes if note.startswith("on the chip,")]
    bench = other(program)
    assert bench.run().returncode == 0
    for polarity, note in zip(POLARITIES, notes, strict=True):
        rows = np.unique(bench.arrays()[f"placement.feedback.{polarity}"][..., 1]).tolist()
        written = [f"{rows[0]}-{rows[1]}", f"{rows[2]}-{rows[3]}"]
        assert note == (
            f"on the chip, feedback, {polarity}, hemisphere 0: rows {', '.join(written)} (4 by grenade's router)"
        )
        assert (np.diff(rows) == [1, 7, 1]).all()


def test_the_importer_refuses_a_placement_that_cannot_be(other, known_chip):
    bench = other(known_chip)
    assert bench.run().returncode == 0
    read_result(bench.folder / "result", known_chip)
    key = "placement.feedback.excitatory"
    for change in ((0, 0, 256), (0, 256, 0), (2, 0, 0)):
        arrays = bench.arrays()
        arrays[key][0, 0] = change
        with pytest.raises(IntegrityError, match="on 2 hemispheres of 256 rows and 256 columns, once each"):
            check_result(read_result(bench.folder / "result", known_chip).header, arrays, known_chip)
    arrays = bench.arrays()
    arrays[key][0, 0] = arrays[key][1, 1]
    with pytest.raises(IntegrityError, match="once each"):
        check_result(read_result(bench.folder / "result", known_chip).header, arrays, known_chip)


@pytest.mark.parametrize(
    ("probes", "kept"),
    [("[]", [4]), ("[{kind: weights, projection: feedback, every_updates: 2}]", [1, 3, 4])],
)
def test_weights_are_recorded_as_the_probe_asks_and_at_the_end(tmp_path, recorded, probes, kept):
    program = compiled(f"probes={probes}")
    bench = Bench(tmp_path, replace(recorded, program=program, text=run_text(program)))
    assert (done := bench.run()).returncode == 0, done.stderr
    result, kernel = read_result(bench.folder / "result", program), program.part_of(ChipProgram).kernels[0]
    for polarity in POLARITIES:
        key = f"weights.feedback.{polarity}"
        np.testing.assert_array_equal(result.arrays[key], recorded.arrays[key][kept])
        expected_us = kernel.start_us + kernel.period_us * np.array(kept)
        np.testing.assert_allclose(result.arrays[f"{key}.time_us"], expected_us, atol=0.01)
    # bytes that the host reads: per record a whole row on both hemispheres for each of the four sources
    assert f"sal_inhibitory_0_final[2][{SIZE}][256]" in bench.recorded.text
    assert (f"sal_inhibitory_0_records[2][2][{SIZE}][256]" in bench.recorded.text) == (len(kept) > 1)


# --- what was lost is counted -----------------------------------------------------------------------------------------


def test_updates_that_did_not_take_place_are_counted_and_not_invented(bench, recorded):
    done = bench.run(faults={"missed": {"feedback.inhibitory": 2}, "scheduler_dropped": 3})
    assert done.returncode == 0, done.stderr
    found, document = bench.arrays(), bench.result()
    assert document["counters"]["updates_missed"] == 2
    assert document["counters"]["scheduler_dropped"] == 3
    assert document["messages"] == ["2 of 5 updates of feedback.inhibitory did not take place"]
    expected = recorded.arrays["weights.feedback.inhibitory"][: UPDATES - 2]
    np.testing.assert_array_equal(found["weights.feedback.inhibitory"][: UPDATES - 2], expected)
    # and what the weights are in the end
    np.testing.assert_array_equal(found["weights.feedback.inhibitory"][UPDATES - 2 :], expected[-1:])
    assert len(found["weights.feedback.excitatory"]) == UPDATES
    assert read_result(bench.folder / "result", recorded.program).header.counters.updates_missed == 2


def test_lost_spikes_and_errors_of_links_are_counted(bench):
    done = bench.run(faults={"dropped_spikes": 11, "link_errors": 4})
    assert done.returncode == 0, done.stderr
    counters = bench.result()["counters"]
    assert (counters["spikes_dropped"], counters["link_errors"]) == (11, 4)


def test_neurons_that_failed_their_calibration_are_told(bench):
    bench.calibrate(neurons={"usable": [1, 0, 1, 0] + [1] * 504 + [0] * 4})
    assert bench.run().returncode == 0
    assert bench.result()["messages"] == ["2 of the 8 neurons failed their calibration"]


def test_a_connection_without_a_chip_checks_placement_and_kernels_and_leaves_no_result(bench):
    done = bench.run(chip_id="zeromock", calibration=None)
    assert done.returncode == 0, done.stderr
    assert "without a chip: the network was placed, the kernels compiled and linked" in done.stdout
    assert not (bench.folder / "result").exists()
    done = bench.run(chip_id="zeromock", calibration=None, faults={"compile": "error: no such type"})
    fails(done, 4, "does not compile", "load a fitting release", bench)


# --- ends -------------------------------------------------------------------------------------------------------------

FAULTS = [
    pytest.param(
        {"connection": True},
        4,
        "no chip can be reached: No executor backend",
        "QUIGGELDY_ENABLED=1 with QUIGGELDY_IP and QUIGGELDY_PORT (outside their site also QUIGGELDY_USER_NO_MUNGE",
        id="connection",
    ),
    pytest.param(
        {"routing": "Max in-degree 300 of neuron exceeds 256 rows"},
        2,
        "cannot place the network: Max in-degree 300",
        "fewer neurons",
        id="in-degree",
    ),
    pytest.param(
        {"routing": "Execution of routing unsuccessful: 70 rows on a PADI bus"},
        2,
        "70 rows on a PADI bus",
        "fewer neurons",
        id="bus",
    ),
    pytest.param({"scatter": "feedback.excitatory"}, 2, "are no full rectangle of", "sal-hw compile", id="rectangle"),
    pytest.param({"dense": True}, 2, "only supported for dense connectivity", "sal-hw compile", id="density"),
    pytest.param({"double": "feedback.inhibitory"}, 2, "takes 2 synapses", "sal-hw compile", id="two synapses"),
    pytest.param({"compile": "error: no such type"}, 4, "does not compile", "load a fitting release", id="compiler"),
    pytest.param({"playback": True}, 4, "Run of playback program not successful", "run this file again", id="playback"),
    pytest.param({"crash": True}, 4, "ended the run with signal 11", "run this file again", id="crash"),
    pytest.param(
        {"missed": {"feedback.excitatory": UPDATES}},
        4,
        "feedback.excitatory never ran",
        "run this file again",
        id="parked",
    ),
    pytest.param({"short": True}, 6, "final has 256 bytes, not 2048", "run this file again", id="memory"),
    pytest.param(
        {"unfinished": "feedback.excitatory"}, 4, "did not leave its weights", "run this file again", id="end"
    ),
    pytest.param({"disordered": True}, 6, "are not in order of time", "run this file again", id="times"),
    pytest.param({"beyond": 200}, 6, "weights of feedback that are none", "run this file again", id="weights"),
    pytest.param({"no_health": True}, 6, "says nothing of lost spikes", "run this file again", id="health"),
]


@pytest.mark.parametrize(("faults", "code", "cause", "following"), FAULTS)
def test_every_failure_has_a_cause_and_a_next_step(bench, faults, code, cause, following):
    fails(bench.run(faults=faults), code, cause, following, bench)


def test_a_run_that_hangs_ends_at_its_deadline(bench):
    done = bench.run("--deadline", "2", faults={"hang": True})
    fails(done, 4, "did not end within its deadline of 2 s", "--deadline SECONDS", bench)


def test_a_run_that_is_told_to_end_leaves_nothing_running(bench):
    command, environment = bench.prepare(faults={"hang": True})
    process = subprocess.Popen(
        command, cwd=bench.folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hanging\n"
        process.terminate()
        assert process.wait(timeout=10) == 143
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"chip_id": "another"}, f"is of chip another, but this is chip {CHIP}"),
        ({"program_hash": "0" * 64}, "made for another program"),
        ({"sha256": {"calibration.pbin": "0" * 64}}, "is not the file that calibration.json tells of"),
        ({"neurons": None}, "cannot be read: TypeError"),
        ({"data": b"something else"}, "is no calibration in portable binary form"),
    ],
    ids=["chip", "program", "damaged", "note", "form"],
)
def test_a_calibration_that_does_not_fit(bench, changed, cause):
    bench.calibrate(**changed)
    fails(bench.run(), 3, cause, "python calibrate_sal.py", bench)


def test_a_calibration_is_needed(bench):
    fails(
        bench.run(calibration=None),
        3,
        "the nightly one of a site leaves the correlation sensors out",
        "calibrate",
        bench,
    )
    fails(bench.run(calibration="nowhere.pbin"), 3, "nowhere.pbin", "calibrate_sal.py", bench)


def test_software_that_is_missing(bench):
    fails(
        bench.run(stack=False), 4, "the module pynn_brainscales.brainscales2 cannot be", "EBRAINS-experimental", bench
    )
    fails(bench.run(compiler=False), 4, "powerpc-ppu-g++", "module load ppu-toolchain", bench)


@pytest.mark.parametrize("lacking", ["get_execution_instance_data", "InjectedReadout", "PlasticityRule"])
def test_another_release(bench, lacking):
    done = bench.run(lacks=[lacking])
    fails(done, 4, f"has no {lacking}", "load a fitting release", bench)
    assert "from 2026-06-12 on" in done.stderr


def test_a_folder_that_cannot_be_written(bench):
    (bench.folder / "file").write_text("")
    done = bench.run("--out", "file/result")
    fails(done, 2, "the results cannot be written", "choose another folder with --out DIR", bench)


def test_an_old_result_does_not_stand_for_a_failed_run(bench):
    assert bench.run().returncode == 0
    assert bench.run().returncode == 0
    assert sorted(path.name for path in (bench.folder / "result").iterdir()) == [
        "arrays.npz",
        "manifest.json",
        "result.json",
    ]


def test_the_stand_ins_are_strict(bench, recorded):
    """What the vendor's modules refuse, they refuse: otherwise nothing here would say anything."""
    for old, new in (
        ("neuronPermutation=sites", "neuronOrder=sites"),
        ("pynn.ArrayConnector(exists)", "pynn.FromListConnector([(int(a), int(b)) for a, b in np.argwhere(exists)])"),
        ("else -codes.astype(float)", "else codes.astype(float)"),
        ("num_periods=calls", "periods=calls"),
        ("        rule.timer = timer\n", "        del rule, timer\n"),
        ("pre_non_realtime=calibration.builder", "pre_realtime=calibration.builder"),
        ('written[rule["kept"][polarity][word]]', 'written["x" + rule["kept"][polarity][word]]'),
        ('SpikeSourcePoissonOnChip(rate=item["rate_hz"]', 'SpikeSourcePoissonOnChip(rate=1e8 + item["rate_hz"]'),
    ):
        assert old in recorded.text, old
        changed = Bench.__new__(Bench)
        changed.folder, changed.recorded = bench.folder, replace(recorded, text=recorded.text.replace(old, new))
        assert changed.run().returncode in (2, 4, 6), old


# --- every way to fail that is known of the chip's software -----------------------------------------------------------

#: what can go wrong on the way to a chip and on it (hxcomm, grenade, pynn-brainscales; brainscales2-demos), by the run:
#: what the stand-ins do, what is wrong with the calibration, how the run ends, and the words of cause and next step
KNOWN_FAILURES: dict[str, tuple[dict[str, Any], dict[str, Any], int, str, str]] = {
    "no connection in the environment": (
        {"faults": {"connection": True}},
        {},
        4,
        "no chip can be reached",
        "QUIGGELDY_ENABLED=1",
    ),
    "a notebook of another kernel": ({"stack": False}, {}, 4, "cannot be imported", "EBRAINS-experimental"),
    "another release": ({"lacks": ["InjectedReadout"]}, {}, 4, "has no InjectedReadout", "load a fitting release"),
    "no calibration": ({"calibration": None}, {}, 3, "no calibration is given", "calibrate_sal.py"),
    "a file that is not there": ({"calibration": "none.pbin"}, {}, 3, "cannot be read", "calibrate_sal.py"),
    "a calibration of another chip": ({}, {"chip_id": "other"}, 3, "is of chip other, but this is", "calibrate_sal.py"),
    "an outdated calibration": ({}, {"program_hash": "0"}, 3, "was made for another program", "calibrate_sal.py"),
    "a playback program that fails": (
        {"faults": {"playback": True}},
        {},
        4,
        "Run of playback program not successful",
        "run this file again",
    ),
    "an instruction that never ends": (
        {"faults": {"hang": True}, "deadline": "2"},
        {},
        4,
        "did not end within its deadline",
        "check the connection",
    ),
    "a kernel that parks the processor": (
        {"faults": {"missed": dict.fromkeys(("feedback.excitatory", "feedback.inhibitory"), UPDATES)}},
        {},
        4,
        "never ran to its end",
        "run this file again",
    ),
    "more rows than a neuron has": (
        {"faults": {"routing": "Max in-degree 300 exceeds 256"}},
        {},
        2,
        "cannot place the network: Max in-degree",
        "fewer neurons or projections",
    ),
    "no route": (
        {"faults": {"routing": "Synapse driver allocations not successful."}},
        {},
        2,
        "cannot place the network: Synapse driver",
        "fewer neurons or projections",
    ),
    "no rectangle of rows and columns": (
        {"faults": {"scatter": "feedback.excitatory"}},
        {},
        2,
        "are no full rectangle",
        "sal-hw compile",
    ),
    "a kernel that does not compile": (
        {"faults": {"compile": "error: no such type"}},
        {},
        4,
        "the kernel does not compile",
        "load a fitting release",
    ),
    "no compiler": ({"compiler": False}, {}, 4, "powerpc-ppu-g++", "module load ppu-toolchain"),
    "the vendor's software crashes": ({"faults": {"crash": True}}, {}, 4, "with signal 11", "run this file again"),
}
#: what does not end a run, by counter, and the words of its finding
COUNTED_FAILURES = {
    "updates that the scheduler skipped": (
        {"missed": {"feedback.inhibitory": 2}},
        "updates_missed",
        "raise update_every",
    ),
    "calls that the scheduler dropped": ({"scheduler_dropped": 3}, "updates_missed", "raise update_every"),
    "spikes that were lost": ({"dropped_spikes": 11}, "spikes_dropped", "lower the rates"),
    "links without notification": ({"link_errors": 4}, "link_errors", "repeat the run"),
}


@pytest.mark.parametrize("name", KNOWN_FAILURES)
def test_every_known_failure_of_the_chip_s_software_has_its_message(bench, name):
    script, calibration, code, cause, following = KNOWN_FAILURES[name]
    bench.calibrate(**calibration)
    script = dict(script)
    deadline = ("--deadline", script.pop("deadline")) if "deadline" in script else ()
    fails(bench.run(*deadline, **script), code, cause, following, bench)


@pytest.mark.parametrize("name", COUNTED_FAILURES)
def test_every_known_loss_is_counted_and_a_finding(bench, recorded, name):
    faults, counter, words = COUNTED_FAILURES[name]
    assert bench.run(faults=faults).returncode == 0
    result = read_result(bench.folder / "result", recorded.program)
    counted = asdict(result.header.counters)
    # calls without a place are updates that did not take place
    counters = {**counted, "updates_missed": max(counted["updates_missed"], counted["scheduler_dropped"])}
    assert counters[counter] > 0
    found = {each.kind: each for each in chip_findings(recorded.program, result, {**counters, "weights_at_rail": 0})}
    assert found[counter].severity == "degraded"
    assert words in found[counter].advice


def test_nothing_of_one_run_is_there_in_the_next(bench, recorded):
    """The chip is shared and set up anew: whatever a run needs it writes itself, and all of it each time."""
    assert bench.run().returncode == 0
    first = bench.log
    assert bench.run().returncode == 0
    assert bench.log["symbols"] == first["symbols"]
    assert set(first["symbols"]) >= {f"sal_{each}_0_updates" for each in POLARITIES}
