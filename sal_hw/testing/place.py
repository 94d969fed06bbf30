"""Where a program runs in a test: a target, and a backend that runs its programs here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.errors import DeviceError, InputError
from sal_hw.program import CompiledProgram
from sal_hw.workflow import api

#: a rule's field
_PAIRING = re.compile(r"plasticity\[\d+\]\.pairing$")

#: what the compiler says of something that a target cannot do, alone or together with something else
_CANNOT = frozenset({"E302", "E306"})


@dataclass(frozen=True)
class Place:
    """A target and something that runs its programs.

    Attributes
    ----------
    target, backend
        The names that they are registered under.
    """

    target: str
    backend: str

    def __str__(self) -> str:
        return f"{self.target} on {self.backend}"

    def program(self, recipe: Path, *overrides: str) -> CompiledProgram:
        """Compile a recipe for the target; skip the test where the target has no capability for it.

        Rules of the kit's networks pair all spikes; where a target refuses that, they pair the nearest.

        Parameters
        ----------
        recipe
            A recipe file.
        overrides
            Replace values of it, each as ``path=value``.

        Raises
        ------
        InputError
            If the recipe is wrong, or beyond the target's limits.
        """
        try:
            return api.compile_recipe(api.load_recipe(recipe, overrides=overrides), target=self.target)
        except InputError as error:
            if {problem.code for problem in error.problems} <= _CANNOT:
                pytest.skip(error.problems[0].allowed.partition(";")[0])
            nearest = tuple(f"{problem.field}=nearest" for problem in error.problems if _PAIRING.match(problem.field))
            if not nearest or not {*nearest}.isdisjoint(overrides):
                raise
            return self.program(recipe, *overrides, *nearest)


def places_of(target: str) -> tuple[Place, ...]:
    """Return where a target's programs run on this computer: on its machine, in its emulation, or nowhere.

    A machine counts where its vendor's software is installed.

    Raises
    ------
    InputError
        E301 if there is no such target; E303 if it names a backend that there is not.
    """
    found = load_target(target)
    names = dict.fromkeys(name for name in (found.backend, found.emulator) if name is not None)
    return tuple(Place(target=target, backend=name) for name in names if _is_here(name))


def _is_here(name: str) -> bool:
    require = getattr(load_backend(name), "require", None)
    try:
        if require is not None:
            require()
    except DeviceError:
        return False
    return True
