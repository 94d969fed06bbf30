"""The chip on the bench: the same measurements through the emulated chip and through the machine's calls.

A measurement's program runs on an emulated chip, and its run file on stand-ins of the vendor's modules that replay what
the emulated chip did; the readings must arrive unchanged, and so must what is calculated from them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.contracts.instrument import Instrument, InstrumentSource, Reading
from sal_hw.contracts.targets import load_target
from sal_hw.errors import CalibrationError, DeviceError, InputError, IntegrityError, SalHwError
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec
from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.machine import bench_runs
from sal_hw_brainscales2.machine.backend import BrainScaleS2Backend
from sal_hw_brainscales2.machine.bench_runs import BenchRuns
from sal_hw_brainscales2.machine.importer import ChipResult, read_result
from sal_hw_brainscales2.machine.instrument import MachineInstrument
from sal_hw_brainscales2.machine.live import execute
from sal_hw_brainscales2.machine.program_files import RUN_FILES, run_file
from sal_hw_brainscales2.machine.result_header import ResultHeader
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure import correlation, membranes
from sal_hw_calibration.networks import alone

FAKES = Path(__file__).parent / "fakes"
CHIP = "hxcube7fpga0chip63_1"
PBIN = b"stand-in of a portable binary\n"
SITES = np.array([0, 1, 2, 256, 257])

#: PyNN's times are hardware milliseconds in single precision (pynn-brainscales, recording.py): of 0.2 ms, half a unit
#: in the last place is 7e-9 ms, in model time 7e-6 ms; and once more for the mean over neurons
TIME_MS = 2e-5


class ReplayedChip:
    """Runs programs on an emulated chip, and their run files on stand-ins that replay it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        self.emulated = EmulatedInstrument(draw_chip(7))
        self.readings: list[Reading] = []
        self.faults: dict[str, Any] = {}
        self.script: dict[str, Any] = {}
        self.name = CHIP
        self.runs: BenchRuns | None = None
        self.machine = MachineInstrument(self._run, calibration="a stand-in")
        compiler = folder / "tools" / "powerpc-ppu-g++"
        compiler.parent.mkdir()
        compiler.write_text("#!/bin/sh\n")
        compiler.chmod(0o755)
        monkeypatch.setenv("PATH", f"{compiler.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PYTHONPATH", f"{FAKES / 'pynn_brainscales'}{os.pathsep}{FAKES / 'kernels'}")

    def _run(self, program: CompiledProgram, *, updates: int, duration_ms: float, seed: int) -> ChipResult:
        reading = self.emulated.run(program, duration_ms=duration_ms, seed=seed)
        self.readings.append(reading)
        folder = self.folder / f"run{len(self.readings)}"
        folder.mkdir()
        self._prepare(folder, program, reading, updates)
        if self.runs is not None:
            return self.runs(program, updates=updates, duration_ms=duration_ms, seed=seed)
        text = run_file(program, "pynn", updates=updates, seed=seed, duration_ms=duration_ms)
        (folder / RUN_FILES["pynn"]).write_text(text)
        execute(folder, RUN_FILES["pynn"], calibration_file=folder / "calibration.pbin", deadline_s=60.0)
        return read_result(folder / "result", program)

    def _prepare(self, folder: Path, program: CompiledProgram, reading: Reading, updates: int) -> None:
        replay, log = str(folder / "replay.npz"), str(folder / "log.json")
        np.savez(replay, **_replay(program, reading, updates))
        script = {"chip_id": self.name, "replay": replay, "log": log, "faults": self.faults, **self.script}
        (folder / "script.json").write_text(json.dumps(script))
        (folder / "calibration.pbin").write_bytes(PBIN)
        known = {
            "chip_id": self.name,
            "program_hash": program.hash,
            "neurons": {"usable": [1] * 512},
            "sha256": {"calibration.pbin": hashlib.sha256(PBIN).hexdigest()},
        }
        (folder / "calibration.json").write_text(json.dumps(known))
        self._patch.setenv("SAL_HW_FAKE_PYNN", str(folder / "script.json"))

    def log(self) -> dict[str, Any]:
        """Return what the last run asked of the stand-ins."""
        found: dict[str, Any] = json.loads((self.folder / f"run{len(self.readings)}" / "log.json").read_text())
        return found


