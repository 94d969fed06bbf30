"""What sPyNNaker made of a program on a virtual board, compared with the program word by word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.mapping import MappedChip, MappedCore, MappedSynapses, MappingReport
from sal_hw.errors import IntegrityError, Problem
from sal_hw.program import CompiledProgram
from sal_hw_spinnaker.program import FRACTION_BITS, DigitalProgram
from sal_hw_spinnaker.spinnaker1.job import Arrays, Job, SynapseList
from sal_hw_spinnaker.spinnaker1.regions import Block, core_parameters, learning_parameters, source_blocks
from sal_hw_spinnaker.spinnaker1.routes import Entry, Place, clashing, reached

_RECEPTORS = ("excitatory", "inhibitory")

#: the blocks of one source
Blocks: TypeAlias = list[Block]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Neurons or sources on one core, and the key of their spikes."""

    label: str
    first: int
    last: int
    place: Place
    key: int | None
    mask: int | None
    memory_bytes: int


def compare(program: CompiledProgram, job: Job, found: dict[str, Any], arrays: Arrays) -> MappingReport:
    """Return the report of a mapping that is what was compiled.

    Parameters
    ----------
    job
        What was mapped.
    found, arrays
        What :func:`sal_hw_spinnaker.spinnaker1.worker.map_network` returned.

    Raises
    ------
    IntegrityError
        E834 with everything that differs.
    """
    digital = program.part_of(DigitalProgram)
    cores = _placed(found)
    routes = [Entry(*item) for item in found["routes"]]
    _refuse(*_wrong_cores(digital, job, cores))
    try:
        decoded = list(_decoded(cores, found, arrays))
    except (KeyError, IndexError, ValueError) as error:
        raise IntegrityError(_problem("tables", f"tables of synapses that can be read; {error}")) from error
    _refuse(
        *_wrong_shifts(digital, job, cores, arrays),
        *(line for item in job.synapses for line in _wrong_words(item, _stored(item, job, decoded))),
        *_wrong_learning(job, cores, arrays),
        *_wrong_keys(job, cores, routes, found["size"]),
    )
    return MappingReport(
        program_hash=program.hash,
        target=program.target,
        software=found["software"],
        machine=f"a virtual board of {found['size'][0]} x {found['size'][1]} chips",
        cores=tuple(_core(job, item) for item in cores),
        synapses=tuple(_summary(digital, item) for item in job.synapses),
        tables=_tables(routes),
    )


def _placed(found: dict[str, Any]) -> list[Placed]:
    keys = {(label, first): (key, mask) for label, first, key, mask in found["keys"] if first is not None}
    cores = []
    for label, first, last, place, memory in found["placed"]:
        key, mask = keys.get((label, first), (None, None))
        cores.append(
            Placed(label=label, first=first, last=last, place=tuple(place), key=key, mask=mask, memory_bytes=memory)
        )
    return sorted(cores, key=lambda item: (item.label, item.first))


def _core(job: Job, item: Placed) -> MappedCore:
    x, y, core = item.place
    return MappedCore(
        owner=job.owners[item.label],
        first=item.first,
        last=item.last,
        x=x,
        y=y,
        core=core,
        key=item.key,
        mask=item.mask,
        memory_bytes=item.memory_bytes,
    )


def _summary(digital: DigitalProgram, item: SynapseList) -> MappedSynapses:
    words = item.words[item.exists]
    return MappedSynapses(
        name=item.name,
        shift=digital.scale_of(item.population, item.receptor).shift,
        synapses=int(words.size),
        word_min=int(words.min()),
        word_max=int(words.max()),
    )


def _tables(routes: list[Entry]) -> tuple[MappedChip, ...]:
    chips = sorted({(entry.x, entry.y) for entry in routes})
    return tuple(MappedChip(x=x, y=y, entries=sum((entry.x, entry.y) == (x, y) for entry in routes)) for x, y in chips)


def _refuse(*differences: tuple[str, str]) -> None:
    if differences:
        raise IntegrityError([_problem(field, words) for field, words in differences])


def _problem(field: str, words: str) -> Problem:
    hint = (
        "the release of sPyNNaker may not be the one that programs are compiled for; sal-hw targets --limits names it"
    )
    return Problem(code="E834", field=field, allowed=words, hint=hint)


def _decoded(cores: list[Placed], found: dict[str, Any], arrays: Arrays) -> Iterator[tuple[Placed, dict[str, Blocks]]]:
    """Return the blocks of every core that has synapses, by the label of their source."""
    keys = {key: label for label, first, key, _ in found["keys"] if first is None}
    sizes = {key: _size(cores, label) for key, label in keys.items()}
    for core in cores:
        name = ".".join(map(str, core.place))
        if f"blocks.{name}" in arrays:
            common = core_parameters(arrays[f"parameters.{name}"])
            blocks = source_blocks(arrays[f"table.{name}"], arrays[f"blocks.{name}"], sizes, common)
            yield core, {keys[key]: items for key, items in blocks.items()}


