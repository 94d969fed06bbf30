"""What every kind of figure keeps to."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sal_hw import plots
from sal_hw.errors import InputError
from sal_hw.results.result import Health, RunResult


class FigureContract:
    """Tests of kinds of figures.

    A subclass gives two fixtures: ``kind``, the name that is registered, and ``make_run``, which makes a result that
    the kind can show from a seed; results of different seeds hold different numbers and equal names.
    """

    def test_explains_itself(self, kind: str) -> None:
        made = plots.all_kinds()[kind]
        assert made.title
        assert made.needs
        assert made.source
        assert made.description.endswith(".")

    def test_draws_one_run_and_an_overlay(self, kind: str, make_run: Callable[[int], RunResult]) -> None:
        one, overlay = (
            plots.draw(kind, {f"seed {seed}": make_run(seed) for seed in seeds}) for seeds in ((1,), range(1, 10))
        )
        # a figure of one run is drawn where its file is tested
        overlay.canvas.draw()
        for figure in (one, overlay):
            for axes in figure.axes:
                place = axes.get_subplotspec()
                assert axes.has_data()
                assert axes.get_xlabel() or (place is not None and not place.is_last_row())

    def test_equal_runs_give_equal_bytes(self, kind: str, make_run: Callable[[int], RunResult], tmp_path: Path) -> None:
        contents = []
        for name in ("one", "other"):
            numbers = plots.collect(kind, {"run": make_run(1)})
            paths = plots.save(plots.render(kind, numbers), tmp_path / name / "figure.png", numbers)
            contents.append([path.read_bytes() for path in paths])
            assert contents[-1][1] == numbers.file()[1]
        assert contents[0] == contents[1]

    def test_the_file_holds_exactly_the_drawn_numbers(self, kind: str, make_run: Callable[[int], RunResult]) -> None:
        numbers = plots.collect(kind, {"one, with comma": make_run(1), "two": make_run(2)})
        suffix, content = numbers.file()
        assert suffix == ".csv"
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
        assert header == list(numbers.columns)
        for name, texts in zip(header, zip(*rows, strict=True), strict=True):
            values = numbers[name]
            np.testing.assert_array_equal(np.array(texts, dtype=values.dtype), values)

    def test_runs_that_lack_the_numbers_are_refused(self, kind: str, make_run: Callable[[int], RunResult]) -> None:
        lacking = RunResult(
            program_hash="0",
            backend="none",
            target="ideal",
            seed=1,
            metrics={},
            health=Health(),
            weights={},
            weights_initial={},
            traces={},
        )
        with pytest.raises(InputError) as caught:
            plots.draw(kind, {"good": make_run(1), "bad": lacking, "worse": lacking})
        assert [(problem.code, problem.value) for problem in caught.value.problems] == [
            ("E508", '"bad"'),
            ("E508", '"worse"'),
        ]
        made = plots.all_kinds()[kind]
        assert made.needs in caught.value.problems[0].allowed
        assert caught.value.hint == made.source
