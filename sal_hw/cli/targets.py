"""``sal-hw targets``."""

from __future__ import annotations

from typing import Any

from sal_hw.cli.console import show, show_json, show_table
from sal_hw.cli.options import AsJson, Debug


def targets(as_json: AsJson = False, debug: Debug = False) -> int:
    """List the machines that programs can be compiled for, with their abilities and limits.

    Example: sal-hw targets --json
    """
    from sal_hw.registry import load_target, target_names

    del debug
    found = [load_target(name) for name in target_names()]
    if as_json:
        show_json({"status": "ok", "targets": [_document(target) for target in found]})
        return 0
    rows = [(target.description.family, _where(target), target.description.summary) for target in found]
    show_table(rows, ("target", "runs on", "summary"))
    for target in found:
        show(f"\n{target.description.family}: {', '.join(target.description.capabilities)}")
        for name, limit in target.description.limits.items():
            ends = " .. ".join("" if end is None else f"{end:g}" for end in (limit.low, limit.high))
            unit = "" if limit.unit == "1" else f" {limit.unit}"
            show(f"  {name.replace('_', ' ')}: {ends}{unit} ({limit.source})")
    show("next: sal-hw check RECIPE --target TARGET")
    return 0


def _where(target: Any) -> str:
    return ", ".join(name for name in (target.backend, target.emulator) if name) or "nothing installed"


def _document(target: Any) -> dict[str, Any]:
    from sal_hw.codec import encode

    document, _ = encode(target.description)
    return {**document, "backend": target.backend, "emulator": target.emulator}