def _stored(
    item: SynapseList, job: Job, decoded: list[tuple[Placed, dict[str, Blocks]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the stored words of one projection and their delays, shape (pre, post); -1 where there is no synapse."""
    words = np.full(item.words.shape, -1, dtype=np.int64)
    delays = np.full(item.words.shape, -1, dtype=np.int64)
    # a source's projections onto one target are stored in the order in which they were made
    same = [other.name for other in job.synapses if (other.source, other.target) == (item.source, item.target)]
    number = same.index(item.name)
    for core, blocks in decoded:
        mine = blocks.get(item.source, [])
        if core.label == item.target and number < len(mine):
            _fill(words, delays, mine[number], item, core.first)
    return words, delays


def _size(cores: list[Placed], label: str) -> int:
    return max((item.last + 1 for item in cores if item.label == label), default=0)


def _fill(words: NDArray[np.int64], delays: NDArray[np.int64], block: Block, item: SynapseList, first: int) -> None:
    """Take over a block that is of the projection's kind; any other leaves its synapses missing."""
    if len(block.words) and (block.plastic != (item.stdp is not None)):
        return
    mine = block.receptor == _RECEPTORS.index(item.receptor)
    place = block.source[mine], block.target[mine] + first
    words[place], delays[place] = block.words[mine], block.delay_steps[mine]


def _wrong_words(item: SynapseList, stored: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Iterator[tuple[str, str]]:
    words, delays = stored
    wanted = np.where(item.exists, item.words.astype(np.int64), -1)
    different = int((words != wanted).sum())
    if different:
        at = tuple(int(index[0]) for index in np.nonzero(words != wanted))
        found = f"from {at[0]} to {at[1]} there is {words[at]} instead of {wanted[at]}"
        yield item.name, f"the words of the program; {different} synapses differ, {found}"
    elif (delays[item.exists] != item.delay_steps).any():
        yield item.name, f"delays of {item.delay_steps} steps; {sorted(set(delays[item.exists].tolist()))} were stored"


def _wrong_cores(digital: DigitalProgram, job: Job, cores: list[Placed]) -> Iterator[tuple[str, str]]:
    labels = {name: label for label, name in job.owners.items()}
    for item in digital.neurons:
        mine = [core for core in cores if core.label == labels[item.population]]
        sizes = [core.last - core.first + 1 for core in mine]
        size = len(item.offset_na)
        wanted = [min(item.neurons_per_core, size - at) for at in range(0, size, item.neurons_per_core)]
        if sizes != wanted:
            yield f"populations.{item.population}", f"cores with {wanted} neurons; {sizes} were made"


def _wrong_shifts(digital: DigitalProgram, job: Job, cores: list[Placed], arrays: Arrays) -> Iterator[tuple[str, str]]:
    for core in cores:
        data = arrays.get(f"parameters.{'.'.join(map(str, core.place))}")
        if data is None:
            continue
        name = job.owners[core.label]
        wanted = tuple(digital.scale_of(name, receptor).shift for receptor in ("excitatory", "inhibitory"))
        if core_parameters(data).shifts != wanted:
            yield f"populations.{name}", f"shifts {wanted}; {core_parameters(data).shifts} were chosen"


def _wrong_learning(job: Job, cores: list[Placed], arrays: Arrays) -> Iterator[tuple[str, str]]:
    for item in job.synapses:
        if item.stdp is None:
            continue
        wanted = [0.0, item.stdp.weight_max_mv, item.stdp.amplitude_plus_mv, item.stdp.amplitude_minus_mv]
        for core in cores:
            if core.label == item.target:
                data = arrays[f"dynamics.{'.'.join(map(str, core.place))}"]
                found = learning_parameters(data, len(_RECEPTORS))[_RECEPTORS.index(item.receptor)]
                if np.abs(found - np.array(wanted) * 2.0**FRACTION_BITS).max() > 0.5:
                    yield item.name, f"bounds and amplitudes {wanted} mV; {found.tolist()} were stored as S16.15"


def _wrong_keys(job: Job, cores: list[Placed], routes: list[Entry], size: tuple[int, int]) -> Iterator[tuple[str, str]]:
    sending = [core for core in cores if core.key is not None and core.mask is not None]
    for one, other in clashing([(core.key or 0, core.mask or 0) for core in sending]):
        names = f"{job.owners[sending[one].label]} and {job.owners[sending[other].label]}"
        yield "keys", f"disjoint keys; those of {names} overlap"
    for core in sending:
        targets = {item.target for item in job.synapses if item.source == core.label}
        wanted = {other.place for other in cores if other.label in targets}
        found = reached(core.key or 0, core.place, routes, size)
        if not wanted <= found:
            yield "routes", f"spikes of {job.owners[core.label]} on {sorted(wanted)}; they reach {sorted(found)}"
