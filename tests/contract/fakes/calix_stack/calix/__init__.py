"""Stands for calix (heads of mid 2026) as far as calibrate_sal.py uses it; accepts nothing but what is documented.

Sources: calix, src/py/calix/__init__.py, calib_cache.py (``calibrate``), hagen/neuron_dataclasses.py (the result).
``SAL_HW_FAKE_CALIX`` names a JSON file that takes what each call was given; ``SAL_HW_FAKE_CALIX_FAIL`` raises.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from dlens_vx_v3 import halco

from calix import spiking
from calix.common.base import StatefulConnection


class Result:
    """SpikingCalibResult: ``neuron_result`` with ``neurons`` and ``success_mask``, ``apply(builder)``."""

    def __init__(self, biases):
        self.neuron_result = SimpleNamespace(
            neurons={neuron: _settings(*biases[int(neuron)]) for neuron in halco.iter_all(halco.AtomicNeuronOnDLS)},
            success_mask=np.arange(512) != 3,
        )

    def apply(self, builder):
        builder.written.append("settings")

    def __reduce__(self):
        return (Result, ([[500, 500]] * 512,))


def _settings(excitatory, inhibitory):
    wrapped = [
        SimpleNamespace(i_bias_gm=SimpleNamespace(value=lambda each=each: each)) for each in (excitatory, inhibitory)
    ]
    return SimpleNamespace(excitatory_input=wrapped[0], inhibitory_input=wrapped[1])


# calib_cache.py: calibrate(target, options=None, cache_paths=None, cache_read_only=False, connection=None)
def calibrate(target, options=None, cache_paths=None, cache_read_only=False, connection=None):
    if "SAL_HW_FAKE_CALIX_FAIL" in os.environ:
        raise RuntimeError(os.environ["SAL_HW_FAKE_CALIX_FAIL"])
    if not isinstance(target, spiking.SpikingCalibTarget) or not isinstance(connection, StatefulConnection):
        raise TypeError("calibrate takes a target and a stateful connection")
    inputs = target.neuron_target.cuba_synin
    calls = Path(os.environ["SAL_HW_FAKE_CALIX"])
    known = json.loads(calls.read_text()) if calls.exists() else []
    sensors = target.correlation_target
    known.append(
        {
            "neurons": {name: each.values for name, each in vars(target.neuron_target).items() if name != "cuba_synin"},
            "inputs": type(inputs).__name__,
            "biases": inputs.i_synin_gm.values,
            "sensors": None if sensors is None else [sensors.amplitude, sensors.time_constant],
            "branches": options.correlation_options.branches,
            "cache_paths": cache_paths,
        }
    )
    calls.write_text(json.dumps(known))
    # circuits differ: what one bias does in one of them takes another bias in the next
    given = inputs.i_synin_gm.values
    if type(inputs).__name__ == "CalibratedCubaSynapticInput":
        given = [[each + number % 5 for each in given] for number in range(512)]
    return Result(given)
