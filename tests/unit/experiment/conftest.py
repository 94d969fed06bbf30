"""A small study in place of the one that spike_timing recipes name, so that what runs any study can be tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw import registry
from sal_hw.experiment.base import Arrays, Outcome, Recording
from sal_hw.results.result import Finding

RECIPE = """\
recipe: 1
name: tiny
description: A random walk.
seed: 5
experiment:
  kind: spike_timing
  tau_ref_steps: 4
  pairs:
    - {name: pair, weight_21: 1.0, weight_12: 0.5}
presets:
  longer:
    set: {experiment.tau_ref_steps: 9}
"""


class RandomWalk:
    """Takes one random step after the other, as many as tau_ref says."""

    def __init__(self, protocol: Any, *, seed: int, threads: int, folder: Path | None) -> None:
        self.done, self.total = 0, protocol.tau_ref_steps
        self.folder, self.threads = folder, threads
        self._rng = np.random.default_rng(seed)
        self._recording = Recording(axis="step")
        self._place = 0.0

    def step(self) -> None:
        self._place += float(self._rng.normal())
        self.done += 1
        self._recording.add("place", self.done, self._place)

    def outcome(self) -> Outcome:
        return Outcome(metrics={"place_final": self._place}, traces=self._recording.traces())

    def findings(self) -> Sequence[Finding]:
        if self._place < 100.0:
            return ()
        return (Finding(kind="walked_far", severity="degraded", count=1, advice="look out"),)

    def checkpoint(self) -> Arrays:
        state = self._rng.bit_generator.state["state"]
        words = [state[key] >> shift & (2**64 - 1) for key in ("state", "inc") for shift in (0, 64)]
        return {
            "done": np.array(self.done),
            "place": np.array(self._place),
            "words": np.array(words, dtype=np.uint64),
            **self._recording.checkpoint(),
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.done, self._place = int(arrays["done"]), float(arrays["place"])
        low, high, inc_low, inc_high = (int(word) for word in arrays["words"])
        state = self._rng.bit_generator.state
        state["state"] = {"state": high << 64 | low, "inc": inc_high << 64 | inc_low}
        self._rng.bit_generator.state = state
        self._recording.restore(arrays)


class Point:
    """Stands for an entry point."""

    def load(self) -> type[RandomWalk]:
        return RandomWalk


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let spike_timing recipes run the random walk."""
    find = registry._find
    monkeypatch.setattr(
        registry, "_find", lambda group: {"spike_timing": (Point(),)} if group == registry.STUDIES else find(group)
    )


@pytest.fixture
def tiny(tmp_path: Path, registered: None) -> Path:
    """Return the path of a recipe that runs the random walk."""
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE)
    return path
