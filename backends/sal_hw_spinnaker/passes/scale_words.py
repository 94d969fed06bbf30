"""Pass: choose the shift of each ring buffer, and store every weight as the nearest word.

A ring buffer adds up, in words of 16 bits, all that reaches one neuron through one receptor in one step. The shift is
chosen so that an expected upper bound of that sum, and the largest weight, stay below ``2 ** shift`` mV: the mean of a
Poisson process of the planned rates plus some standard deviations. It sets the resolution of every weight.

The machine's software plans so only for receptors whose synapses differ in their delays. For all others it takes the
sum of all largest weights, as if every source spiked in the same step (sPyNNaker 1!7.4.1, neuron/population_vertex.py,
``get_max_weight``), which would cost a bit of resolution per doubling of the inputs. It is therefore told the shift.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import PassRecord
from sal_hw.spec.signs import Polarity
from sal_hw.storage.codec import frozen
from sal_hw_spinnaker.passes.digital_draft import DigitalDraft, SignedPart
from sal_hw_spinnaker.program import FRACTION_BITS, DigitalInput, DigitalSynapses, WordScale

_RECEPTORS: tuple[Polarity, ...] = ("excitatory", "inhibitory")


def scale_words(draft: Draft) -> Draft:
    """Give each receptor of each population a shift, and each synapse its word; count what is rounded to zero."""
    parts = draft.part_of(DigitalDraft).parts
    scales = tuple(
        _scale(draft, block.population, receptor, block.size) for block in draft.neurons for receptor in _RECEPTORS
    )
    scaled = replace(draft.part_of(DigitalDraft), scales=scales)
    synapses, inputs = [], []
    for part in parts:
        words = words_of(part.weights, scaled.scale_of(part).words_per_mv)
        if part.source is None:
            inputs.append(_input(part, words))
        else:
            synapses.append(_synapses(part, part.source, words))
    done = replace(scaled, synapses=tuple(synapses), inputs=tuple(inputs))
    return draft.recorded(_record(done), part=done)


def ring_buffer_shift(expected_mv: float, largest_mv: float) -> int:
    """Return the smallest shift whose ``2 ** shift`` mV lie above both.

    It is the shift that the software chooses for such a sum (sPyNNaker 1!7.4.1, neuron/population_vertex.py,
    ``get_ring_buffer_shifts``).
    """
    most = max(expected_mv, largest_mv)
    return max(0, math.floor(math.log2(most)) + 1) if most > 0.0 else 0


def words_of(weights_mv: NDArray[np.float64], words_per_mv: float) -> NDArray[np.uint16]:
    """Return the nearest words of weights of one sign; the scale has room for all of them."""
    return np.asarray(np.rint(weights_mv * words_per_mv), dtype=np.uint16)


def _scale(draft: Draft, population: str, receptor: Polarity, size: int) -> WordScale:
    mean, variance, largest = np.zeros(size), np.zeros(size), 0.0
    for part in draft.part_of(DigitalDraft).parts:
        if part.target == population and part.receptor == receptor:
            # a synapse that learns may come to have the largest weight, so it counts with that
            weights = part.weights if part.rule is None else np.where(part.exists, part.largest_mv, 0.0)
            spikes = part.rate_hz * draft.spec.timestep_ms * 1e-3
            mean += spikes * weights.reshape(-1, size).sum(axis=0)
            variance += spikes * (weights.reshape(-1, size) ** 2).sum(axis=0)
            largest = max(largest, part.largest_mv)
    expected = float((mean + limit(draft, "ring_buffer_sigma") * np.sqrt(variance)).max(initial=0.0))
    shift = ring_buffer_shift(expected, largest)
    return WordScale(
        population=population,
        receptor=receptor,
        shift=shift,
        words_per_mv=2.0 ** (FRACTION_BITS - shift),
        expected_mv=expected,
        largest_mv=largest,
    )


def _input(part: SignedPart, words: NDArray[np.uint16]) -> DigitalInput:
    return DigitalInput(
        stimulus=part.owner,
        population=part.target,
        receptor=part.receptor,
        delay_steps=part.delay_steps,
        words=frozen(words),
    )


def _synapses(part: SignedPart, source: str, words: NDArray[np.uint16]) -> DigitalSynapses:
    return DigitalSynapses(
        name=part.name,
        projection=part.owner,
        source=source,
        target=part.target,
        receptor=part.receptor,
        delay_steps=part.delay_steps,
        plastic=part.rule is not None,
        words=frozen(words),
        exists=part.exists,
        row_synapses=int(part.exists.sum(axis=1).max(initial=0)),
    )


def _record(draft: DigitalDraft) -> PassRecord:
    notes = [
        f"{item.population} {item.receptor}: shift {item.shift}, one word is {item.lsb_mv:.4g} mV; largest weight "
        f"{item.largest_mv:.4g} mV, {item.expected_mv:.4g} mV expected in a step"
        for item in draft.scales
    ]
    stored = [*(item.words for item in draft.synapses), *(item.words for item in draft.inputs)]
    ordered = [part for part in draft.parts if part.source is not None] + [
        part for part in draft.parts if part.source is None
    ]
    zeroed, worst = 0, 0.0
    for part, words in zip(ordered, stored, strict=True):
        zeroed += int(((words == 0) & (part.weights > 0.0)).sum())
        kept = words / draft.scale_of(part).words_per_mv
        worst = max(worst, float(np.abs(kept - part.weights).max(initial=0.0)))
    notes.append(f"worst error of a stored weight {worst:.3g} mV")
    return PassRecord(name="scale_words", notes=tuple(notes), counts={"rounded to zero": float(zeroed)})
