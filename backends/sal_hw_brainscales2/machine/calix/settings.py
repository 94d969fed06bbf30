"""The calibration that a program needs, as a file for the vendor's calix.

Written for the heads of mid 2026 of calix and pyccalix (``SpikingCalibTarget`` with ``neuron_target`` per circuit,
``cuba_synin`` and ``correlation_target``; names after include/ccalix/*.h and src/py/calix/scripts of calix). The file
checks at run time that these names exist and refuses with a message otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.machine.run_files.run_data import Arrays, RunData
from sal_hw_brainscales2.machine.run_files.template import embed, literal, render

#: calix's own targets (calix, src/cc/ccalix/neuron_calib_target.cpp), for circuits that a program leaves free
DEFAULTS: dict[str, float] = {
    "leak_lsb": 80,
    "reset_lsb": 70,
    "threshold_lsb": 125,
    "tau_mem_us": 10.0,
    "tau_syn_excitatory_us": 10.0,
    "tau_syn_inhibitory_us": 10.0,
    "refractory_us": 2.0,
    "bias_excitatory": 500,
    "bias_inhibitory": 500,
}

#: where run data have each of them
_SOURCES = {
    "leak_lsb": "v_leak_lsb",
    "reset_lsb": "v_reset_lsb",
    "threshold_lsb": "v_threshold_lsb",
    "tau_mem_us": "tau_mem_us",
    "tau_syn_excitatory_us": "tau_syn_exc_us",
    "tau_syn_inhibitory_us": "tau_syn_inh_us",
    "refractory_us": "refractory_us",
    "bias_excitatory": "synaptic_bias_exc",
    "bias_inhibitory": "synaptic_bias_inh",
}


def calibration_targets(data: RunData) -> Arrays:
    """Return the targets of all circuits of a chip, shape (circuits,) each, and ``used``: which the program places."""
    limits = brainscales2_description.limits
    circuits = int((limits["hemispheres"].high or 0) * (limits["columns"].high or 0))
    targets: Arrays = {name: np.full(circuits, value, dtype=np.float64) for name, value in DEFAULTS.items()}
    targets["used"] = np.zeros(circuits, dtype=np.uint8)
    for population in data.populations:
        key = f"neurons.{population.name}"
        sites = data.arrays[f"{key}.site"]
        targets["used"][sites] = 1
        for name, source in _SOURCES.items():
            targets[name][sites] = data.arrays[f"{key}.{source}"]
    for name in DEFAULTS:
        if not name.endswith("_us"):
            targets[name] = _whole(targets[name])
    return targets


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.rint(values), dtype=np.int64)


def render_calibration(data: RunData, sensors: Mapping[str, float]) -> str:
    """Return the file that calibrates a chip for a program; equal arguments give equal bytes.

    Parameters
    ----------
    sensors
        ``amplitude_lsb`` and ``time_constant_us`` of the correlation sensors.
    """
    parts = {
        "PROGRAM": f"PROGRAM_HASH = {literal(data.program_hash)}",
        "SENSORS": f"AMPLITUDE_LSB = {float(sensors['amplitude_lsb'])!r}\n"
        f"TIME_CONSTANT_US = {float(sensors['time_constant_us'])!r}",
        "TARGETS": "PACKED: dict[str, tuple[str, tuple[str, ...] | str]] = " + embed(calibration_targets(data)),
    }
    return render("calibrate", **parts)
