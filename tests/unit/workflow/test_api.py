"""The Python interface: keywords become one request, and what ran is what is read back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sal_hw.results.result import RunResult
from sal_hw.workflow import api
from sal_hw.workflow.request import RunRequest

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"
SHORT = ("experiment.duration=12 s", "experiment.average_last_updates=5")


class AskedError(Exception):
    """Carries the request that a run was asked with."""


def test_every_keyword_is_a_field_of_the_request_with_its_default() -> None:
    keywords = dict(inspect.signature(api.run).parameters)
    for name in ("recipe", "progress", "interrupted"):
        del keywords[name]
    assert {name: item.default for name, item in keywords.items()} == {f.name: f.default for f in fields(RunRequest)}
    assert all(item.kind is inspect.Parameter.KEYWORD_ONLY for item in keywords.values())


def test_every_keyword_arrives_in_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(recipe: object, request: RunRequest) -> None:
        raise AskedError(request)

    monkeypatch.setattr(api, "prepare", refuse)
    given: dict[str, Any] = {
        "target": "brainscales2",
        "emulate": True,
        "via": "pynn",
        "calibration_file": Path("a.pbin"),
        "chip": 7,
        "calibration": "truth",
        "max_calibration_age_hours": 3.0,
        "strict": True,
        "seed": 5,
        "threads": 2,
        "out": Path("out"),
        "force": True,
        "resume": True,
        "numbered": True,
        "figures": False,
    }
    assert given.keys() == {field.name for field in fields(RunRequest)}
    with pytest.raises(AskedError) as caught:
        api.run(api.load_recipe(RECIPE), **{**given, "calibration_file": "a.pbin", "out": "out"})
    (request,) = caught.value.args
    assert {name: getattr(request, name) for name in given} == given


def test_a_stored_run_is_read_back(tmp_path: Path, assert_same_result: Callable[[RunResult, RunResult], None]) -> None:
    recipe = api.load_recipe(RECIPE, overrides=SHORT)
    seen: list[tuple[int, int]] = []
    run = api.run(recipe, out=tmp_path / "run", progress=lambda done, total: seen.append((done, total)))
    assert_same_result(run.result, api.run(recipe).result)
    assert (run.folder, seen[0], seen[-1]) == (tmp_path / "run", (0, 20), (20, 20))
    again = api.load_run(tmp_path / "run")
    assert_same_result(again.result, run.result)
    assert again.metrics == run.metrics
    assert again.health == run.health
    assert sorted(again.figures) == sorted(run.figures)
    assert run.figures
    assert not api.run(recipe, out=tmp_path / "plain", figures=False).figures
