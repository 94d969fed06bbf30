"""Codes about machines that compute in time steps (E331 and on): title, text and example of each."""

from __future__ import annotations

DIGITAL_TEXTS: dict[str, tuple[str, str, str]] = {
    "E331": (
        "Learning weights need a range around zero",
        "The machine's synapses have one sign, so a learning weight is stored as w = c - m, a fixed synapse\n"
        "minus a learning one. c and the range of m follow from weight_min and weight_max.",
        "weight_min: -1\nweight_max: 1",
    ),
    "E332": (
        "Mixed signs need equal synaptic time constants",
        "A learning weight that may have both signs is a fixed synapse minus a learning one of the other\n"
        "receptor. Their currents cancel only if both receptors have the same time constant.",
        "tau_syn_exc: 5 ms\ntau_syn_inh: 5 ms",
    ),
    "E333": (
        "Two rules change the same projection",
        "The machine's synapses have one mechanism each.",
        "plasticity:\n  - {kind: sal, name: alignment, forward: up, backward: down}",
    ),
    "E334": (
        "Too much for a core",
        "Synapse rows, learning events, fast memory and the number of cores are limited. Fewer neurons per\n"
        "core are tried first; the message says what does not fit all the same.",
        "connectivity: sparse",
    ),
    "E335": (
        "Two different rules onto one population",
        "All learning synapses onto a population share one set of STDP parameters: amplitudes, windows and\n"
        "the range of the weights.",
        "weight_min: -1 # in both projections",
    ),
    "E336": (
        "Learning step too small for the stored weights",
        "Every update rounds the stored weight down, half a word on average. If a pair is worth only a few\n"
        "words, this drift outweighs learning.",
        "learning_rate: 0.02",
    ),
}
