"""The chip on the bench: the same measurement through the emulated chip and through the machine's calls.

A measurement's program runs on an emulated chip, and its run file on stand-ins of the vendor's modules that replay what
the emulated chip did; the readings must arrive unchanged, and so must what is calculated from them.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sal_hw.errors import DeviceError
from sal_hw.instrument import Instrument, InstrumentSource, Reading
from sal_hw.program import CompiledProgram
from sal_hw_brainscales2.backend import BrainScaleS2Backend
from sal_hw_brainscales2.importer import ChipResult, read_result
from sal_hw_brainscales2.instrument import MachineInstrument
from sal_hw_brainscales2.live import execute
from sal_hw_brainscales2.program_files import RUN_FILES, run_file
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure import correlation
from sal_hw_calibration.measure.membranes import measure_membranes
from sal_hw_emulator.chip_model import draw_chip
from sal_hw_emulator.instrument import EmulatedInstrument

FAKES = Path(__file__).parent / "fakes" / "pynn_brainscales"
CHIP = "hxcube7fpga0chip63_1"
PBIN = b"stand-in of a portable binary\n"
SITES = np.array([0, 1, 2, 256, 257])


class ReplayedChip:
    """Runs programs on an emulated chip, and their run files on stand-ins that replay it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        self.emulated = EmulatedInstrument(draw_chip(7))
        self.readings: list[Reading] = []
        self._machine = MachineInstrument(self._run, calibration_file=None)

    def instrument(self) -> MachineInstrument:
        """Return the machine's instrument on it."""
        return self._machine

    def _run(self, program: CompiledProgram, updates: int, seed: int) -> ChipResult:
        reading = self.emulated.run(program, duration_ms=updates * (program.update_ms or 0.0), seed=seed)
        self.readings.append(reading)
        folder = self.folder / f"run{len(self.readings)}"
        self._prepare(folder, program, reading, updates)
        (folder / RUN_FILES["pynn"]).write_text(run_file(program, "pynn", updates=updates, seed=seed))
        execute(folder, RUN_FILES["pynn"], calibration_file=folder / "calibration.pbin", deadline_s=60.0)
        return read_result(folder / "result", program)

    def _prepare(self, folder: Path, program: CompiledProgram, reading: Reading, updates: int) -> None:
        (folder / "tools").mkdir(parents=True)
        compiler = folder / "tools" / "powerpc-ppu-g++"
        compiler.write_text("#!/bin/sh\n")
        compiler.chmod(0o755)
        np.savez(folder / "replay.npz", **_replay(program, reading, updates))
        script = {"chip_id": CHIP, "replay": str(folder / "replay.npz"), "log": str(folder / "log.json"), "faults": {}}
        (folder / "script.json").write_text(json.dumps(script))
        (folder / "calibration.pbin").write_bytes(PBIN)
        known = {
            "chip_id": CHIP,
            "program_hash": program.hash,
            "neurons": {"usable": [1] * 512},
            "sha256": {"calibration.pbin": hashlib.sha256(PBIN).hexdigest()},
        }
        (folder / "calibration.json").write_text(json.dumps(known))
        self._patch.setenv("PATH", f"{folder / 'tools'}{os.pathsep}{os.environ['PATH']}")
        self._patch.setenv("PYTHONPATH", str(FAKES))
        self._patch.setenv("SAL_HW_FAKE_PYNN", str(folder / "script.json"))


def _replay(program: CompiledProgram, reading: Reading, updates: int) -> dict[str, NDArray[Any]]:
    """Return a reading in chip units, as the stand-ins replay it."""
    assert program.chip is not None
    arrays: dict[str, NDArray[Any]] = {}
    for name, spikes in reading.spikes.items():
        arrays[f"spikes.{name}.time_us"] = spikes.time_ms * 1e3 / program.chip.time_scale
        arrays[f"spikes.{name}.neuron"] = spikes.neuron
    for placed in program.chip.kernels:
        owner = f"{placed.projection}.excitatory"
        sensors = reading.sensors[placed.projection]
        arrays |= {f"causal.{owner}": sensors.causal, f"anticausal.{owner}": sensors.anticausal}
        arrays[f"weights.{owner}"] = np.zeros_like(sensors.causal)
        arrays[f"weights.{owner}.time_us"] = placed.start_us + placed.period_us * np.arange(updates)
    return arrays


@pytest.fixture
def chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReplayedChip:
    return ReplayedChip(tmp_path, monkeypatch)


def test_both_are_instruments() -> None:
    assert isinstance(BrainScaleS2Backend(), InstrumentSource)
    assert isinstance(MachineInstrument(lambda *_: None, calibration_file=None), Instrument)  # type: ignore[arg-type,return-value]


def test_a_calibration_through_the_machine_is_that_of_the_chip(
    chip: ReplayedChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correlation, "BASELINE_READS", 12)
    monkeypatch.setattr(correlation, "BALANCE_READS", 6)
    machine = Bench(instrument=chip.instrument(), seed=3, neurons=SITES)
    emulated = Bench(instrument=chip.emulated, seed=3, neurons=SITES)
    for measure in (correlation.measure_baselines, correlation.measure_balance):
        for bench in (machine, emulated):
            bench.learn(measure(bench).tables)
    assert len(chip.readings) == 2
    assert chip.instrument().chip_id == CHIP
    for name in ("baseline_causal_lsb", "baseline_anticausal_lsb", "balance_ratio"):
        found, expected = machine.known[name], emulated.known[name]
        assert expected.ok.any()
        np.testing.assert_array_equal(found.ok, expected.ok)
        np.testing.assert_array_equal(found.measured, expected.measured)


def test_what_the_run_files_cannot_record_is_refused_before_anything_runs(chip: ReplayedChip) -> None:
    bench = Bench(instrument=chip.instrument(), seed=3, neurons=SITES)
    with pytest.raises(DeviceError) as caught:
        measure_membranes(bench)
    assert caught.value.code == "E813"
    assert not chip.readings


def test_there_is_no_reference_and_no_other_chip(chip: ReplayedChip) -> None:
    assert chip.instrument().read_reference(100.0, samples=3, seed=1) is None
    with pytest.raises(DeviceError) as caught:
        BrainScaleS2Backend().open_instrument(chip=draw_chip(1))
    assert caught.value.code == "E316"
