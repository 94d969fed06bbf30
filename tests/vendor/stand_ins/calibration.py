"""What calix has compiled: targets and options that take what its C++ takes, and a result without a chip.

calix's measurements are replaced, since they need a chip; everything before and after them is calix's own.
"""

import sys
import types

import numpy as np

from stand_ins.base import LOG, SETUP


def _checked(kind, low, high):
    def check(value):
        if type(value) is not kind or not low <= value <= high:
            raise TypeError(f"{value!r} is no {kind.__name__} from {low} to {high}")

    return check


#: what targets take: readings of converters, times in seconds, settings of the capacitive memory
_CODE, _TIME, _BIAS = _checked(int, 0, 255), _checked(float, 0.0, 1.0), _checked(int, 0, 1022)


class Table(dict):
    """Values by coordinate, which exist from the beginning."""

    def __init__(self, make, check):
        self.make, self.check = make, check

    def __missing__(self, key):
        super().__setitem__(key, self.make())
        return self[key]

    def __setitem__(self, key, value):
        self.check(value)
        super().__setitem__(key, value)


def _per_receptor(check):
    def refuse(value):
        raise TypeError("values are by neuron, then by receptor")

    return Table(lambda: Table(int, check), refuse)


class Calibrated:
    __slots__ = ("i_synin_gm",)

    def __init__(self):
        self.i_synin_gm = Table(int, _BIAS)


class Uncalibrated:
    __slots__ = ("i_synin_gm",)

    def __init__(self):
        self.i_synin_gm = _per_receptor(_BIAS)


class NeuronCalibTarget:
    __slots__ = (
        *("leak", "reset", "threshold", "tau_mem", "tau_syn", "refractory_time", "holdoff_time"),
        *("cuba_synin", "coba_synin", "synapse_dac_bias", "membrane_capacitance", "tau_icc"),
    )
    CalibratedCubaSynapticInput, UncalibratedCubaSynapticInput = Calibrated, Uncalibrated
    CalibratedMatchingCubaSynapticInput = type("CalibratedMatchingCubaSynapticInput", (), {})

    def __init__(self):
        self.leak, self.reset, self.threshold = (Table(int, _CODE) for _ in range(3))
        self.tau_mem, self.refractory_time = Table(float, _TIME), Table(float, _TIME)
        self.tau_syn = _per_receptor(_TIME)


class CorrelationCalibTarget:
    __slots__ = ("amplitude", "time_constant")


class CorrelationCalibOptions:
    Branches = types.SimpleNamespace(CAUSAL=0, ACAUSAL=1, BOTH=2)

    def __init__(self):
        self.branches = None


class SpikingCalibTarget:
    def __init__(self):
        self.neuron_target, self.correlation_target = NeuronCalibTarget(), None

    def __reduce__(self):
        return (type(self), ())


class SpikingCalibOptions:
    def __init__(self):
        self.correlation_options = CorrelationCalibOptions()


def compiled(m):
    for each in (
        *(NeuronCalibTarget, CorrelationCalibTarget, CorrelationCalibOptions),
        *(SpikingCalibTarget, SpikingCalibOptions),
    ):
        setattr(m, each.__name__, each)


class Dumper:
    """A builder that keeps what is written."""

    def write(self, *arguments):
        LOG.append(("write", arguments, {}))

    def done(self):
        return self


def measured(connection, target=None, options=None):
    """Return a calibration in which all circuits work and have one bias; takes the place of calix's measurements."""
    halco, calix = sys.modules["dlens_vx_v3.halco"], sys.modules["calix.spiking"]
    assert options.correlation_options.branches == CorrelationCalibOptions.Branches.BOTH
    assert 0.2 <= target.correlation_target.amplitude <= 2.0, "calix warns of other amplitudes, in LSB per pair"
    assert 2e-6 <= target.correlation_target.time_constant <= 30e-6, "calix warns of other time constants, in seconds"
    LOG.append(("calix.spiking.calibrate", (type(target.neuron_target.cuba_synin).__name__,), {}))
    bias = types.SimpleNamespace(i_bias_gm=types.SimpleNamespace(value=lambda: 480))
    neuron = types.SimpleNamespace(excitatory_input=bias, inhibitory_input=bias)
    circuits = [*halco.iter_all(halco.AtomicNeuronOnDLS)]
    parts = [Part() for _ in range(4)]
    parts[1].neurons, parts[1].success_mask = dict.fromkeys(circuits, neuron), np.ones(len(circuits), dtype=bool)
    names = ("cadc_result", "neuron_result", "stp_result", "correlation_result")
    return calix.SpikingCalibResult(target, options, **dict(zip(names, parts, strict=True)))


class Part:
    """A part of a calibration; calix's own apply settings to a builder in the same way."""

    def apply(self, builder):
        builder.write("coordinate", "container")

    def __reduce__(self):
        return (Part, ())


def without_a_chip():
    """Replace calix's measurements, and what writes settings; to be called before a calibration script runs."""
    import calix.spiking

    sta = sys.modules["dlens_vx_v3.sta"]
    calix.spiking.calibrate = measured
    sta.generate = lambda generator: (sta.PlaybackProgramBuilder(), None)
    sta.PlaybackProgramBuilderDumper = Dumper
    sta.to_portablebinary, sta.to_json = lambda dumper: b"settings", lambda dumper: "{}"


SETUP["pyccalix"] = compiled
