"""The tables that a calibration snapshot may hold: name, what they belong to, unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.target.snapshot import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class TableKind:
    """One kind of table.

    Attributes
    ----------
    nominal
        The number of an ideal instance.
    lowest, highest
        Beyond these a number is absurd and refused.
    """

    name: str
    site: Site
    unit: str
    nominal: float
    lowest: float
    highest: float
    meaning: str


def _neuron(name: str, unit: str, nominal: float, ends: tuple[float, float], meaning: str) -> TableKind:
    return _kind("neuron", name, unit, meaning, nominal=nominal, ends=ends)


def _synapse(name: str, unit: str, nominal: float, ends: tuple[float, float], meaning: str) -> TableKind:
    return _kind("synapse", name, unit, meaning, nominal=nominal, ends=ends)


def _kind(site: Site, name: str, unit: str, meaning: str, *, nominal: float, ends: tuple[float, float]) -> TableKind:
    lowest, highest = ends
    return TableKind(name=name, site=site, unit=unit, nominal=nominal, lowest=lowest, highest=highest, meaning=meaning)


_KINDS = (
    _neuron("v_leak_offset_lsb", "LSB", 0, (-255, 255), "resting potential minus its target"),
    _neuron("v_reset_offset_lsb", "LSB", 0, (-255, 255), "reset potential minus its target"),
    _neuron("v_threshold_offset_lsb", "LSB", 0, (-255, 255), "threshold minus its target"),
    _neuron("tau_mem_ratio", "1", 1, (0.01, 100), "membrane time constant over its target"),
    _neuron("tau_syn_exc_ratio", "1", 1, (0.01, 100), "excitatory synaptic time constant over its target"),
    _neuron("tau_syn_inh_ratio", "1", 1, (0.01, 100), "inhibitory synaptic time constant over its target"),
    _neuron("refractory_ratio", "1", 1, (0.01, 100), "refractory time over its target"),
    _neuron("gain_exc_ratio", "1", 1, (0, 100), "strength of the excitatory synaptic input over its target"),
    _neuron("gain_inh_ratio", "1", 1, (0, 100), "strength of the inhibitory synaptic input over its target"),
    _neuron("membrane_noise_lsb", "LSB", 0, (0, 100), "standard deviation of the free membrane's own noise"),
    _neuron(
        "potential_trial_lsb", "LSB", 0, (0, 100), "standard deviation of a potential from one setting to the next"
    ),
    _neuron("cadc_offset_lsb", "LSB", 0, (-255, 255), "offset of the column's CADC channel"),
    _neuron("cadc_gain_ratio", "1", 1, (0.01, 100), "gain of the column's CADC channel over its target"),
    _neuron("cadc_noise_lsb", "LSB", 0, (0, 100), "standard deviation of one reading of the column's CADC channel"),
    _neuron("usable", "1", 1, (0, 1), "1 where the circuit works; others are never placed"),
    _neuron("activation_slope_lsb", "LSB", 0, (0.01, 255), "leak potential per log-odds under the sampling noise"),
    _neuron("activation_offset_lsb", "LSB", 0, (-255, 255), "leak potential of activity 1/2, minus the nominal one"),
    _neuron("activation_row_exc", "1", 0, (0, 1023), "row of the excitatory noise synapse then"),
    _neuron("activation_row_inh", "1", 0, (0, 1023), "row of the inhibitory noise synapse then"),
    _neuron("activation_ceiling_ratio", "1", 1, (0, 100), "largest activity over that of the logistic fit"),
    _synapse("gain_ratio", "1", 1, (0, 100), "strength of the synapse over that of its code"),
    _synapse("amplitude_causal_ratio", "1", 1, (0, 100), "reading of one causal pair over its target"),
    _synapse("amplitude_anticausal_ratio", "1", 1, (0, 100), "reading of one anti-causal pair over its target"),
    _synapse("tau_causal_ratio", "1", 1, (0.01, 100), "time constant of the causal sensor over its target"),
    _synapse("tau_anticausal_ratio", "1", 1, (0.01, 100), "time constant of the anti-causal sensor over its target"),
    _synapse("baseline_causal_lsb", "LSB", 190, (0, 255), "reading of the causal sensor after a reset"),
    _synapse("baseline_anticausal_lsb", "LSB", 190, (0, 255), "reading of the anti-causal sensor after a reset"),
    _synapse("balance_ratio", "1", 1, (0, 100), "anti-causal over causal reading of equally frequent pairs"),
)

#: all kinds by name
TABLES: dict[str, TableKind] = {kind.name: kind for kind in _KINDS}
