"""halco, hicann-dls/vx/neuron.h and common/iter_all.h: coordinates and their order."""


class _Coordinate(int):
    """A coordinate by its enumeration."""


class AtomicNeuronOnDLS(_Coordinate):
    size = 512


class SynapticInputOnNeuron(_Coordinate):
    size = 2


SynapticInputOnNeuron.excitatory = SynapticInputOnNeuron(0)
SynapticInputOnNeuron.inhibitory = SynapticInputOnNeuron(1)


def iter_all(coordinate):
    return (coordinate(number) for number in range(coordinate.size))
