"""The package ``nir``: looked for, and used to write and read files; nothing else imports it."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sal_hw.errors import DeviceError, InputError, Problem, quote_path
from sal_hw.nir_exchange.trial import MAX_VALUES, try_reading
from sal_hw.storage.files import sha256, write_atomic
from sal_hw.storage.reading import BROKEN, read_regular

#: bytes of a file that are read
MAX_BYTES = 2**31


def load_nir() -> Any:
    """Import the package.

    Raises
    ------
    DeviceError
        E820 if it is not installed.
    """
    try:
        return importlib.import_module("nir")
    except ImportError as error:
        problem = Problem(
            code="E820",
            field="nir",
            allowed="the package nir, which cannot be found in this Python environment",
            hint="pip install 'sal-hw[nir]'",
        )
        raise DeviceError(problem) from error


def write_graph(path: Path, nodes: Mapping[str, Any], edges: list[tuple[str, str]], metadata: Mapping[str, str]) -> str:
    """Write a graph, the whole file or nothing, and return the sha256 of its bytes."""
    nir = load_nir()
    # types are not inferred: that needs an Input node, and an autonomous network has none
    graph = nir.NIRGraph(nodes=dict(nodes), edges=edges, metadata=dict(metadata), type_check=False)
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    write_atomic(path, buffer.getvalue())
    return sha256(buffer.getvalue())


def read_graph(path: Path) -> Any:
    """Read a graph.

    Raises
    ------
    InputError
        E411 if it cannot be read, is not a graph, or is too large.
    """
    nir = load_nir()
    try:
        # what has been looked through is what is read: the file itself may change in between
        data = read_regular(path, limit=MAX_BYTES)
        try_reading(data)
        graph = nir.read(io.BytesIO(data), type_check=False)
    except (AssertionError, *BROKEN) as error:
        raise InputError(_unreadable(path, str(error) or type(error).__name__)) from error
    if not isinstance(graph, nir.NIRGraph):
        raise InputError(_unreadable(path, f"it holds a single node of type {type(graph).__name__}"))
    return graph


def _unreadable(path: Path, reason: str) -> Problem:
    return Problem(
        code="E411",
        field="file",
        value=quote_path(path),
        allowed=f"a NIR file with a graph of at most {MAX_VALUES} numbers; {reason[:200]}",
        hint="write it with nir.write",
    )
