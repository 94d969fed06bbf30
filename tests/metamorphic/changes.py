"""Changes of a recipe that shall not change what comes out, except as said."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from network import Document

Edit: TypeAlias = Callable[[Document], Document]

#: a number and its unit, as quantities are written in the recipe
QUANTITY = re.compile(r"(-?[0-9.]+) (ms|s|mV|Hz)")
#: keys that names of populations or projections stand behind
REFERENCES = ("source", "target", "forward", "backward", "population", "projection")
#: the same quantity in another unit: name of the unit, and how many of it
UNITS = {"ms": ("us", 1000), "s": ("ms", 1000), "mV": ("uV", 1000), "Hz": ("mHz", 1000)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of a recipe.

    Attributes
    ----------
    edit
        Returns the changed recipe, and leaves the given one as it is.
    basis
        What is done to the network in either run first.
    renamed
        New names by old ones, of populations and projections.
    permuted
        Per population, the old index of each of its neurons.
    threads
        Of the changed run.
    interrupted
        Whether the changed run is interrupted and resumed.
    time, voltage
        How many times as long and as large everything is then.
    """

    edit: Edit
    basis: Edit = copy.deepcopy
    permuted: dict[str, list[int]] = field(default_factory=dict)
    threads: int = 1
    interrupted: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    time: float = 1.0
    voltage: float = 1.0


def _copied(edit: Callable[[Document], None]) -> Edit:
    def changed(document: Document) -> Document:
        mine = copy.deepcopy(document)
        edit(mine)
        return mine

    return changed


@_copied
def _permute_populations(document: Document) -> None:
    document["populations"] = dict(reversed(document["populations"].items()))


def _reverse(key: str) -> Edit:
    return _copied(lambda document: document[key].reverse())


