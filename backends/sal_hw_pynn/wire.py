"""Messages between a session and its simulator's process: a JSON document and arrays in one ``.npz``, no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.files import npz_bytes
from sal_hw.storage.reading import read_npz

Arrays = dict[str, NDArray[Any]]

#: name of the JSON document among the arrays
_DOCUMENT = "$document"


def send(connection: Connection, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Send one message."""
    text = np.frombuffer(json.dumps(document, sort_keys=True, allow_nan=False).encode(), dtype=np.uint8)
    connection.send_bytes(npz_bytes({**(arrays or {}), _DOCUMENT: text}))


def receive(connection: Connection) -> tuple[dict[str, Any], Arrays]:
    """Wait for one message.

    Raises
    ------
    EOFError
        If the other side is gone.
    """
    arrays = read_npz(connection.recv_bytes())
    document: dict[str, Any] = json.loads(arrays.pop(_DOCUMENT).tobytes())
    return document, arrays
