"""The vendor's software: looked for, never imported here; run files import it in a process of their own.

The distribution names are those of the public repositories of the organisation electronicvisions (hxtorch,
pynn-brainscales, grenade, haldls); none of them is in a package registry. ``powerpc-ppu-g++`` compiles kernels for the
plasticity processors (pynn-brainscales, README).
"""

from __future__ import annotations

import importlib
import os
import shutil
from importlib.util import find_spec
from types import ModuleType
from typing import Literal, TypeAlias

from sal_hw.errors import DeviceError, InputError, Problem, quote_value
from sal_hw_brainscales2.description import NAME

FrontEnd: TypeAlias = Literal["pynn", "hxtorch"]

#: modules that a front end's run file imports; outermost names only, since looking for inner ones imports the outer
#: the first one is the way to a chip; hxtorch is for stacks of before grenade's topologies, see `WINDOWS`
STACKS: dict[FrontEnd, tuple[str, ...]] = {
    "pynn": ("pynn_brainscales", "pygrenade_vx", "dlens_vx_v3"),
    "hxtorch": ("hxtorch", "pygrenade_vx"),
}

#: releases that a front end's run file is for, by the dates of public commits: rules came to hxtorch's Synapse on
#: 2026-02-17; grenade dropped the interface that hxtorch uses on 2026-06-12 (93eaf6d5); pynn-brainscales has
#: get_execution_instance_data since 2026-06-12, and calix the targets of calibrate_sal.py since 2026-06-11 (115d099).
#: The newest known commit of hxtorch is of 2026-03-13, so that it cannot be built on later releases of grenade
WINDOWS: dict[FrontEnd, str] = {
    "pynn": "pynn-brainscales, grenade, haldls and halco from 2026-06-12 on",
    "hxtorch": "hxtorch from 2026-02-17 on, with a grenade from before 2026-06-12",
}

#: what else is to be known of a window
REMARKS: dict[FrontEnd, str] = {
    "pynn": "",
    "hxtorch": "no release tag lies between, so that all of it is to be built of the commits of one day there",
}

#: variable by which the vendor's software does without a chip (hxcomm, connection_from_env.cpp)
ZERO_MOCK = "HXCOMM_ENABLE_ZERO_MOCK"

#: compiler of kernels
COMPILER = "powerpc-ppu-g++"

#: where users get the software
WHERE = (
    "it comes with the EBRAINS JupyterLab kernel 'EBRAINS-experimental', with the BrainScaleS-2 container, and with "
    f"the module environment of the Heidelberg cluster, where 'module load ppu-toolchain' brings {COMPILER}"
)

#: the client of the platform's queue, the release that this path is written for, and its name in the registry
QUEUE_CLIENT = "nmpi"
QUEUE_PACKAGE = "hbp-neuromorphic-platform"


def front_end_of(name: str) -> FrontEnd:
    """Return the front end of a name.

    Raises
    ------
    InputError
        E812 if there is none.
    """
    for known in STACKS:
        if known == name:
            return known
    allowed = f"a front end of {NAME}: {', '.join(STACKS)}"
    raise InputError(Problem(code="E812", field="via", value=quote_value(name), allowed=allowed))


def missing(front_end: FrontEnd) -> tuple[str, ...]:
    """Return what a front end needs and this computer lacks, by name."""
    modules = [name for name in STACKS[front_end] if not _installed(name)]
    return (*modules, *(() if shutil.which(COMPILER) else (COMPILER,)))


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # ValueError: someone put a module without a specification into sys.modules
        return False


def require_stack(via: FrontEnd, command: str | None = None) -> None:
    """Check that the software of a front end is installed, without importing it.

    Parameters
    ----------
    command
        Command that emulates instead.

    Raises
    ------
    DeviceError
        E801 with what is missing, where to get it, and how to emulate; E802 where there is no chip on purpose.
    """
    if os.environ.get(ZERO_MOCK):
        raise DeviceError(
            Problem(
                code="E802",
                field="environment",
                value=ZERO_MOCK,
                allowed="a connection to a chip: with this variable the vendor's software answers with zeros instead",
                hint=f"unset {ZERO_MOCK}, or use it with run_pynn.py of sal-hw compile, which checks placement "
                "and kernels so",
            )
        )
    lacks = missing(via)
    if not lacks:
        return
    words = f"{', '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} missing on this computer"
    hint = "add --emulate (in Python emulate=True) to run the same program on the emulated chip"
    raise DeviceError(
        Problem(
            code="E801",
            field="target",
            value=quote_value(NAME),
            allowed=f"the BrainScaleS-2 software of --via {via}: {words}; {WHERE}",
            hint=hint if command is None else f"{hint}: {command}",
        )
    )


def load_queue_client() -> ModuleType:
    """Import the client of the neuromorphic platform's queue.

    Raises
    ------
    DeviceError
        E807 if it is not installed.
    """
    try:
        return importlib.import_module(f"{QUEUE_CLIENT}.nmpi_user")
    except ImportError as error:
        problem = Problem(
            code="E807",
            field="submit",
            value=quote_value(QUEUE_PACKAGE),
            allowed="the client library of the EBRAINS neuromorphic platform, which cannot be imported here",
            hint="pip install 'sal-hw[nmpi]'",
        )
        raise DeviceError(problem) from error
