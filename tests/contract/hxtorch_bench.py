"""Recorded runs and folders in which the hxtorch run file meets the stand-ins of ``fakes/hxtorch_stack``."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw_brainscales2.machine.program_files import run_file
from sal_hw_brainscales2.program import ChipProgram

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes" / "hxtorch_stack"
CHIP = "hxcube7fpga0chip63_1"
PBIN = b"stand-in of a portable binary\n"
POLARITIES = ("excitatory", "inhibitory")

#: updates of a run, and neurons per population
UPDATES, SIZE = 5, 4
SETTINGS = (f"parameters.size={SIZE}", "parameters.learning_rate=0.05", "experiment.average_last_updates=2")


@dataclass(frozen=True)
class Recorded:
    """A run to replay, and the run file of its program."""

    program: CompiledProgram
    text: str
    arrays: dict[str, NDArray[Any]]


def compiled(*overrides: str, presets: tuple[str, ...] = (), **options: Any) -> CompiledProgram:
    path = ROOT / "recipes" / "chip_alignment.yaml"
    recipe = api.load_recipe(path, presets=presets, overrides=[*SETTINGS, *overrides])
    return api.compile_recipe(recipe, target="brainscales2", **options)


def run_text(program: CompiledProgram) -> str:
    return run_file(program, "hxtorch", updates=UPDATES, seed=program.seed)


def start_codes(program: CompiledProgram, owner: str) -> NDArray[Any]:
    codes = {each.polarity: each.codes.astype(int) for each in program.part_of(ChipProgram).tiles_of(owner)}
    return codes["excitatory"] - codes["inhibitory"]


@dataclass
class Bench:
    """A folder with a run file, a calibration and a script for the stand-ins."""

    folder: Path
    recorded: Recorded

    def __post_init__(self) -> None:
        (self.folder / "tools").mkdir()
        (self.folder / "tools" / "powerpc-ppu-g++").write_text("#!/bin/sh\n")
        (self.folder / "tools" / "powerpc-ppu-g++").chmod(0o755)
        self.calibrate()

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
        replay, path = self.folder / "replay.npz", self.folder / "run_hxtorch.py"
        np.savez(replay, **self.recorded.arrays)
        path.write_text(self.recorded.text)
        content = {"chip_id": CHIP, "replay": str(replay), "log": str(self.folder / "log.json"), "faults": faults or {}}
        content |= {"populations": [block.population for block in self.recorded.program.neurons], "rules": [self.rule]}
        (self.folder / "script.json").write_text(json.dumps(content | script))
        environment = {
            "PATH": f"{self.folder / 'tools'}{os.pathsep}{os.environ['PATH']}" if compiler else os.environ["PATH"],
            "PYTHONPATH": f"{FAKES}{os.pathsep}{FAKES.parent / 'kernels'}" if stack else "",
            "SAL_HW_FAKE_HXTORCH": str(self.folder / "script.json"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        chosen = ["--calibration", calibration] if calibration else []
        command = [sys.executable, str(path), "--out", "result", "--deadline", "60", *chosen, *options]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=90
        )

    @property
    def rule(self) -> dict[str, Any]:
        """Where the stand-ins place the learning synapses, and what their kernel shares."""
        program = self.recorded.program
        synapses = program.synapse_block(program.part_of(ChipProgram).kernels[0].projection)
        block = program.neuron_block(synapses.target)
        sites = program.part_of(ChipProgram).neurons.site[block.offset : block.offset + block.size].tolist()
        return {"projection": synapses.projection, "sites": sites, "prefix": "sal_signed_0_"}

    def json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text())
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the result folder."""
        with np.load(self.folder / "result" / "arrays.npz") as archive:
            return {name: archive[name] for name in archive.files}


def another(folder: Path, program: CompiledProgram) -> Bench:
    """Return a bench for another program, with invented spikes and weights to replay."""
    arrays: dict[str, NDArray[Any]] = {}
    rng = np.random.default_rng(5)
    for block in program.neurons:
        arrays[f"spikes.{block.population}.time_us"] = np.array([10.0, 20.0])
        arrays[f"spikes.{block.population}.neuron"] = np.array([0, block.size - 1], dtype=np.int32)
    learning = program.part_of(ChipProgram).kernels[0].projection
    for polarity in dict.fromkeys(tile.polarity for tile in program.part_of(ChipProgram).tiles_of(learning)):
        shape = program.synapse_block(learning).weights.shape
        arrays[f"weights.{learning}.{polarity}"] = rng.integers(0, 64, (1, *shape), dtype=np.uint8)
    bench = Bench(folder, Recorded(program=program, text=run_text(program), arrays=arrays))
    done = bench.run()
    assert done.returncode == 0, done.stderr
    for name, expected in arrays.items():
        np.testing.assert_array_equal(bench.arrays()[name], expected)
    return bench


def fails(done: subprocess.CompletedProcess[str], code: int, cause: str, following: str, bench: Bench) -> None:
    """Check the end of a failed run: code, one line with the cause, one with what to do, and no result."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["cause", "next"], done.stderr
    assert cause in lines[0]
    assert following in lines[1]
    assert not (bench.folder / "result" / "manifest.json").exists()
