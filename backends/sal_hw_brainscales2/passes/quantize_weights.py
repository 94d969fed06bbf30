"""Pass: scale weights to stored codes, and report what was clipped and what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import LoweredPoisson, PassRecord, ScaledWeights
from sal_hw.spec.signs import sign_of
from sal_hw.storage.codec import frozen
from sal_hw_brainscales2.passes.chip_knowledge import of_neurons, of_synapses
from sal_hw_brainscales2.passes.draft import ChipDraft
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING
from sal_hw_brainscales2.program import ChipNeurons, SynapseTile

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Owner:
    """A projection or stimulus.

    Attributes
    ----------
    weights
        Shape (pre, post), or (post,) of a stimulus, in model units.
    largest
        Largest magnitude that its synapses must be able to store.
    code
        Given code; None to quantise the weights.
    """

    name: str
    field: str
    population: str
    weights: Array
    largest: float
    code: int | None = None

    def of_tile(self, tile: SynapseTile) -> Array:
        """Return the weights of a tile's synapses, shape (sources, columns)."""
        return self.weights[:, tile.post] if self.weights.ndim == 2 else np.diag(self.weights[tile.post])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Coded:
    """A tile with codes, and what its synapses wanted and got, each of shape (synapses,), in model units.

    Attributes
    ----------
    asked
        What they must store for that: the wanted weight over the synapse's known strength.
    """

    tile: SynapseTile
    wanted: Array
    asked: Array
    stored: Array
    clipped: int
    zeroed: int


def quantize_weights(draft: Draft) -> Draft:
    """Give each population one synaptic strength, and each synapse the nearest code.

    The largest weight that a population has to store (of a learning projection the end of its range) becomes the
    largest code, as far as the bias of the synaptic input can be set. Nothing is clipped without being counted.

    Raises
    ------
    InputError
        E304 if a learning projection's range ends beyond what can be stored; E313 if a weight must be clipped and the
        compilation is strict.
    """
    owners = {owner.name: owner for owner in _owners(draft)}
    drives = {block.population: _drive(draft, block.population, owners) for block in draft.neurons}
    coded = [_code(draft, tile, owners[tile.owner], drives) for tile in draft.part_of(ChipDraft).tiles]
    scaling = tuple(
        _report(draft, owner, drives[owner.population], [item for item in coded if item.tile.owner == owner.name])
        for owner in owners.values()
        if any(item.tile.owner == owner.name for item in coded)
    )
    problems = [*_unreachable(draft, scaling), *(_refused(draft, scaling, owners) if draft.strict else ())]
    if problems:
        raise InputError(problems)
    tiles = tuple(item.tile for item in coded)
    neurons, limited = _with_drives(draft, drives)
    chip = replace(draft.part_of(ChipDraft), tiles=tiles, neurons=neurons)
    return draft.recorded(_record(scaling, limited), part=chip, scaling=scaling)


def _owners(draft: Draft) -> Iterator[_Owner]:
    learning = draft.learned
    largest = {block.projection: float(np.abs(block.weights).max(initial=0.0)) for block in draft.synapses}
    for index, block in enumerate(draft.synapses):
        most = largest[block.projection]
        if block.projection in learning:
            unlimited = max(largest[name] for name in _meeting(draft, block.projection))
            ends = (block.weight_min, block.weight_max)
            most = max(unlimited if end is None else abs(end) for end in ends)
        name, field = block.projection, f"projections[{index}].weight"
        yield _Owner(name=name, field=field, population=block.target, weights=block.weights, largest=most)
    for index, stimulus in enumerate(draft.stimuli):
        yield _Owner(
            name=stimulus.name,
            field=f"stimuli[{index}].weight",
            population=stimulus.population,
            weights=stimulus.weights,
            largest=float(np.abs(stimulus.weights).max(initial=0.0)),
            code=stimulus.code if isinstance(stimulus, LoweredPoisson) else None,
        )


def _meeting(draft: Draft, projection: str) -> set[str]:
    """Return the projection and those whose weights its own may come to equal."""
    pairs = [{rule.forward, rule.backward} for rule in draft.acting_sal]
    return {projection}.union(*(pair for pair in pairs if projection in pair))


def _per_unit(draft: Draft, population: str) -> Array:
    drives = draft.part_of(ChipDraft).drive_lsb_per_unit
    if drives is None:
        raise TypeError("weights are quantised after the circuits are realised")
    return drives[population]


def _drive(draft: Draft, population: str, owners: dict[str, _Owner]) -> float:
    """Return the steady drive of one code, in CADC LSB, within what the bias of the synaptic input allows."""
    onto = [owner for owner in owners.values() if owner.population == population]
    if any(owner.code is not None for owner in onto):
        return SAMPLING.drive_lsb
    largest = max((owner.largest for owner in onto), default=0.0) * float(_per_unit(draft, population).max())
    wanted = largest / limit(draft, "weight")
    return float(np.clip(wanted, *_drive_range(draft)))


def _drive_range(draft: Draft) -> tuple[float, float]:
    """Return the least and the largest steady drive of one code that the bias of a synaptic input can make."""
    biases = draft.target.limits["synaptic_input_bias"]
    per_bias = limit(draft, "synaptic_drive_default") / limit(draft, "synaptic_bias_default")
    return (biases.low or 0.0) * per_bias, (biases.high or np.inf) * per_bias


