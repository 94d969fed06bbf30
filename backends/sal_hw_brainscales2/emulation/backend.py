"""Emulated BrainScaleS-2 chips as a backend: they are drawn, they drift, and they run programs compiled for a chip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.instrument import Instrument
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.emulation.model import ChipModel, draw_chip, nominal_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.backend import EmulatorBackend


class EmulatedChipBackend(EmulatorBackend):
    """Runs programs for a chip in software, on a chip with known deviations."""

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Load a program onto the request's chip; None is a nominal one."""
        if not isinstance(program.part, ChipProgram):
            return super().open(program, request)
        from sal_hw_brainscales2.emulation.membranes import reader_of
        from sal_hw_brainscales2.emulation.weights import ChipWeights
        from sal_hw_emulator.lif_session import LifSession

        model = ChipModel.from_snapshot(request.chip)
        weights, reader = ChipWeights(program, model, request.seed), reader_of(program, model)
        return LifSession(
            program,
            weights,
            seed=request.seed,
            threads=request.threads,
            recorder=request.recorder,
            read_potentials=reader,
        )

    def add_activations(self, program: CompiledProgram, chip: CalibrationSnapshot) -> CalibrationSnapshot:
        """Return a chip's truth with the activation functions of a program's circuits, from long runs of each alone."""
        from sal_hw_brainscales2.emulation.activation import add_activations

        return add_activations(program, chip)

    def draw_chip(self, seed: int, *, spreads: Mapping[str, float]) -> CalibrationSnapshot:
        """Return the truth of a synthetic BrainScaleS-2 chip; see :class:`sal_hw.contracts.backend.ChipSource`."""
        return draw_chip(seed, spreads=load_spreads().with_overrides(spreads))

    def drift_chip(
        self, chip: CalibrationSnapshot, drifts: Mapping[str, float], *, seed: int, taken_at: str
    ) -> CalibrationSnapshot:
        """Return the truth about a synthetic chip at a later time; see :class:`sal_hw.contracts.backend.ChipSource`."""
        from sal_hw_brainscales2.emulation.drift import drifted

        # the values are drifts and no spreads, but absurd ones and unknown names are the same
        spreads = load_spreads().with_overrides(drifts)
        return drifted(chip, spreads, drifts, seed=seed, taken_at=taken_at)

    def open_instrument(
        self, *, chip: CalibrationSnapshot | None = None, synthetic_time: str | None = None, work: Path | None = None
    ) -> Instrument:
        """Return an emulated chip on the bench; a nominal one for None."""
        from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument

        del work
        return EmulatedInstrument(chip or nominal_chip(), synthetic_time=synthetic_time)
