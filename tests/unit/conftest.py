"""What tests of several rooms compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from terminal import Terminal

from sal_hw.results.result import RunResult


@pytest.fixture
def assert_same_result() -> Callable[[RunResult, RunResult], None]:
    """Return what compares metrics and traces of two results, byte by byte."""

    def compare(one: RunResult, other: RunResult) -> None:
        assert one.metrics == other.metrics
        assert one.traces.keys() == other.traces.keys()
        for name, trace in one.traces.items():
            assert trace.at.tobytes() == other.traces[name].at.tobytes()
            assert trace.values.tobytes() == other.traces[name].values.tobytes()

    return compare


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what installs a package of one module for the test: its source, and what it registers per group."""

    installed = []

    def make(package: str, source: str, **registered: Mapping[str, str]) -> None:
        site = tmp_path / "site" / package
        about = site / f"{package}-1.0.dist-info"
        about.mkdir(parents=True)
        (site / f"{package}.py").write_text(source)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = []
        for group, points in registered.items():
            lines += [f"[sal_hw.{group}]", *(f"{name} = {value}" for name, value in points.items())]
        (about / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.syspath_prepend(site)
        installed.append(package)

    yield make
    for package in installed:
        sys.modules.pop(package, None)


class Failing(Protocol):
    """Makes a function that works as another one but raises at its call number `at`."""

    def __call__(self, original: Callable[..., Any], at: int, error: BaseException) -> Callable[..., Any]:
        """Return it."""


@pytest.fixture
def failing() -> Failing:
    """Return what makes functions fail."""

    def make(original: Callable[..., Any], at: int, error: BaseException) -> Callable[..., Any]:
        calls = 0

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise error
            return original(*arguments, **options)

        return call

    return make


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Terminal(capsys)