def _code(draft: Draft, tile: SynapseTile, owner: _Owner, drives: dict[str, float]) -> _Coded:
    highest = limit(draft, "weight")
    unit = drives[owner.population] / _per_unit(draft, owner.population)[tile.post]
    weights = np.abs(owner.of_tile(tile)) * _has_sign(owner.of_tile(tile), tile)
    if owner.code is not None:
        codes = np.where(tile.exists, float(owner.code), 0.0)
        wanted, exact = codes * unit, codes
    else:
        exact = np.where(tile.exists, weights / unit, 0.0)
        if owner.name not in draft.learned:
            exact = exact / np.maximum(of_synapses(draft, "gain_ratio", tile), 1e-3)
        codes, wanted = np.clip(np.rint(exact), 0.0, highest), np.where(tile.exists, weights, 0.0)
    used = tile.exists & (wanted > 0.0)
    return _Coded(
        tile=replace(tile, codes=frozen(codes.astype(np.uint8))),
        wanted=wanted[used],
        asked=(exact * unit)[used],
        stored=np.where(exact > 0.0, codes / np.where(exact > 0.0, exact, 1.0), 0.0)[used] * wanted[used],
        clipped=int((np.rint(exact) > highest)[used].sum()),
        zeroed=int((codes == 0.0)[used].sum()),
    )


def _has_sign(weights: Array, tile: SynapseTile) -> NDArray[np.bool_]:
    return sign_of(tile.polarity) * weights > 0.0


def _with_drives(draft: Draft, drives: dict[str, float]) -> tuple[ChipNeurons, int]:
    """Return the neurons with their drives, and how many inputs are so weak or strong that no bias makes up for it."""
    neurons = draft.part_of(ChipDraft).neurons
    if neurons is None:
        raise TypeError("weights are quantised after the circuits are realised")
    nominal = np.concatenate([np.full(block.size, drives[block.population]) for block in draft.neurons])
    low, high = _drive_range(draft)
    wanted = [
        nominal / np.maximum(of_neurons(draft, table, neurons.site), 1e-3)
        for table in ("gain_exc_ratio", "gain_inh_ratio")
    ]
    exc, inh = (np.clip(each, low, high) for each in wanted)
    limited = int((exc != wanted[0]).sum() + (inh != wanted[1]).sum())
    return replace(neurons, drive_exc_lsb=frozen(exc), drive_inh_lsb=frozen(inh)), limited


def _report(draft: Draft, owner: _Owner, drive: float, coded: list[_Coded]) -> ScaledWeights:
    lsb = drive / _per_unit(draft, owner.population)
    errors = [float(np.abs(item.stored - item.wanted).max(initial=0.0)) for item in coded]
    return ScaledWeights(
        owner=owner.name,
        lsb=frozen(lsb),
        requested_max=max((float(item.asked.max(initial=0.0)) for item in coded), default=0.0),
        representable_max=float(lsb.min() * limit(draft, "weight")),
        clipped=sum(item.clipped for item in coded),
        zeroed=sum(item.zeroed for item in coded),
        total=sum(len(item.wanted) for item in coded),
        worst_error=max(errors, default=0.0),
    )


def _unreachable(draft: Draft, scaling: tuple[ScaledWeights, ...]) -> Iterator[Problem]:
    """Find ends of ranges that learning weights never come to, since the largest code stands for less."""
    weight, bias = draft.target.limits["weight"], draft.target.limits["synaptic_input_bias"]
    most = {item.owner: item.representable_max for item in scaling}
    for index, block in enumerate(draft.synapses):
        if block.projection not in draft.learned or block.projection not in most:
            continue
        largest = most[block.projection]
        for key, end in (("weight_min", block.weight_min), ("weight_max", block.weight_max)):
            if end is not None and abs(end) > largest * (1.0 + 1e-9):
                yield Problem(
                    code="E304",
                    field=f"projections[{index}].{key}",
                    value=f"{end:g}",
                    allowed=f"{-largest:.6g} .. {largest:.6g} for {block.projection} on {draft.target.family}, "
                    f"which is code {weight.high:g} of either sign ({weight.source}; {bias.source})",
                    hint=f"write {key}: {np.copysign(np.floor(largest * 1e6) / 1e6, end):.12g}",
                )


def _refused(draft: Draft, scaling: tuple[ScaledWeights, ...], owners: dict[str, _Owner]) -> Iterator[Problem]:
    weight, bias = draft.target.limits["weight"], draft.target.limits["synaptic_input_bias"]
    for item in scaling:
        if item.clipped:
            yield Problem(
                code="E313",
                field=owners[item.owner].field,
                value=f"{item.requested_max:.6g}",
                allowed=f"at most {item.representable_max:.6g} in model units, which is code {weight.high:g} on "
                f"{draft.target.family} ({weight.source}; {bias.source}); {item.clipped} of {item.total} weights of "
                f"{item.owner} would be clipped",
                hint="make the weights smaller, raise weight_max of the learning projection onto the same population, "
                "or run without --strict to clip them",
            )


def _record(scaling: tuple[ScaledWeights, ...], limited: int) -> PassRecord:
    notes = [
        f"{item.owner}: one code is {item.lsb.mean():.4g}, largest {item.requested_max:.4g} of "
        f"{item.representable_max:.4g}, {item.clipped} clipped, {item.zeroed} rounded to zero of {item.total}, "
        f"worst error {item.worst_error:.3g}"
        for item in scaling
    ]
    if limited:
        notes.append(f"warning: {limited} synaptic inputs stay too weak or too strong: their bias is at its limit")
    counts = {
        "clipped": float(sum(item.clipped for item in scaling)),
        "rounded to zero": float(sum(item.zeroed for item in scaling)),
    }
    return PassRecord(name="quantize_weights", notes=tuple(notes), counts=counts)
