"""Which fields of a recipe a NIR file cannot hold, each by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sal_hw.spec.findings import render_path

Path = tuple[str | int, ...]

_NEURON = ("model", "tau_mem", "tau_syn_exc", "v_rest", "v_reset", "v_threshold")
_PROJECTION = ("name", "source", "target", "delay")
_WHY = {
    "timestep": "NIR has no time steps",
    "tau_ref": "NIR has no refractory time",
    "tau_syn_inh": "NIR has one synaptic time constant per neuron; tau_syn_exc is written",
    "receptor": "NIR has signed weights only",
    "connectivity": "NIR has dense matrices; absent synapses become zeros",
    "self_connections": "NIR has dense matrices; absent synapses become zeros",
    "weight_min": "NIR has no bounds",
    "weight_max": "NIR has no bounds",
    "weight": "its numbers are written, not how they are made",
}
_SECTIONS = {
    "plasticity": "NIR has no plasticity",
    "stimuli": "NIR has no stimuli",
    "probes": "NIR has no probes",
    "experiment": "NIR has no experiments",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One field that is not expressed.

    Attributes
    ----------
    field
        Its path in the recipe.
    value
        What it says there.
    reason
        Why it is lost.
    """

    field: str
    value: Any
    reason: str


def find_losses(document: dict[str, Any], incomplete: frozenset[str]) -> tuple[Loss, ...]:
    """Return every field of a resolved recipe that a NIR file does not hold.

    Parameters
    ----------
    document
        The recipe as plain data.
    incomplete
        Names of projections some of whose synapses do not exist.
    """
    return tuple(
        Loss(field=render_path(path), value=value, reason=_reason(path))
        for path, value in _leaves(document, ())
        if not _expressed(path, document, incomplete)
    )


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield fields with their values; numbers of a table are one value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _expressed(path: Path, document: dict[str, Any], incomplete: frozenset[str]) -> bool:
    section = path[0]
    if section == "recipe":
        return True  # the format of the recipe is not a property of what it describes
    if section == "populations":
        return _neuron_field(path, document)
    if section == "projections":
        return _projection_field(path, document["projections"][path[1]], incomplete)
    if section == "stimuli":
        # a constant drive is part of the leak potential
        return document["stimuli"][path[1]]["kind"] == "constant" and path[2] in ("kind", "target", "amplitude")
    return False


def _neuron_field(path: Path, document: dict[str, Any]) -> bool:
    if path[2] == "size":
        return True
    neuron = document["populations"][path[1]]["neuron"]
    return path[3] in _NEURON or (path[3] == "tau_syn_inh" and neuron["tau_syn_inh"] == neuron["tau_syn_exc"])


def _projection_field(path: Path, projection: dict[str, Any], incomplete: frozenset[str]) -> bool:
    field = path[2]
    if field in ("connectivity", "self_connections"):
        return projection["name"] not in incomplete
    if field == "weight":
        # one number or a table is written as it is, a generator or a file is not
        return len(path) == 3 or path[3] in ("value", "values", "unit")
    return field in _PROJECTION or (field == "receptor" and projection["receptor"] == "signed")


def _reason(path: Path) -> str:
    section = str(path[0])
    if section in _SECTIONS:
        return _SECTIONS[section]
    names = [part for part in path[2:] if isinstance(part, str) and part in _WHY]
    return _WHY[names[0]] if names else _WHY.get(section, "NIR has no place for it")
