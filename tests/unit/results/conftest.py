"""Short runs of the sampling recipe: ten steps of two updates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sal_hw.workflow import api


class Short:
    """The recipe of short runs, and the files that hold their numbers."""

    path = Path(__file__).parents[3] / "recipes" / "sampling.yaml"
    settings = (
        "experiment.updates=20",
        "experiment.validation.every_updates=2",
        "experiment.validation.duration=10 s",
        "experiment.validation.warmup=0.5 s",
    )

    def recipe(self, *others: str, seed: int = 5) -> api.Recipe:
        """Return the recipe; others come after the settings."""
        return api.load_recipe(self.path, overrides=(*self.settings, *others), seed=seed)

    @staticmethod
    def content(folder: Path) -> dict[str, bytes]:
        """Return the files that hold a run's numbers."""
        return {name: (folder / name).read_bytes() for name in ("traces.npz", "weights.npz", "metrics.json")}


@pytest.fixture(scope="session")
def short() -> Short:
    return Short()


@pytest.fixture(scope="session")
def finished(short: Short, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """Return a finished run, whose folder must not be changed."""
    return api.run(short.recipe(), out=tmp_path_factory.mktemp("finished") / "run", figures=False)


@pytest.fixture
def copy(finished: api.Run, tmp_path: Path) -> Path:
    """Return a copy of the finished run's folder."""
    assert finished.folder is not None
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))
