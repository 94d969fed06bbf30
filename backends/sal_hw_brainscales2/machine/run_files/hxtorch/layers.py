"""A program's synapses as hxtorch has them: layers with signed weights, each of which takes two rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw_brainscales2.machine.run_files.hxtorch.refusal import refusal
from sal_hw_brainscales2.machine.run_files.run_data import Arrays, RunData

#: circuits of a hemisphere, of the chip, and those that share an output (halco, hicann-dls/vx/neuron.h)
COLUMNS, SITES, OUTPUT = 256, 512, 32

#: buses of a hemisphere, and rows that a neuron's synapses can lie on, in all and per bus (halco, padi.h, synapse.h)
BUSES, MAX_ROWS, MAX_ROWS_PER_BUS = 4, 256, 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer of synapses, as hxtorch has them.

    Attributes
    ----------
    source
        A population by its name, or a stimulus by its place among those of its kind.
    rule
        Number of the rule that learns its weights.
    """

    name: str
    source: tuple[Literal["population"], str] | tuple[Literal["background", "external"], int]
    target: str
    rule: int | None = None


def layers_of(data: RunData) -> Iterator[tuple[Layer, NDArray[np.int8], NDArray[np.bool_]]]:
    """Yield layers of synapses with their signed codes and which exist, both of shape (pre, post)."""
    numbers = {rule.projection: rule.number for rule in data.rules}
    for projection in {each.name: each for each in data.projections}.values():
        rule = numbers.get(projection.name)
        layer = Layer(
            name=projection.name, source=("population", projection.source), target=projection.target, rule=rule
        )
        yield layer, *_signed(data, projection.name)
    for number, background in enumerate(data.background):
        sites = data.arrays[f"neurons.{background.population}.site"]
        # train k belongs to the k-th neuron that the population has on this hemisphere
        members = np.flatnonzero(sites // COLUMNS == background.hemisphere)
        weights = np.zeros((background.size, len(sites)), dtype=np.int8)
        exists = np.zeros(weights.shape, dtype=np.bool_)
        signed, there = _signed(data, background.name)
        trains = np.arange(len(members))
        weights[trains, members], exists[trains, members] = signed[members, members], there[members, members]
        yield Layer(name=background.name, source=("background", number), target=background.population), weights, exists
    for number, item in enumerate(data.external):
        yield Layer(name=item.name, source=("external", number), target=item.population), *_signed(data, item.name)


def _signed(data: RunData, owner: str) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the codes of an owner as signed numbers, and which of its synapses exist.

    Raises
    ------
    InputError
        E806 if a connection has weights of both signs.
    """
    parts: Arrays = {}
    for polarity in ("excitatory", "inhibitory"):
        if f"codes.{owner}.{polarity}" in data.arrays:
            parts[polarity] = data.arrays[f"codes.{owner}.{polarity}"].astype(np.int8)
    exists = np.any([data.arrays[f"exists.{owner}.{polarity}"] for polarity in parts], axis=0)
    some = next(iter(parts.values()))
    excitatory, inhibitory = (parts.get(each, np.zeros_like(some)) for each in ("excitatory", "inhibitory"))
    both = int(((excitatory > 0) & (inhibitory > 0)).sum())
    if both:
        words = "one signed weight per connection, whose sign says which of its two synapses has it"
        raise InputError(refusal(f"{both} connections of {owner} that excite and inhibit", words))
    return excitatory - inhibitory, exists


def too_many_rows(layers: Sequence[Layer], arrays: Arrays, data: RunData) -> Iterator[Problem]:
    """Yield a problem if a neuron needs more rows than it has, in all or of a bus: a connection takes one per sign."""
    rows = np.zeros((SITES, BUSES + 1), dtype=np.int64)
    for number, layer in enumerate(layers):
        exists = arrays.get(f"exists.{number}", np.ones(arrays[f"weights.{number}"].shape, dtype=np.bool_))
        if layer.source[0] == "population":
            buses = data.arrays[f"neurons.{layer.source[1]}.site"] % COLUMNS // OUTPUT % BUSES
        elif layer.source[0] == "background":
            buses = np.full(len(exists), data.background[layer.source[1]].generator % BUSES)
        else:
            # an input from outside may come on any bus, which is counted apart
            buses = np.full(len(exists), BUSES)
        sites = data.arrays[f"neurons.{layer.target}.site"]
        pre, post = np.nonzero(exists)
        np.add.at(rows, (sites[post], buses[pre]), 2)
    in_all, on_bus = int(rows.sum(axis=1).max()), int(rows[:, :BUSES].max())
    if in_all > MAX_ROWS or on_bus > MAX_ROWS_PER_BUS:
        yield refusal(
            f"a neuron that needs {in_all} rows, up to {on_bus} of a bus",
            f"at most {MAX_ROWS} rows per neuron and {MAX_ROWS_PER_BUS} per bus: with hxtorch each connection takes "
            "two synapses, one of each sign (hxtorch, spiking/modules/synapse.py)",
        )
