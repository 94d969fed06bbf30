"""What layers hand on (hxtorch, src/pyhxtorch/hxtorch/spiking/handle.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Handle:
    """A place for results, which are filled in after a run."""

    def clone(self, handle: Handle) -> None:
        """Take the data of another handle of the same kind."""
        if type(handle) is not type(self):
            raise TypeError("another kind of handle")
        vars(self).update(vars(handle))


@dataclass(eq=False)
class LIFObservables(Handle):
    """Of neurons and inputs."""

    current: Any = None
    membrane_cadc: Any = None
    membrane_madc: Any = None
    spikes: Any = None


@dataclass(eq=False)
class SynapseHandle(Handle):
    """Of synapses."""

    graded_spikes: Any = None
