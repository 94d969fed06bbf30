"""Generated files through the vendors' own Python, with stand-ins of the compiled modules only: ``make vendor-check``.

    python tests/vendor/check.py TREES [PYTHON [OLD]]

TREES is a folder with the public repositories of the organisation electronicvisions that ``REPOSITORIES`` lists, and
OLD one with ``FORMER`` as they were before grenade's topologies, which hxtorch needs (default: TREES/old). PYTHON is an
interpreter with what ``NEEDED`` lists. Nothing of those repositories is part of this project.

It ends with 0 if every program ends with a result that the importer reads, 1 if one does not, 2 without the trees.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sal_hw.errors import InputError, SalHwError
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend
from sal_hw_brainscales2.machine.calix.settings import render_calibration
from sal_hw_brainscales2.machine.importer import read_result
from sal_hw_brainscales2.machine.ppu.check import check_against_headers
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.program_files import CALIBRATION_FILE, RUN_FILES, run_file, wanted_sensors
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.sdk import FrontEnd

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "recipes"
REPOSITORIES = ("pynn-brainscales", "grenade", "calix", "haldls", "halco", "libnux", "hate", "hxtorch")
#: repositories in an older state, and the day before which its last commit was made
FORMER = {"grenade": "2026-06-12", "calix": "2026-06-11"}
HOW = """no vendor trees: {missing}
They are public. Clone them into one folder, outside of this repository, at a date from 2026-06-12 on:
  for name in {names}; do git clone https://github.com/electronicvisions/$name FOLDER/$name; done
and two of them as hxtorch needs them, which has not moved to the interfaces of after that:
{former}
then: make vendor-check VENDOR=FOLDER [VENDOR_PYTHON=an interpreter with {needed}] [VENDOR_OLD=FOLDER/old]"""
_FORMER = """  git clone https://github.com/electronicvisions/{name} FOLDER/old/{name}
  git -C FOLDER/old/{name} checkout $(git -C FOLDER/old/{name} rev-list -1 --before={date} HEAD)"""
#: what the interpreter needs
NEEDED = '"PyNN==0.12.4" "numpy<2.2" torch nir networkx quantities tqdm scipy matplotlib pandas'
#: name of the chip that the stand-in of hxcomm has
CHIP = "hxcube7fpga3chip59_1"
#: what has a kernel record all weights
PROBED = "probes=[{kind: weights, projection: feedback}]"
UPDATES, SAMPLED_MS = 20, 2000.0


def programs() -> dict[str, CompiledProgram]:
    """Return the programs by name."""

    def made(recipe: str, *overrides: str, known: bool = False, presets: tuple[str, ...] = ()) -> CompiledProgram:
        snapshot = EmulatedChipBackend().draw_chip(7, spreads={}) if known else None
        loaded = api.load_recipe(RECIPES / f"{recipe}.yaml", presets=presets, overrides=list(overrides))
        return api.compile_recipe(loaded, target="brainscales2", snapshot=snapshot)

    return {
        "chip_alignment": made("chip_alignment", "parameters.size=24"),
        "two_populations": made("two_populations", "plasticity.alignment.pairing=nearest", PROBED),
        "chip_sampling": made("chip_sampling"),
        "two hemispheres": made("chip_alignment", "parameters.size=130", presets=("full-chip",)),
        "calibrated": made("chip_alignment", known=True, presets=("on-chip",)),
    }


@dataclass(frozen=True)
class Vendor:
    """Where the vendors' Python is."""

    trees: Path
    old: Path
    python: str

    def paths(self, stack: str) -> list[Path]:
        """Return the folders of a stack's modules."""
        former = self.old if stack == "hxtorch" else self.trees
        own = {"pynn": "pynn-brainscales/brainscales2", "hxtorch": "hxtorch/src/pyhxtorch", "calix": ""}[stack]
        return [*([self.trees / own] if own else []), former / "grenade/pygrenade", former / "calix/src/py"]

    def run(self, stack: str, file: str, options: list[str], folder: Path) -> str:
        """Return why a file's worker does not end as it should; empty if it does."""
        command = [self.python, str(HERE / "worker.py"), stack, str(self.trees), str(self.old), file, *options]
        environment = _environment(folder, [HERE, *self.paths(stack)])
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""


