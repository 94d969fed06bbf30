"""A valid recipe to break in one place, and what is then found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.errors import InputError, Problem
from sal_hw.recipe.recipe import read_recipe_file

BASE = """\
recipe: 1
name: base
description: A small network.
seed: 1
timestep: 0.2 ms
populations:
  lower:
    size: 3
    neuron: {model: sampling, tau_ref: 10 ms, bias: 0.5}
  upper:
    size: 2
    neuron: {model: sampling, tau_ref: 10 ms}
  cells:
    size: 2
    neuron:
      {model: lif, tau_mem: 20 ms, tau_syn_exc: 5 ms, tau_syn_inh: 5 ms, tau_ref: 2 ms,
      v_rest: -65 mV, v_reset: -70 mV, v_threshold: -50 mV}
projections:
  - {name: forward, source: lower, target: upper, weight: 0.5}
  - {name: backward, source: upper, target: lower, weight: 0.1}
  - {name: onto, source: lower, target: cells, weight: 0.5 mV, receptor: excitatory, delay: 1 ms}
plasticity:
  - kind: sal
    name: alignment
    forward: forward
    backward: backward
    learning_rate: 0.01
    update_every: 600 ms
    tau_causal: 10 ms
    tau_anticausal: 10 ms
stimuli:
  - {kind: poisson, name: noise, target: cells, rate: 10 Hz, weight: 1 mV}
probes:
  - {kind: weights, projection: forward}
experiment:
  kind: align
  duration: 6 s
  average_last_updates: 2
presets:
  long:
    description: Ten times as long.
    set: {experiment.duration: 60 s}
"""

Find = Callable[..., list[Problem]]


@pytest.fixture
def recipe_path(tmp_path: Path) -> Path:
    """Path of the valid recipe."""
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


@pytest.fixture
def find(recipe_path: Path) -> Find:
    """Return a function: problems of the recipe after replacing `old` by `new` in its text."""

    def find_problems(old: str = "", new: str = "", **options: object) -> list[Problem]:
        assert old in BASE
        recipe_path.write_text(BASE.replace(old, new, 1))
        try:
            read_recipe_file(recipe_path, **options)
        except InputError as error:
            return list(error.problems)
        return []

    return find_problems


@pytest.fixture
def only(find: Find) -> Callable[..., Problem]:
    """Return a function: the one problem of the recipe after replacing `old` by `new`."""

    def find_one(old: str = "", new: str = "", **options: object) -> Problem:
        found = find(old, new, **options)
        assert len(found) == 1, "\n".join(problem.render() for problem in found)
        return found[0]

    return find_one