class InSinglePrecision(EmulatedInstrument):
    """The emulated chip with times of samples as PyNN has them: one at a spike's time falls on either side of it."""

    def run(self, program: CompiledProgram, **options: Any) -> Reading:
        """Run a program."""
        reading = super().run(program, **options)
        to_hardware_ms = 1.0 / program.part_of(ChipProgram).time_scale
        rounded = {n: (t * to_hardware_ms).astype(np.float32) / to_hardware_ms for n, t in reading.sample_ms.items()}
        return replace(reading, sample_ms=rounded)


def _replay(program: CompiledProgram, reading: Reading, updates: int) -> dict[str, NDArray[Any]]:
    """Return a reading in chip units, as the stand-ins replay it."""
    arrays: dict[str, NDArray[Any]] = {}
    to_us = 1e3 / program.part_of(ChipProgram).time_scale
    for block in program.neurons:
        # a run file records the spikes of all populations
        spikes = reading.spikes.get(block.population)
        arrays[f"spikes.{block.population}.time_us"] = np.zeros(0) if spikes is None else spikes.time_ms * to_us
        arrays[f"spikes.{block.population}.neuron"] = np.zeros(0, dtype=int) if spikes is None else spikes.neuron
    for name, codes in reading.samples.items():
        arrays |= {f"membrane.{name}": codes, f"membrane.{name}.time_us": reading.sample_ms[name] * to_us}
    for placed in program.part_of(ChipProgram).kernels:
        owner = f"{placed.projection}.excitatory"
        sensors = reading.sensors[placed.projection]
        arrays |= {f"causal.{owner}": sensors.causal, f"anticausal.{owner}": sensors.anticausal}
        arrays[f"weights.{owner}"] = np.zeros_like(sensors.causal)
        arrays[f"weights.{owner}.time_us"] = placed.start_us + placed.period_us * np.arange(updates)
    return arrays


def compiled(network: NetworkSpec) -> CompiledProgram:
    return compile_network(network, target=load_target("brainscales2"), seed=3)


def resting(*, size: int = 3, leak_lsb: float = 80.0) -> CompiledProgram:
    """Return neurons without synapses whose membranes are sampled every 2 ms of model time."""
    return compiled(alone(membranes.RESTING, size, every_ms=2.0, leak_lsb=np.full(size, leak_lsb)))


@pytest.fixture
def chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReplayedChip:
    return ReplayedChip(tmp_path, monkeypatch)


def test_both_are_instruments(chip: ReplayedChip) -> None:
    assert isinstance(BrainScaleS2Backend(), InstrumentSource)
    assert isinstance(chip.machine, Instrument)


# --- measurements -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [{}, {"shuffle": 3}], ids=["in order", "in any order"])
def test_a_calibration_of_sensors_through_the_machine_is_that_of_the_chip(
    chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch, turned: dict[str, Any]
) -> None:
    """What was read of a synapse belongs to the row where the vendor's router placed it, not to the planned one."""
    chip.script = turned
    monkeypatch.setattr(correlation, "BASELINE_READS", 12)
    monkeypatch.setattr(correlation, "BALANCE_READS", 6)
    machine = Bench(instrument=chip.machine, seed=3, neurons=SITES)
    emulated = Bench(instrument=chip.emulated, seed=3, neurons=SITES)
    for measure in (correlation.measure_baselines, correlation.measure_balance):
        for bench in (machine, emulated):
            bench.learn(measure(bench).tables)
    assert len(chip.readings) == 2
    assert chip.machine.chip_id == CHIP
    assert chip.machine.software["pynn_brainscales.brainscales2"] == "stand-in"
    # all five neurons are on one bus, and the drivers of the four buses take turns (halco, synapse_driver.cpp)
    rows = np.arange(256).reshape(32, 4, 2).transpose(1, 0, 2).ravel()
    if turned:
        rows = np.random.default_rng(3).permutation(256)[rows]
    for name in ("baseline_causal_lsb", "baseline_anticausal_lsb", "balance_ratio"):
        found, expected = machine.known[name], emulated.known[name]
        assert expected.ok.any()
        np.testing.assert_array_equal(found.ok[:, rows], expected.ok)
        np.testing.assert_array_equal(found.measured[:, rows], expected.measured)


