"""Pass: turn neurons into settings of circuits: potentials in CADC LSB and time constants in chip time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.program import NeuronBlock, PassRecord
from sal_hw.spec.neurons import LifNeuron
from sal_hw.storage.codec import frozen
from sal_hw_brainscales2.passes.chip_knowledge import of_neurons
from sal_hw_brainscales2.passes.circuit_settings import CircuitSettings
from sal_hw_brainscales2.passes.draft import ChipDraft
from sal_hw_brainscales2.passes.sampling_circuits import SAMPLING, sampling_settings
from sal_hw_brainscales2.program import ChipNeurons

_RANGES = {
    "v_leak_lsb": ("v_leak", "v_rest plus the constant drive"),
    "v_reset_lsb": ("v_reset", "v_reset"),
    "v_threshold_lsb": ("v_threshold", "v_threshold"),
    "tau_mem_us": ("tau_mem", "tau_mem"),
    "tau_syn_exc_us": ("tau_syn", "tau_syn_exc"),
    "tau_syn_inh_us": ("tau_syn", "tau_syn_inh"),
    "refractory_us": ("refractory", "tau_ref"),
}

#: which table of a snapshot deviates from which setting: offsets are subtracted, ratios divided out
_OFFSETS = {
    "v_leak_lsb": "v_leak_offset_lsb",
    "v_reset_lsb": "v_reset_offset_lsb",
    "v_threshold_lsb": "v_threshold_offset_lsb",
}
_RATIOS = {
    "tau_mem_us": "tau_mem_ratio",
    "tau_syn_exc_us": "tau_syn_exc_ratio",
    "tau_syn_inh_us": "tau_syn_inh_ratio",
    "refractory_us": "refractory_ratio",
}


def realize_circuits(draft: Draft) -> Draft:
    """Choose the settings of every circuit; what a snapshot knows of its deviations is taken into account.

    LIF neurons: the resting potential becomes the calibration's default leak potential and the threshold its default
    threshold, so the model's distance from rest to threshold is 45 LSB. Sampling neurons: see
    :mod:`sal_hw_brainscales2.passes.sampling_circuits`.

    Raises
    ------
    InputError
        E304 for settings outside the calibration's ranges, with the legal range in model units.
    """
    settings = {block.population: _settings(draft, block) for block in draft.neurons}
    problems = [problem for block in draft.neurons for problem in _outside(draft, block, settings[block.population])]
    if problems:
        raise InputError(problems)
    parts = draft.part_of(ChipDraft)
    neurons = _joined(draft, settings)
    record = PassRecord(name="realize_circuits", notes=tuple(_notes(draft, settings)))
    chip = replace(
        parts,
        neurons=neurons,
        lsb_per_mv={name: item.lsb_per_unit for name, item in settings.items()},
        v_rest_lsb={name: item.rest_lsb for name, item in settings.items()},
        drive_lsb_per_unit={name: item.drive_lsb_per_unit for name, item in settings.items()},
    )
    return draft.recorded(record, part=chip)


def _settings(draft: Draft, block: NeuronBlock) -> CircuitSettings:
    sites = draft.part_of(ChipDraft).sites[block.population]
    return sampling_settings(draft, block, sites) if block.lif is None else _lif_settings(draft, block, block.lif)


def _lif_settings(draft: Draft, block: NeuronBlock, neuron: LifNeuron) -> CircuitSettings:
    rest, threshold = limit(draft, "leak_default"), limit(draft, "threshold_default")
    if neuron.v_threshold_mv <= neuron.v_rest_mv:
        raise InputError(_threshold_below_rest(draft, block, neuron))
    scale = (threshold - rest) / (neuron.v_threshold_mv - neuron.v_rest_mv)
    ones = np.ones(block.size)
    to_us = 1e3 / draft.target.time_scale
    return CircuitSettings(
        values={
            "v_leak_lsb": rest + scale * block.biases,
            "v_reset_lsb": ones * (rest + scale * (neuron.v_reset_mv - neuron.v_rest_mv)),
            "v_threshold_lsb": ones * threshold,
            "tau_mem_us": ones * neuron.tau_mem_ms * to_us,
            "tau_syn_exc_us": ones * neuron.tau_syn_exc_ms * to_us,
            "tau_syn_inh_us": ones * neuron.tau_syn_inh_ms * to_us,
            "refractory_us": ones * neuron.tau_ref_ms * to_us,
        },
        lsb_per_unit=scale,
        rest_lsb=rest,
        rest_unit=neuron.v_rest_mv,
        drive_lsb_per_unit=ones * scale,
        state_us=neuron.tau_ref_ms * to_us,
    )


def _threshold_below_rest(draft: Draft, block: NeuronBlock, neuron: LifNeuron) -> Problem:
    return Problem(
        code="E304",
        field=f"populations.{block.population}.neuron.v_threshold",
        value=f"{neuron.v_threshold_mv:g} mV",
        allowed=f"above v_rest, {neuron.v_rest_mv:g} mV, on {draft.target.family}: the distance from rest to threshold "
        "sets the scale of potentials",
        hint="raise v_threshold; a neuron that fires at rest is made with a constant drive",
    )


def _outside(draft: Draft, block: NeuronBlock, settings: CircuitSettings) -> Iterator[Problem]:
    for setting, (name, field) in _RANGES.items():
        allowed, values = draft.target.limits[name], settings.values[setting]
        wrong = np.array([value not in allowed for value in values])
        if not wrong.any():
            continue
        low, high = allowed.low or 0.0, allowed.high or np.inf
        end = low if values[wrong][0] < low else high
        unit = "mV" if block.lif is not None else "log-odds"
        if setting.endswith("_us"):
            factor = draft.target.time_scale * 1e-3
            span, worst = f"{low * factor:g} ms .. {high * factor:g} ms", f"{values[wrong][0] * factor:g} ms"
            nearest = f"{end * factor:g} ms"
        else:
            ends = [(end - settings.rest_lsb) / settings.lsb_per_unit + settings.rest_unit for end in (low, high)]
            span = f"{ends[0]:g} {unit} .. {ends[1]:g} {unit}"
            model = (values[wrong][0] - settings.rest_lsb) / settings.lsb_per_unit + settings.rest_unit
            worst = f"{model:g} {unit}"
            nearest = f"{_inside(ends[end == high], low_end=end == low):.12g} {unit}"
        yield Problem(
            code="E304",
            field=f"populations.{block.population}.neuron",
            value=f"{field} = {worst}",
            allowed=f"{span} on {draft.target.family} (model units; {low:g} .. {high:g} {allowed.unit} on the chip, "
            f"{allowed.source}); {int(wrong.sum())} of {len(values)} neurons are outside",
            hint=f"the nearest {field} is {nearest}"
            + ("" if setting.endswith("_us") else "; or scale all potentials and weights together"),
        )


def _inside(end: float, *, low_end: bool) -> float:
    """Return the end of a range of potentials with six decimals, rounded to its inside."""
    digits = np.ceil(end * 1e6) if low_end else np.floor(end * 1e6)
    return float(digits / 1e6)


def _joined(draft: Draft, settings: dict[str, CircuitSettings]) -> ChipNeurons:
    names = [block.population for block in draft.neurons]
    sites = np.concatenate([draft.part_of(ChipDraft).sites[name] for name in names])
    values = {key: np.concatenate([settings[name].values[key] for name in names]) for key in _RANGES}
    for key, table in _OFFSETS.items():
        values[key] = values[key] - of_neurons(draft, table, sites)
    for key, table in _RATIOS.items():
        values[key] = values[key] / of_neurons(draft, table, sites)
    state = np.concatenate(
        [np.full(len(draft.part_of(ChipDraft).sites[name]), settings[name].state_us) for name in names]
    )
    unset = np.zeros(len(sites))
    return ChipNeurons(
        site=frozen(sites),
        **{key: frozen(each) for key, each in values.items()},
        drive_exc_lsb=frozen(unset),
        drive_inh_lsb=frozen(unset),
        state_us=frozen(state),
    )


def _notes(draft: Draft, settings: dict[str, CircuitSettings]) -> Iterator[str]:
    if draft.snapshot is not None:
        yield f"deviations of {draft.snapshot.chip_id} are taken out of the settings"
    for name, item in settings.items():
        yield f"{name}: {item.lsb_per_unit:.4g} LSB per unit of potential"
    if any(block.lif is None for block in draft.neurons):
        yield f"sampling neurons as LIF circuits under {SAMPLING.rate_per_tau_ref:g} noise events per tau_ref and sign"
