"""Kernels and schedules of a chip's program, loaded into the LIF engine."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.kernel.ir import Kernel
from sal_hw_brainscales2.program import ChipProgram, PlacedKernel
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import KernelModel, ProcessorModel, StartModel


def kernel_pair(placed: PlacedKernel) -> Iterator[KernelModel]:
    """Yield the kernels of both polarities; a missing one is never run, so the other stands in its place."""
    for kernel, other in ((placed.excitatory, placed.inhibitory), (placed.inhibitory, placed.excitatory)):
        used = kernel or other
        if used is None:
            raise TypeError(f"{placed.rule} has no kernel")
        steps, order = steps_of(used)
        yield KernelModel(steps=steps, draws=used.random_draws, start=_start(used, order, placed.lead_calls))


def _start(kernel: Kernel, order: tuple[str, ...], lead_calls: int) -> StartModel | None:
    """Return what a kernel does before its first update."""
    if not lead_calls:
        return None
    given = kernel.given_constants
    return StartModel(
        reads=kernel.baseline_reads,
        places={name: place for place, name in enumerate(order) if name not in given},
        balance=order.index("balance") if "balance" in order else None,
    )


def processors(chip: ChipProgram, kernels: tuple[PlacedKernel, ...], step_us: float) -> list[ProcessorModel]:
    """Return the schedule of each hemisphere's processor; none where nothing learns."""
    if not kernels:
        return []
    row_time = max(placed.row_time_us for placed in kernels)
    schedule = ProcessorModel(
        start=max(0.0, min(placed.start_us for placed in kernels)) / step_us,
        period=kernels[0].period_us / step_us,
        row_time=row_time / step_us,
    )
    return [schedule] * chip.hemispheres
