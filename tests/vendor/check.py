"""Run files through the vendors' own Python, with stand-ins of the compiled modules only: ``make vendor-check``.

    python tests/vendor/check.py TREES [PYTHON]

TREES is a folder with the public repositories of the organisation electronicvisions that ``REPOSITORIES`` lists, PYTHON
an interpreter with PyNN 0.12 and numpy below 2.2. Nothing of those repositories is part of this project.

It ends with 0 if every program ends with a result that the importer reads, 1 if one does not, 2 without the trees.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sal_hw.errors import SalHwError
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend
from sal_hw_brainscales2.machine.importer import read_result
from sal_hw_brainscales2.machine.ppu.check import check_against_headers
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.program_files import run_file

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "recipes"
REPOSITORIES = ("pynn-brainscales", "grenade", "calix", "haldls", "halco", "libnux", "hate")
#: where the vendors' Python lies in them
PYTHON_FOLDERS = ("pynn-brainscales/brainscales2", "grenade/pygrenade", "calix/src/py")
HOW = """no vendor trees: {missing}
They are public. Clone them into one folder, outside of this repository, at a date from 2026-06-12 on:
  for name in {names}; do git clone https://github.com/electronicvisions/$name FOLDER/$name; done
then: make vendor-check VENDOR=FOLDER [VENDOR_PYTHON=an interpreter with "PyNN==0.12.4" "numpy<2.2"]"""
#: name of the chip that the stand-in of hxcomm has
CHIP = "hxcube7fpga3chip59_1"
UPDATES, SAMPLED_MS = 20, 2000.0


def programs() -> dict[str, CompiledProgram]:
    """Return the programs by name."""

    def made(recipe: str, *overrides: str, known: bool = False, presets: tuple[str, ...] = ()) -> CompiledProgram:
        snapshot = EmulatedChipBackend().draw_chip(7, spreads={}) if known else None
        loaded = api.load_recipe(RECIPES / f"{recipe}.yaml", presets=presets, overrides=list(overrides))
        return api.compile_recipe(loaded, target="brainscales2", snapshot=snapshot)

    return {
        "chip_alignment": made("chip_alignment", "parameters.size=24"),
        "two_populations": made("two_populations", "plasticity.alignment.pairing=nearest"),
        "chip_sampling": made("chip_sampling"),
        "two hemispheres": made("chip_alignment", "parameters.size=130", presets=("full-chip",)),
        "calibrated": made("chip_alignment", known=True, presets=("on-chip",)),
    }


def fails(program: CompiledProgram, trees: Path, python: str) -> str:
    """Return why a program does not get through the vendors' Python; empty if it does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = run_file(program, "pynn", updates=UPDATES, seed=1, duration_ms=SAMPLED_MS)
        (folder / "run_pynn.py").write_text(text)
        _calibrate(folder, program)
        command = [python, str(HERE / "worker.py"), str(trees), "run_pynn.py", "--calibration", "calibration.pbin"]
        done = subprocess.run(
            command, cwd=folder, env=_environment(folder, trees), capture_output=True, text=True, check=False
        )
        if done.returncode:
            return done.stderr
        try:
            result = read_result(folder / "result", program)
        except SalHwError as error:
            return str(error)
    rows = sum(int((places[..., 0] >= 0).sum()) for key, places in result.arrays.items() if "placement" in key)
    print(f"  {result.updates} updates; {rows} synapses were placed; {len(result.arrays)} arrays")
    return ""


def _calibrate(folder: Path, program: CompiledProgram) -> None:
    data = b"a stand-in"
    known = {"chip_id": CHIP, "program_hash": program.hash, "neurons": {"usable": [1] * 512}}
    note = {**known, "sha256": {"calibration.pbin": hashlib.sha256(data).hexdigest()}}
    (folder / "calibration.pbin").write_bytes(data)
    (folder / "calibration.json").write_text(json.dumps(note))


def _environment(folder: Path, trees: Path) -> dict[str, str]:
    compiler = folder / "tools" / "powerpc-ppu-g++"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    paths = [str(HERE), *(str(trees / each) for each in PYTHON_FOLDERS)]
    found = {"PATH": f"{compiler.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(paths)}
    return found | {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}


def main(trees: Path, python: str) -> int:
    """Check all programs and their kernels, and say of each what came out."""
    missing = [name for name in REPOSITORIES if not (trees / name).is_dir()]
    if missing:
        print(HOW.format(missing=", ".join(missing), names=" ".join(REPOSITORIES)))
        return 2
    bad = 0
    headers = {name: trees / name for name in ("libnux", "grenade", "hate")}
    for name, program in programs().items():
        print(f"{name}: run_pynn.py")
        found = [fails(program, trees, python)]
        for file, text in kernel_files(program).items():
            print(f"{name}: {file}")
            found += check_against_headers(text.decode(), **headers)
        for words in filter(None, found):
            bad += 1
            print(f"  FAILED: {words.strip()}")
    print(f"{bad} failures" if bad else "every program ends with a result through the vendors' Python")
    return 1 if bad else 0


if __name__ == "__main__":
    folder, interpreter, *_ = [*sys.argv[1:], "", ""]
    sys.exit(main(Path(folder or "nowhere").absolute(), interpreter or sys.executable))
