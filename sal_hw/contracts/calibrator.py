"""The protocol between the command line and the package that calibrates chips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.instrument import Instrument
from sal_hw.target.snapshot import CalibrationSnapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class StageReport:
    """How a stage of a campaign went.

    Attributes
    ----------
    kept
        Whether its result was there already.
    seconds, machine_s
        Wall-clock time, and model time that the chip ran for.
    notes
        What its user should know.
    """

    name: str
    kept: bool
    seconds: float
    machine_s: float
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FinishedCampaign:
    """What a campaign has measured, and how its stages went."""

    snapshot: CalibrationSnapshot
    stages: tuple[StageReport, ...]


def _no_progress(stage: str, done: float, total: float) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CampaignOptions:
    """How a campaign is run.

    Attributes
    ----------
    seed
        Seed of the whole campaign.
    stages
        Names of stages to do, with those they need; None means all.
    neurons
        Circuits to measure, in increasing order; None means all.
    resume
        Whether to go on with a campaign that was begun.
    threads
        Threads for fits; the result does not depend on it.
    progress
        Called with the stage, and the shares of the campaign that are done and that there are.
    parent
        Snapshot that this one continues.
    given
        Tables that are taken as known instead of being measured; only the named stages are done then, without those
        that they need.
    """

    seed: int = 0
    stages: tuple[str, ...] | None = None
    neurons: NDArray[np.int64] | None = None
    resume: bool = False
    threads: int = 1
    progress: Callable[[str, float, float], None] = _no_progress
    parent: CalibrationSnapshot | None = None
    given: CalibrationSnapshot | None = None


class Calibrator(Protocol):
    """Measures chips; found through the entry-point group ``sal_hw.calibrators``."""

    def stages(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """Return name, needed stages and meaning of every stage."""

    def calibrate(self, instrument: Instrument, folder: Path, options: CampaignOptions) -> FinishedCampaign:
        """Measure a chip; results of stages are kept in `folder`."""

    def keep(self, path: Path, snapshot: CalibrationSnapshot, *, force: bool) -> None:
        """Write the snapshot so that at every moment the previous one, none, or the new one stands at `path`."""

    def remove(self, folder: Path) -> bool:
        """Delete what :meth:`calibrate` has kept; and return whether the folder is gone: what is of others stays."""

    def compare(
        self, found: CalibrationSnapshot, truth: CalibrationSnapshot, reference: Instrument, *, threads: int = 1
    ) -> Mapping[str, Any]:
        """Return how well a calibration has found the truth about a synthetic chip.

        Parameters
        ----------
        reference
            The same chip, whose potentials are the same in every setting.

        Returns
        -------
        Mapping
            JSON data: ``tables`` (one entry per criterion), ``broken``, and ``passed``.
        """
