"""Containers, settings and programs of haldls, with the ranges that they check, and the connection."""

import enum
import sys
import types

from stand_ins.base import LOG, SETUP, Auto
from stand_ins.coordinates import AtomicNeuronOnDLS, LogicalNeuronCompartments, ranged


class Members:
    """A container with sub-containers, like lola.AtomicNeuron."""

    def __init__(self, **members):
        self.__dict__.update(members)


class _Source(enum.IntEnum):
    membrane = 0
    exc_synin = 1
    inh_synin = 2
    adaptation = 3


class _Analog(enum.IntEnum):
    normal = 0
    off = 1


class _EventRouting:
    AnalogOutputMode = _Analog

    def __init__(self):
        self.analog_output, self.enable_digital, self.address = _Analog.off, False, 0


class _Readout:
    Source = _Source

    def __init__(self):
        self.source, self.enable_amplifier, self.enable_buffered_access, self.i_bias = _Source.membrane, False, False, 0


class AtomicNeuron:
    Readout, EventRouting = _Readout, _EventRouting

    def __init__(self):
        self.leak = Members(v_leak=500, i_bias=300, enable_division=False, enable_multiplication=False)
        self.threshold = Members(v_threshold=600, enable=True)
        self.readout = _Readout()
        self.event_routing = _EventRouting()
        self.membrane_capacitance = Members(capacitance=63)
        self.exponential = Members(enable=False, v_exp=0, i_bias=0)
        self.adaptation = Members(enable=False, i_bias_a=0)


def _channels():
    return [Members(enable_connect_neuron=True) for _ in range(256)]


class Chip:
    def __init__(self):
        self.neuron_block = types.SimpleNamespace(
            atomic_neurons={AtomicNeuronOnDLS(i): AtomicNeuron() for i in range(512)}, backends=[Members(), Members()]
        )
        self.cadc_readout_chains = [
            Members(channels_causal=_channels(), channels_acausal=_channels()) for _ in range(2)
        ]


class DRAMBlock:
    def __init__(self, size):
        self._size, self._bytes = int(size), None

    def size(self):
        return self._size

    def get_subblock(self, begin, length):
        if not isinstance(begin, int) or not isinstance(
            length, sys.modules["dlens_vx_v3.halco"].ExternalPPUDRAMMemoryBlockSize
        ):
            raise TypeError("get_subblock(): incompatible function arguments")
        found = DRAMBlock(length)
        found.bytes = self._bytes[begin : begin + length]
        return found

    @property
    def bytes(self):
        return self._bytes

    @bytes.setter
    def bytes(self, value):
        if len(value) != self._size:
            raise RuntimeError(f"Trying to set bytes of size {len(value)} in a block of size {self._size}")
        self._bytes = list(value)


class WordBlock:
    def __init__(self, size):
        self.size, self._words = int(size), None

    @property
    def words(self):
        return self._words

    @words.setter
    def words(self, value):
        if len(value) != self.size:
            raise RuntimeError("size mismatch of words")
        self._words = list(value)


def setup_lola(m):
    m.AtomicNeuron, m.Chip, m.ExternalPPUDRAMMemoryBlock = AtomicNeuron, Chip, DRAMBlock

    class Morphology:
        def create_compartment(self, neurons):
            self.neurons = neurons

        def done(self):
            shape = LogicalNeuronCompartments({0: [0]})
            ln = types.SimpleNamespace(collapse_neuron=lambda: {0: [Members(multicompartment=Members())]})
            return shape, ln

    m.Morphology = Morphology


class _Word:
    Value = ranged("PPUMemoryWord.Value", 2**32 - 1)

    def __init__(self, value=0):
        self.value = value


class _Byte:
    Value = ranged("ExternalPPUDRAMMemoryByte.Value", 255)

    def __init__(self, value=0):
        self.value = value


def setup_hal(m):
    timer = ranged("Timer.Value", 2**32 - 1)
    timer.fpga_clock_cycles_per_us = timer(125)
    m.Timer = types.SimpleNamespace(Value=timer)
    m.PPUMemoryBlock, m.PPUMemoryWord, m.ExternalPPUDRAMMemoryByte = WordBlock, _Word, _Byte
    background = type("BackgroundSpikeSource", (), {})
    background.Rate = ranged("Rate", 255)
    background.Period = ranged("Period", 65535)
    background.Seed = ranged("Seed", 2**32 - 1)
    m.BackgroundSpikeSource = background
    m.CapMemCell = types.SimpleNamespace(Value=ranged("CapMemCell.Value", 1023))


class DumperDone:
    def __init__(self):
        self.values = []


def setup_sta(m):
    m.DumperDone = DumperDone
    m.from_portablebinary = lambda dumper, data: LOG.append(("sta.from_portablebinary", (dumper, len(data)), {}))
    m.convert_to_chip = lambda dumper, base=None: Chip()

    class PlaybackProgramBuilder:
        def __getattr__(self, n):
            return lambda *a, **k: LOG.append((f"PlaybackProgramBuilder.{n}", a, k))

    m.PlaybackProgramBuilder = PlaybackProgramBuilder
    m.AbsoluteTimePlaybackProgramBuilder = type("AbsoluteTimePlaybackProgramBuilder", (PlaybackProgramBuilder,), {})
    m.convert_to_builder = lambda dumper: PlaybackProgramBuilder()
    freq = types.SimpleNamespace(calculate_output_frequency=lambda *a: 250e6)

    class ChipInit:
        def __init__(self, *a):
            self.adplls = {0: freq}
            out = types.SimpleNamespace(select_adpll=0, select_adpll_output=0)
            self.pll_clock_output_block = types.SimpleNamespace(get_clock_output=lambda c: out)

    m.ChipInit = ChipInit


class Connection:
    """A connection to one chip."""

    def get_unique_identifier(self):
        return ["hxcube7fpga3chip59_1"]

    def get_hwdb_entry(self):
        return [Auto("hwdb_entry")]

    def __len__(self):
        return 1


def setup_hxcomm(m):
    class ManagedConnection:
        def __enter__(self):
            return Connection()

        def __exit__(self, *a):
            return False

    m.ManagedConnection = ManagedConnection
    m.ZeroMockEntry = type("ZeroMockEntry", (), {})


def setup_log(m):
    class Logger(Auto):
        def __call__(self, *a, **k):
            return None

    m.get = lambda *a: Auto("log")
    m.get_root = lambda: types.SimpleNamespace(get_number_of_appenders=lambda: 1)


SETUP |= {
    "dlens_vx_v3.lola": setup_lola,
    "dlens_vx_v3.hal": setup_hal,
    "dlens_vx_v3.sta": setup_sta,
    "dlens_vx_v3.hxcomm": setup_hxcomm,
    "dlens_vx_v3.logger": setup_log,
    "pylogging": setup_log,
}
