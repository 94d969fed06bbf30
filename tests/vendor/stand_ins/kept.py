"""What kernels leave in the FPGA's memory, by what their text declares: times of updates, and 5 everywhere else."""

import math
import re

from stand_ins.chip import DRAMBlock, _Byte

WEIGHT = 5

_DECLARED = re.compile(r"^volatile uint(?:8|32)_t (\w+)((?:\[\d+\])+)\n[^;]*ext_dram[^;]*;", re.MULTILINE)


def declared(kernel):
    """Yield names and shapes of a kernel's arrays in external memory."""
    for name, sizes in _DECLARED.findall(kernel):
        yield name, tuple(map(int, re.findall(r"\d+", sizes)))


def kept(name, shape, begins):
    """Return what a kernel left: times of updates, or weights everywhere."""
    content = bytes([WEIGHT]) * math.prod(shape)
    if name.endswith("_times"):
        content = b"".join(each.to_bytes(4, "big") for each in begins) * 2
    block = DRAMBlock(len(content))
    block.bytes = [_Byte(each) for each in content]
    return block


def updates_of(kernel, timer):
    """Return how many calls of a kernel are updates, and what it left, by name.

    Calls before a kernel learns are none, of which its text says how many there are, nor is the one after the run.
    """
    lead = int(*re.findall(r"if \(sal_calls < (\d+)\)", kernel) or [0])
    updates = timer.num_periods - lead - 1
    begins = [int(timer.start + (lead + k) * timer.period) // 2 for k in range(updates)]
    return updates, {name: kept(name, shape, begins) for name, shape in declared(kernel)}
