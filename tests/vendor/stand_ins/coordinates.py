"""Coordinates of halco, with the ranges that they check."""

from stand_ins.base import SETUP, Auto


class Ranged(int):
    """A ranged integer type of halco/haldls: construction checks type and range as pybind11 does."""

    min, max = 0, 2**63 - 1

    def __new__(cls, v=0, *rest):
        if isinstance(v, Auto):
            v = 0
        if rest:
            return int.__new__(cls, 0)
        if isinstance(v, float) or (hasattr(v, "dtype") and v.dtype.kind == "f"):
            raise TypeError(f"{cls.__name__}({v!r}): incompatible constructor arguments (float)")
        if not cls.min <= int(v) <= cls.max:
            raise OverflowError(f"{cls.__name__}({v}): range is {cls.min}..{cls.max}")
        return int.__new__(cls, v)

    def value(self):
        return int(self)

    def toEnum(self):
        return self


def ranged(name, high=2**32 - 1, low=0, **extra):
    return type(name, (Ranged,), {"min": low, "max": high, "size": high - low + 1, **extra})


class AtomicNeuronOnDLS(Ranged):
    min, max, size = 0, 511, 512
    enum_type = int

    def toNeuronRowOnDLS(self):
        return self // 256


class LogicalNeuronOnDLS:
    def __init__(self, shape, anchor):
        self.shape, self.anchor = shape, anchor

    def get_atomic_neurons(self):
        return [AtomicNeuronOnDLS(int(self.anchor))]

    def get_placed_compartments(self):
        return {0: self.get_atomic_neurons()}


class LogicalNeuronCompartments:
    def __init__(self, mapping=None):
        self.mapping = mapping or {0: [0]}

    def get_compartments(self):
        return self.mapping


def setup_halco(m):
    m.AtomicNeuronOnDLS = AtomicNeuronOnDLS
    m.LogicalNeuronOnDLS = LogicalNeuronOnDLS
    m.LogicalNeuronCompartments = LogicalNeuronCompartments
    m.CompartmentOnLogicalNeuron = ranged("CompartmentOnLogicalNeuron", 511)
    m.AtomicNeuronOnLogicalNeuron = ranged("AtomicNeuronOnLogicalNeuron", 511)
    m.PADIBusOnPADIBusBlock = ranged("PADIBusOnPADIBusBlock", 3)
    m.PPUMemoryBlockSize = ranged("PPUMemoryBlockSize", 4096, 1)
    m.ExternalPPUDRAMMemoryBlockSize = ranged("ExternalPPUDRAMMemoryBlockSize", 2**28, 1)
    m.CrossbarInputOnDLS = ranged("CrossbarInputOnDLS", 19)
    m.PhyStatusOnFPGA = ranged("PhyStatusOnFPGA", 7)
    for name, size in {
        "NeuronConfigOnDLS": 512,
        "SynapseOnSynapseRow": 256,
        "SynapseRowOnSynram": 256,
        "EntryOnQuad": 4,
        "SynapseQuadColumnOnDLS": 64,
        "NeuronColumnOnDLS": 256,
        "NeuronRowOnDLS": 2,
        "SynramOnDLS": 2,
        "CapMemBlockOnDLS": 4,
        "CADCChannelColumnOnSynram": 256,
        "SynapseDriverOnDLS": 256,
        "SynapseDriverOnSynapseDriverBlock": 128,
        "SynapseDriverBlockOnDLS": 2,
        "PPUOnDLS": 2,
        "ColumnCurrentQuadOnDLS": 128,
        "CADCOnDLS": 2,
        "AtomicNeuronOnNeuronBlock": 512,
        "NeuronConfigBlockOnDLS": 4,
        "CADCChannelType": 2,
        "CADCChannelConfigOnDLS": 1024,
        "NeuronConfigOnNeuronConfigBlock": 128,
        "NeuronLabel": 1024,
        "SynapseRowOnSynapseDriver": 2,
        "SynapseBlockColumnOnDLS": 64,
        "SynapseDriverOnPADIBus": 32,
        "PADIBusOnDLS": 8,
        "CorrelationSwitchQuadColumnOnDLS": 64,
    }.items():
        setattr(m, name, ranged(name, size - 1))
    m.SynapticInputOnNeuron = type("SynapticInputOnNeuron", (), {"size": 2, "excitatory": 0, "inhibitory": 1})

    class HemisphereOnDLS(Ranged):
        min, max, size = 0, 1, 2

    HemisphereOnDLS.top, HemisphereOnDLS.bottom = HemisphereOnDLS(0), HemisphereOnDLS(1)
    m.HemisphereOnDLS = HemisphereOnDLS
    m.iter_all = lambda t: (t(i) for i in range(t.min, t.max + 1))

    class SynapseOnDLS:
        def __init__(self, half, row, column):
            self.p = half, row, column

        def toSynramOnDLS(self):
            return self.p[0]

        def toSynapseOnSynram(self):
            return self

        def toSynapseRowOnSynram(self):
            return self.p[1]

        def toSynapseOnSynapseRow(self):
            return self.p[2]

    m.SynapseOnDLS = SynapseOnDLS


SETUP["dlens_vx_v3.halco"] = setup_halco
