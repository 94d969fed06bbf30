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
    "E830": (
        "The SpiNNaker software is not installed",
        "Programs are mapped and run through sPyNNaker, an extra of the installation.",
        "pip install 'sal-hw[spinnaker]'",
    ),
    "E831": (
        "No SpiNNaker machine is named",
        "A run needs a board of one's own or a server that lends machines, named in the environment. It\n"
        "is never "
        "replaced by the emulator or by a virtual board without a word.",
        "SAL_HW_SPINNAKER_SPALLOC=https://spinnaker.example sal-hw run R.yaml --target spinnaker1",
    ),
    "E832": (
        "sPyNNaker failed",
        "It runs in a process of its own, which ended with an error of the software or of the machine. The\n"
        "message is what it said last, and its log is kept.",
        "sal-hw run R.yaml --target spinnaker1 --map-only",
    ),
    "E833": (
        "sPyNNaker did not end in time",
        "The process was ended at its deadline. Usually the connection to the machine is lost, or no machine\n"
        "became free.",
        "Repeat the command; the machine keeps nothing from one run to the next.",
    ),
    "E834": (
        "What sPyNNaker made is not what was compiled",
        "Stored weights, delays, scales, cores, keys and routes are read back and compared with the\n"
        "program. The "
        "message says what differs, or that no result was left.",
        "pip install 'sal-hw[spinnaker]'",
    ),
    "E835": (
        "Nothing to map here",
        "--map-only lets a machine's own software place a program without the machine. Only some targets have\n"
        "software that can do it, and a study has no program.",
        "sal-hw run R.yaml --target spinnaker1 --map-only",
    ),
    "E337": (
        "Learning weights need a range for their scale",
        "The machine stores whole numbers with few bits. Their scale is chosen so that the largest weight\n"
        "that a synapse may learn is the largest whole number.",
        "weight_min: -1\nweight_max: 1",
    ),
    "E338": (
        "Chunks too short",
        "The host learns between runs of the machine, each of which begins at rest and lasts one update\n"
        "interval. If that is short against the time constants, the network never leaves its start.",
        "update_every: 2 s",
    ),
    "E339": (
        "Rounding would undo all learning",
        "Without a floating-point copy on the host, weights are whole numbers. An update is worth less than\n"
        "half of one, so rounding to the nearest never changes anything.",
        'spinnaker2_with(shadow=False, rounding="stochastic")',
    ),
    "E840": (
        "No SpiNNaker2 chip is named",
        "The address of the chip's board is taken from a variable of the environment, so that a recipe runs\n"
        "anywhere and a run never goes to somebody else's board.",
        "SAL_HW_SPINNAKER2_CHIP=ADDRESS sal-hw run RECIPE --target spinnaker2",
    ),
}
