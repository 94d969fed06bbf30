"""Digests of what every recipe gives on every target: whether a change of the code changed a number.

Write them before a change and compare after it, on the same machine, since compilers and processors round differently:

    python tests/tools/run_digests.py --write before.json
    python tests/tools/run_digests.py --compare before.json

A case that does not end within the limit is recorded as such; a refusal is recorded with its codes. Arrays and metrics
are taken from the run folder as it stands on disk, so that it does not matter where the code that wrote it stands.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]

_ENTRY = "from sal_hw.cli.main import entry_point; entry_point()"

#: each target with the options that choose how its programs run here
MODES: dict[str, tuple[str, ...]] = {
    "ideal": (),
    "brainscales2": ("--target", "brainscales2", "--emulate"),
    "brainscales2-chip7": ("--target", "brainscales2", "--emulate", "--chip", "7"),
    "brainscales2-truth7": ("--target", "brainscales2", "--emulate", "--chip", "7", "--calibration", "truth"),
    "spinnaker1": ("--target", "spinnaker1", "--emulate"),
    "spinnaker2": ("--target", "spinnaker2", "--emulate"),
    "pynn:brian2": ("--target", "pynn:brian2"),
    "pynn:nest": ("--target", "pynn:nest"),
}

#: runs of recipes that take longer as they stand
SHORT: dict[str, tuple[str, ...]] = {
    "chip_alignment": ("--set", "parameters.duration=20 s"),
    "two_populations": ("--set", "parameters.duration=20 s"),
    "chip_sampling": ("--set", "experiment.duration=20 s"),
    "varied_neurons": ("--set", "parameters.duration=100 s"),
}


def _recipes() -> list[Path]:
    return sorted((ROOT / "recipes").rglob("*.yaml"))


def _array_digest(path: Path) -> dict[str, str]:
    with np.load(path, allow_pickle=False) as arrays:
        found = {}
        for name in sorted(arrays.files):
            array = np.ascontiguousarray(arrays[name])
            head = f"{array.dtype.str}{array.shape}".encode()
            found[name] = hashlib.sha256(head + array.tobytes()).hexdigest()[:16]
    return found


def digest_of(folder: Path) -> dict[str, object]:
    """Return digests of all arrays of a run folder, and its metrics and findings."""
    arrays = {
        path.relative_to(folder).as_posix(): _array_digest(path)
        for path in sorted(folder.rglob("*.npz"))
        if path.name != "program.npz"
    }
    metrics = json.loads((folder / "metrics.json").read_text())
    health = json.loads((folder / "health.json").read_text())
    return {"arrays": arrays, "metrics": metrics, "health": health}


def _refusal(stdout: str) -> dict[str, object]:
    try:
        problems = json.loads(stdout)["problems"]
    except (ValueError, KeyError):
        return {"refused": stdout[-400:]}
    return {"refused": sorted(f"{item['code']} {item['field']}" for item in problems)}


def run_case(recipe: Path, mode: str, *, limit_s: float) -> dict[str, object]:
    """Run a recipe on a target and return its digest, its refusal, or that it takes longer than the limit."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work) / "run"
        command = [sys.executable, "-c", _ENTRY, "run", str(recipe), *MODES[mode], *SHORT.get(recipe.stem, ())]
        command += ["--no-figures", "--json", "--out", str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, cwd=ROOT, check=False)
        except subprocess.TimeoutExpired:
            return {"longer_than_s": limit_s}
        return digest_of(out) if done.returncode == 0 else _refusal(done.stdout)


def main() -> int:
    """Write or compare digests; the exit code is 1 where one differs."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="FILE")
    what.add_argument("--compare", type=Path, metavar="FILE")
    options.add_argument("--limit", type=float, default=60.0, help="seconds that a case may take")
    options.add_argument("--only", default="", help="only cases whose name holds this")
    chosen = options.parse_args()
    before = json.loads(chosen.compare.read_text()) if chosen.compare else {}
    found: dict[str, dict[str, object]] = {}
    differing: list[str] = []
    for recipe in _recipes():
        for mode in MODES:
            name = f"{recipe.relative_to(ROOT / 'recipes').as_posix()} on {mode}"
            if chosen.only not in name or "longer_than_s" in before.get(name, {}):
                continue
            started = time.monotonic()
            found[name] = json.loads(json.dumps(run_case(recipe, mode, limit_s=chosen.limit)))
            said = ", ".join(found[name])
            if chosen.compare:
                same = before.get(name) == found[name]
                said = "same" if same else "DIFFERS"
                differing += [] if same else [name]
            print(f"{name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
            if chosen.write:
                chosen.write.write_text(json.dumps(found, indent=1, sort_keys=True))
    if chosen.compare:
        print(f"{len(found) - len(differing)} the same, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
