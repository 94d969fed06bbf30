"""The one definition of random streams, and that seeds in run files and in emulators follow from it."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.program.streams import machine_seed, random_stream, stream_entropy
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.stimulus import PoissonNoise
from sal_hw.spec.values import Constant
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.machine.program_files import program_files as chip_files
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.engines.sampling.random_words import random_words
from sal_hw_emulator.lif_loader import load_ideal
from sal_hw_pynn.inputs import Inputs
from sal_hw_spinnaker.chunks.plan import chunk_plan
from sal_hw_spinnaker.emulation.fixed_point.loader import load_digital
from sal_hw_spinnaker.program import DigitalProgram
from sal_hw_spinnaker.spinnaker1.job import make_job
from sal_hw_spinnaker.spinnaker2.files import program_files as chunk_files

RUN_SEED = 11
NEURON = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=5.0,
    v_rest_mv=0.0,
    v_reset_mv=0.0,
    v_threshold_mv=1.0,
)
#: two without a seed of their own and two with the same one, one of which is that of the run
SEEDS = {"first": None, "second": None, "third": RUN_SEED, "fourth": 7}


def mv(value: float) -> Constant:
    return Constant(value=value, unit="mV")


def program_for(target: str, *, size: int = 4, connected: bool = True) -> CompiledProgram:
    """Return two populations with two noises each, that learn if they are connected."""
    targets = dict(zip(SEEDS, ("visible", "hidden", "visible", "hidden"), strict=True))
    bounds: dict[str, Any] = {"weight_min": 0.0, "weight_max": 1.26, "receptor": "excitatory"}
    spec = NetworkSpec(
        timestep_ms=0.1,
        populations=tuple(Population(name=name, size=size, neuron=NEURON) for name in ("visible", "hidden")),
        projections=(
            Projection(name="forward", source="visible", target="hidden", weight=mv(0.1), **bounds),
            Projection(name="feedback", source="hidden", target="visible", weight=mv(0.1), **bounds),
        ),
        stimuli=tuple(
            PoissonNoise(name=name, target=targets[name], rate_hz=200.0, weight=mv(0.15), seed=seed)
            for name, seed in SEEDS.items()
        ),
        plasticity=(
            SalRule(
                name="alignment",
                forward="forward",
                backward="feedback",
                learning_rate=0.05,
                rate_per="pair",
                update_every_ms=2000.0,
                tau_causal_ms=10.0,
                tau_anticausal_ms=10.0,
                pairing="all" if target == "spinnaker1" else "nearest",
            ),
        ),
    )
    if not connected:
        spec = replace(spec, projections=(), plasticity=())
    return compile_network(spec, target=target, seed=RUN_SEED)


def expected(name: str, index: int | None = None) -> np.random.SeedSequence:
    """Return the stream of a stimulus, written out."""
    label = name if index is None else f"{name}.{index}"
    seed = RUN_SEED if SEEDS[name] is None else SEEDS[name]
    return np.random.SeedSequence([seed, *label.encode()])


def literal(text: bytes, name: str) -> Any:
    """Return a definition of a run file."""
    for node in ast.parse(text.decode()).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            assert node.value is not None
            return ast.literal_eval(node.value)
    raise AssertionError(f"{name} is not defined")


def same(one: np.random.SeedSequence, other: np.random.SeedSequence) -> bool:
    return bool((one.generate_state(8) == other.generate_state(8)).all())


def test_a_stream_is_what_is_written_down() -> None:
    assert stream_entropy(5, "noise", None) == (5, *b"noise")
    assert stream_entropy(5, "noise", 8, 1) == (8, *b"noise.1")
    found = random_stream((5, 2, 3), "noise", None, 1)
    assert same(found, np.random.SeedSequence([5, *b"noise.1"], spawn_key=(2, 3)))


def test_equal_and_missing_seeds_give_different_streams() -> None:
    streams = [
        random_stream((5, *chain), name, own, index)
        for chain in ((), (0, 0), (0, 1), (1, 0))
        for name in ("noise", "noise-1", "other")
        for own in (None, 6)
        for index in (None, 0, 1)
    ]
    assert len({tuple(stream.generate_state(4)) for stream in streams}) == len(streams)
    assert same(random_stream((5,), "noise", 5), random_stream((5,), "noise", None))


def test_a_machine_s_seed_is_never_zero() -> None:
    class Zero(np.random.SeedSequence):
        def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
            return np.zeros(n_words, dtype)

    assert machine_seed(Zero(1)) == 1
    stream = random_stream((5,), "noise", None)
    assert machine_seed(stream) == stream.generate_state(1)[0]


@pytest.mark.parametrize(("size", "count"), [(4, 4), (200, 6)], ids=["one hemisphere", "both hemispheres"])
def test_chip_and_emulated_chip_have_the_same_seeds(size: int, count: int) -> None:
    program = program_for("brainscales2", size=size, connected=False)
    sources = program.part_of(ChipProgram).background
    parts = [(item.name, item.hemisphere) for item in sources]
    assert {name for name, _ in parts} == set(SEEDS)
    assert len(parts) == count
    emulated = load_chip(program, ChipModel.from_snapshot(None), (RUN_SEED,)).model.background
    assert all(same(item.seed, expected(*part)) for item, part in zip(emulated, parts, strict=True))
    wanted = {part: int(expected(*part).generate_state(1)[0]) for part in parts}
    assert len(set(wanted.values())) == len(parts)
    collected = collect_run_data(program, updates=0, seed=RUN_SEED, duration_ms=100.0).background
    assert {(item.name, item.hemisphere): item.seed for item in collected} == wanted


@pytest.mark.parametrize("name", ["run_pynn.py", "run_hxtorch.py"])
def test_run_files_of_the_chip_have_them_too(name: str) -> None:
    text = chip_files(program_for("brainscales2"), updates=2, seed=RUN_SEED)[name]
    found = {item["name"]: item["seed"] for item in literal(text, "PROGRAM")["background"]}
    assert found == {name: int(expected(name, 0).generate_state(1)[0]) for name in SEEDS}


def test_spinnaker1_and_its_emulation_have_the_same_seeds() -> None:
    program = program_for("spinnaker1")
    job = make_job(program, "map", updates=2, seed=RUN_SEED)
    found = {job.owners[item.label]: item.seed for item in job.network.sources if item.seed is not None}
    assert found == {name: int(expected(name).generate_state(1)[0]) for name in SEEDS}
    assert len(set(found.values())) == len(SEEDS)
    noise = load_digital(program, program.part_of(DigitalProgram), (RUN_SEED,)).machine.noise
    np.testing.assert_array_equal(noise.random, [random_words(expected(name)) for name in SEEDS])


def test_spinnaker2_and_its_emulation_have_the_same_streams() -> None:
    program = program_for("spinnaker2")
    (text,) = (text for name, text in chunk_files(program, updates=2, seed=RUN_SEED).items() if name.endswith(".py"))
    written = {item["name"]: item["entropy"] for item in literal(text, "PLAN")["inputs"]}
    emulated = {item.name: item.entropy for item in chunk_plan(program, RUN_SEED).inputs}
    assert {name: tuple(item) for name, item in written.items()} == emulated
    for name in SEEDS:
        assert same(np.random.SeedSequence(written[name]), expected(name))


def test_other_targets_draw_from_the_same_streams() -> None:
    model = load_ideal(program_for("ideal"), (RUN_SEED,)).model
    assert all(same(item.seed, expected(name)) for item, name in zip(model.background, SEEDS, strict=True))


def test_host_drawn_noise_does_too() -> None:
    program = program_for("ideal")
    streams = Inputs(program, (RUN_SEED,))._streams
    for name in SEEDS:
        assert streams[name].bit_generator.state == np.random.default_rng(expected(name)).bit_generator.state
