"""Mapping compiles as a run does, hands the mapper a run's length and seed, and keeps what it reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sal_hw.contracts.mapping import MappedChip, MappingReport
from sal_hw.errors import InputError
from sal_hw.program import CompiledProgram
from sal_hw.results.store import read_program
from sal_hw.storage.artifact import read_manifest
from sal_hw.workflow import api, map_only
from sal_hw.workflow.map_only import map_network
from sal_hw.workflow.request import RunRequest

RECIPES = Path(__file__).parents[3] / "recipes"


class Mapper:
    """Reports what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def map_program(self, program: CompiledProgram, *, updates: int, seed: int) -> MappingReport:
        self.asked.append((program.hash, updates, seed))
        return MappingReport(
            program_hash=program.hash,
            target=program.target,
            software="none",
            machine="none",
            cores=(),
            synapses=(),
            tables=(MappedChip(x=0, y=0, entries=updates),),
        )


@pytest.fixture
def mapper(monkeypatch: pytest.MonkeyPatch) -> Mapper:
    """Return what maps programs of every target."""
    made = Mapper()
    monkeypatch.setattr(map_only, "choose_mapper", lambda _: made)
    return made


def test_the_mapper_gets_the_program_and_length_of_the_run(mapper: Mapper, tmp_path: Path) -> None:
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml")
    report, _ = recipe.job.map_only(RunRequest(seed=5, out=tmp_path / "mapped"))
    program = api.compile_recipe(recipe, seed=5)
    # 900 s of 0.6 s each
    assert mapper.asked == [(program.hash, 1500, 5)]
    manifest = read_manifest(tmp_path / "mapped", "mapping", schema_versions=(1,))
    assert (manifest["mode"], manifest["seed"], manifest["program_hash"]) == ("map-only", 5, report.program_hash)
    assert read_program(tmp_path / "mapped").hash == program.hash
    kept = json.loads((tmp_path / "mapped" / "mapping.json").read_bytes())
    assert kept["tables"] == [{"x": 0, "y": 0, "entries": 1500}]


def test_an_experiment_without_a_number_of_updates_is_mapped_for_one(mapper: Mapper) -> None:
    recipe = api.load_recipe(RECIPES / "sampling.yaml")
    map_network(recipe.job.on_network(), RunRequest())
    assert [updates for _, updates, _ in mapper.asked] == [1]
    assert mapper.asked[0][2] == recipe.seed


def test_nothing_is_written_where_something_is(mapper: Mapper, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    recipe = api.load_recipe(RECIPES / "two_neuron.yaml").job
    with pytest.raises(InputError) as caught:
        recipe.map_only(RunRequest(out=tmp_path / "mine", force=True))
    assert caught.value.code == "E501"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("recipe", ["two_neuron.yaml", "paper/fig2c_spike_timing.yaml"])
def test_without_a_network_or_a_mapper_there_is_nothing_to_map(recipe: str) -> None:
    with pytest.raises(InputError) as caught:
        api.load_recipe(RECIPES / recipe).job.map_only(RunRequest())
    assert (caught.value.code, caught.value.field) == ("E835", "map-only")
