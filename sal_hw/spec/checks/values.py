"""Numbers of a network: one place for each table of weights, biases or drives."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import assert_never

from sal_hw.spec.checks.numbers import (
    check_bounds,
    check_file,
    check_generator,
    check_inline,
    check_shape,
    check_sign,
    check_spike_list,
    check_unit,
)
from sal_hw.spec.checks.readable import Entry, ReadableSpec
from sal_hw.spec.checks.value_place import ValuePlace
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.spec.network import Population, Projection
from sal_hw.spec.neurons import VALUE_UNIT, LifNeuron, SamplingNeuron
from sal_hw.spec.protocols import BoltzmannTarget, TrainDistributionProtocol
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import FromFile, ValueSource

#: synapses of one dense projection; more than this does not fit into memory
MAX_SYNAPSES = 2**28

_PLACE_CHECKS = (check_unit, check_inline, check_shape, check_generator, check_sign, check_bounds, check_file)


def check_values(readable: ReadableSpec) -> Iterator[SpecFinding]:
    """Find numbers with the wrong unit, shape, sign or range."""
    for place in _value_places(readable):
        for check in _PLACE_CHECKS:
            yield from check(place)
    for stimulus in readable.stimuli:
        if isinstance(stimulus.item, SpikeList):
            size = _size(readable.population(stimulus.item.target))
            yield from check_spike_list(stimulus.item, (*stimulus.path, "spikes"), size, readable)
    for projection in readable.projections:
        yield from _check_projection(readable, projection)
    for population in readable.populations:
        if isinstance(population.item.neuron, LifNeuron):
            yield from _check_lif(population.item.neuron, (*population.path, "neuron"))


def _value_places(readable: ReadableSpec) -> Iterator[ValuePlace]:
    for population in readable.populations:
        neuron = population.item.neuron
        if isinstance(neuron, SamplingNeuron):
            path = (*population.path, "neuron", "bias")
            yield _vector_place(readable, path, neuron.bias, population.item)
    for projection in readable.projections:
        yield _weight_place(readable, projection)
    for stimulus in readable.stimuli:
        target = readable.population(stimulus.item.target)
        match stimulus.item:
            case ConstantDrive():
                yield _vector_place(readable, (*stimulus.path, "amplitude"), stimulus.item.amplitude, target)
            case PoissonNoise() | SpikeList():
                yield _vector_place(readable, (*stimulus.path, "weight"), stimulus.item.weight, target)
            case _:
                assert_never(stimulus.item)
    yield from _target_places(readable)


def _size(population: Population | None) -> int | None:
    return None if population is None else population.size


def _vector_place(readable: ReadableSpec, path: Path, source: ValueSource, population: Population | None) -> ValuePlace:
    return ValuePlace(
        path=path,
        source=source,
        shape=None if population is None else (population.size,),
        axes="neurons",
        model=None if population is None else population.neuron.model,
        unit=None if population is None else VALUE_UNIT[population.neuron.model],
        readable=readable,
    )


def _weight_place(readable: ReadableSpec, entry: Entry[Projection]) -> ValuePlace:
    projection = entry.item
    source, target = readable.ends(projection)
    match projection.connectivity:
        case "one_to_one":
            shape: tuple[int, ...] | None = None if source is None or target is None else (target.size,)
            axes = "neurons"
        case "dense" | "sparse":
            shape = None if source is None or target is None else (source.size, target.size)
            axes = "pre, post"
        case _:
            assert_never(projection.connectivity)
    return ValuePlace(
        path=(*entry.path, "weight"),
        source=projection.weight,
        shape=shape,
        axes=axes,
        model=None if target is None else target.neuron.model,
        unit=None if target is None else VALUE_UNIT[target.neuron.model],
        receptor=projection.receptor,
        lowest=projection.weight_min,
        highest=projection.weight_max,
        sparse=projection.connectivity == "sparse",
        readable=readable,
    )


def _target_places(readable: ReadableSpec) -> Iterator[ValuePlace]:
    protocol = readable.protocol
    if not isinstance(protocol, TrainDistributionProtocol) or not isinstance(protocol.target, BoltzmannTarget):
        return
    size = _size(readable.population(protocol.population))
    for key, rank in (("weight", 2), ("bias", 1)):
        yield ValuePlace(
            path=("experiment", "target", key),
            source=getattr(protocol.target, key),
            shape=None if size is None else (size,) * rank,
            axes="pre, post" if rank == 2 else "neurons",
            model="sampling",
            unit="1",
            readable=readable,
        )


def _check_projection(readable: ReadableSpec, entry: Entry[Projection]) -> Iterator[SpecFinding]:
    projection, path = entry.item, entry.path
    source, target = readable.ends(projection)
    if projection.connectivity == "sparse" and not isinstance(projection.weight, FromFile):
        words = "{file: NAME.npz} with the arrays pre, post and weight, since sparse lists its synapses"
        yield SpecFinding(code="E219", path=(*path, "weight"), allowed=words, hint="or use connectivity: dense")
    if source is None or target is None:
        return
    if projection.connectivity == "one_to_one" and source.size != target.size:
        words = f"populations of equal size for one_to_one; {source.name} has {source.size} neurons and"
        words += f" {target.name} has {target.size}"
        hint = "use connectivity: dense"
        yield SpecFinding(code="E219", path=(*path, "connectivity"), allowed=words, value="one_to_one", hint=hint)
    synapses = source.size * target.size
    if projection.connectivity == "dense" and synapses > MAX_SYNAPSES:
        words = f"at most {MAX_SYNAPSES} synapses in a dense projection, for want of memory; these are {synapses}"
        hint = "use connectivity: sparse with an .npz file"
        yield SpecFinding(code="E221", path=path, allowed=words, hint=hint)


def _check_lif(neuron: LifNeuron, path: Path) -> Iterator[SpecFinding]:
    if neuron.v_reset_mv >= neuron.v_threshold_mv:
        words = f"below v_threshold, {neuron.v_threshold_mv:.12g} mV, or the neuron would spike for ever"
        hint = (
            f"for example v_reset: {neuron.v_rest_mv:g} mV, as v_rest"
            if neuron.v_rest_mv < neuron.v_threshold_mv
            else None
        )
        yield SpecFinding(code="E214", path=(*path, "v_reset_mv"), allowed=words, value=neuron.v_reset_mv, hint=hint)
