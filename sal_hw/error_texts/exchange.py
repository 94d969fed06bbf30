"""Codes about NIR files (E411 and on) and reference simulators (E341, E820 and on): title, text and example of each."""

from __future__ import annotations

EXCHANGE_TEXTS: dict[str, tuple[str, str, str]] = {
    "E341": (
        "STDP settings that the simulator would silently get wrong",
        "Some bounds, signs and receptors are accepted by a simulator, and then nothing learns, weights jump\n"
        "to a bound, or they learn with the other sign. The message names what was refused and why.",
        "weight_min: -1\nweight_max: 1",
    ),
    "E411": (
        "Not a NIR file",
        "The file is missing, damaged, too large, or not a graph that the package nir can read.",
        "sal-hw nir import network.nir --time-unit ms -o network.yaml",
    ),
    "E412": (
        "A NIR node that networks here cannot have",
        "Taken over are CubaLIF populations with equal time constants and thresholds, Linear and Affine\n"
        "matrices, and delays that are equal for all synapses of a projection.",
        "sal-hw nir import network.nir --time-unit ms -o network.yaml",
    ),
    "E413": (
        "The unit of a NIR file",
        "NIR files do not say in which units their times and potentials are; s and ms are both in use. The\n"
        "unit is never guessed, and one that contradicts the file's own metadata is refused.",
        "sal-hw nir import network.nir --time-unit s -o network.yaml",
    ),
    "E414": (
        "Nothing in the NIR file could align",
        "Alignment learning needs two projections between the same populations, one in each direction, or a\n"
        "recurrent projection. The graph has neither.",
        "sal-hw nir import network.nir --time-unit ms -o network.yaml",
    ),
    "E820": (
        "An optional library is not installed",
        "Reference simulators, NIR and PyTorch are extras of the installation. The message says what is\n"
        "missing, and the command that installs it.",
        "pip install 'sal-hw[pynn,nir]'",
    ),
    "E821": (
        "The simulator failed",
        "The simulator runs in a process of its own, which ended or reported an error. The message is its\n"
        "last word, and its log is kept.",
        "sal-hw run R.yaml --target pynn:nest",
    ),
    "E822": (
        "The run cannot be repeated up to its checkpoint",
        "No simulator can be set to all of its state, so that a run is resumed by repeating it. With other\n"
        "versions of the simulator or its libraries it takes another course.",
        "sal-hw run R.yaml --target pynn:nest --out runs/second",
    ),
}
