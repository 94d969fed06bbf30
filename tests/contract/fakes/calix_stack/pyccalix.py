"""Typed targets (calix, include/ccalix/{neuron,correlation,spiking}_calib_target.h and ..._options.h).

Arrays take one number per coordinate, times in seconds as plain numbers (calix, tests/sw/py/test_types.py), and no
attribute may be set that the C++ classes do not have.
"""

from __future__ import annotations

from dlens_vx_v3 import halco


class _PerCoordinate:
    """halco::common::typed_array: indexed by coordinates."""

    def __init__(self, coordinate, value, kind):
        self.coordinate, self.kind = coordinate, kind
        self.values = [value] * len(list(halco.iter_all(coordinate)))

    def __setitem__(self, coordinate, value):
        if type(coordinate) is not self.coordinate or type(value) is not self.kind:
            raise TypeError("incompatible function arguments")
        self.values[int(coordinate)] = value


class _PerInput:
    """An array per neuron of an array per synaptic input."""

    def __init__(self, value, kind):
        self.parts = [_PerCoordinate(halco.SynapticInputOnNeuron, value, kind) for _ in range(512)]

    def __getitem__(self, coordinate):
        if type(coordinate) is not halco.AtomicNeuronOnDLS:
            raise TypeError("incompatible function arguments")
        return self.parts[int(coordinate)]

    @property
    def values(self):
        return [part.values for part in self.parts]


class _Fixed:
    """No other attributes than those that there are."""

    def __setattr__(self, name, value):
        if getattr(self, "_closed", False) and name not in vars(self):
            raise AttributeError(name)
        object.__setattr__(self, name, value)


class _CalibratedCubaSynapticInput(_Fixed):
    def __init__(self):
        self.i_synin_gm = _PerCoordinate(halco.SynapticInputOnNeuron, 500, int)


class _UncalibratedCubaSynapticInput(_Fixed):
    def __init__(self):
        self.i_synin_gm = _PerInput(500, int)


_CalibratedCubaSynapticInput.__name__ = "CalibratedCubaSynapticInput"
_UncalibratedCubaSynapticInput.__name__ = "UncalibratedCubaSynapticInput"


class NeuronCalibTarget(_Fixed):
    CalibratedCubaSynapticInput = _CalibratedCubaSynapticInput
    UncalibratedCubaSynapticInput = _UncalibratedCubaSynapticInput

    def __init__(self):
        for name, value in (("leak", 80), ("reset", 70), ("threshold", 125)):
            setattr(self, name, _PerCoordinate(halco.AtomicNeuronOnDLS, value, int))
        for name, value in (("tau_mem", 10e-6), ("refractory_time", 2e-6)):
            setattr(self, name, _PerCoordinate(halco.AtomicNeuronOnDLS, value, float))
        self.tau_syn = _PerInput(10e-6, float)
        self.cuba_synin = None
        object.__setattr__(self, "_closed", True)

    def __getattribute__(self, name):
        if name == "__dict__":
            return {key: value for key, value in object.__getattribute__(self, name).items() if key != "_closed"}
        return object.__getattribute__(self, name)


class CorrelationCalibTarget(_Fixed):
    def __init__(self):
        self.amplitude, self.time_constant = 0.5, 5e-6
        self._closed = True


class CorrelationCalibOptions(_Fixed):
    class Branches:
        CAUSAL, ACAUSAL, BOTH = "CAUSAL", "ACAUSAL", "BOTH"

    def __init__(self):
        self.branches = self.Branches.BOTH
        self._closed = True


class SpikingCalibTarget(_Fixed):
    def __init__(self):
        self.neuron_target, self.correlation_target = NeuronCalibTarget(), None
        self._closed = True


class SpikingCalibOptions(_Fixed):
    def __init__(self):
        self.correlation_options = CorrelationCalibOptions()
        self._closed = True
