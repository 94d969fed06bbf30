"""Studies of other packages are read from recipes like those of this project, without their engines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.recipe.recipe import read_recipe_file
from sal_hw.spec.experiments import study_schemas

ROOT = Path(__file__).parents[3]

RECIPE = """recipe: 1
name: throws
seed: 3
experiment:
  kind: dice
  throws: 20
"""
TRAINING = (ROOT / "recipes" / "two_neuron.yaml").read_text()

SCHEMA = '''
from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Le

from sal_hw.spec.fields import Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document


@document
class Dice:
    """Throw dice."""

    throws: Annotated[Whole, Ge(1), Le(100)]
    wanted: Whole = 1
    kind: Literal["dice"] = "dice"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find more wanted throws than throws."""
        if self.wanted > self.throws:
            yield SpecFinding(code="E214", path=("wanted",), allowed="at most throws", value=self.wanted)
'''


@pytest.fixture
def read(tmp_path: Path):
    """Return what reads a recipe from its text, and gives its findings where it has some."""

    def read_text(text: str):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return read_recipe_file(path)

    return read_text


def problem_of(read, text):
    with pytest.raises(InputError) as caught:
        read(text)
    assert len(caught.value.problems) == 1, caught.value.render()
    return caught.value.problems[0]


def test_a_recipe_may_ask_for_the_study_of_another_package(install, read):
    install("gambling", SCHEMA, study_schemas={"dice": "gambling:Dice"})
    recipe = read(RECIPE)
    assert recipe.network is None
    assert (recipe.protocol.kind, recipe.protocol.throws) == ("dice", 20)


@pytest.mark.parametrize(
    ("change", "code", "line", "field", "hint"),
    [
        (("throws: 20", "throws: 200"), "E214", 6, "experiment.throws", "the largest legal value is 100"),
        (("throws: 20", "trows: 20"), "E201", 6, "experiment.trows", 'did you mean "throws"?'),
        (("throws: 20", "throws: 2\n  wanted: 3"), "E214", 7, "experiment.wanted", None),
        (("kind: dice", "kind: dise"), "E204", 5, "experiment.kind", 'did you mean "dice"?'),
        (("seed: 3", "seed: 3\ntimestep: 1 ms"), "E225", 4, "timestep", "remove it"),
    ],
)
def test_its_mistakes_are_found_where_they_stand(install, read, change, code, line, field, hint):
    install("gambling", SCHEMA, study_schemas={"dice": "gambling:Dice"})
    with pytest.raises(InputError) as caught:
        read(RECIPE.replace(*change))
    found = {(problem.code, problem.line, problem.field, problem.hint) for problem in caught.value.problems}
    assert (code, line, field, hint) in found


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import not_there_at_all", "fails with ModuleNotFoundError"),
        ("Dice = 6", "which gambling:Dice of the package gambling is not"),
        (SCHEMA.replace('"dice"', '"cards"'), "which gambling:Dice of the package gambling is not"),
        (SCHEMA.replace("conflicts", "checks"), "which gambling:Dice of the package gambling is not"),
    ],
)
def test_a_broken_schema_harms_only_recipes_that_ask_for_it(install, read, source, reason):
    install("gambling", source, study_schemas={"dice": "gambling:Dice"})
    problem = problem_of(read, RECIPE)
    assert (problem.code, problem.field, problem.line) == ("E318", "experiment.kind", 5)
    assert reason in problem.allowed
    assert "dice" not in study_schemas()
    assert read(TRAINING).protocol.kind == "align"


def test_recipes_of_studies_are_checked_without_their_engines():
    recipes = sorted(str(path) for path in (ROOT / "recipes" / "paper").glob("*.yaml"))
    code = (
        "import sys\n"
        "from sal_hw.recipe.recipe import read_recipe_file\n"
        f"kinds = [read_recipe_file(path).protocol.kind for path in {recipes!r}]\n"
        "assert len(set(kinds)) > 5, kinds\n"
        "engines = {name for name in sys.modules if name == 'numba' or '.engines' in name}\n"
        "assert not engines, engines\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
