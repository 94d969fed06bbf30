"""The study of another package is checked, run, repeated and refused like those of this project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.errors import InputError
from sal_hw.experiment.runner import Interrupted
from sal_hw.workflow import api
from sal_hw.workflow.request import RunRequest

SOURCE = '''
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from sal_hw.experiment.base import Outcome, Recording
from sal_hw.spec.fields import Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.storage.document import document


@document
class Dice:
    """Throw a die."""

    throws: Annotated[Whole, Ge(1), Le(100)]
    kind: Literal["dice"] = "dice"

    def conflicts(self) -> Iterator[SpecFinding]:
        yield from ()


class DiceStudy:
    def __init__(self, protocol, *, seed, threads, folder):
        self.done, self.total = 0, protocol.throws
        self._eyes = np.random.default_rng(seed).integers(1, 7, protocol.throws)
        self._recording = Recording(axis="step")

    def step(self):
        self._recording.add("eyes", self.done, self._eyes[self.done])
        self.done += 1

    def outcome(self):
        return Outcome(metrics={"sum": int(self._eyes.sum())}, traces=self._recording.traces())

    def findings(self):
        return ()

    def checkpoint(self):
        return {"done": np.array(self.done), **self._recording.checkpoint()}

    def restore(self, arrays):
        self.done = int(arrays["done"])
        self._recording.restore(arrays)
'''
RECIPE = "recipe: 1\nname: throws\nseed: 3\nexperiment: {kind: dice, throws: 20}\n"


@pytest.fixture
def dice(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a recipe of a study that another package brings, in the working folder."""
    install("gambling", SOURCE, study_schemas={"dice": "gambling:Dice"}, studies={"dice": "gambling:DiceStudy"})
    monkeypatch.chdir(tmp_path)
    Path("dice.yaml").write_text(RECIPE)
    return "dice.yaml"


def test_it_runs_and_goes_on_where_it_was_interrupted(dice: str, assert_same_result: Callable[..., None]) -> None:
    recipe = api.load_recipe(dice)
    whole = api.run(recipe).result
    assert 20 <= whole.metrics["sum"] <= 120
    asked = iter(range(100))
    with pytest.raises(Interrupted, match="7 of 20 steps"):
        api.run(recipe, out="run", interrupted=lambda: next(asked) == 6)
    assert_same_result(api.run(recipe, out="run", resume=True).result, whole)
    assert_same_result(api.load_run("run").result, whole)


def test_the_command_line_knows_it(dice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("check", dice)) == 0
    assert "no problems; it is a study" in capsys.readouterr().out
    assert main(("run", dice, "--dry-run")) == 0
    assert "it would run here" in capsys.readouterr().out
    assert main(("run", dice, "--out", "run")) == 0
    assert " of 20 steps" in capsys.readouterr().err


def test_there_is_nothing_to_compile_to_choose_or_to_map(dice: str) -> None:
    job = api.load_recipe(dice).job
    assert (job.network, job.check(RunRequest())) == (None, None)
    with pytest.raises(InputError) as caught:
        job.on_network()
    assert (caught.value.code, caught.value.field) == ("E330", "experiment.kind")
    with pytest.raises(InputError) as caught:
        job.prepare(RunRequest(target="brainscales2", chip=7, via="pynn"))
    assert [problem.field for problem in caught.value.problems] == ["target", "chip", "via"]
    assert {problem.code for problem in caught.value.problems} == {"E330"}
    with pytest.raises(InputError) as caught:
        job.map_only(RunRequest(target="spinnaker1"))
    assert caught.value.code == "E835"


def test_a_set_of_runs_cannot_be_made_of_it(dice: str) -> None:
    Path("set.yaml").write_text(
        "recipe: 1\nname: many\nseed: 1\nexperiment:\n  kind: sweep\n  recipe: dice.yaml\n"
        "  levels: {name: throws, set: experiment.throws, values: [1, 2]}\n  metrics: [sum]\n"
    )
    with pytest.raises(InputError) as caught:
        api.run(api.load_recipe("set.yaml"))
    assert (caught.value.code, caught.value.field) == ("E330", "experiment.recipe")
