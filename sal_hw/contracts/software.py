"""What a backend needs of software that others make: what is here, and of which release, without importing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True, slots=True)
class Software:
    """A piece of software.

    Attributes
    ----------
    name
        Of the module, program or variable.
    present
        Whether it is here, in a release that fits.
    detail
        Its version or place, or what is wrong.
    """

    name: str
    present: bool
    detail: str


@runtime_checkable
class NamesSoftware(Protocol):
    """A backend that can tell what software it needs: an option, besides the protocol of backends."""

    def software(self) -> Sequence[Software]:
        """Return what it needs, present or not."""


def find_module(name: str) -> ModuleSpec | None:
    """Return where a module is; None if it cannot be found. Only outermost modules are found without importing any."""
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # ValueError: someone put a module without a specification into sys.modules
        return None


def folder_of(spec: ModuleSpec) -> Path | None:
    """Return the folder of a package; None for a module that is a file."""
    places = list(spec.submodule_search_locations or ())
    return Path(places[0]) if places else None


def look_for(name: str) -> Software:
    """Return whether a module is here, with the version of what installed it."""
    spec = find_module(name)
    if spec is None:
        return Software(name=name, present=False, detail="not found in this Python environment")
    packages = metadata.packages_distributions().get(name, [])
    known = ", ".join(f"{package} {metadata.version(package)}" for package in dict.fromkeys(packages))
    return Software(name=name, present=True, detail=known or f"of unknown version, in {folder_of(spec) or spec.origin}")
