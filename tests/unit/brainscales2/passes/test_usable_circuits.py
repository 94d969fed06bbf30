"""Circuits and sensors that a snapshot calls broken are not used where others are free."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.workflow.checked_recipe import compile_recipe, load_recipe
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads

RECIPE = Path(__file__).parents[4] / "recipes" / "chip_alignment.yaml"


def _compiled(snapshot: CalibrationSnapshot | None, size: int = 32) -> CompiledProgram:
    recipe = load_recipe(RECIPE, overrides=(f"parameters.size={size}",))
    return compile_recipe(recipe, target="brainscales2", seed=1, snapshot=snapshot)


def _dead_in_use(program: CompiledProgram, snapshot: CalibrationSnapshot) -> int:
    """Count learning synapses on sensors that do not work."""
    table = snapshot.table("amplitude_causal_ratio")
    assert table is not None
    tiles = program.part.tiles_of("feedback")
    return sum(int((table.measured[np.ix_([tile.hemisphere], tile.rows, tile.columns)] <= 0.0).sum()) for tile in tiles)


def _note(program: CompiledProgram) -> str:
    record = next(record for record in program.trace if record.name == "place_and_route")
    return " ".join(record.notes)


@pytest.mark.parametrize("share", [0.0005, 0.002])
def test_learning_synapses_avoid_sensors_that_do_not_work(share: float) -> None:
    snapshot = draw_chip(6, spreads=load_spreads().with_overrides({"share_of_dead_sensors": share}))
    assert _dead_in_use(_compiled(None), snapshot) > 0
    program = _compiled(snapshot)
    assert _dead_in_use(program, snapshot) == 0
    assert "sensors that do not work" not in _note(program)


def test_dead_circuits_are_not_placed() -> None:
    snapshot = draw_chip(5, spreads=load_spreads().with_overrides({"share_of_dead_neurons": 0.3}))
    program = _compiled(snapshot)
    usable = snapshot.table("usable")
    assert usable is not None
    assert (usable.measured[program.part.neurons.site] == 1.0).all()
    assert (usable.measured[:32] == 0.0).any()


def test_what_cannot_be_avoided_is_told() -> None:
    chip = draw_chip(5)
    table = chip.table("amplitude_causal_ratio")
    assert table is not None
    broken = replace(table, ok=np.zeros_like(table.ok))
    tables = tuple(broken if item is table else item for item in chip.tables)
    program = _compiled(replace(chip, tables=tables), size=8)
    # 8 x 8 synapses, each with an excitatory and an inhibitory row
    assert "warning: 128 learning synapses have sensors that do not work" in _note(program)
