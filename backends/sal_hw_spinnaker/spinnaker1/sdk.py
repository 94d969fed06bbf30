"""sPyNNaker and what comes with it: looked for without importing it, and imported in a process of its own.

Everything that depends on its inner parts is here. The names are those of sPyNNaker, SpiNNFrontEndCommon and
SpiNNUtilities 1!7.4.1, each of which is pinned to the others' release.
"""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import DeviceError, Problem, quote_value

#: modules that are needed, outermost names only, since looking for inner ones imports the outer
MODULES = ("pyNN", "spynnaker", "spinn_front_end_common", "spinn_utilities")

#: labels of the regions of a core that hold its synapses (SynapticMatrices, PopulationMachineSynapses)
REGIONS = {
    "SynapseParams": "parameters",
    "PopTable": "table",
    "SynBlocks": "blocks",
    "synapseDynamicsParams": "dynamics",
}


def missing() -> tuple[str, ...]:
    """Return the modules that are needed and that this Python environment lacks."""
    return tuple(name for name in MODULES if not _installed(name))


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # ValueError: someone put a module without a specification into sys.modules
        return False


def require_software(command: str | None = None) -> None:
    """Check that sPyNNaker is installed, without importing it.

    Parameters
    ----------
    command
        Command that emulates instead.

    Raises
    ------
    DeviceError
        E830 with the command that installs it.
    """
    lacks = missing()
    if not lacks:
        return
    words = f"{', '.join(lacks)} cannot be found in this Python environment"
    hint = "pip install 'sal-hw[spinnaker]'"
    raise DeviceError(
        Problem(
            code="E830",
            field="target",
            value=quote_value("spinnaker1"),
            allowed=f"the SpiNNaker software sPyNNaker; {words}",
            hint=hint if command is None else f"{hint}, or emulate: {command}",
        )
    )


def load_simulator() -> Any:
    """Import PyNN's interface to SpiNNaker."""
    return importlib.import_module("pyNN.spiNNaker")


def software() -> str:
    """Return the name and release of the software."""
    try:
        return f"sPyNNaker {version('sPyNNaker')}"
    except PackageNotFoundError:
        return "sPyNNaker of an unknown release"


def is_virtual() -> bool:
    """Whether there is no machine: data of a virtual board is empty, which must not be taken for silence."""
    config = importlib.import_module("spinn_utilities.config_holder")
    return bool(config.get_config_bool("Machine", "virtual_board"))


def _view() -> Any:
    return importlib.import_module("spynnaker.pyNN.data").SpynnakerDataView


def machine_size() -> tuple[int, int]:
    """Return the width and height of the machine in chips."""
    machine = _view().get_machine()
    return int(machine.width), int(machine.height)


def placed() -> Iterator[tuple[str, int, int, tuple[int, int, int]]]:
    """Return what the network takes: label of its owner, first and last index, and (x, y, core); no system cores."""
    for placement in _view().iterate_placemements():
        owner = placement.vertex.app_vertex
        if owner is not None and not placement.vertex.label.startswith("SYSTEM:"):
            part = placement.vertex.vertex_slice
            location = (int(placement.x), int(placement.y), int(placement.p))
            yield str(owner.label), int(part.lo_atom), int(part.hi_atom), location


def keys() -> Iterator[tuple[str, int | None, int, int]]:
    """Return the keys: label of the owner, first index of one core or None for the whole owner, key and mask."""
    for info in _view().get_routing_infos():
        owner = getattr(info.vertex, "app_vertex", None)
        first = None if owner is None else int(info.vertex.vertex_slice.lo_atom)
        yield str((owner or info.vertex).label), first, int(info.key), int(info.mask)


def routes() -> Iterator[tuple[int, int, int, int, list[int], list[int]]]:
    """Return the entries of the routing tables: x, y, key, mask, cores of the chip, links to its neighbours."""
    for table in _view().get_uncompressed().routing_tables:
        for entry in table.multicast_routing_entries:
            places = sorted(map(int, entry.processor_ids)), sorted(map(int, entry.link_ids))
            yield int(table.x), int(table.y), int(entry.key), int(entry.mask), *places


def regions() -> tuple[dict[tuple[int, int, int], int], dict[str, NDArray[np.uint8]]]:
    """Return the memory of each core, bytes, and the data of its synapses, by ``REGION.X.Y.CORE``."""
    with closing(sqlite3.connect(_view().get_ds_database_path())) as database:
        sizes = database.execute("SELECT x, y, p, SUM(size) FROM region GROUP BY x, y, p").fetchall()
        rows = database.execute(
            "SELECT x, y, p, region_label, content FROM region WHERE content IS NOT NULL"
        ).fetchall()
    found = {
        f"{REGIONS[label]}.{x}.{y}.{core}": np.frombuffer(content, dtype=np.uint8)
        for x, y, core, label, content in rows
        if label in REGIONS
    }
    return {(x, y, core): int(size) for x, y, core, size in sizes}, found


def provenance() -> dict[str, int]:
    """Return what the cores counted in the last run, added up over cores, by the software's own descriptions."""
    reader = importlib.import_module("spinn_front_end_common.interface.provenance").ProvenanceReader
    with reader() as database:
        rows = database.run_query("SELECT description, SUM(the_value) FROM core_provenance GROUP BY description")
    return {str(description): int(total) for description, total in rows}
