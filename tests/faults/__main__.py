"""What happens to runs on real computers, done to them: ``python tests/faults --kills 200``.

Every line of the table says what was done, how often, and how often the promise held: whatever happens, the run goes on
to the very bytes of a run to which nothing has happened, or is refused with a code, and nothing else is touched.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from disks import disk_faults
from faulted_runs import ROOT, Case
from kills import kill_runs, send_signals
from writers import two_writers


@dataclass(frozen=True)
class Row:
    """One line of the table; `failures` says what did not hold."""

    what: str
    tried: int
    failures: tuple[str, ...]


def cases(home: Path) -> list[Case]:
    """Return short runs of different experiments, with recorded spikes."""
    text = (ROOT / "recipes" / "two_neuron.yaml").read_text()
    probes = "probes:\n  - {kind: spikes, population: upper}\n  - {kind: spikes, population: lower}"
    recipe = home / "spikes.yaml"
    recipe.write_text(text.replace("probes:", probes))
    align = ("--set", "experiment.duration=300 s", "--set", "experiment.average_last_updates=1")
    sampling = (
        *("--set", "experiment.updates=100", "--set", "experiment.validation.every_updates=2"),
        *("--set", "experiment.validation.duration=10 s", "--set", "experiment.validation.warmup=0.5 s"),
    )
    made = []
    for name, path, settings in (
        ("align", recipe, align),
        ("train_distribution", ROOT / "recipes" / "sampling.yaml", sampling),
    ):
        (home / name).mkdir()
        made.append(Case(name=name, words=("run", str(path), "--no-figures", *settings), home=home / name))
    return made


FAULTS = ("kills", "signals", "disks", "writers")


def rows(home: Path, kills: int, seed: int, only: tuple[str, ...]) -> Iterator[Row]:
    """Do everything to every run."""
    chance = random.Random(seed)  # noqa: S311 - times of faults
    made = cases(home)
    for index, case in enumerate(made):
        case.prepare()
        print(f"{case.name}: {case.lasts_s:.1f} s, {len(case.expected)} files", file=sys.stderr)
        if "kills" in only:
            share = kills // len(made) + (index < kills % len(made))
            yield Row(f"{case.name}: SIGKILL in mid-run, then --resume", *kill_runs(case, share, chance))
        if "signals" in only:
            yield Row(f"{case.name}: SIGINT, SIGTERM, SIGHUP, then --resume", *send_signals(case, 15, chance))
        found = disk_faults(case) if "disks" in only else []
        found += two_writers(case, 5) if "writers" in only else []
        for what, tried, failures in found:
            yield Row(f"{case.name}: {what}", tried, failures)


def run() -> int:
    """Print the table; return 1 if something did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="how many runs are killed in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments at which things happen")
    parser.add_argument("--only", choices=FAULTS, action="append", help="only these faults; may be repeated")
    options = parser.parse_args()
    broken = 0
    # in memory where that can be: what is flushed thousands of times is kept for minutes only
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder is made by tempfile
    with tempfile.TemporaryDirectory(prefix="sal-hw-faults-", dir=memory) as home:
        print(f"{'what was done':<64} {'tried':>6} {'held':>6}")
        for row in rows(Path(home), options.kills, options.seed, tuple(options.only or FAULTS)):
            print(f"{row.what:<64} {row.tried or 'not':>6} {row.tried - len(row.failures):>6}", flush=True)
            for failure in row.failures:
                print(f"    {failure}")
            broken += len(row.failures)
    print("everything held" if not broken else f"{broken} did not hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(run())
