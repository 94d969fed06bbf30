"""One row of synapses through a kernel's machine code."""

from sal_hw_emulator.engines.lif.kernel_code import call_kernel
from sal_hw_emulator.engines.sampling.compiled import compiled


@compiled
def run_row(address, columns, causal, anticausal, stored, strength, weight, constants, random):
    call_kernel(
        address,
        columns,
        constants.shape[1],
        random.shape[1],
        causal.ctypes.data,
        anticausal.ctypes.data,
        stored.ctypes.data,
        strength.ctypes.data,
        weight.ctypes.data,
        constants.ctypes.data,
        random.ctypes.data,
    )
