"""What ``make vendor-check`` says without the vendors' trees; with them, it is a check of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sal_hw_brainscales2.machine.sdk import WINDOWS

VENDOR = Path(__file__).parents[3] / "vendor"


def test_without_the_trees_it_says_how_to_get_them(tmp_path):
    (tmp_path / "grenade").mkdir()
    command = [sys.executable, str(VENDOR / "check.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    first, *how = done.stdout.splitlines()
    assert (
        first
        == "no vendor trees: pynn-brainscales, calix, haldls, halco, libnux, hate, hxtorch, old/grenade, old/calix"
    )
    assert any("git clone https://github.com/electronicvisions/$name FOLDER/$name" in line for line in how)
    # the state that hxtorch needs is that of its window
    (date,) = {line.split("--before=")[1].split()[0] for line in how if "old/grenade rev-list" in line}
    assert WINDOWS["hxtorch"].endswith(f"with a grenade from before {date}")


def test_the_stand_ins_have_what_each_stack_asks_them_for():
    """Their modules fill in what they are for, and a name that no header declares is missing."""
    code = """
from stand_ins import base
base.be_strict({name: {"Declared"} for name in ("grenade", "haldls", "halco", "calix")})
from stand_ins import calibration, chip, coordinates, execution, former, front_end
import pyccalix
from dlens_vx_v3 import hal, halco
assert sorted(map(int, halco.iter_all(halco.HemisphereOnDLS))) == [0, 1]
target = pyccalix.NeuronCalibTarget()
target.leak[halco.AtomicNeuronOnDLS(3)] = 80
for wrong in (80.0, 256):
    try:
        target.leak[halco.AtomicNeuronOnDLS(3)] = wrong
    except TypeError:
        continue
    raise SystemExit(f"{wrong} is a reading")
try:
    hal.NoSuchContainer
except AttributeError:
    assert base.MISSING == {"dlens_vx_v3.hal.NoSuchContainer"}
else:
    raise SystemExit("any name is there")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=VENDOR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