def fails(program: CompiledProgram, vendor: Vendor, stack: FrontEnd) -> str:
    """Return why a program does not get through the vendors' Python; empty if it does."""
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), RUN_FILES[stack]
        try:
            text = run_file(program, stack, updates=UPDATES, seed=1, duration_ms=SAMPLED_MS)
        except InputError as error:
            print(f"  not through {stack}: {error.problems[0].value}")
            return "" if stack != "pynn" else str(error)
        (folder / file).write_text(text)
        _calibrate(folder, program)
        words = vendor.run(stack, file, ["--calibration", "calibration.pbin"], folder)
        if words:
            return words
        try:
            result = read_result(folder / "result", program)
        except SalHwError as error:
            return str(error)
    rows = sum(int((places[..., 0] >= 0).sum()) for key, places in result.arrays.items() if "placement" in key)
    print(f"  {result.updates} updates; {rows} synapses were placed; {len(result.arrays)} arrays")
    return ""


def calibration_fails(program: CompiledProgram, vendor: Vendor) -> str:
    """Return why a calibration script does not get through calix; empty if the importer reads what it leaves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = collect_run_data(program, updates=UPDATES, seed=1, duration_ms=SAMPLED_MS)
        (folder / CALIBRATION_FILE).write_text(render_calibration(data, wanted_sensors(program)))
        words = vendor.run("calix", CALIBRATION_FILE, ["--out", "calibration"], folder)
        if words:
            return words
        known = json.loads((folder / "calibration" / "calibration.json").read_text())
        for file, digest in known["sha256"].items():
            if hashlib.sha256((folder / "calibration" / file).read_bytes()).hexdigest() != digest:
                return f"{file} is not what calibration.json tells of"
    usable = sum(known["neurons"]["usable"])
    print(f"  chip {known['chip_id']}, {usable} circuits, {len(known['sha256'])} files")
    return "" if known["program_hash"] == program.hash else "it is for another program"


def _calibrate(folder: Path, program: CompiledProgram) -> None:
    data = b"a stand-in"
    known = {"chip_id": CHIP, "program_hash": program.hash, "neurons": {"usable": [1] * 512}}
    note = {**known, "sha256": {"calibration.pbin": hashlib.sha256(data).hexdigest()}}
    (folder / "calibration.pbin").write_bytes(data)
    (folder / "calibration.json").write_text(json.dumps(note))


def _environment(folder: Path, paths: list[Path]) -> dict[str, str]:
    compiler = folder / "tools" / "powerpc-ppu-g++"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    found = {
        "PATH": f"{compiler.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    return found | {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}


def missing_trees(vendor: Vendor) -> str:
    """Return which trees there are not and how to get them; empty if they are there."""
    missing = [name for name in REPOSITORIES if not (vendor.trees / name).is_dir()]
    missing += [f"old/{name}" for name in FORMER if not (vendor.old / name).is_dir()]
    former = "\n".join(_FORMER.format(name=name, date=date) for name, date in FORMER.items())
    names = " ".join(REPOSITORIES)
    return HOW.format(missing=", ".join(missing), names=names, former=former, needed=NEEDED) if missing else ""


def main(vendor: Vendor) -> int:
    """Check all programs and their kernels, and say of each what came out."""
    words = missing_trees(vendor)
    if words:
        print(words)
        return 2
    bad = 0
    headers = {name: vendor.trees / name for name in ("libnux", "grenade", "hate")}
    for name, program in programs().items():
        found = []
        for stack in ("pynn", "hxtorch"):
            print(f"{name}: {RUN_FILES[stack]}", flush=True)
            found.append(fails(program, vendor, stack))
        print(f"{name}: {CALIBRATION_FILE}", flush=True)
        found.append(calibration_fails(program, vendor))
        for file, text in kernel_files(program, updates=UPDATES).items():
            print(f"{name}: {file}", flush=True)
            found += check_against_headers(text.decode(), **headers)
        for words in filter(None, found):
            bad += 1
            print(f"  FAILED: {words.strip()}")
    print(f"{bad} failures" if bad else "every program ends with a result through the vendors' Python")
    return 1 if bad else 0


if __name__ == "__main__":
    folder, interpreter, former, *_ = [*sys.argv[1:], "", "", ""]
    trees = Path(folder or "nowhere").absolute()
    old = Path(former).absolute() if former else trees / "old"
    sys.exit(main(Vendor(trees=trees, old=old, python=interpreter or sys.executable)))
