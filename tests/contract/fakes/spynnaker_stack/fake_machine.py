"""A machine that replays a run: what a test wants of it, what it was told, and how far it has run.

The environment variable SAL_HW_FAKE_SPINNAKER names a folder with ``script.json`` and ``script.npz``. What was asked is
written to ``log.json`` of that folder when the network ends.
"""

from __future__ import annotations

import configparser
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(os.environ["SAL_HW_FAKE_SPINNAKER"])
SCRIPT: dict[str, Any] = json.loads((FOLDER / "script.json").read_text(encoding="utf-8"))
with np.load(FOLDER / "script.npz") as archive:
    ARRAYS = {name: archive[name] for name in archive.files}

#: what was asked, in order
LOG: list[list[Any]] = []
#: lengths of the runs so far, ms
RUNS: list[float] = []


def configuration() -> configparser.RawConfigParser:
    """Return the configuration as sPyNNaker finds it: of the folder that is named first, or of the home."""
    places = [Path(os.environ["XDG_CONFIG_HOME"]), Path(os.environ["HOME"])]
    found = [place / ".spynnaker.cfg" for place in places if (place / ".spynnaker.cfg").is_file()]
    if len(found) != 1:
        raise RuntimeError(f"{len(found)} user configurations")
    read = configparser.RawConfigParser()
    read.read(found[0])
    return read


def write_log() -> None:
    """Write what was asked."""
    config = {section: dict(configuration()[section]) for section in configuration().sections()}
    seen = {"calls": LOG, "runs": RUNS, "configuration": config, "home": os.environ["HOME"]}
    (FOLDER / "log.json").write_text(json.dumps(seen), encoding="utf-8")
