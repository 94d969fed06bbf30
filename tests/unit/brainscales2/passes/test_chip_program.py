"""The chip's part of a program as a whole: consistent, reproducible, and the same after it was stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.passes.draft import Draft
from sal_hw.results.store import read_program, store_program
from sal_hw.spec.plasticity import AmplitudeSpread
from sal_hw.spec.stimulus import PoissonNoise, SpikeList
from sal_hw.spec.values import Normal, Table
from sal_hw.storage.codec import digest
from sal_hw.workflow import api
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.passes.finish_chip import finish_chip
from sal_hw_brainscales2.passes.quantize_weights import quantize_weights
from sal_hw_brainscales2.target import brainscales2_target

RECIPES = Path(__file__).parents[4] / "recipes"
ORDER = (
    "check_capabilities",
    "realize_neurons",
    "realize_weights",
    "realize_stimuli",
    "lower_plasticity",
    "add_sampling_noise",
    "place_and_route",
    "realize_circuits",
    "quantize_weights",
    "lower_kernels",
    "finish_chip",
)


def everything(chip, visible=40, hidden=30, **parts):
    stimuli = (
        PoissonNoise(name="noise", target="visible", rate_hz=100.0, weight=chip.constant(0.5)),
        SpikeList(name="given", target="hidden", spikes=Table(values=np.array([[1.0, 2]])), weight=chip.constant(-1.0)),
    )
    drawn = Normal(std=1.0, truncate=2.9, unit="mV")
    return chip.network(
        visible,
        hidden,
        forward={"weight": drawn},
        feedback={"weight": drawn, "weight_min": -3.0, "weight_max": 3.0},
        plasticity=(replace(chip.rule, update_every_ms=4000.0),),
        stimuli=stimuli,
        **parts,
    )


@pytest.fixture(scope="module")
def seventh():
    return draw_chip(7)


def test_every_pass_leaves_a_record_in_order(chip):
    program = chip.compiled(everything(chip))
    assert tuple(record.name for record in program.trace) == ORDER


def test_equal_inputs_give_equal_programs(chip, seventh):
    spec = everything(chip)
    hashes = [
        chip.compiled(spec, snapshot, seed=seed).hash
        for snapshot, seed in ((None, 1), (None, 2), (seventh, 1), (draw_chip(8), 1))
    ]
    assert len(set(hashes)) == 4
    assert chip.compiled(everything(chip), seed=1).hash == hashes[0]
    assert chip.compiled(everything(chip), draw_chip(7), seed=1).hash == hashes[2]


def test_a_stored_program_comes_back_the_same(chip, seventh, tmp_path):
    program = chip.compiled(everything(chip), seventh, seed=3)
    store_program(tmp_path / "program", program, {"recipe": 1})
    found = read_program(tmp_path / "program")
    assert found.hash == program.hash
    assert found.snapshot_hash == seventh.hash
    np.testing.assert_array_equal(found.part.tiles[0].codes, program.part.tiles[0].codes, strict=True)
    assert digest(found.part.kernels) == digest(program.part.kernels)


@pytest.mark.parametrize("known", [False, True])
def test_what_is_written_to_a_chip_fits_it(chip, seventh, known):
    program = chip.compiled(everything(chip, 110, 60), seventh if known else None)
    made = program.part
    assert (made.hemispheres, made.columns, made.rows, made.time_scale) == (2, 256, 256, 1000.0)
    assert len(np.unique(made.neurons.site)) == program.n_neurons == 170
    if known:
        assert (seventh.table("usable").measured[made.neurons.site] > 0).all()
    for tile in made.tiles:
        assert tile.codes.shape == tile.exists.shape == (len(tile.rows), len(tile.columns))
        assert tile.codes.dtype == np.uint8
        assert tile.codes.max() <= 63
        assert not tile.codes[~tile.exists].any()
        used = tile.exists.any(axis=1)
        assert ((tile.rows[used] >= 0) & (tile.rows[used] < 256) & (tile.labels[used] < 64)).all()
        block = next((item for item in program.synapses if item.projection == tile.owner), None)
        target = block.target if block else next(x.population for x in program.stimuli if x.name == tile.owner)
        offset = program.neuron_block(target).offset
        np.testing.assert_array_equal(made.neurons.site[offset + tile.post], tile.hemisphere * 256 + tile.columns)


def test_no_synapse_is_used_twice(chip):
    program = chip.compiled(everything(chip))
    used = np.zeros((2, 256, 256), dtype=np.int64)
    for tile in program.part.tiles:
        for source, column in np.argwhere(tile.exists):
            used[tile.hemisphere, tile.rows[source], tile.columns[column]] += 1
    assert used.max() == 1
    wanted = sum(int((block.weights != 0).sum()) for block in program.synapses if block.projection == "forward")
    # the learning projection has both signs of all 30 x 40, noise 40 and given spikes one per neuron
    assert used.sum() == wanted + 2 * 30 * 40 + 40 + 30


def test_tiles_and_scaling_are_found_by_their_owner(chip):
    program = chip.compiled(everything(chip))
    made = program.part
    assert {tile.owner for tile in made.tiles_of("forward")} == {"forward"}
    assert made.tiles_of("nothing") == ()
    for name in ("forward", "feedback", "noise", "given"):
        assert program.scaling_of(name).owner == name
    assert sum(len(made.tiles_of(item.owner)) for item in program.scaling) == len(made.tiles)


def test_reported_weights_are_codes_times_their_scale(chip):
    program = chip.compiled(everything(chip))
    made = program.part
    for name in ("forward", "feedback"):
        stored = np.zeros(program.synapse_block(name).weights.shape)
        for tile in made.tiles_of(name):
            sign = 1 if tile.polarity == "excitatory" else -1
            stored[:, tile.post] += sign * tile.codes.astype(np.float64) * program.scaling_of(name).lsb[tile.post]
        error = np.abs(stored - program.synapse_block(name).weights).max()
        scaling = program.scaling_of(name)
        assert error == pytest.approx(scaling.worst_error)
        if not scaling.clipped:
            assert error <= scaling.lsb.max() / 2 * (1 + 1e-9)


def test_passes_in_the_wrong_order_are_a_bug_and_say_so(chip):
    draft = Draft(spec=chip.network(), target=brainscales2_target.description, seed=0, folder=None)
    with pytest.raises(TypeError, match="wrong order"):
        finish_chip(draft)
    for lower in brainscales2_target.passes[:7]:
        draft = lower(draft)
    with pytest.raises(TypeError, match="after the circuits are realised"):
        quantize_weights(draft)


@pytest.mark.parametrize("recipe", ["chip_alignment", "chip_sampling", "two_neuron"])
def test_recipes_compile_without_clipping(recipe):
    # a pair of neurons learns from all pairs elsewhere
    nearest = ("plasticity[0].pairing=nearest",) if recipe == "two_neuron" else ()
    loaded = api.load_recipe(RECIPES / f"{recipe}.yaml", overrides=nearest)
    assert loaded.check(target="brainscales2", strict=True) == ()
    program = api.compile_recipe(loaded, target="brainscales2", strict=True)
    assert all(item.clipped == 0 for item in program.scaling)


def test_the_published_networks_are_refused_with_reasons():
    found = api.load_recipe(RECIPES / "sampling.yaml").check(target="brainscales2")
    assert [problem.code for problem in found] == ["E302"]
    assert "wake_sleep" in found[0].allowed


def test_several_refusals_of_a_rule_come_together(chip):
    rule = replace(chip.rule, tau_causal_ms=40.0, amplitude_spread=AmplitudeSpread(std=0.1))
    with pytest.raises(InputError) as caught:
        chip.compiled(chip.network(plasticity=(rule,)))
    assert [problem.field for problem in caught.value.problems] == [
        "plasticity[0].tau_causal",
        "plasticity[0].amplitude_spread",
    ]