def _rename(names: dict[str, str]) -> Edit:
    def everywhere(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {names.get(k, k) if key == "populations" else k: everywhere(item, k) for k, item in value.items()}
        if isinstance(value, list):
            return [everywhere(item, key) for item in value]
        return names.get(value, value) if key in (*REFERENCES, "name") and isinstance(value, str) else value

    return everywhere


@_copied
def _add_probe(document: Document) -> None:
    document["probes"].insert(0, {"kind": "weights", "projection": "feedback"})


@_copied
def _add_disabled_rule(document: Document) -> None:
    rule = {**document["plasticity"][0], "name": "off", "enabled": False, "learning_rate": 0.5}
    document["plasticity"].insert(0, rule)


@_copied
def _add_disabled_rule_elsewhere(document: Document) -> None:
    weight = {**document["projections"][2]["weight"], "values": [[0.0] * 4] * 2}
    back = {"name": "back", "source": "other", "target": "lower", "weight": weight}
    document["projections"].append(back | {"weight_min": -1.0, "weight_max": 1.0})
    ends = {"forward": "aside", "backward": "back"}
    document["plasticity"].insert(0, {**document["plasticity"][0], "name": "off", "enabled": False, **ends})


@_copied
def _add_population(document: Document) -> None:
    alone = {"size": 3, "neuron": document["populations"]["other"]["neuron"]}
    document["populations"] = {"alone": alone, **document["populations"]}
    document["stimuli"].insert(0, {**document["stimuli"][0], "name": "drive_alone", "target": "alone"})


def _swapped(document: Document) -> None:
    rule = document["plasticity"][0]
    rule["forward"], rule["backward"] = rule["backward"], rule["forward"]


def learn_both(document: Document) -> Document:
    """Return the recipe with both projections learning within the same bounds."""
    changed = copy.deepcopy(document)
    # twice the rows learn, for which a chip's processor needs longer
    changed["plasticity"][0] |= {"learn": "both", "update_every": "400 ms"}
    for projection in changed["projections"][:2]:
        projection |= {"weight_min": -1.5, "weight_max": 1.5}
    return changed


def _quantities(rewrite: Callable[[float, str], str]) -> Edit:
    def everywhere(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: everywhere(item) for key, item in value.items()}
        if isinstance(value, list):
            return [everywhere(item) for item in value]
        match = QUANTITY.fullmatch(value) if isinstance(value, str) else None
        return rewrite(float(match[1]), match[2]) if match else value

    return everywhere


def _other_units(number: float, unit: str) -> str:
    other, factor = UNITS[unit]
    return f"{number * factor:g} {other}"


def _tables(edit: Edit, *, time: float, voltage: float) -> Edit:
    def changed(document: Document) -> Document:
        mine = edit(document)
        for projection in mine["projections"]:
            values = projection["weight"]["values"]
            projection["weight"]["values"] = [[voltage * number for number in row] for row in values]
            for bound in ("weight_min", "weight_max"):
                if bound in projection:
                    projection[bound] *= voltage
        for stimulus in mine["stimuli"]:
            if "spikes" in stimulus:
                rows = stimulus["spikes"]["values"]
                stimulus["spikes"] = {"values": [[at * time, neuron] for at, neuron in rows]}
        mine["plasticity"][0]["learning_rate"] *= voltage
        return mine

    return changed


def _scaled(*, time: float = 1.0, voltage: float = 1.0) -> Change:
    factors = {"ms": time, "s": time, "mV": voltage, "Hz": 1.0 / time}
    edit = _quantities(lambda number, unit: f"{number * factors[unit]:.17g} {unit}")
    return Change(edit=_tables(edit, time=time, voltage=voltage), time=time, voltage=voltage)


#: the old index of each neuron
ORDER = {"lower": [2, 0, 3, 1], "upper": [1, 2, 0]}


def _unit(amplitude: object) -> Document:
    return {"unit": "mV"} if isinstance(amplitude, str) else {}


@_copied
def _without_noise(document: Document) -> None:
    document["stimuli"] = [item for item in document["stimuli"] if item["kind"] != "poisson"]
    drives = {"lower": [0.75, 0.875, 1.25, 1.125], "upper": [1.375, 0.75, 1.0]}
    for stimulus in document["stimuli"]:
        if stimulus["target"] in drives and stimulus["kind"] == "constant":
            stimulus["amplitude"] = {"values": drives[stimulus["target"]]} | _unit(stimulus["amplitude"])


@_copied
def _permute_neurons(document: Document) -> None:
    sizes = {name: population["size"] for name, population in document["populations"].items()}
    order = {name: ORDER.get(name, list(range(size))) for name, size in sizes.items()}
    for projection in document["projections"]:
        values = projection["weight"]["values"]
        rows, columns = order[projection["source"]], order[projection["target"]]
        projection["weight"]["values"] = [[values[row][column] for column in columns] for row in rows]
    for stimulus in document["stimuli"]:
        old = order[stimulus["target"]]
        if "spikes" in stimulus:
            rows = [[time, old.index(neuron)] for time, neuron in stimulus["spikes"]["values"]]
            stimulus["spikes"] = {"values": rows}
        elif isinstance(stimulus["amplitude"], dict):
            values = stimulus["amplitude"]["values"]
            stimulus["amplitude"]["values"] = [values[number] for number in old]


@_copied
def _set_pieces(document: Document) -> None:
    document["experiment"]["record_every_updates"] = 3


def _same(document: Document) -> Document:
    return copy.deepcopy(document)


NETWORK = {"lower": "b", "upper": "a", "forward": "second", "feedback": "first"}
DRAWN = {"excite_lower": "other_noise"}

CHANGES = {
    "permute populations": Change(edit=_permute_populations),
    "permute projections": Change(edit=_reverse("projections")),
    "permute stimuli": Change(edit=_reverse("stimuli")),
    "permute probes": Change(edit=_reverse("probes")),
    "rename populations and projections": Change(edit=_rename(NETWORK), renamed=NETWORK),
    "rename the rule": Change(edit=_rename({"alignment": "other_rule"})),
    "rename a Poisson stimulus": Change(edit=_rename(DRAWN)),
    "add a probe": Change(edit=_add_probe),
    "add a disabled rule": Change(edit=_add_disabled_rule),
    "add a disabled rule elsewhere": Change(edit=_add_disabled_rule_elsewhere),
    "add an unconnected population": Change(edit=_add_population),
    "permute the neurons of a population": Change(edit=_permute_neurons, basis=_without_noise, permuted=ORDER),
    "swap forward and backward": Change(edit=_copied(_swapped), basis=learn_both),
    "write quantities in other units": Change(edit=_quantities(_other_units)),
    "scale time by 2": _scaled(time=2.0),
    "scale potentials by 2": _scaled(voltage=2.0),
    "run in pieces of 3 updates": Change(edit=_set_pieces),
    "interrupt and resume": Change(edit=_same, interrupted=True),
    "2 threads": Change(edit=_same, threads=2),
    "4 threads": Change(edit=_same, threads=4),
}
