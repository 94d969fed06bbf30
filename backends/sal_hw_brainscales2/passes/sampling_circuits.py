"""Sampling neurons as LIF circuits under noise.

A LIF neuron under fast, balanced noise has a logistic activation: with leak potential ``v`` its state is 1 with
probability ``1 / (1 + exp(-(v - v_half) / slope))`` (Petrovici et al. 2016, Phys. Rev. E 94, 042312). So the bias
becomes a leak potential, ``v_half + slope b``, and a weight becomes the synaptic drive whose PSP has the area of the
sampling network's rectangle. All times scale with tau_ref, and so slope and v_half do not depend on it. They are
numbers of the nominal emulated chip; ``tests/unit/brainscales2/emulation/test_activation.py`` measures and checks them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft
from sal_hw.program import LoweredPoisson, NeuronBlock, PassRecord
from sal_hw.storage.codec import frozen
from sal_hw_brainscales2.passes.chip_knowledge import knows, of_neurons
from sal_hw_brainscales2.passes.circuit_settings import CircuitSettings
from sal_hw_brainscales2.passes.draft import ChipDraft


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingCircuit:
    """How a circuit samples; all values are choices but slope and offset, which follow from them.

    Attributes
    ----------
    mem_per_ref
        Membrane time constant over tau_ref: short, so that the membrane follows the noise.
    rate_per_tau_ref, noise_code, drive_lsb
        Noise events per tau_ref, stored weight of its synapses, and steady drive of one weight unit.
    threshold_lsb, reset_lsb
        Threshold and reset potential.
    slope_lsb, half_lsb
        Nominal activation function: the logistic one that fits best at 13 leak potentials up to 3 slopes from the
        middle; measured with 32 circuits for 2000 s of model time at each, standard errors 0.004 and 0.005 LSB.
    """

    mem_per_ref: float = 0.2
    rate_per_tau_ref: float = 30.0
    noise_code: int = 8
    drive_lsb: float = 0.5
    threshold_lsb: float = 105.0
    reset_lsb: float = 92.0
    slope_lsb: float = 14.59
    half_lsb: float = 103.51


SAMPLING = SamplingCircuit()


def add_sampling_noise(draft: Draft) -> Draft:
    """Pass: give each population of sampling neurons its excitatory and its inhibitory noise."""
    added = tuple(
        _noise(block, name, sign, _tau_ref_ms(draft, block))
        for block in draft.neurons
        if block.lif is None
        for name, sign in (("noise_exc", 1.0), ("noise_inh", -1.0))
    )
    record = PassRecord(name="add_sampling_noise", counts={"stimuli": float(len(added))})
    return draft.recorded(record, stimuli=(*draft.stimuli, *added))


def _noise(block: NeuronBlock, name: str, sign: float, tau_ref_ms: float) -> LoweredPoisson:
    return LoweredPoisson(
        name=f"{name}.{block.population}",
        population=block.population,
        rate_hz=SAMPLING.rate_per_tau_ref / tau_ref_ms * 1e3,
        weights=frozen(np.full(block.size, sign)),
        code=SAMPLING.noise_code,
    )


def _tau_ref_ms(draft: Draft, block: NeuronBlock) -> float:
    neuron = next(item.neuron for item in draft.spec.populations if item.name == block.population)
    return neuron.tau_ref_ms


def _tau_syn_ms(draft: Draft, block: NeuronBlock) -> float:
    neuron = next(item.neuron for item in draft.spec.populations if item.name == block.population)
    tau_syn_ms: float | None = getattr(neuron, "tau_syn_ms", None)
    return neuron.tau_ref_ms if tau_syn_ms is None else tau_syn_ms


def drive_per_log_odds(slope_lsb: NDArray[np.float64], psp_us: float, tau_syn_us: float) -> NDArray[np.float64]:
    """Return the synaptic drive per unit of weight for which the PSP has the area of the sampling network's.

    A PSP of unit drive decays exponentially and has the area ``tau_syn``, whatever the membrane time constant; the
    rectangle of the sampling network is 1 for `psp_us`. The area counts as a whole, its tail beyond tau_ref included,
    since synapses of the chip do not renew: PSPs of successive spikes add up.
    """
    return slope_lsb * psp_us / tau_syn_us


def sampling_settings(draft: Draft, block: NeuronBlock, sites: NDArray[np.int64]) -> CircuitSettings:
    """Return the settings of a population of sampling neurons."""
    to_us = 1e3 / draft.target.time_scale
    tau_ref_us, tau_syn_us = _tau_ref_ms(draft, block) * to_us, _tau_syn_ms(draft, block) * to_us
    tau_mem_us = SAMPLING.mem_per_ref * tau_ref_us
    # the mean drive of the noise of one sign: its rate times the area of a PSP
    noise_lsb = SAMPLING.rate_per_tau_ref * SAMPLING.noise_code * SAMPLING.drive_lsb * tau_syn_us / tau_ref_us
    slope, half = _activation(draft, block, sites, noise_lsb)
    ones = np.ones(block.size)
    return CircuitSettings(
        values={
            "v_leak_lsb": half + slope * block.biases,
            "v_reset_lsb": ones * SAMPLING.reset_lsb,
            "v_threshold_lsb": ones * SAMPLING.threshold_lsb,
            "tau_mem_us": ones * tau_mem_us,
            "tau_syn_exc_us": ones * tau_syn_us,
            "tau_syn_inh_us": ones * tau_syn_us,
            "refractory_us": ones * tau_ref_us,
        },
        lsb_per_unit=SAMPLING.slope_lsb,
        rest_lsb=SAMPLING.half_lsb,
        rest_unit=0.0,
        drive_lsb_per_unit=drive_per_log_odds(slope, tau_syn_us, tau_syn_us),
        state_us=tau_ref_us,
    )


def _activation(
    draft: Draft, block: NeuronBlock, sites: NDArray[np.int64], noise_lsb: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    slope = of_neurons(draft, "activation_slope_lsb", sites)
    slope = np.where(slope > 0.0, slope, SAMPLING.slope_lsb)
    half = SAMPLING.half_lsb + of_neurons(draft, "activation_offset_lsb", sites)
    return slope, half - noise_lsb * _other_synapses(draft, block, sites)


def _other_synapses(draft: Draft, block: NeuronBlock, sites: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much more excitation than when it was measured each neuron gets, relative to its mean noise.

    Every neuron gets the noise of each sign through one synapse. Where that is another one than the activation
    function was measured with, the known strengths of both tell the difference.
    """
    extra = np.zeros(len(sites))
    gains = draft.snapshot.table("gain_ratio") if draft.snapshot is not None else None
    for polarity, sign in (("exc", 1.0), ("inh", -1.0)):
        if gains is None or not knows(draft, f"activation_row_{polarity}"):
            continue
        strength = np.where(gains.ok, gains.measured, 1.0)
        measured = of_neurons(draft, f"activation_row_{polarity}", sites).astype(np.int64)
        for tile in draft.part_of(ChipDraft).tiles:
            if tile.owner != f"noise_{polarity}.{block.population}":
                continue
            source, column = np.nonzero(tile.exists)
            neuron, place = tile.post[column], tile.columns[column]
            there = strength[tile.hemisphere, tile.rows[source], place]
            extra[neuron] += sign * (there - strength[tile.hemisphere, measured[neuron], place])
    return extra
