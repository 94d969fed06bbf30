"""What a test wants the stand-ins to do: a JSON file that the environment variable SAL_HW_FAKE_HXTORCH names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SCRIPT: dict[str, Any] = json.loads(Path(os.environ["SAL_HW_FAKE_HXTORCH"]).read_text(encoding="utf-8"))

#: what was asked of the stand-ins; written to the file that the script names when the run ends
LOG: dict[str, Any] = {}


def fault(name: str) -> Any:
    """Return the setting of a fault; None if it is not wanted."""
    return SCRIPT.get("faults", {}).get(name)


def write_log() -> None:
    """Write what was asked."""
    if "log" in SCRIPT:
        Path(SCRIPT["log"]).write_text(json.dumps(LOG), encoding="utf-8")
