"""The contract of :mod:`sal_hw.contracts.backend`, an idea a module."""

from __future__ import annotations

from sal_hw.testing.contract.checkpoints import CheckpointContract
from sal_hw.testing.contract.learning import LearningContract
from sal_hw.testing.contract.observing import ObservingContract
from sal_hw.testing.contract.parameters import ParameterContract
from sal_hw.testing.contract.records import RecordContract
from sal_hw.testing.contract.wake_sleep import WakeSleepContract

__all__ = ["BackendContract"]


class BackendContract(
    ParameterContract, LearningContract, ObservingContract, CheckpointContract, RecordContract, WakeSleepContract
):
    """What every backend keeps to, whatever machine is behind it.

    A subclass whose name begins with ``Test`` names a registered `target`. Its tests run on every backend of the target
    that is here: the machine's, where its vendor's software is installed, and the emulation's. The networks of the kit
    have at most 12 neurons and 72 synapses; those that need what the target has no capability for are skipped.

    Attributes
    ----------
    target
        Name of the target.
    """