def test_a_measurement_of_membranes_through_the_machine_is_that_of_the_chip(
    chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shorter than a real one: PyNN has memory for 100 samples. Neurons fire every 23 ms, so 6 times or more."""
    for name, value in {"RESTING_MS": 160.0, "FIRING_MS": 168.0, "WARMUP_MS": 60.0}.items():
        monkeypatch.setattr(membranes, name, value)
    monkeypatch.setattr(membranes, "FEWEST_SPIKES", 5)
    monkeypatch.setattr(membranes, "SETTINGS", 2)
    machine, emulated = (
        membranes.measure_membranes(Bench(instrument=each, seed=3, neurons=SITES))
        for each in (chip.machine, InSinglePrecision(draw_chip(7)))
    )
    assert len(chip.readings) == 4
    log = chip.log()
    assert (log["sampled"], log["membranes_connected"], log["periods"]) == (["cells"], 4 * 256, [])
    names = [table.name for table in emulated.tables]
    assert {"v_leak_offset_lsb", "v_threshold_offset_lsb", "tau_mem_ratio", "refractory_ratio", "usable"} <= set(names)
    for found, expected in zip(machine.tables, emulated.tables, strict=True):
        assert expected.ok[SITES].any(), expected.name
        np.testing.assert_array_equal(found.ok, expected.ok)
        # fits end within 1e-8 of each other, the default of curve_fit's ftol; a root of that in the parameters
        np.testing.assert_allclose(found.measured[found.ok], expected.measured[found.ok], rtol=1e-4, atol=1e-4)


# --- readings ---------------------------------------------------------------------------------------------------------


def test_spikes_and_samples_arrive_unchanged(chip: ReplayedChip) -> None:
    program = compiled(alone(membranes.FIRING, 3, every_ms=2.0))
    found = chip.machine.run(program, duration_ms=120.0, seed=5)
    (expected,) = chip.readings
    assert found.duration_ms == 120.0
    np.testing.assert_array_equal(found.samples["cells"], expected.samples["cells"])
    assert found.samples["cells"].dtype == np.uint8
    assert found.samples["cells"].shape == (60, 3)
    np.testing.assert_allclose(found.sample_ms["cells"], expected.sample_ms["cells"], rtol=0, atol=TIME_MS)
    assert len(expected.spikes["cells"].neuron) >= 9
    np.testing.assert_array_equal(found.spikes["cells"].neuron, expected.spikes["cells"].neuron)
    np.testing.assert_allclose(found.spikes["cells"].time_ms, expected.spikes["cells"].time_ms, rtol=0, atol=1e-9)


def test_without_membranes_a_program_without_a_rule_may_last_longer(chip: ReplayedChip) -> None:
    network = alone(membranes.FIRING, 3, every_ms=2.0)
    spiking = NetworkSpec(
        timestep_ms=network.timestep_ms,
        populations=network.populations,
        stimuli=network.stimuli,
        probes=network.probes[:1],
    )
    found = chip.machine.run(compiled(spiking), duration_ms=2_000.0, seed=5)
    assert chip.log()["runtime_ms"] == pytest.approx(2.0)
    # fires every 23.35 ms: 10 ms refractory and 10 ms * log((150 - 55) / (150 - 125)), on a chip that deviates
    assert np.bincount(found.spikes["cells"].neuron).min() >= 50
    np.testing.assert_array_equal(found.spikes["cells"].neuron, chip.readings[0].spikes["cells"].neuron)


@pytest.mark.parametrize(("late_us", "remarks"), [(0.05, 0), (0.6, 1)])
def test_hemispheres_sample_at_nearly_the_same_time(
    chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch, late_us: float, remarks: int
) -> None:
    headers: list[ResultHeader] = []
    monkeypatch.setattr(chip.machine, "_identify", lambda _: None)
    run = chip.machine._run

    def kept(*args: Any, **options: Any) -> ChipResult:
        result = run(*args, **options)
        headers.append(result.header)
        return result

    monkeypatch.setattr(chip.machine, "_run", kept)
    chip.faults = {"late_us": late_us}
    bench = Bench(instrument=chip.machine, seed=3)
    sites = np.array([0, 1, 256, 257])
    found = bench.run("two", alone(membranes.RESTING, 4, every_ms=2.0), sites=sites, duration_ms=100.0).reading
    expected = chip.readings[0]
    np.testing.assert_array_equal(found.samples["cells"], expected.samples["cells"][: len(found.samples["cells"])])
    # chip microseconds are model milliseconds; half of the neurons are late
    late_ms = found.sample_ms["cells"] - expected.sample_ms["cells"][: len(found.sample_ms["cells"])]
    np.testing.assert_allclose(late_ms, late_us / 2.0, rtol=0, atol=TIME_MS)
    assert [len(each.messages) for each in headers] == [remarks]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_what_pynn_has_no_memory_for_is_refused_before_anything_runs(chip: ReplayedChip) -> None:
    bench = Bench(instrument=chip.machine, seed=3, neurons=SITES)
    with pytest.raises(DeviceError) as caught:
        membranes.measure_membranes(bench)
    assert caught.value.code == "E813"
    assert "170 us" in str(caught.value)
    assert not chip.readings
    with pytest.raises(InputError) as refused:
        run_file(resting(), "pynn", updates=0, seed=1, duration_ms=171.0)
    assert refused.value.code == "E806"
    assert "100 samples" in str(refused.value)
    run_file(resting(), "pynn", updates=0, seed=1, duration_ms=170.0)


def test_hxtorch_runs_neither(chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as caught:
        run_file(resting(), "hxtorch", updates=0, seed=1, duration_ms=100.0)
    assert {problem.code for problem in caught.value.problems} == {"E806"}
    assert "learning rule" in str(caught.value)
    programs: list[CompiledProgram] = []
    monkeypatch.setattr(chip.machine, "_run", lambda program, **_: programs.append(program) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        correlation.measure_baselines(Bench(instrument=chip.machine, seed=3, neurons=SITES))
    with pytest.raises(InputError, match="no stimulus"):
        run_file(programs[0], "hxtorch", updates=4, seed=1)


@pytest.mark.parametrize(
    ("faults", "kind", "words"),
    [
        ({"late_us": 1.1}, IntegrityError, "apart between neurons"),
        ({"beyond": 300}, IntegrityError, "samples that are none"),
    ],
)
def test_samples_that_cannot_be_are_refused(
    chip: ReplayedChip, faults: dict[str, Any], kind: type[SalHwError], words: str
) -> None:
    chip.faults = faults
    sites = np.array([0, 256])
    with pytest.raises(kind, match=words) as caught:
        Bench(instrument=chip.machine, seed=3).run(
            "bad", alone(membranes.RESTING, 2, every_ms=2.0), sites=sites, duration_ms=60.0
        )
    assert caught.value.code == "E804"


def test_samples_that_end_early_are_refused(chip: ReplayedChip) -> None:
    """A chip that samples faster than is known fills the memory before the run's end."""
    program = compiled(alone(membranes.RESTING, 2, every_ms=1.0))
    with pytest.raises(IntegrityError, match=r"end at 99\.1 us of a run of 160 us"):
        chip.machine.run(program, duration_ms=160.0, seed=1)


def test_a_rule_s_run_ends_with_an_update_and_on_the_same_chip(chip: ReplayedChip) -> None:
    program = resting()
    chip.machine.run(program, duration_ms=60.0, seed=1)
    chip.name = "hxcube7fpga0chip64_1"
    with pytest.raises(DeviceError, match="the chip that the calibration began with") as caught:
        chip.machine.run(program, duration_ms=60.0, seed=1)
    assert caught.value.code == "E802"
    learning = correlation.sensed(
        (2, 2),
        circuit=membranes.RESTING,
        leak_lsb=(np.full(2, 80.0), np.full(2, 80.0)),
        update_every_ms=correlation.UPDATE_MS,
        tau_ms=correlation.TAU_MS,
    )
    with pytest.raises(ValueError, match="whole number of update intervals"):
        chip.machine.run(compiled(learning), duration_ms=6_000.0, seed=1)


def test_there_is_no_reference_and_no_other_chip(chip: ReplayedChip) -> None:
    assert chip.machine.read_reference(100.0, samples=3, seed=1) is None
    for options in ({"chip": draw_chip(1)}, {"synthetic_time": "2026-01-01T00:00:00Z"}):
        with pytest.raises(DeviceError) as caught:
            BrainScaleS2Backend().open_instrument(**options)
        assert caught.value.code == "E316"


def test_the_backend_opens_it(chip: ReplayedChip, calix: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are looked for on this process's path and imported in the run's process."""
    monkeypatch.syspath_prepend(str(FAKES / "pynn_brainscales"))
    monkeypatch.syspath_prepend(str(FAKES / "kernels"))
    work = chip.folder / "work"
    instrument = BrainScaleS2Backend(deadline_s=60.0).open_instrument(work=work)
    assert isinstance(instrument, MachineInstrument)
    assert instrument.conditions["calix"] == "made for each program"
    chip.runs = instrument._run  # type: ignore[assignment]
    found = chip.machine.run(resting(), duration_ms=60.0, seed=1)
    np.testing.assert_array_equal(found.samples["cells"], chip.readings[0].samples["cells"])
    assert [folder.parent for folder in calix] == [work]
    # calibrations that somebody has made are found by the program's hash
    (made,) = work.glob(f"*/{resting().hash}")
    given = BrainScaleS2Backend(calibration_file=made.parent, deadline_s=60.0).open_instrument()
    chip.runs = given._run  # type: ignore[attr-defined]
    chip.machine.run(resting(), duration_ms=60.0, seed=2)
    assert len(calix) == 1
    with pytest.raises(CalibrationError) as caught:
        chip.machine.run(resting(size=4), duration_ms=60.0, seed=2)
    assert caught.value.code == "E810"


def test_without_the_software_there_is_no_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DeviceError) as caught:
        BrainScaleS2Backend().open_instrument()
    assert caught.value.code == "E801"
    assert "--via pynn" in str(caught.value)


# --- the vendor's calibration of a program ----------------------------------------------------------------------------


@pytest.fixture
def calix(chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let the machine make its calibrations with a stand-in of calix; return where each was made."""
    made: list[Path] = []

    def calibrate(folder: Path, name: str, **options: Any) -> None:
        made.append(folder)
        with monkeypatch.context() as patch:
            patch.setenv("PYTHONPATH", str(FAKES / "calix_stack"))
            patch.setenv("SAL_HW_FAKE_CALIX", str(chip.folder / "calls.json"))
            execute(folder, name, **options)

    monkeypatch.setattr(bench_runs, "execute", calibrate)
    chip.runs = BenchRuns(work=chip.folder / "calix", deadline_s=60.0)
    return made


def test_programs_that_want_the_same_of_their_circuits_share_a_calibration(
    chip: ReplayedChip, calix: list[Path]
) -> None:
    for program, calibrations in ((resting(), 1), (resting(), 1), (resting(leak_lsb=84.0), 2)):
        found = chip.machine.run(program, duration_ms=60.0, seed=len(chip.readings))
        assert len(calix) == calibrations
        np.testing.assert_array_equal(found.samples["cells"], chip.readings[-1].samples["cells"])
    # another duration is another run of the same circuits; other probes are another program
    network = alone(membranes.RESTING, 3, every_ms=3.0, leak_lsb=np.full(3, 80.0))
    chip.machine.run(compiled(network), duration_ms=90.0, seed=1)
    assert len(calix) == 2
    calls = json.loads((chip.folder / "calls.json").read_text())
    assert calls[-1]["neurons"]["leak"][:4] == [84, 84, 84, 80]


def test_a_kept_calibration_that_was_changed_is_refused(chip: ReplayedChip, calix: list[Path]) -> None:
    chip.machine.run(resting(), duration_ms=60.0, seed=1)
    for path in (calix[0] / "result" / "calibration.json", *calix[0].glob("*/calibration.pbin")):
        path.write_bytes(b"{]")
    with pytest.raises(CalibrationError) as caught:
        chip.machine.run(resting(), duration_ms=60.0, seed=1)
    assert caught.value.code == "E810"
    network = alone(membranes.RESTING, 3, every_ms=3.0, leak_lsb=np.full(3, 80.0))
    with pytest.raises(CalibrationError, match=r"as calibrate_sal\.py leaves it"):
        chip.machine.run(compiled(network), duration_ms=60.0, seed=1)
