"""What of the vendor's software is here, and whether its release is one that generated files are for.

No package says of which day it is, and none is imported for it: what later releases have, or have no more, tells.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec

from sal_hw.contracts.software import Software, find_module, folder_of, look_for
from sal_hw_brainscales2.machine.sdk import COMPILER, QUEUE_CLIENT, STACKS, ZERO_MOCK

#: most of a source file that is read, in bytes
_MOST_READ = 2**20
#: variables that lead to a chip (hxcomm, connection_from_env.cpp)
_CONNECTIONS = ("QUIGGELDY_ENABLED", "QUIGGELDY_IP", "SLURM_FPGA_IPS", "SLURM_HARDWARE_LICENSES")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What tells the releases of a package apart.

    Attributes
    ----------
    file, word
        File below the package, and what stands in it since then; empty if the file itself is new.
    since, before
        What the release is for, with and without it.
    fits
        Whether what is without it runs anything that is generated here.
    """

    file: str
    word: str
    since: str
    before: str
    fits: bool = False


#: by the dates of public commits, see ``sdk.WINDOWS``
MARKS = {
    "pynn_brainscales": Mark(
        file="brainscales2/__init__.py",
        word="def get_execution_instance_data",
        since="from 2026-06-12 on: for run_pynn.py",
        before="from before 2026-06-12: run_pynn.py needs a later one",
    ),
    "pygrenade_vx": Mark(
        file="network/abstract/reverse_mapping.py",
        word="",
        since="from 2026-06-12 on: for run_pynn.py, and not for run_hxtorch.py",
        before="from before 2026-06-12: for run_hxtorch.py, and not for run_pynn.py",
        fits=True,
    ),
    "hxtorch": Mark(
        file="spiking/modules/synapse.py",
        word="plasticity_rule",
        since="from 2026-02-17 on: for run_hxtorch.py, with a grenade from before 2026-06-12",
        before="from before 2026-02-17: run_hxtorch.py needs a later one",
    ),
    "calix": Mark(
        file="spiking/neuron_calib_parts.py",
        word="cuba_synin",
        since="from 2026-06-11 on: for calibrate_sal.py",
        before="from before 2026-06-11: calibrate_sal.py needs a later one",
    ),
}


def vendor_software() -> tuple[Software, ...]:
    """Return what there is of both front ends, calix, the compiler and the queue's client, and a connection."""
    modules = dict.fromkeys([name for names in STACKS.values() for name in names] + ["calix"])
    return (*map(_module, modules), _compiler(), look_for(QUEUE_CLIENT), *_connection())


def _module(name: str) -> Software:
    spec, mark = find_module(name), MARKS.get(name)
    if spec is None or mark is None:
        return look_for(name)
    there = _has(spec, mark)
    release = mark.since if there else mark.before
    return Software(name=name, present=there or mark.fits, detail=f"{look_for(name).detail}; {release}")


def _has(spec: ModuleSpec, mark: Mark) -> bool:
    folder = folder_of(spec)
    if folder is None:
        return False
    try:
        with (folder / mark.file).open("rb") as file:
            return mark.word.encode() in file.read(_MOST_READ)
    except OSError:
        return False


def _compiler() -> Software:
    path = shutil.which(COMPILER)
    where = path or "not on the PATH: module load ppu-toolchain"
    return Software(name=COMPILER, present=path is not None, detail=where)


def _connection() -> Iterator[Software]:
    if os.environ.get(ZERO_MOCK):
        yield Software(name=ZERO_MOCK, present=True, detail="set: no chip, but a connection that answers with zeros")
        return
    found = [name for name in _CONNECTIONS if os.environ.get(name)]
    words = f"by {', '.join(found)}" if found else f"none of {', '.join(_CONNECTIONS)} is set"
    yield Software(name="connection to a chip", present=bool(found), detail=words)
