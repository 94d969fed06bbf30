"""py-spinnaker2: looked for without importing it, and imported in a process of its own; and which chip is used.

The package is in no registry: whoever has a board gets it from its makers.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from importlib.util import find_spec
from types import SimpleNamespace

from sal_hw.errors import DeviceError, Problem, quote_value

#: the vendor's package, and the modules of it that are used
PACKAGE = "spinnaker2"
MODULES = ("snn", "hardware")

#: where users get it
WHERE = "https://gitlab.com/spinnaker2/py-spinnaker2"

#: variable of the environment that names the chip
CHIP = "SAL_HW_SPINNAKER2_CHIP"


def installed() -> bool:
    """Whether the package can be found."""
    try:
        return find_spec(PACKAGE) is not None
    except (ImportError, ValueError):  # ValueError: someone put a module without a specification into sys.modules
        return False


def require_software(command: str | None = None) -> None:
    """Check that py-spinnaker2 is installed, without importing it.

    Parameters
    ----------
    command
        Command that emulates instead.

    Raises
    ------
    DeviceError
        E801 with the place where it is to be had.
    """
    if installed():
        return
    hint = f"install it from {WHERE}, or add --emulate (in Python emulate=True)"
    raise DeviceError(
        Problem(
            code="E801",
            field="target",
            value=quote_value("spinnaker2"),
            allowed=f"the SpiNNaker2 software py-spinnaker2, which is in no package registry: {WHERE}; the module "
            f"{PACKAGE} cannot be found in this Python environment",
            hint=hint if command is None else f"{hint}: {command}",
        )
    )


def chip_address(environment: Mapping[str, str] = os.environ, command: str | None = None) -> str:
    """Return the address of the chip's board, which the environment names.

    Parameters
    ----------
    command
        Command that emulates instead, for the message.

    Raises
    ------
    DeviceError
        E840 if it names none, or one that cannot be.
    """
    found = environment.get(CHIP) or ""
    if found and found.isprintable() and " " not in found:
        return found
    hint = f"write {CHIP}=ADDRESS before the command, or add --emulate (in Python emulate=True)"
    raise DeviceError(
        Problem(
            code="E840",
            field="target",
            value=quote_value(found or "spinnaker2"),
            allowed=f"the address of a SpiNNaker2 board without blanks in the environment's variable {CHIP}",
            hint=hint if command is None else f"{hint}: {command}",
        )
    )


def load_vendor() -> SimpleNamespace:
    """Import the modules of py-spinnaker2 that are used."""
    return SimpleNamespace(**{name: importlib.import_module(f"{PACKAGE}.{name}") for name in MODULES})
